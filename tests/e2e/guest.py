"""Spean's packages on a machine that boots: installed, set up, used, killed, upgraded under load, purged.

Runs in the container that tests/e2e/run makes, as the service e2e.service, with the packages in /e2e/old
and /e2e/new. The tests go by their names, one builds on the other, and the first that fails ends it.
"""

import ctypes
import glob
import itertools
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest

UNIX = "/run/spean/speand.sock"
TCP = ("127.0.0.1", 8551)
SAMPLES = "/usr/share/doc/spean/examples/"
PATIENCE = float(os.environ.get("SPEAN_TEST_PATIENCE", "3"))
PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000


def run(*words, check=True, user=None, stdin=None):
    """A command's output; as another user when one is named."""
    command = (["runuser", "-u", user, "--"] if user else []) + list(words)
    done = subprocess.run(command, input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        raise AssertionError("%s: %d\n%s" % (words, done.returncode, done.stdout[-3000:]))
    return done.stdout if check else done


def apt(*words):
    return run("apt-get", "-y", "-q", *words)


def packages(which):
    return sorted(glob.glob("/e2e/%s/*.deb" % which))


def wait_until(condition, timeout, what):
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %d s: %s" % (timeout * PATIENCE, what))
        time.sleep(0.05)


def show(name, unit="speand.service"):
    return run("systemctl", "show", "-P", name, unit).strip()


def main_pid():
    return int(show("MainPID"))


def active(unit="speand.service"):
    return show("ActiveState", unit) == "active"


def journal():
    return run("journalctl", "-b", "--no-pager", "-u", "speand.service")


class RpcError(Exception):
    pass


class Client:
    """One connection, one call at a time."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(20 * PATIENCE)
        self.sock.connect(address)
        self.stream = self.sock.makefile("rwb")
        self.ids = itertools.count(1)

    def call(self, method, **params):
        call = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}
        self.stream.write(json.dumps(call).encode() + b"\n")
        self.stream.flush()
        line = self.stream.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("closed before the answer")
        answer = json.loads(line)
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def close(self):
        try:
            self.stream.close()
        except OSError:
            pass
        self.sock.close()


def call(method, address=UNIX, **params):
    client = Client(address)
    try:
        return client.call(method, **params)
    finally:
        client.close()


class Load(threading.Thread):
    """Writes and asks for matches without a pause, over connections that it opens anew when they end.
    What is refused at the door is counted; a write is sent until it is answered, with one key."""

    def __init__(self, number, token, company):
        super().__init__(daemon=True)
        self.number, self.token, self.company = number, token, company
        self.done = threading.Event()
        self.acknowledged, self.refused, self.matches, self.again = [], 0, 0, 0
        self.pause, self.last, self.error, self.client = 0.0, None, None, None

    def answered(self):
        now = time.monotonic()
        if self.last is not None:
            self.pause = max(self.pause, now - self.last)
        self.last = now

    def work(self, client, n):
        name = "%d-%d" % (self.number, n)
        wrote = client.call("company.upsert", auth=self.token, idempotency_key="load/" + name, company={
            "external_ids": [{"system": "load", "id": name}], "country": "KH", "name": "Load " + name,
            "status": "published", "sectors": ["agro-industry.rice"]})
        self.answered()
        self.acknowledged.append((name, wrote["id"]))
        client.call("match.list", auth=self.token, id=self.company, limit=3)
        self.answered()
        self.matches += 1

    def run(self):
        n = 0
        try:
            while not self.done.is_set():
                try:
                    self.client = self.client or Client(TCP)
                    self.work(self.client, n)
                    n += 1
                except RpcError as e:
                    if not e.args[0]["data"]["retryable"]:
                        raise
                    self.again += 1
                except ConnectionRefusedError:
                    self.refused += 1
                except (ConnectionError, TimeoutError):
                    self.again += 1
                    if self.client:
                        self.client.close()
                    self.client = None
        except Exception as e:  # noqa: told by the test
            self.error = e


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
        self.assertEqual(run("runuser", "-u", "postgres", "--", "psql", "-XAtc",
                             "SELECT count(*) FROM pg_roles WHERE rolname = 'spean'").strip(), "0")
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

        if os.path.exists("/e2e/generate"):
            run("systemctl", "stop", "speand.socket", "speand.service")
            run("/e2e/generate", "--append", "--count", run("cat", "/e2e/count"), "--conninfo", "dbname=spean",
                "--model-dir", "/usr/share/spean/model", user="spean")
            run("systemctl", "start", "speand.socket", "speand.service")
            print(call("system.health"), file=sys.stderr)

    def test_03_the_local_socket_knows_its_peers(self):
        run("useradd", "--groups", "spean-staff", "clerk")
        done = run("spean", "match", "sample:CA04", user="clerk", check=False)
        self.assertEqual(done.returncode, 4, done.stdout)
        with open("/etc/spean/speand.conf", "a") as f:  # the one file to edit
            f.write("\n[listen]\nstaff_group = spean-staff\n")
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
            f.write("[Service]\nWatchdogSec=3s\n")
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

    def load(self, disturb):
        """What many clients see while something is done to the service."""
        company = call("company.get", external_id={"system": "sample", "id": "CA04"})["id"]
        token = call("token.create", name="load", role="integration")["token"]
        threads = [Load(n, token, company) for n in range(8)]
        for t in threads:
            t.start()
        wait_until(lambda: all(t.matches > 20 for t in threads), 30, "the load runs")
        disturb()
        at = [t.matches for t in threads]
        wait_until(lambda: all(t.matches > n + 20 for t, n in zip(threads, at)), 30, "the load goes on")
        for t in threads:
            t.done.set()
        for t in threads:
            t.join(60)
            if t.client:
                t.client.close()
        self.assertEqual([t.error for t in threads if t.error], [])
        self.assertEqual(sum(t.refused for t in threads), 0, "connections refused")
        for name, ident in (pair for t in threads for pair in t.acknowledged):
            self.assertEqual(call("company.get", external_id={"system": "load", "id": name})["id"], ident)
        print("answered %d writes and %d matches, sent again %d, longest pause %.0f ms" % (
            sum(len(t.acknowledged) for t in threads), sum(t.matches for t in threads),
            sum(t.again for t in threads), 1000 * max(t.pause for t in threads)), file=sys.stderr)

    def test_08_an_upgrade_under_load_turns_nobody_away(self):
        self.assertEqual(call("system.version")["version"], "0.0.1")
        before, opened = main_pid(), show("ActiveEnterTimestampMonotonic", "speand.socket")
        self.load(lambda: apt("install", *packages("new")))
        self.assertNotEqual(main_pid(), before)
        self.assertEqual(show("ActiveEnterTimestampMonotonic", "speand.socket"), opened)
        self.assertNotEqual(call("system.version")["version"], "0.0.1")
        with open("/etc/spean/speand.conf") as f:
            self.assertIn("staff_group = spean-staff\n", f.readlines()[-1])

    def credential(self, name, content):
        os.makedirs("/etc/credstore", mode=0o700, exist_ok=True)
        descriptor = os.open("/etc/credstore/" + name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.write(descriptor, content)
        os.close(descriptor)

        if os.path.exists("/e2e/generate"):
            for _ in range(3):
                self.load(lambda: run("systemctl", "restart", "speand.service"))

    def test_09_tls_with_the_key_as_a_credential(self):
        for name in ("spean.tls.crt", "spean.tls.key"):
            with open("/e2e/tls/" + name, "rb") as f:
                self.credential(name, f.read())
        with open("/etc/spean/speand.conf", "a") as f:
            f.write("\n[tls]\ncertificate = credential:spean.tls.crt\nkey = credential:spean.tls.key\n")
        run("systemctl", "enable", "speand-tls.socket")
        run("systemctl", "restart", "speand.service")
        context = ssl.create_default_context(cafile="/e2e/tls/ca.crt")
        with socket.create_connection(("127.0.0.1", 8552), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as s:
                s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\n')
                self.assertIn(b"pong", s.recv(1000))
        token = call("token.create", name="tls", role="staff")["token"]
        said = run("env", "SPEAN_TOKEN=" + token, "spean", "--server", "tls:localhost:8552", "--ca-file",
                   "/e2e/tls/ca.crt", "match", "sample:CA04")
        self.assertIn("Poivre", said)
        run("systemctl", "disable", "--now", "speand-tls.socket")
        run("systemctl", "restart", "speand.service")

    def test_10_postgresql_over_tcp_with_the_password_as_a_credential(self):
        run("runuser", "-u", "postgres", "--", "psql", "-Xqc", "ALTER ROLE spean PASSWORD 'bridge'")
        self.credential("spean.pgpass", b"*:*:spean:spean:bridge\n")
        drop = "/etc/systemd/system/speand.service.d/"
        os.makedirs(drop, exist_ok=True)
        example = "/usr/share/doc/speand/examples/remote-database.conf"
        run("sed", "-n", "w %sremote-database.conf" % drop, example)
        with open("/etc/spean/speand.conf", "a") as f:
            f.write("\n[database]\nconninfo = hostaddr=127.0.0.1 dbname=spean user=spean\n")
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "speand")
        wait_until(lambda: call("system.health")["status"] == "ok", 20, "in with the password")
        over = run("runuser", "-u", "postgres", "--", "psql", "-XAtc",
                   "SELECT count(*) FROM pg_stat_activity WHERE usename = 'spean' AND client_addr = '127.0.0.1'")
        self.assertGreater(int(over), 4)
        run("systemd-analyze", "security", "--no-pager", "--threshold=12", "speand.service")
        run("rm", "-r", drop, "/etc/credstore/spean.pgpass")

    @unittest.skipIf(os.path.exists("/e2e/generate"), "with so many companies it takes too long")
    def test_11_a_dump_is_restored_into_a_fresh_installation(self):
        run("sed", "-i", "/^conninfo/d", "/etc/spean/speand.conf")
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "speand")
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

    def test_12_removed_and_purged_nothing_is_left(self):
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
        kept = run("psql", "-XAtc", "SELECT count(*) FROM spean.company", "spean", user="postgres")
        self.assertGreater(int(kept), 120)  # the database is the admin's to drop


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
