"""The database fails over under load: a real cluster of three, two daemons, writers and readers on both.

    PYTHONPATH=tests/integration/lib:tests/e2e/patroni python3 tests/e2e/patroni/test_patroni.py

What must hold: no acknowledged write is lost (one standby is synchronous), none is applied twice, both daemons
write again within 5 s of the moment the new primary takes writes, and matches are answered all the time.
"""

import os
import subprocess
import threading
import time
import unittest

from patroni_cluster import TTL, PatroniCluster
from spean_test import BUILD, PATIENCE, Daemon, RpcError, company, run_tests, wait_until

AGAIN_S = 5


class Writer(threading.Thread):
    """Writes companies through one daemon, each until it is acknowledged."""

    def __init__(self, daemon, name):
        threading.Thread.__init__(self, daemon=True)
        self.daemon_under_test, self.name_ = daemon, name
        self.stopping = threading.Event()
        self.acknowledged = []  # (time, external id, id, version)
        self.failures = {}
        self.problem = None

    def run(self):
        client, n = None, 0
        try:
            while not self.stopping.is_set():
                external = "%s-%d" % (self.name_, n)
                try:
                    client = client or self.daemon_under_test.client()
                    got = client.call("company.upsert", idempotency_key=external,
                                      company=company("Firm " + external, country="KH" if n % 2 else "CA",
                                                      external_ids=[{"system": "load", "id": external}]))
                    self.acknowledged.append((time.monotonic(), external, got["id"], got["version"]))
                    n += 1
                except RpcError as e:
                    if not e.data.get("retryable"):
                        raise
                    self.failures[e.reason] = self.failures.get(e.reason, 0) + 1
                    self.stopping.wait(0.05)  # a polite client
                except (OSError, EOFError):
                    client = None
        except Exception as e:  # pylint: disable=broad-except
            self.problem = e


class Reader(threading.Thread):
    """Asks for matches through one daemon; every question must be answered."""

    def __init__(self, daemon, ident):
        threading.Thread.__init__(self, daemon=True)
        self.daemon_under_test, self.ident_ = daemon, ident
        self.stopping = threading.Event()
        self.answers, self.slowest, self.problem = 0, 0.0, None

    def run(self):
        try:
            with self.daemon_under_test.client() as c:
                while not self.stopping.is_set():
                    began = time.monotonic()
                    found = c.call("match.list", id=self.ident_, limit=5)
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    if not found["matches"]:
                        raise AssertionError("no match any more")
                    self.answers += 1
                    self.stopping.wait(0.02)
        except Exception as e:  # pylint: disable=broad-except
            self.problem = e


class TestFailover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = PatroniCluster()
        cls.daemons = []
        try:
            cls.daemons.append(Daemon(cls.cluster, start=False, migrate=False))
            wait_until(cls.migrated, 30, "the schema is there")
            cls.daemons[0].start()
            cls.daemons.append(Daemon(cls.cluster, database=cls.daemons[0].database))
            cls.cluster.sql("CREATE TABLE probe (at timestamptz)")
            with cls.daemons[0].client() as c:
                seq = 0
                for n in range(20):
                    got = c.call("company.upsert", company=company("Base %d" % n, country="KH" if n % 2 else "CA"))
                    cls.asked, seq = got["id"], got["seq"]
            for d in cls.daemons:
                wait_until(lambda d=d: d.health()["index"]["seq"] >= seq, what="both have the companies")
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def migrated(cls):
        done = subprocess.run([os.path.join(BUILD, "speand"), "-c", cls.daemons[0].config, "--migrate"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # At first: a standby that has not yet heard of the database answers for all hosts.
        return done.returncode == 0

    @classmethod
    def tearDownClass(cls):
        for d in cls.daemons:
            d.stop()
        cls.cluster.stop()

    def under_load(self, name, fault):
        """Runs fault() while everybody writes and reads; then holds what was acknowledged against the tables."""
        writers = [Writer(d, "%s-d%d-w%d" % (name, i, k)) for i, d in enumerate(self.daemons) for k in range(2)]
        readers = [Reader(d, self.asked) for d in self.daemons]
        for t in writers + readers:
            t.start()
        try:
            for w in writers:
                wait_until(lambda w=w: len(w.acknowledged) > 20 or w.problem, 60, "the load runs")
            began = time.monotonic()
            fault()
            accepts = self.cluster.first_write_after(began + 4 * TTL * PATIENCE)
            for w in writers:
                wait_until(lambda w=w: w.problem or (w.acknowledged and w.acknowledged[-1][0] > accepts), 60,
                           "writes through both daemons again")
            ended = time.monotonic()
            for w in writers:
                wait_until(lambda w=w: w.problem or w.acknowledged[-1][0] > ended, 60, "and they go on")
        finally:
            for t in writers + readers:
                t.stopping.set()
            for t in writers + readers:
                t.join(60)
        self.assertEqual([t.problem for t in writers + readers if t.problem], [])
        again = [min(at for at, *_ in w.acknowledged if at > accepts) - accepts for w in writers]
        print("\n%s: new primary took writes after %.1f s; writers again %s s after that; %d writes acknowledged, "
              "%d matches, slowest %.0f ms; refusals %s" % (
                  name, accepts - began, ", ".join("%.2f" % s for s in again),
                  sum(len(w.acknowledged) for w in writers), sum(r.answers for r in readers),
                  1000 * max(r.slowest for r in readers), [w.failures for w in writers]))
        self.assertLessEqual(max(again), AGAIN_S)
        self.check_stored(writers)

    def check_stored(self, writers):
        rows = self.cluster.sql("SELECT e.id, e.company_id, c.version FROM spean.company_external e "
                                "JOIN spean.company c ON c.id = e.company_id WHERE e.system = 'load'")
        stored = {external: (ident, int(version)) for external, ident, version in rows}
        self.assertEqual(len(stored), len(rows), "an external id twice")
        for w in writers:
            for _, external, ident, version in w.acknowledged:
                self.assertEqual(stored.get(external), (ident, version), external)
        # Gapless and in order, as everybody else relies on.
        head, count, least = self.cluster.sql("SELECT max(seq), count(*), min(seq) FROM spean.change")[0]
        self.assertEqual(int(count), int(head) - int(least) + 1)
        for d in self.daemons:
            wait_until(lambda d=d: d.health()["status"] == "ok" and d.health()["index"]["seq"] == int(head), 30,
                       "the index of each daemon has everything")

    def test_0_loads_from_a_standby(self):
        d = Daemon(self.cluster, database=self.daemons[0].database, migrate=False, config={
            "database": {"read_conninfo": self.cluster.conninfo(self.daemons[0].database, "standby")}})
        try:
            self.assertIn("source=read_conninfo", d.log_text())
            self.assertEqual(d.health()["index"]["companies"], self.daemons[0].health()["index"]["companies"])
        finally:
            d.stop()

    def test_1_switchover(self):
        self.under_load("switchover", self.cluster.switchover)
        wait_until(self.cluster.whole, 120, "the cluster is whole again", every=0.5)

    def test_2_the_primary_dies(self):
        self.under_load("primary killed", lambda: self.cluster.primary().kill())


if __name__ == "__main__":
    run_tests()
