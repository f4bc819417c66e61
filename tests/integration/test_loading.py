"""What happens while a daemon loads all companies: writes, a backend that dies, and being told to stop."""

import os
import subprocess
import unittest

from spean_test import Cluster, Daemon, RpcError, SOURCE, company, run_tests, spean, wait_until

# A company that another version has packed, and whose day can't be told while somebody holds a lock: there a load stops.
TRAP = """
CREATE OR REPLACE FUNCTION spean.epoch_ms(t timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF t = '2001-01-01' THEN
        PERFORM pg_advisory_lock_shared(4711), pg_advisory_unlock_shared(4711);
    END IF;
    RETURN (extract(epoch FROM t) * 1000)::bigint;
END $$;
UPDATE spean.company SET updated_at = '2001-01-01', pack_model = 'other' WHERE name = 'Trap';
"""


class Lock:
    """Held by a session of its own until it is let go."""

    def __init__(self, cluster, database):
        self.cluster, self.database = cluster, database
        self.session = subprocess.Popen([os.path.join(cluster.bin, "psql"), "-X", "-q", "-h", cluster.dir, "-U", "postgres",
                                         "-d", database], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.session.stdin.write(b"SELECT pg_advisory_lock(4711);\n")
        self.session.stdin.flush()
        wait_until(lambda: self.count("mode = 'ExclusiveLock' AND granted") == 1, what="the lock")

    def count(self, condition):
        return int(self.cluster.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM"
                                    " pg_database WHERE datname = current_database()) AND " + condition, self.database)[0][0])

    def free(self):
        self.session.stdin.close()
        self.session.wait()


class TestLoading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def setUp(self):
        self.daemon = Daemon(self.cluster)
        self.addCleanup(self.daemon.stop)
        for name in "cambodia", "canada":
            spean("import", os.path.join(SOURCE, "conf", "samples", name + ".ndjson"), daemon=self.daemon, check=True)
        with self.daemon.client() as c:
            c.call("company.upsert", company=company("Trap"))
        self.companies = int(self.sql("SELECT count(*) FROM spean.company"))
        self.assertEqual(self.daemon.terminate(), 0)
        self.sql(TRAP)
        self.lock = Lock(self.cluster, self.daemon.database)
        self.addCleanup(self.lock.free)

    def sql(self, text):
        rows = self.cluster.sql(text, self.daemon.database)
        return rows[0][0] if rows else None

    def loading(self):
        """Whether a load has come to where it has to wait."""
        try:
            return self.lock.count("NOT granted") == 1 and self.daemon.health()["index"]["loading"]["phase"] == "reading"
        except (OSError, KeyError):
            return False

    def start(self):
        self.daemon.start(wait=False)
        wait_until(self.loading, what="a load under way")

    def test_stop(self):
        self.start()
        self.assertEqual(self.daemon.health()["status"], "starting")
        self.assertEqual(self.daemon.terminate(), 0)
        # The server need not be told: it notices that nobody is there.
        wait_until(lambda: self.lock.count("NOT granted") == 0, what="the end of the COPY")

    def test_backend_dies(self):
        self.start()
        killed = self.sql("SELECT pid FROM pg_stat_activity WHERE query LIKE '%COPY (SELECT c.id%' AND wait_event = 'advisory'")
        self.sql("SELECT pg_terminate_backend(%s)" % killed)
        wait_until(lambda: self.daemon.log_text().count(" feed_load ") >= 3 and self.loading(), what="another load")
        self.assertEqual(self.daemon.health()["index"]["companies"], 0)
        self.lock.free()
        wait_until(self.daemon.ready, what="ready")
        self.assertEqual(self.daemon.health()["index"]["companies"], self.companies)

    def test_written_meanwhile(self):
        self.start()
        with self.daemon.client() as c:
            before = self.daemon.health()["index"]
            new = c.call("company.upsert", company=company("Meanwhile", region="KH-12", sectors=["agro-industry.rice"],
                                                           status="published"))
            gone, changed = [row[0] for row in self.cluster.sql("SELECT id FROM spean.company WHERE name <> 'Trap'"
                                                                " ORDER BY id LIMIT 2", self.daemon.database)]
            c.call("company.upsert", company={"id": changed, "name": "Changed"})
            c.call("company.erase", id=gone)
            self.assertTrue(self.loading())
            self.lock.free()
            wait_until(self.daemon.ready, what="ready")
            wait_until(lambda: self.daemon.health()["index"]["seq"] == new["seq"] + 2, what="all changes")
            self.assertEqual(self.daemon.health()["index"]["companies"], self.companies)
            self.assertNotIn("loading", self.daemon.health()["index"])
            self.assertEqual(c.call("match.list", id=new["id"])["company"]["name"], "Meanwhile")
            self.assertEqual(c.call("match.list", id=changed)["company"]["name"], "Changed")
            self.assertRaises(RpcError, c.call, "match.list", id=gone)
            self.assertEqual(before["companies"], 0)
        loads = [line for line in self.daemon.log_text().splitlines() if " feed_load " in line]
        self.assertEqual(len(loads), 2)
        self.assertIn("seq=%d " % (new["seq"] - 1), loads[-1])  # the number of the snapshot, not of later


if __name__ == "__main__":
    run_tests()
