"""Several hosts in the connection string: the one that takes writes is found, and found again."""

import os
import signal
import unittest

from spean_test import Client, Cluster, Daemon, RpcError, company, run_tests, wait_until


class TestHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.other, cls.cluster = Cluster(), Cluster()
        cls.daemon = Daemon(cls.cluster, start=False)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.other.stop()
        cls.cluster.stop()

    def with_hosts(self, first, second, extra=""):
        self.daemon.sections["database"]["conninfo"] = (
            "host=%s,%s user=postgres dbname=%s target_session_attrs=read-write %s"
            % (first, second, self.daemon.database, extra))
        self.daemon.write_config()
        self.daemon.restart()

    def writes(self, name):
        with self.daemon.client() as c:
            return c.call("company.upsert", company=company(name))["created"]

    def test_a_host_without_the_database_does_not_hide_the_next(self):
        """libpq itself asks no further host once one has refused."""
        self.with_hosts(self.other.dir, self.cluster.dir)
        self.assertTrue(self.writes("Beyond the First"))

    def test_a_read_only_host_is_passed_over(self):
        name = self.daemon.database
        self.other.sql("CREATE DATABASE " + name, "postgres")
        self.other.sql("ALTER DATABASE %s SET default_transaction_read_only = on" % name, "postgres")
        try:
            self.with_hosts(self.other.dir, self.cluster.dir)
            self.assertTrue(self.writes("Past the Standby"))
        finally:
            self.other.sql("DROP DATABASE %s WITH (FORCE)" % name, "postgres")

    def test_a_host_that_hangs_is_left(self):
        """It takes the connection and says nothing, as a stopped machine's would seem to do."""
        self.with_hosts(self.other.dir, self.cluster.dir)
        pid = self.other.pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.daemon.restart()
            self.assertTrue(self.writes("Behind the Silent"))
        finally:
            os.kill(pid, signal.SIGCONT)

    def load_sources(self):
        return [line.split("source=")[1].split()[0] for line in self.daemon.log_text().splitlines() if " feed_load " in line]

    def test_companies_are_loaded_from_the_reader(self):
        self.with_hosts(self.cluster.dir, self.other.dir)
        self.writes("Loaded From There")
        count = int(self.cluster.sql("SELECT count(*) FROM spean.company", self.daemon.database)[0][0])
        reads = self.daemon.sections["database"]
        try:
            reads["read_conninfo"] = self.cluster.conninfo(self.daemon.database) + " application_name=reading"
            self.daemon.write_config()
            # One that does not come up within three seconds is not waited for, as on a machine that is busy.
            for _ in range(5):
                self.daemon.restart()
                if self.load_sources()[-1] == "read_conninfo":
                    break
            self.assertEqual(self.load_sources()[-1], "read_conninfo")
            self.assertEqual(self.daemon.health()["index"]["companies"], count)
            self.assertTrue(self.writes("And Changes Come From the Primary"))
            wait_until(lambda: self.daemon.health()["index"]["companies"] == count + 1, what="the change is seen")
            reads["read_conninfo"] = "host=/nonexistent dbname=none"
            self.daemon.write_config()
            self.daemon.restart()
            self.assertEqual(self.load_sources()[-1], "conninfo", "nobody is there")
            self.assertEqual(self.daemon.health()["index"]["companies"], count + 1)
        finally:
            del reads["read_conninfo"]

    def test_a_name_that_never_resolves_stops_nobody(self):
        """Names are looked up beside the loop: calls are answered while one hangs or fails."""
        self.with_hosts("no-such-host.invalid", self.cluster.dir)
        self.assertTrue(self.writes("In Spite of the Name"))
        self.cluster.halt("immediate")
        try:
            def refused():
                try:
                    return not self.writes("While Away")
                except RpcError as e:
                    return e.reason == "database_unavailable"

            wait_until(refused, what="writes are refused")
            with Client(self.daemon.unix) as c:
                self.assertEqual(c.call("system.ping"), "pong")
        finally:
            self.cluster.start()
        wait_until(self.daemon.ready, what="it is back")
        self.assertTrue(self.writes("Back Again"))


if __name__ == "__main__":
    run_tests()
