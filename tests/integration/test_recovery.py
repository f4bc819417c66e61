"""The database restarts, the daemon dies, two daemons serve one database: nothing acknowledged is lost."""

import threading
import time
import unittest

from spean_test import Cluster, Daemon, RpcError, company, run_tests, wait_until, within


class Writer(threading.Thread):
    """Upserts with idempotency keys until told to stop, repeating what was not acknowledged."""

    def __init__(self, connect, name):
        threading.Thread.__init__(self)
        self.connect = connect
        self.client = None
        self.name = name
        self.halt = threading.Event()
        self.acknowledged = {}
        self.errors = []
        self.failures = 0

    def run(self):
        try:
            self.write()
        finally:
            if self.client:
                self.client.close()

    def write(self):
        n = 0
        while not self.halt.is_set():
            key = "%s-%d" % (self.name, n)
            try:
                if self.client is None:
                    self.client = self.connect()
                done = self.client.call("company.upsert", idempotency_key=key, company=company(
                    "Load %s" % key, external_ids=[{"system": "load", "id": key}]))
                self.acknowledged[key] = done["id"]
                n += 1
            except RpcError as e:
                if not e.data.get("retryable"):
                    self.errors.append(e)
                    return
                self.failures += 1
                self.halt.wait(0.02)
            except (OSError, EOFError):
                if self.client:
                    self.client.close()
                self.client = None
                self.failures += 1
                self.halt.wait(0.02)

    def finish(self):
        self.halt.set()
        self.join()


