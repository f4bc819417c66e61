"""The protocol itself: lines, batches, notifications, order, discovery, health."""

import json
import os
import signal
import time
import unittest

from spean_test import PATIENCE, SOURCE, Cluster, Daemon, RpcError, company, run_tests, wait_until, within


def call(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


class TestRpc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def raw(self, *calls):
        return self.c.raw(json.dumps(calls[0] if len(calls) == 1 else list(calls)))

    def test_ids_come_back(self):
        for number in (0, -1, 2 ** 53, "x", "", "ក", None, 1.5, "x" * 1000000):
            self.assertEqual(self.raw(call("system.ping", number)), {"jsonrpc": "2.0", "id": number, "result": "pong"})

    def test_params_go_by_name(self):
        self.assertEqual(self.c.raw('{"jsonrpc":"2.0","id":1,"method":"system.ping","params":[]}')["result"], "pong")
        self.assertEqual(self.c.raw('{"jsonrpc":"2.0","id":1,"method":"system.ping","params":[1]}')["error"]["code"],
                         -32602)
        answer = self.raw(call("company.search", text="x", limit="many", color=1))
        self.assertEqual({f["field"] for f in answer["error"]["data"]["fields"]}, {"limit", "color"})
        self.assertIn("result", self.raw(call("company.search", text="x", limit=None)))

    def test_order_of_checks(self):
        with self.daemon.tcp(token=self.daemon.token("viewer", "v")) as c:
            for method, code in (("no.such", -32601), ("token.create", -32011), ("company.get", -32602)):
                with self.assertRaises(RpcError) as caught:
                    c.call(method, nonsense=1)
                self.assertEqual(caught.exception.code, code)

    def test_notifications_are_done_and_not_answered(self):
        self.c.send(json.dumps({"jsonrpc": "2.0", "method": "company.upsert",
                                "params": {"company": company("Quiet", external_ids=[{"system": "n", "id": "1"}])}}) + "\n")
        self.c.send('{"jsonrpc":"2.0","method":"no.such"}\n{"jsonrpc":"2.0","method":"company.get"}\n')
        self.assertEqual(self.c.call("system.ping"), "pong")

        def there():
            try:
                return self.c.call("company.get", external_id={"system": "n", "id": "1"})["name"] == "Quiet"
            except RpcError:
                return False
        wait_until(there, 10, "the notification was done")

    def test_batch_in_order(self):
        answer = self.raw(
            call("company.upsert", 1, company=company("Batch", external_ids=[{"system": "b", "id": "1"}])),
            {"jsonrpc": "2.0", "method": "company.upsert",
             "params": {"company": {"external_ids": [{"system": "b", "id": "1"}], "city": "Kep"}}},
            call("company.get", 2, external_id={"system": "b", "id": "1"}), 7, call("no.such", "x"),
            call("system.ping", 3))
        self.assertEqual([a["id"] for a in answer], [1, 2, None, "x", 3])
        self.assertEqual(answer[1]["result"]["city"], "Kep")
        self.assertEqual(answer[1]["result"]["version"], 2)
        self.assertEqual([a["error"]["code"] for a in answer[2:4]], [-32600, -32601])

    def test_batch_of_notifications_has_no_answer(self):
        self.c.send('[{"jsonrpc":"2.0","method":"system.ping"},{"jsonrpc":"2.0","method":"no.such"}]\n')
        self.assertEqual(self.c.call("system.version")["name"], "spean")
        self.assertEqual(self.c.raw("[]")["error"]["code"], -32600)

    def test_a_batch_whose_answer_grows_too_large(self):
        text = "x" * 4000
        self.c.call("company.upsertMany", companies=[
            company("Large %d" % n, "CA", description={lang: text for lang in ("eng", "fra", "khm")}) for n in range(40)])
        self.c.send(json.dumps([call("company.list", n, limit=200) for n in range(10)]) + "\n")
        line = self.c.line()
        self.assertLess(len(line), 1000000)
        answers = json.loads(line)
        self.assertEqual([a["id"] for a in answers], list(range(10)))
        self.assertIn("result", answers[0])
        self.assertEqual(answers[9]["error"]["data"]["reason"], "batch_answer_too_large")

    def test_discovery(self):
        doc = self.c.call("rpc.discover")
        self.assertTrue(doc["openrpc"].startswith("1."))
        with open(os.path.join(SOURCE, "docs", "PROTOCOL.md"), encoding="utf-8") as f:
            text = f.read()
        for method in doc["methods"]:
            self.assertIn("### " + method["name"], text)
            self.assertIn("schema", method["result"])
            for param in method["params"]:
                self.assertIn("schema", param)
                self.assertTrue(param["description"])

    def test_taxonomy(self):
        whole = self.c.call("taxonomy.get")
        codes = {s["code"]: s for s in whole["sectors"]}
        self.assertEqual(codes["agro-industry.rice"]["group"], "agro-industry")
        self.assertIsNone(codes["agro-industry"]["group"])
        for name in ("sectors", "kinds", "levels", "regions"):
            for term in whole[name]:
                self.assertEqual(set(term["titles"]), {"eng", "fra", "khm"})
                self.assertTrue(all(term["titles"].values()), term)
        self.assertEqual([x["code"] for x in whole["levels"]], ["basic", "working", "fluent"])
        self.assertEqual(len(whole["kinds"]), 8)
        self.assertEqual(len([r for r in whole["regions"] if r["country"] == "KH"]), 25)
        self.assertEqual(len([r for r in whole["regions"] if r["country"] == "CA"]), 13)
        french = self.c.call("taxonomy.get", lang="fra")
        self.assertEqual(set(french["sectors"][0]["titles"]), {"fra"})

    def test_version_and_health(self):
        self.assertEqual(set(self.c.call("system.version")), {"name", "version", "protocol"})
        made = self.c.call("company.upsert", company=company("Healthy"))
        wait_until(lambda: self.c.call("system.health")["index"]["seq"] >= made["seq"], 10, "the index follows")
        health = self.c.call("system.health")
        self.assertEqual(set(health), {"status", "database", "index", "uptime_s"})
        self.assertEqual((health["status"], health["database"]), ("ok", "up"))
        self.assertEqual(set(health["index"]), {"companies", "seq", "lag_ms"})
        self.assertEqual(health["index"]["lag_ms"], 0)

    def test_a_client_that_goes_away_harms_nobody(self):
        for _ in range(20):
            c = self.daemon.client()
            for n in range(20):
                c.start("company.upsert", company=company("Gone %d" % n))
            c.start("changes.list", since=0, wait_s=20)
            c.close()
        self.assertEqual(self.c.call("system.ping"), "pong")


class TestDatabaseAway(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.stop)
        self.daemon = Daemon(self.cluster)
        self.addCleanup(self.daemon.stop)
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def refusal(self, method, **params):
        began = time.monotonic()
        with self.assertRaises(RpcError) as caught:
            self.c.call(method, **params)
        return caught.exception, time.monotonic() - began

    def test_matches_go_on_and_writes_are_refused_within_a_second(self):
        a = self.c.call("company.upsert", company=company("A"))
        token = self.daemon.token("staff", "s")
        with self.daemon.tcp(token=token):
            pass
        self.c.call("match.list", id=a["id"], min_seq=a["seq"])
        self.cluster.halt("immediate")
        wait_until(lambda: self.c.call("system.health")["status"] == "degraded", 10, "degraded")
        self.assertEqual(self.c.call("system.health")["database"], "down")
        self.c.call("match.list", id=a["id"])
        for method, params in (("company.upsert", {"company": company("B")}),
                               ("company.upsert", {"company": company("B"), "idempotency_key": "k"}),
                               ("company.get", {"id": a["id"]}), ("changes.list", {})):
            def refused():
                error, took = self.refusal(method, **params)
                self.assertEqual((error.code, error.reason), (-32013, "database_unavailable"))
                self.assertTrue(error.data["retryable"])
                return took
            within(1, refused)
        with self.daemon.tcp(token=token) as c:  # known already
            self.assertEqual(c.call("auth.whoami")["role"], "staff")
        self.cluster.start()
        wait_until(lambda: self.c.call("system.health")["status"] == "ok", 20, "well again")
        b = self.c.call("company.upsert", company=company("B"), idempotency_key="k")
        self.assertTrue(b["created"])

    def test_a_database_that_does_not_answer(self):
        made = self.c.call("company.upsert", company=company("A"))
        backends = [int(row[0]) for row in self.cluster.sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = '%s' AND pid <> pg_backend_pid()" % self.daemon.database,
            self.daemon.database)]
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            error, took = self.refusal("company.get", id=made["id"])
            self.assertEqual(error.code, -32014)
            self.assertLess(took, 15 * PATIENCE)  # the request's own time limit, 5 s, is patient, too
            self.assertEqual(self.c.call("system.ping"), "pong")
        finally:
            for pid in backends:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
        wait_until(lambda: self.well(made["id"]), 20, "well again")

    def test_a_database_that_is_cut_off(self):
        """No connection ends and nothing answers: once health says so, writes do not wait for it."""
        made = self.c.call("company.upsert", company=company("A"))
        parent = self.cluster.pid()
        with open("/proc/%d/task/%d/children" % (parent, parent)) as f:
            frozen = [parent] + [int(pid) for pid in f.read().split()]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            wait_until(lambda: self.c.call("system.health")["database"] == "down", 10, "health says so")
            error, took = self.refusal("company.upsert", company=company("B"))
            self.assertEqual((error.code, error.reason), (-32013, "database_unavailable"))
            self.assertLess(took, 4 * PATIENCE)  # half a second; without a sign of life asked for, 5 s and -32014
            self.c.call("match.list", id=made["id"])
        finally:
            for pid in frozen:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
        wait_until(lambda: self.well(made["id"]), 20, "well again")

    def well(self, number):
        try:
            return self.c.call("company.get", id=number)["name"] == "A"
        except RpcError:
            return False

    def again(self, key):
        try:
            return self.c.call("company.upsert", company=company(key), idempotency_key=key)
        except RpcError as e:
            if not e.data["retryable"]:
                raise
            return None

    def test_keys_survive_a_database_that_is_killed_under_load(self):
        keys = ["load-%d" % n for n in range(300)]
        clients = [self.daemon.client() for _ in range(6)]
        sent = [(k, clients[n % 6], clients[n % 6].start("company.upsert", company=company(k), idempotency_key=k))
                for n, k in enumerate(keys)]
        first = clients[0].answer()
        self.cluster.restart("immediate")
        done = {}
        by_number = {(id(c), n): k for k, c, n in sent}

        def take(client, message):
            if "result" in message:
                done[by_number[(id(client), message["id"])]] = message["result"]["id"]
        take(clients[0], first)
        for _, c, n in sent:
            if (c, n) == (clients[0], first["id"]):
                continue
            take(c, c.answer())
        wait_until(lambda: self.c.call("system.health")["status"] == "ok", 30, "well again")
        for k in keys:
            answer = wait_until(lambda k=k: self.again(k), what="it is written")
            if k in done:
                self.assertEqual(answer["id"], done[k])
        rows = self.cluster.sql("SELECT name, count(*) FROM spean.company WHERE name LIKE 'load-%' GROUP BY name",
                                self.daemon.database)
        self.assertEqual(len(rows), 300)
        self.assertEqual({row[1] for row in rows}, {"1"})
        seqs = self.cluster.sql("SELECT count(*), max(seq) FROM spean.change", self.daemon.database)[0]
        self.assertEqual(seqs[0], seqs[1])
        for c in clients:
            c.close()


if __name__ == "__main__":
    run_tests()
