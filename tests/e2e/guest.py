"""Spean's packages on a machine that boots: installed, set up, used, killed, upgraded under load, purged.

Runs in the container that tests/e2e/run makes, as the service e2e.service, with the packages in /e2e/old
and /e2e/new. The tests go by their names, one builds on the other, and the first that fails ends it.
"""

import ctypes
import glob
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import unittest
import urllib.request

from guest_lib import (CONF, PATIENCE, TCP, UNIX, Asleep, Client, Load, RpcError, active, apt, call, configure, journal,
                       main_pid, packages, put, run, show, sql, wait_until)

SAMPLES = "/usr/share/doc/spean/examples/"
MANY = os.path.exists("/e2e/generate")  # made-up companies beside the samples
PAUSE = 1.0  # s that answers may pause over a restart, on a machine at rest
PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
# One that the daemon before it does not know, and works on with.
NEXT_SCHEMA = "ALTER TABLE spean.company ADD COLUMN next text; CREATE TABLE spean.next (id uuid PRIMARY KEY);\n"


def tls_open():
    """A connection to the TLS port and the certificate that was shown."""
    context = ssl.create_default_context(cafile="/e2e/tls/ca.crt")
    plain = socket.create_connection(("127.0.0.1", 8552), timeout=20 * PATIENCE)
    s = context.wrap_socket(plain, server_hostname="localhost")
    return s, ssl.DER_cert_to_PEM_cert(s.getpeercert(binary_form=True))


def ping(s):
    s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\n')
    return b"pong" in s.recv(1000)


def tls_file(name):
    with open("/e2e/tls/" + name) as f:
        return f.read()


def http(path):
    with urllib.request.urlopen("http://127.0.0.1:9551" + path, timeout=20 * PATIENCE) as answer:
        return answer.read().decode()


