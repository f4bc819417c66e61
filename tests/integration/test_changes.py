"""The change feed: pages, positions, waiting, subscriptions."""

import json
import threading
import time
import unittest

from spean_test import Cluster, Daemon, RpcError, company, run_tests, wait_until


class TestChanges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)
        with cls.daemon.client() as c:
            c.call("company.upsertMany", companies=[
                company("Firm %d" % n, external_ids=[{"system": "crm", "id": str(n)}]) for n in range(25)])

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def end(self):
        page = self.c.call("changes.list", limit=1000)
        while page["more"]:
            page = self.c.call("changes.list", limit=1000, since=page["next"])
        return page["next"]

    def refused(self, code, reason, method, client=None, **params):
        with self.assertRaises(RpcError) as caught:
            (client or self.c).call(method, **params)
        self.assertEqual((caught.exception.code, caught.exception.reason), (code, reason))

    def test_pages_from_the_oldest(self):
        seqs, since = [], None
        while True:
            page = self.c.call("changes.list", since=since, limit=7)
            seqs += [x["seq"] for x in page["changes"]]
            since = page["next"]
            if not page["more"]:
                break
        self.assertEqual(seqs, list(range(1, len(seqs) + 1)))
        self.assertGreaterEqual(len(seqs), 25)
        self.assertEqual(self.c.call("changes.list", since=since)["changes"], [])
        first = self.c.call("changes.list", limit=1)["changes"][0]
        self.assertEqual(set(first), {"seq", "type", "id", "version", "external_ids", "origin", "at"})
        self.assertEqual((first["type"], first["version"], first["origin"]), ("created", 1, "unix:root"))
        self.assertEqual(first["external_ids"], [{"system": "crm", "id": "0"}])
        self.assertEqual(self.c.call("changes.list", since=3, limit=1)["changes"][0]["seq"], 4)

    def test_positions(self):
        here = self.end()
        epoch, seq = here.rsplit(":", 1)
        self.refused(1004, "position_unknown", "changes.list", since="%s:%d" % (epoch, int(seq) + 1))
        self.refused(1004, "position_unknown", "changes.list", since=int(seq) + 1)
        self.refused(1004, "position_unknown", "changes.list", since="00000000-0000-0000-0000-000000000000:1")
        for bad in ("", "x", epoch, epoch + ":", epoch + ":x", epoch + ":-1", here + "0" * 20):
            self.refused(1004, "position_unknown", "changes.list", since=bad)
        for bad in (dict(since=-1), dict(since=1.5), dict(limit=0), dict(limit=1001), dict(wait_s=31)):
            self.refused(-32602, "invalid_params", "changes.list", **bad)

    def test_types_and_origin(self):
        since = self.end()
        with self.daemon.tcp(token=self.daemon.token("integration", "salesforce")) as crm:
            made = crm.call("company.upsert", company=company("Echo"))
            crm.call("company.upsert", company={"id": made["id"], "name": "Echo"})  # nothing
            crm.call("company.upsert", company={"id": made["id"], "city": "Kep"})
        self.c.call("company.archive", id=made["id"])
        self.c.call("company.upsert", company={"id": made["id"], "status": "draft"})
        self.c.call("company.upsert", company={"id": made["id"], "status": "archived"})
        got = self.c.call("changes.list", since=since)["changes"]
        self.assertEqual([(x["type"], x["version"], x["origin"]) for x in got], [
            ("created", 1, "salesforce"), ("updated", 2, "salesforce"), ("archived", 3, "unix:root"),
            ("updated", 4, "unix:root"), ("archived", 5, "unix:root")])

    def test_waiting_is_woken(self):
        since = self.end()
        with self.daemon.client() as waiting:
            number = waiting.start("changes.list", since=since, wait_s=30)
            self.c.call("system.ping")
            began = time.monotonic()
            made = self.c.call("company.upsert", company=company("Wake"))
            page = waiting.finish(number)
            self.assertLess(time.monotonic() - began, 25)  # not at the end of its wait
            self.assertEqual([x["seq"] for x in page["changes"]], [made["seq"]])

    def test_waiting_ends(self):
        since = self.end()
        began = time.monotonic()
        page = self.c.call("changes.list", since=since, wait_s=1)
        self.assertEqual((page["changes"], page["next"], page["more"]), ([], since, False))
        self.assertGreaterEqual(time.monotonic() - began, 0.9)

    def test_a_daemon_that_stops_lets_nobody_wait(self):
        other = Daemon(self.cluster, database=self.daemon.database)
        try:
            with other.client() as waiting, other.client() as subscriber:
                subscriber.call("changes.subscribe")
                number = waiting.start("changes.list", since=self.end(), wait_s=30)
                other.health()
                began = time.monotonic()
                other.terminate()
                self.assertLess(time.monotonic() - began, 25)
                self.assertEqual(waiting.finish(number)["changes"], [])
        finally:
            other.stop()

    def test_many_wait(self):
        since = self.end()
        clients = [self.daemon.client() for _ in range(50)]
        numbers = [c.start("changes.list", since=since, wait_s=30) for c in clients]
        made = self.c.call("company.upsert", company=company("For all"))
        for c, n in zip(clients, numbers):
            self.assertEqual([x["seq"] for x in c.finish(n)["changes"]], [made["seq"]])
            c.close()

    def test_a_reader_beside_writers_misses_nothing(self):
        since = self.end()
        start = int(since.rsplit(":", 1)[1])
        failures = []

        def write(n):
            try:
                with self.daemon.client() as c:
                    for i in range(25):
                        c.call("company.upsert", company=company("W%d.%d" % (n, i)))
            except Exception as e:  # noqa: what any of them raises fails the test
                failures.append(e)
        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for t in threads:
            t.start()
        seqs = []
        while len(seqs) < 100:
            page = self.c.call("changes.list", since=since, wait_s=30, limit=9)
            self.assertTrue(page["changes"] or failures)
            seqs += [x["seq"] for x in page["changes"]]
            since = page["next"]
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        self.assertEqual(seqs, list(range(start + 1, start + 101)))

    def test_subscription(self):
        with self.daemon.client() as s:
            first = s.call("changes.subscribe")["subscription"]
            second = s.call("changes.subscribe")["subscription"]
            self.assertNotEqual(first, second)
            made = self.c.call("company.upsert", company=company("News"))
            seen = {}
            while len(seen) < 2 or min(seen.values()) < made["seq"]:
                event = json.loads(s.line())
                self.assertEqual((event["jsonrpc"], event["method"]), ("2.0", "changes.event"))
                self.assertNotIn("id", event)
                seen[event["params"]["subscription"]] = event["params"]["seq"]
            self.assertEqual(set(seen), {first, second})
            s.call("changes.subscribe")
            s.call("changes.subscribe")
            self.refused(-32012, "too_many_subscriptions", "changes.subscribe", client=s)

    def test_subscribing_needs_a_login(self):
        token = self.daemon.token("viewer", "watcher")
        with self.daemon.tcp() as c:
            self.refused(-32010, "login_required", "changes.subscribe", client=c, auth=token)
            c.call("auth.login", token=token)
            self.assertTrue(c.call("changes.subscribe")["subscription"])

    def test_events_of_another_daemon(self):
        other = Daemon(self.cluster, database=self.daemon.database)
        try:
            with self.daemon.client() as s, other.client() as o:
                s.call("changes.subscribe")
                made = o.call("company.upsert", company=company("Next door"))
                while json.loads(s.line())["params"]["seq"] < made["seq"]:
                    pass
        finally:
            other.stop()


if __name__ == "__main__":
    run_tests()