class TestRecovery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def check_all_there(self, database, writers):
        rows = dict(self.cluster.sql("SELECT id, company_id FROM spean.company_external WHERE system = 'load'", database))
        for writer in writers:
            self.assertEqual(writer.errors, [])
            self.assertGreater(len(writer.acknowledged), 5)
            for key, ident in writer.acknowledged.items():
                self.assertEqual(rows.get(key), ident)
        count = int(self.cluster.sql("SELECT count(*) FROM spean.company", database)[0][0])
        self.assertEqual(count, len(rows))
        seqs = [int(r[0]) for r in self.cluster.sql("SELECT seq FROM spean.change ORDER BY seq", database)]
        self.assertEqual(seqs, list(range(1, len(seqs) + 1)))
        self.assertEqual(len(seqs), count)

    def test_two_daemons_see_each_other(self):
        one = Daemon(self.cluster)
        two = Daemon(self.cluster, database=one.database)
        try:
            with one.client() as a, two.client() as b:
                kh = a.call("company.upsert", company=company(
                    "Seller", offers=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}]))
                ca = b.call("company.upsert", company=company(
                    "Buyer", country="CA", seeks=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}]))
                got = a.call("match.list", id=kh["id"], min_seq=ca["seq"])
                self.assertEqual([m["company"]["id"] for m in got["matches"]], [ca["id"]])
                got = b.call("match.list", id=ca["id"], min_seq=ca["seq"])
                self.assertEqual([m["company"]["id"] for m in got["matches"]], [kh["id"]])
                gone = b.call("company.archive", id=ca["id"])
                got = a.call("match.list", id=kh["id"], min_seq=gone["seq"])
                self.assertEqual(got["matches"], [])
                # A token made here opens there, and one revoked here is refused there; test_auth looks how soon.
                made = a.call("token.create", name="crm", role="integration")
                with two.tcp(token=made["token"]) as c:
                    self.assertEqual(c.call("auth.whoami")["role"], "integration")
                    a.call("token.revoke", id=made["id"])

                    def refused():
                        try:
                            c.call("auth.whoami")
                        except RpcError as e:
                            return e.code == -32010
                        return False
                    wait_until(refused, what="the other daemon refuses the token")
        finally:
            two.stop()
            one.stop()

    def test_postgresql_restarts_under_load(self):
        daemon = Daemon(self.cluster)
        writers = [Writer(daemon.client, "p%d" % i) for i in range(4)]
        try:
            for w in writers:
                w.start()
            for mode in ("fast", "immediate"):
                wait_until(lambda: all(len(w.acknowledged) > 5 for w in writers), 20, "some writes")
                before = [len(w.acknowledged) for w in writers]
                self.cluster.restart(mode)
                wait_until(lambda: all(len(w.acknowledged) > n + 5 for w, n in zip(writers, before)), 20,
                           "writes go on after a %s restart" % mode)
            for w in writers:
                w.finish()
            wait_until(lambda: daemon.health()["status"] == "ok", 10, "healthy again")
            self.check_all_there(daemon.database, writers)
        finally:
            for w in writers:
                w.finish()
            daemon.stop()

    def test_daemon_is_killed_under_load(self):
        daemon = Daemon(self.cluster)
        writers = [Writer(daemon.client, "k%d" % i) for i in range(4)]
        try:
            for w in writers:
                w.start()
            for _ in range(3):
                before = [len(w.acknowledged) for w in writers]
                wait_until(lambda: all(len(w.acknowledged) > n + 5 for w, n in zip(writers, before)), 20, "some writes")
                daemon.kill()
                daemon.start()
            for w in writers:
                w.finish()
            self.check_all_there(daemon.database, writers)
            # The index is the table again.
            count = int(self.cluster.sql("SELECT count(*) FROM spean.company", daemon.database)[0][0])
            wait_until(lambda: daemon.health()["index"]["companies"] == count, what="the index has them all")
        finally:
            for w in writers:
                w.finish()
            daemon.stop()

    def test_cut_off_from_postgresql(self):
        daemon = Daemon(self.cluster)
        try:
            with daemon.client() as c:
                kh = c.call("company.upsert", company=company(
                    "Seller", offers=[{"kind": "goods", "sector": "agro-industry.rice"}]))
                ca = c.call("company.upsert", company=company(
                    "Buyer", country="CA", seeks=[{"kind": "goods", "sector": "agro-industry.rice"}]))
                c.call("match.list", id=kh["id"], min_seq=ca["seq"])
                token = c.call("token.create", name="t", role="staff")["token"]
                c.call("token.list")
                with daemon.tcp(token=token) as t:
                    t.call("auth.whoami")
                self.cluster.halt("immediate")
                wait_until(lambda: c.call("system.health")["status"] == "degraded", 10, "degraded")
                self.assertEqual(len(c.call("match.list", id=kh["id"])["matches"]), 1)

                def refused():
                    start = time.monotonic()
                    with self.assertRaises(RpcError) as caught:
                        c.call("company.upsert", company=company("Too late"))
                    self.assertEqual(caught.exception.code, -32013)
                    self.assertTrue(caught.exception.data["retryable"])
                    return time.monotonic() - start
                within(1, refused)
                with daemon.tcp(token=token) as t:  # known tokens still open
                    self.assertEqual(t.call("auth.whoami")["role"], "staff")
                self.cluster.start()
                wait_until(lambda: c.call("system.health")["status"] == "ok", 10, "healed")
                done = c.call("company.upsert", company=company("In time"))
                self.assertTrue(done["created"])
        finally:
            daemon.stop()

    def test_drain_answers_what_was_asked(self):
        daemon = Daemon(self.cluster)
        try:
            with daemon.client() as c:
                numbers = {c.start("company.upsert", company=company("Drain %d" % i)) for i in range(20)}
                written = set()
                answer = c.answer()
                self.assertEqual(daemon.terminate(), 0)
                while answer:
                    numbers.remove(answer["id"])
                    if "result" in answer:
                        written.add(answer["result"]["id"])
                    else:
                        self.assertTrue(answer["error"]["data"]["retryable"])
                    try:
                        answer = c.answer()
                    except (EOFError, OSError):
                        answer = None
            # Every call that was read got its answer: what is in the table was acknowledged, and no more.
            stored = {r[0] for r in self.cluster.sql("SELECT id FROM spean.company", daemon.database)}
            self.assertEqual(stored, written)
        finally:
            daemon.stop()

    def test_a_stop_does_not_wait_for_an_index_that_follows_no_more(self):
        daemon = Daemon(self.cluster, config={"limits": {"request_timeout": "30s"}, "daemon": {"shutdown": "8s"}})
        try:
            with daemon.client() as c:
                one = c.call("company.upsert", company=company("Waits"))
                number = c.start("match.list", id=one["id"], min_seq=one["seq"] + 1000)
                self.assertEqual(c.call("system.ping"), "pong")  # what was sent before it has been read
                self.assertEqual(daemon.terminate(), 0)
                answer = c.answer()
                self.assertEqual((answer["id"], answer["error"]["data"]["reason"]), (number, "index_behind"))
            self.assertNotIn("drain_cut", daemon.log_text())
        finally:
            daemon.stop()


if __name__ == "__main__":
    run_tests()