class TestPackages(unittest.TestCase):
    files = None

    @classmethod
    def listing(cls):
        """Every file that an admin could call left over."""
        found = run("find", "/etc", "/usr", "/lib/systemd", "/var", "/run/spean", "-xdev",
                    "(", "-path", "/var/lib/dpkg", "-o", "-path", "/var/cache", "-o", "-path", "/var/log",
                    "-o", "-path", "/var/lib/postgresql", "-o", "-path", "/var/lib/apt", "-o", "-path", "/var/tmp",
                    ")", "-prune", "-o", "-print", check=False).stdout
        return {name for name in found.split("\n") if "/run/spean: No such" not in name}

    def test_01_installing_starts_and_makes_nothing(self):
        apt("install", "--no-install-recommends", "postgresql")
        # What other packages pull in, and users that come with them, is there before ours.
        TestPackages.files = self.listing()
        apt("install", *packages("old"))
        self.assertFalse(active())
        self.assertFalse(active("speand.socket"))
        self.assertEqual(sql("SELECT count(*) FROM pg_roles WHERE rolname = 'spean'", "postgres"), "0")
        self.assertEqual(run("speand", "--version").strip(), "speand 0.0.1")

    def test_02_one_command_makes_the_database_and_starts(self):
        run("speand-setup")
        self.assertTrue(active())
        self.assertTrue(active("speand.socket"))
        said = run("speand-setup")  # again: nothing new
        self.assertIn("role spean is there", said)
        self.assertIn("database spean is there", said)
        for name in ("cambodia", "canada"):
            run("spean", "import", glob.glob(SAMPLES + name + ".ndjson*")[0])
        wait_until(lambda: call("system.health")["index"]["companies"] == 120, 20, "120 companies in the index")
        self.assertIn("Poivre", run("spean", "match", "sample:CA04"))

        if MANY:
            run("systemctl", "stop", "speand.socket", "speand.service")
            run("/e2e/generate", "--append", "--count", run("cat", "/e2e/count"), "--conninfo", "dbname=spean",
                "--model-dir", "/usr/share/spean/model", user="spean")
            run("systemctl", "start", "speand.socket", "speand.service")
            print(call("system.health"), file=sys.stderr)

    def test_03_the_local_socket_knows_its_peers(self):
        run("useradd", "--groups", "spean-staff", "clerk")
        done = run("spean", "match", "sample:CA04", user="clerk", check=False)
        self.assertEqual(done.returncode, 4, done.stdout)
        configure("listen", staff_group="spean-staff")
        run("systemctl", "restart", "speand")
        self.assertIn("Poivre", run("spean", "match", "sample:CA04", user="clerk"))
        self.assertEqual(run("spean", "match", "sample:CA04", user="nobody", check=False).returncode, 4)

    def test_04_the_service_is_shut_in(self):
        run("systemd-analyze", "security", "--no-pager", "--threshold=6", "speand.service")
        self.assertEqual(show("LimitCORE"), "0")
        with open("/proc/%d/status" % main_pid()) as f:
            status = f.read()
        self.assertIn("CapEff:\t0000000000000000", status)
        self.assertIn("Seccomp:\t2", status)

    def test_05_it_comes_back_after_sigkill(self):
        before = main_pid()
        os.kill(before, 9)
        # The sockets are systemd's: who calls now waits, and is answered.
        self.assertEqual(call("system.ping"), "pong")
        self.assertNotEqual(main_pid(), before)
        self.assertEqual(call("system.ping", TCP), "pong")

    def test_06_reload(self):
        before = main_pid()
        run("systemctl", "reload", "speand")
        wait_until(lambda: " reloaded" in journal(), 10, "reloaded")
        self.assertEqual(main_pid(), before)

    def test_07_one_worker_that_stands_still_is_enough_for_the_watchdog(self):
        os.makedirs("/run/systemd/system/speand.service.d")
        with open("/run/systemd/system/speand.service.d/watchdog.conf", "w") as f:
            f.write("[Service]\nWatchdogSec=6s\n")
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "speand")
        before = main_pid()
        worker = next(t for t in os.listdir("/proc/%d/task" % before)
                      if run("cat", "/proc/%d/task/%s/comm" % (before, t)).startswith("worker-"))
        libc = ctypes.CDLL(None, use_errno=True)
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            self.assertEqual(libc.ptrace(request, int(worker), None, None), 0, os.strerror(ctypes.get_errno()))

        def another():
            try:  # the tracer is who has to take the thread's end
                os.waitpid(int(worker), os.WNOHANG | WALL)
            except ChildProcessError:
                pass  # taken
            return main_pid() not in (before, 0) and active()
        wait_until(another, 30, "another daemon runs")
        self.assertIn("worker_stalled", journal())
        self.assertIn("Watchdog timeout", journal())
        os.unlink("/run/systemd/system/speand.service.d/watchdog.conf")
        run("systemctl", "daemon-reload")
        self.assertEqual(call("system.ping"), "pong")

    def load(self, what, disturb, also=None):
        """What many clients see while something is done to the service. also: the address of another daemon, which
        gets half of the load; its clients go on all the time and take the processor from the one that starts."""
        company = call("company.get", external_id={"system": "sample", "id": "CA04"})["id"]
        token = call("token.create", name="load", role="integration")["token"]
        mark = "%s-%d" % (what, time.monotonic_ns())
        threads = [Load("%s-%d" % (mark, n), token, company, also if also and n % 2 else TCP) for n in range(8)]
        for t in threads:
            t.start()
        wait_until(lambda: all(t.matches > 40 for t in threads), 30, "the load runs")
        # Who is answered at the end and does not look at it must not keep the others waiting.
        asleep = [Asleep(token, company) for _ in range(4)]
        for a in asleep:
            a.start()
        noise = max(t.pause for t in threads)
        for t in threads:
            t.pause = 0.0
        disturb()
        at = [t.matches for t in threads]
        wait_until(lambda: all(t.matches > n + 20 for t, n in zip(threads, at)), 30, "the load goes on")
        for t in threads + asleep:
            t.done.set()
        for t in threads + asleep:
            t.join(60)
        self.assertEqual([t.error for t in threads if t.error], [])
        self.assertEqual(sum(t.refused for t in threads), 0, "connections refused")
        reader = Client(UNIX)
        for name, ident in (pair for t in threads for pair in t.acknowledged):
            self.assertEqual(reader.call("company.get", external_id={"system": "load", "id": name})["id"], ident)
        reader.close()
        pause, limit = max(t.pause for t in threads), PATIENCE * PAUSE + 5 * noise
        print("%s: answered %d writes and %d matches, sent again %d, longest pause %.0f ms, before %.0f ms" % (
            what, sum(len(t.acknowledged) for t in threads), sum(t.matches for t in threads),
            sum(t.again for t in threads), 1000 * pause, 1000 * noise), file=sys.stderr)
        self.assertTrue(also or pause <= limit, "answers paused for %.1f s, limit %.1f s" % (pause, limit))

    def test_08_an_upgrade_under_load_turns_nobody_away(self):
        self.assertEqual(call("system.version")["version"], "0.0.1")
        before, opened = main_pid(), show("ActiveEnterTimestampMonotonic", "speand.socket")
        self.load("upgrade", lambda: apt("install", *packages("new")))
        self.assertNotEqual(main_pid(), before)
        self.assertEqual(show("ActiveEnterTimestampMonotonic", "speand.socket"), opened)
        self.assertNotEqual(call("system.version")["version"], "0.0.1")
        with open(CONF) as f:
            self.assertIn("staff_group = spean-staff\n", f.readlines()[-1])

    def test_09_a_restart_under_load_turns_nobody_away(self):
        for _ in range(3 if MANY else 1):
            before = main_pid()
            self.load("restart", lambda: run("systemctl", "restart", "speand"))
            self.assertNotEqual(main_pid(), before)

    def test_10_an_event_is_found_in_the_journal_by_its_request(self):
        configure("daemon", log_level="debug")
        run("systemctl", "reload", "speand")

        def logged():
            try:
                call("company.get", id="00000000-0000-7000-8000-000000000000")
            except RpcError as e:
                request = e.args[0]["data"]["request_id"]
            lines = journal("-o", "json", "SPEAN_REQUEST=" + request).splitlines()
            return [json.loads(line) for line in lines if line.startswith("{")]
        entry, = wait_until(logged, 10, "the call in the journal")
        self.assertEqual((entry["SPEAN_EVENT"], entry["SPEAN_METHOD"], entry["SPEAN_CODE"]),
                         ("call", "company.get", "1001"))
        self.assertEqual((entry["_SYSTEMD_UNIT"], entry["PRIORITY"]), ("speand.service", "7"))
        run("sed", "-i", "/^log_level/d", CONF)
        run("systemctl", "reload", "speand")

    def test_11_metrics_of_a_daemon_without_a_network(self):
        run("systemctl", "enable", "speand-metrics.socket")
        run("systemctl", "restart", "speand")
        self.assertEqual(show("PrivateNetwork"), "yes")
        self.assertEqual(http("/readyz"), "ok\n")
        self.assertEqual(http("/healthz"), "ok\n")
        companies = call("system.health")["index"]["companies"]
        self.assertIn("\nspean_index_companies %d\n" % companies, http("/metrics"))
        run("systemctl", "disable", "--now", "speand-metrics.socket")
        run("systemctl", "restart", "speand")

    def test_12_tls_with_the_key_as_a_credential(self):
        for name in ("spean.tls.crt", "spean.tls.key"):
            put("/etc/credstore/" + name, tls_file(name))
        configure("tls", certificate="credential:spean.tls.crt", key="credential:spean.tls.key")
        run("systemctl", "enable", "speand-tls.socket")
        run("systemctl", "restart", "speand.service")
        s, shown = tls_open()
        self.assertTrue(ping(s))
        s.close()
        self.assertEqual(shown, tls_file("spean.tls.crt"))
        token = call("token.create", name="tls", role="staff")["token"]
        said = run("env", "SPEAN_TOKEN=" + token, "spean", "--server", "tls:localhost:8552", "--ca-file",
                   "/e2e/tls/ca.crt", "match", "sample:CA04")
        self.assertIn("Poivre", said)
        # The copy is of the start: a renewed one is served from the next start on.
        for name in ("spean.tls.crt", "spean.tls.key"):
            put("/etc/credstore/" + name, tls_file("renewed" + name[9:]))
        self.load("renewal by restart", lambda: run("systemctl", "restart", "speand"))
        s, shown = tls_open()
        s.close()
        self.assertEqual(shown, tls_file("renewed.crt"))

    def test_13_a_renewed_certificate_by_reload(self):
        def renew(name):
            put("/etc/spean/tls/fullchain.pem", tls_file(name + ".crt"), 0o640, "spean")
            put("/etc/spean/tls/privkey.pem", tls_file(name + ".key"), 0o640, "spean")
        run("sed", "-i", "s|credential:spean.tls.crt|/etc/spean/tls/fullchain.pem|;"
            "s|credential:spean.tls.key|/etc/spean/tls/privkey.pem|", CONF)
        renew("spean.tls")
        run("systemctl", "restart", "speand")
        before = main_pid()
        kept, shown = tls_open()
        self.assertEqual(shown, tls_file("spean.tls.crt"))
        renew("renewed")
        run("systemctl", "reload", "speand")

        def renewed():
            s, now = tls_open()
            s.close()
            return now == tls_file("renewed.crt")
        wait_until(renewed, 10, "the renewed certificate")
        put("/etc/spean/tls/privkey.pem", tls_file("spean.tls.key"), 0o640, "spean")  # not its key
        refused = journal().count(" reload_refused")
        run("systemctl", "reload", "speand")
        wait_until(lambda: journal().count(" reload_refused") > refused, 10, "the reload is refused")
        self.assertTrue(renewed())  # and nothing has changed
        self.assertTrue(ping(kept))
        kept.close()
        self.assertEqual(main_pid(), before)
        run("systemctl", "disable", "--now", "speand-tls.socket")
        run("sed", "-i", "/^certificate\\|^key/d", CONF)
        run("systemctl", "restart", "speand")
        run("rm", "-r", "/etc/spean/tls")

    def test_14_postgresql_over_tcp_with_the_password_as_a_credential(self):
        sql("ALTER ROLE spean PASSWORD 'bridge'")
        put("/etc/credstore/spean.pgpass", "*:*:spean:spean:bridge\n")
        drop = "/etc/systemd/system/speand.service.d/"
        os.makedirs(drop, exist_ok=True)
        example = "/usr/share/doc/speand/examples/remote-database.conf"
        run("sed", "-n", "w %sremote-database.conf" % drop, example)
        configure("database", conninfo="hostaddr=127.0.0.1 dbname=spean user=spean")
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "speand")
        wait_until(lambda: call("system.health")["status"] == "ok", 20, "in with the password")
        over = sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'spean' AND client_addr = '127.0.0.1'")
        self.assertGreater(int(over), 4)
        run("systemd-analyze", "security", "--no-pager", "--threshold=12", "speand.service")
        run("rm", "-r", drop, "/etc/credstore/spean.pgpass")
        run("sed", "-i", "/^conninfo/d", CONF)
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "speand")

    def next_package(self):
        """The new package once more, of a later version and with a migration more."""
        deb = next(p for p in packages("new") if "/speand_" in p)
        run("dpkg-deb", "-R", deb, "/tmp/next")
        run("sed", "-i", "s/^Version: .*/Version: 99/", "/tmp/next/DEBIAN/control")
        number = len(os.listdir("/tmp/next/usr/share/spean/sql")) + 1
        put("/tmp/next/usr/share/spean/sql/%04d_next.sql" % number, NEXT_SCHEMA, 0o644)
        run("dpkg-deb", "-b", "/tmp/next", "/tmp/next.deb")
        return "/tmp/next.deb", number

    def test_15_an_upgrade_moves_the_schema_while_the_daemon_before_it_serves(self):
        run("install", "-m", "755", "/usr/sbin/speand", "/usr/local/sbin/speand-before")
        put("/run/spean/before.conf", "[listen]\ntcp =\nunix = /run/spean/before.sock\n", 0o644)
        command = ["runuser", "-u", "spean", "--", "/usr/local/sbin/speand-before", "-c", "/run/spean/before.conf"]
        before = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        other = "/run/spean/before.sock"
        wait_until(lambda: os.path.exists(other), 30, "the other daemon listens")
        wait_until(lambda: call("system.health", other)["status"] == "ok", 30, "the other daemon serves")
        deb, number = self.next_package()
        self.load("upgrade with a migration", lambda: apt("install", deb), other)
        self.assertEqual(sql("SELECT version, oldest_daemon < version FROM spean.schema_version"), "%d|t" % number)

        def equal():  # each has in its index what the other wrote
            return call("system.health", other)["index"]["seq"] == call("system.health")["index"]["seq"]
        wait_until(equal, 20, "both have the same index")
        before.terminate()
        before.wait(30 * PATIENCE)
        # The same may be started again, until a schema says that it is too old.
        self.assertEqual(run("speand", "--migrate", user="spean").strip().split("\n")[-1], "schema version %d" % number)
        oldest = sql("SELECT oldest_daemon FROM spean.schema_version")
        sql("UPDATE spean.schema_version SET oldest_daemon = version")
        done = run(*command, "--migrate-first", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("use a newer one", done.stdout)
        sql("UPDATE spean.schema_version SET oldest_daemon = " + oldest)
        run("rm", "-r", "/usr/local/sbin/speand-before", "/run/spean/before.conf", "/tmp/next", deb)

    @unittest.skipIf(MANY, "with so many companies it takes too long")
    def test_16_a_dump_is_restored_into_a_fresh_installation(self):
        before = run("spean", "export", "--contacts")
        run("install", "-d", "-o", "spean", "-m", "700", "/var/backups/spean")
        run("speand-backup", "dump", "/var/backups/spean/all.dump", user="spean")
        run("systemctl", "stop", "speand.socket", "speand.service")
        run("dropdb", "spean", user="postgres")
        run("speand-setup", "--empty")
        run("speand-backup", "restore", "/var/backups/spean/all.dump", user="spean")
        run("speand-setup")
        self.assertEqual(run("spean", "export", "--contacts"), before)
        run("rm", "-r", "/var/backups/spean")

    def test_17_removed_and_purged_nothing_is_left(self):
        run("userdel", "clerk")
        run("rm", "-r", "/etc/credstore")  # what the admin put there
        apt("remove", "speand", "spean")
        self.assertFalse(active())
        self.assertFalse(active("speand.socket"))
        self.assertTrue(os.path.exists("/etc/spean/speand.conf"))
        apt("purge", "speand", "spean")
        left = self.listing() - self.files
        self.assertEqual({name for name in left if "spean" in name}, set())
        self.assertNotIn("spean", run("cat", "/etc/passwd", "/etc/group"))
        kept = sql("SELECT count(*) FROM spean.company")
        self.assertGreater(int(kept), 120)  # the database is the admin's to drop


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
