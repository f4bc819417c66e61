"""The daemon as its manager sees it: checks, reloads, sockets handed over, readiness, watchdog, end."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from spean_test import BUILD, PATIENCE, SOURCE, Client, Cluster, Daemon, RpcError, run_tests, wait_until

SPEAND = os.path.join(BUILD, "speand")


def run(*words):
    return subprocess.run([SPEAND] + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE)


def listens(daemon):
    try:
        with daemon.client() as c:
            return c.call("system.ping") == "pong"
    except (OSError, EOFError):
        return False


class Manager:
    """What systemd is to a notify service: a datagram socket that hears its states."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="spean-notify-")
        self.path = os.path.join(self.dir, "notify")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.sock.setblocking(False)
        self.heard = []

    def words(self):
        while True:
            try:
                self.heard += self.sock.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def close(self):
        self.sock.close()
        os.unlink(self.path)
        os.rmdir(self.dir)


class TestArguments(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".conf")
        self.addCleanup(self.file.close)

    def check(self, text, *words):
        self.file.seek(0)
        self.file.truncate()
        self.file.write(text)
        self.file.flush()
        return run("-n", "-c", self.file.name, "-o", "daemon.model_dir=%s/conf/model" % SOURCE, *words)

    def test_check(self):
        done = self.check("[limits]\nbatch = 5\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for bad, says in (("[limits]\nbatch = five\n", "line 2"), ("[limit]\n", "line 1"),
                          ("[listen]\ntcp = 0.0.0.0:1\n", "insecure_remote_without_tls")):
            done = self.check(bad)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(says, done.stderr)
            self.assertIn(self.file.name, done.stderr)
        # Without a model_dir: what was built and not installed finds its tree's.
        done = run("-n", "-c", os.path.join(SOURCE, "conf", "speand.conf"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.check("", "-o", "daemon.model_dir=/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent", done.stderr)

    def test_words(self):
        self.assertEqual(run("--help").returncode, 0)
        self.assertTrue(run("--version").stdout.startswith("speand "))
        for wrong in (["word"], ["--no-such"], ["-c"]):
            done = run(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("usage:", done.stderr)
        self.assertEqual(run("-n", "-c", "/nonexistent").returncode, 1)
        with open(os.path.join(SOURCE, "conf", "speand.conf")) as f:
            self.assertEqual(run("--options").stdout, f.read())


class TestLife(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def start(self, daemon, words=(), env=None, fds=()):
        """Starts the daemon as its manager would, with descriptors from 3 on."""
        script = 'LISTEN_PID=$$ exec "$@"' if fds else 'exec "$@"'

        def place():
            high = [os.dup2(fd, 100 + n) for n, fd in enumerate(fds)]
            for n, fd in enumerate(high):
                os.dup2(fd, 3 + n)
        with open(daemon.log, "ab") as log:
            daemon.process = subprocess.Popen(
                ["/bin/sh", "-c", script, "sh", SPEAND, "-c", daemon.config] + list(words),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False if fds else True,
                preexec_fn=place if fds else None,
                env=dict(os.environ, **dict(env or {}, **({"LISTEN_FDS": str(len(fds))} if fds else {}))))

    def test_reload_is_all_or_nothing(self):
        daemon = Daemon(self.cluster)
        batch = '[%s]' % ",".join('{"jsonrpc":"2.0","id":%d,"method":"system.ping"}' % i for i in range(3))
        try:
            with daemon.client() as c:
                self.assertEqual(len(c.raw(batch)), 3)
                daemon.sections["limits"] = {"batch": "2", "line": "256k"}
                daemon.sections["daemon"]["workers"] = "2"
                daemon.write_config()
                daemon.process.send_signal(1)
                wait_until(lambda: " reloaded" in daemon.log_text(), 10, "reloaded")
                self.assertIn("reload_needs_restart option=daemon.workers", daemon.log_text())
                self.assertEqual(c.raw(batch)["error"]["code"], -32015)
                daemon.sections["limits"] = {"batch": "100", "line": "nonsense"}
                daemon.write_config()
                daemon.process.send_signal(1)
                wait_until(lambda: "reload_refused" in daemon.log_text(), 10, "refused")
                self.assertEqual(c.raw(batch)["error"]["code"], -32015)  # nothing of it was taken
                # The new line limit holds for connections that were there before.
                c.send(b"x" * (300 * 1024) + b"\n")
                self.assertEqual(c.answer()["error"]["code"], -32015)
                self.assertIsNone(c.line())
        finally:
            daemon.stop()

    def test_no_core_file(self):
        def crash(core_files):
            daemon = Daemon(self.cluster, config={"daemon": {"core_files": core_files}}, start=False)
            self.addCleanup(daemon.stop)
            before = resource.getrlimit(resource.RLIMIT_CORE)
            resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
            try:
                pid = os.posix_spawn(os.path.join(BUILD, "speand"), ["speand", "-c", daemon.config], os.environ,
                                     file_actions=[(os.POSIX_SPAWN_OPEN, 2, daemon.log, os.O_CREAT | os.O_WRONLY, 0o600)])
            finally:
                resource.setrlimit(resource.RLIMIT_CORE, before)
            wait_until(lambda: listens(daemon), 20, "listens")
            with open("/proc/%d/limits" % pid) as f:
                limit = [line.split()[4] for line in f if line.startswith("Max core file size")]
            os.kill(pid, signal.SIGQUIT)
            return limit, os.waitpid(pid, 0)[1]
        os.chdir(tempfile.mkdtemp(prefix="spean-core-"))
        self.addCleanup(shutil.rmtree, os.getcwd())
        self.addCleanup(os.chdir, "/")
        limit, status = crash("no")
        self.assertEqual(limit, ["0"])
        self.assertTrue(os.WIFSIGNALED(status))
        self.assertFalse(os.WCOREDUMP(status))
        limit, status = crash("yes")
        self.assertTrue(os.WIFSIGNALED(status))
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 and not BUILD.endswith("san"):
            self.assertNotEqual(limit, ["0"])  # sanitizers allow none by themselves

    def test_ready_only_when_matches_can_be_answered(self):
        manager = Manager()
        daemon = Daemon(self.cluster, start=False)
        self.cluster.halt()
        try:
            self.start(daemon, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"})
            wait_until(lambda: listens(daemon), 20, "listens without a database")
            with daemon.client() as c:
                self.assertEqual(c.call("system.ping"), "pong")
                self.assertNotEqual(c.call("system.health")["status"], "ok")
                with self.assertRaises(RpcError) as refused:
                    c.call("company.list")
                self.assertEqual(refused.exception.code, -32013)
            wait_until(lambda: manager.words().count("WATCHDOG=1") > 2, 10, "the watchdog is fed")
            self.assertNotIn("READY=1", manager.words())
            self.cluster.start()
            wait_until(lambda: "READY=1" in manager.words(), 20, "ready")
            wait_until(daemon.ready, 20, "the pools have noticed, too")
            daemon.process.send_signal(1)
            wait_until(lambda: manager.words().count("READY=1") == 2, 10, "ready again")
            self.assertIn("RELOADING=1", manager.words())
            self.assertEqual(daemon.terminate(), 0)
            self.assertIn("STOPPING=1", manager.words())
            self.assertFalse(os.path.exists(daemon.unix))
        finally:
            daemon.stop()
            manager.close()

    def test_sockets_are_taken_over(self):
        tcp = socket.create_server(("127.0.0.1", 0))
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        daemon = Daemon(self.cluster, start=False)
        path = os.path.join(daemon.dir, "handed-over.sock")
        local.bind(path)
        local.listen()
        try:
            self.start(daemon, fds=(tcp.fileno(), local.fileno()))
            with Client(path) as c:  # waits in the backlog until the daemon is there
                self.assertEqual(c.call("auth.whoami")["role"], "admin")
            with Client(tcp.getsockname()) as c:
                self.assertEqual(c.call("system.ping"), "pong")
                with self.assertRaises(RpcError) as refused:
                    c.call("auth.whoami")
                self.assertEqual(refused.exception.code, -32010)
            self.assertFalse(os.path.exists(daemon.unix))  # its own are not opened
            with self.assertRaises(OSError):
                daemon.tcp()
            self.assertEqual(daemon.terminate(), 0)
            self.assertTrue(os.path.exists(path))  # not its file
        finally:
            daemon.stop()
            tcp.close()
            local.close()

    def test_who_waits_over_a_start_is_let_in_when_matches_can_be_answered(self):
        tcp = socket.create_server(("127.0.0.1", 0))
        daemon = Daemon(self.cluster, start=False)
        try:
            token = self.cluster_token(daemon)
            # Nobody waits for longer than five seconds: a start that took as long says nothing.
            for _ in range(10):
                seconds, reason = self.asked_over_a_start(daemon, tcp, token)
                if seconds < 4.5:
                    break
            self.assertEqual(reason, "company_not_found")  # not index_loading
        finally:
            daemon.stop()
            tcp.close()

    def asked_over_a_start(self, daemon, tcp, token):
        nobody = "01a20baf-d44e-78d0-9bde-6f5b02a3a357"
        with Client(tcp.getsockname()) as c:
            number = c.start("match.explain", a=nobody, b=nobody, auth=token)
            began = time.monotonic()
            self.start(daemon, fds=(tcp.fileno(),))
            with self.assertRaises(RpcError) as refused:
                c.finish(number)
            seconds = time.monotonic() - began
        self.assertEqual(daemon.terminate(), 0)
        return seconds, refused.exception.reason

    def cluster_token(self, daemon):
        """A token made by a daemon that has ended again."""
        daemon.start()
        token = daemon.token()
        self.assertEqual(daemon.terminate(), 0)
        return token

    def test_a_schema_for_newer_daemons_is_refused(self):
        daemon = Daemon(self.cluster, start=False)
        set_oldest = "UPDATE spean.schema_version SET version = version + 1, oldest_daemon = "
        try:
            self.cluster.sql(set_oldest + "version", database=daemon.database)
            daemon.start()  # newer, and made so that this one still works
            self.assertEqual(daemon.terminate(), 0)
            self.cluster.sql(set_oldest + "version + 1", database=daemon.database)
            daemon.start(wait=False)
            wait_until(lambda: daemon.process.poll() is not None, 30, "ended; log:\n" + daemon.log_text())
            self.assertEqual(daemon.process.returncode, 1)
            self.assertIn("schema_too_new", daemon.log_text())
            done = run("-c", daemon.config, "--migrate")
            self.assertEqual(done.returncode, 1)
            self.assertIn("use a newer one", done.stderr)
            done = run("-c", daemon.config, "--migrate-first")
            self.assertEqual(done.returncode, 1)
            self.assertIn("use a newer one", done.stderr)
        finally:
            daemon.stop()

    def test_what_the_unit_starts_makes_the_schema(self):
        daemon = Daemon(self.cluster, start=False, migrate=False)
        for _ in range(2):  # the second time there is nothing to do
            with open(daemon.log, "ab") as log:
                daemon.process = subprocess.Popen([SPEAND, "-c", daemon.config, "--migrate-first"],
                                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            wait_until(daemon.ready, 30, "ready; log:\n" + daemon.log_text())
            self.assertEqual(daemon.terminate(), 0)
        self.assertEqual(daemon.log_text().count("migrated"), len(os.listdir(os.path.join(SOURCE, "sql"))))
        daemon.stop()

    def test_what_cannot_start_says_why(self):
        one = Daemon(self.cluster)
        try:
            for option, says in (("listen.unix=", "can't bind"), ("listen.tcp=", "another server")):
                done = run("-c", one.config, "-o", option)
                self.assertEqual(done.returncode, 1)
                self.assertIn(says, done.stderr)
            done = run("-c", one.config, "-o", "listen.unix=", "-o", "listen.tcp=")
            self.assertEqual(done.returncode, 1)
            self.assertTrue(one.ready())  # untouched by the attempts
        finally:
            one.stop()

    def test_several_workers_share_the_connections(self):
        daemon = Daemon(self.cluster, config={"daemon": {"workers": "3"}})
        try:
            clients = [daemon.client() for _ in range(9)]
            numbers = [c.start("company.list") for c in clients]
            for c, n in zip(clients, numbers):
                self.assertEqual(c.finish(n)["companies"], [])
            token = daemon.token(role="viewer")
            with daemon.tcp(token=token) as viewer:
                listed = clients[0].call("token.list")["tokens"]
                clients[1].call("token.revoke", id=listed[-1]["id"])

                def refused():
                    try:
                        viewer.call("company.list")
                    except RpcError as e:
                        return e.code == -32010
                wait_until(refused, what="the token is revoked on every worker")
            for c in clients:
                c.close()
        finally:
            daemon.stop()


if __name__ == "__main__":
    run_tests()
