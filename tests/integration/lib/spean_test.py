"""What the integration tests share: a private PostgreSQL, real daemons, a client that speaks lines.

    from spean_test import Cluster, Daemon, Client, RpcError, wait_until, run_tests

    class TestPing(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.cluster = Cluster()              # throw-away, unix socket only, fsync off
            cls.daemon = Daemon(cls.cluster)     # migrated, started, answering
        @classmethod
        def tearDownClass(cls):
            cls.daemon.stop()
            cls.cluster.stop()
        def test_ping(self):
            with self.daemon.client() as c:      # over the unix socket: admin
                self.assertEqual(c.call("system.ping"), "pong")

    if __name__ == "__main__":
        run_tests()

Only the standard library. Nothing sleeps for a fixed time: wait_until polls a condition to a deadline.
The programs are taken from SPEAN_BUILD_DIR (ctest sets it), else build/.
"""

import glob
import itertools
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("SPEAN_BUILD_DIR", os.path.join(SOURCE, "build"))
SHARED_DATA = os.path.join(os.path.dirname(SOURCE), "shared", "data")
# Sanitizers slow everything down; deadlines of waits stretch with this, figures under test do not.
PATIENCE = float(os.environ.get("SPEAN_TEST_PATIENCE", "1"))


def shared_data(*parts):
    """Path under the shared data, or skip the test where it is absent."""
    path = os.path.join(SHARED_DATA, *parts)
    if not os.path.exists(path):
        raise unittest.SkipTest("shared data is not here: " + os.path.join(*parts))
    return path


def wait_until(condition, timeout=20, what="condition", every=0.02):
    """The first true value of condition(), or AssertionError at the deadline."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("timed out after %s s: %s" % (timeout * PATIENCE, what))
        time.sleep(every)


def within(seconds, attempt, tries=6):
    """attempt() gives how many seconds something took: one of a few is within the limit. A fault makes all of them
    slow, a busy machine some. What a fault would run into, the request's time limit, stretches with PATIENCE, too."""
    took = []
    while not took or took[-1] > seconds * PATIENCE:
        if len(took) == tries:
            raise AssertionError("it takes longer than %s s: %s" % (seconds * PATIENCE, ", ".join("%.2f" % s for s in took)))
        took.append(attempt())


def _unprivileged():
    """(uid, gid) PostgreSQL is to run as, or None when this process may run it itself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
        except KeyError:
            continue
    raise unittest.SkipTest("no unprivileged user to run PostgreSQL as")


def _postgres_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise unittest.SkipTest("PostgreSQL's server is not installed")
    return os.path.dirname(found[-1])


class Cluster:
    """A private PostgreSQL: own data directory, unix socket only, trust inside a 0700-like directory.

    settings: over those below. parent: the directory to make it in. initdb: further words for initdb."""

    def __init__(self, settings=(), parent=None, initdb=()):
        self.bin = _postgres_bin()
        self.user = _unprivileged()
        self.dir = tempfile.mkdtemp(prefix="spean-pg-", dir=parent)
        self.data = os.path.join(self.dir, "data")
        self.log = os.path.join(self.dir, "log")
        self.settings = ["listen_addresses=", "fsync=off", "unix_socket_directories=" + self.dir,
                         "max_connections=60", "shared_buffers=64MB"] + list(settings)
        if self.user:
            os.chown(self.dir, *self.user)
        self._databases = itertools.count(1)
        self._run(["initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync"] + list(initdb))
        self.start()

    def _run(self, command, check=True):
        command = [os.path.join(self.bin, command[0])] + command[1:]
        kwargs = {}
        if self.user:
            kwargs = {"user": self.user[0], "group": self.user[1], "extra_groups": []}
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.dir, **kwargs)
        if check and done.returncode != 0:
            raise RuntimeError("%s: %s" % (command, done.stdout.decode(errors="replace")))
        return done

    def start(self):
        options = " ".join("-c %s" % s.replace(" ", "\\ ") for s in self.settings)
        # pg_ctl's child keeps our pipe open: its output goes to the log instead.
        self._ctl(["start", "-w", "-t", str(int(60 * PATIENCE)), "-o", options])

    def _ctl(self, words, check=True):
        kwargs = {}
        if self.user:
            kwargs = {"user": self.user[0], "group": self.user[1], "extra_groups": []}
        code = subprocess.call([os.path.join(self.bin, "pg_ctl"), "-D", self.data, "-l", self.log, "-s"] + words,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd=self.dir, **kwargs)
        if check and code != 0:
            with open(self.log, errors="replace") as f:
                raise RuntimeError("pg_ctl %s failed: %s" % (words, f.read()[-2000:]))

    def halt(self, mode="fast"):
        """Stops the server, keeping the data: fast, smart or immediate."""
        self._ctl(["stop", "-w", "-m", mode], check=False)

    def restart(self, mode="fast"):
        self.halt(mode)
        self.start()

    def pid(self):
        with open(os.path.join(self.data, "postmaster.pid")) as f:
            return int(f.readline())

    def stop(self):
        """Stops the server and removes everything."""
        self.halt("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

    def create_database(self):
        name = "spean%d" % next(self._databases)
        self.sql("CREATE DATABASE " + name, database="postgres")
        return name

    def conninfo(self, database):
        return "host=%s user=postgres dbname=%s" % (self.dir, database)

    def sql(self, text, database="spean1"):
        """Runs SQL, gives the rows as lists of strings ('' for null)."""
        done = self._run(["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1",
                          "-h", self.dir, "-U", "postgres", "-d", database, "-c", text])
        lines = done.stdout.decode().split("\n")
        return [line.split("\x1f") for line in lines if line != ""]


class RpcError(Exception):
    def __init__(self, error):
        Exception.__init__(self, json.dumps(error, ensure_ascii=False))
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data") or {}
        self.reason = self.data.get("reason")


class Client:
    """One connection. call() gives the result or raises RpcError; the rest is for odd bytes."""

    def __init__(self, address, timeout=30, token=None):
        self.timeout = timeout * PATIENCE
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            try:
                self.sock.connect(address)
            except OSError:
                self.sock.close()
                raise
        else:
            self.sock = socket.create_connection(address, timeout=self.timeout)
        self.buffer = b""
        self.ids = itertools.count(1)
        self.events = []
        if token:
            self.log_in(token)

    def log_in(self, token):
        """Again where the database did not tell in time whose the token is, as on a machine that is slow."""
        deadline = time.monotonic() + 20 * PATIENCE
        while True:
            try:
                return self.call("auth.login", token=token)
            except RpcError as e:
                if e.code not in (-32013, -32014) or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        """The next line without its end, or None at the end of the stream."""
        while b"\n" not in self.buffer:
            try:
                chunk = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def answer(self):
        """The next line parsed; notifications are put aside in events."""
        while True:
            line = self.line()
            if line is None:
                raise EOFError("connection closed")
            message = json.loads(line)
            if isinstance(message, dict) and "method" in message:
                self.events.append(message)
                continue
            return message

    def raw(self, data):
        """Sends one line as it is and gives the next answer."""
        if isinstance(data, str):
            data = data.encode()
        self.send(data + b"\n")
        return self.answer()

    def start(self, method, **params):
        """Sends a call without waiting; gives its id."""
        number = next(self.ids)
        call = {"jsonrpc": "2.0", "id": number, "method": method}
        if params:
            call["params"] = params
        self.send(json.dumps(call, ensure_ascii=False) + "\n")
        return number

    def finish(self, number):
        message = self.answer()
        if message.get("id") != number:
            raise AssertionError("answer to %r instead of %r" % (message.get("id"), number))
        if "error" in message:
            raise RpcError(message["error"])
        return message["result"]

    def call(self, method, **params):
        return self.finish(self.start(method, **params))


class Daemon:
    """A real speand on a free loopback port and a unix socket, on a database of the cluster.

    config: sections and options over those below. env: over the environment of this process."""

    def __init__(self, cluster, database=None, config=None, start=True, migrate=True, env=None):
        self.cluster = cluster
        self.env = env
        self.database = database or cluster.create_database()
        self.dir = tempfile.mkdtemp(prefix="spean-")
        self.unix = os.path.join(self.dir, "speand.sock")
        self.config = os.path.join(self.dir, "speand.conf")
        self.log = os.path.join(self.dir, "log")
        self.port = free_port()
        self.process = None
        self.sections = {
            "listen": {"tcp": "127.0.0.1:%d" % self.port, "unix": self.unix},
            "database": {"conninfo": cluster.conninfo(self.database)},
            "daemon": {"model_dir": os.path.join(SOURCE, "conf", "model"),
                       "sql_dir": os.path.join(SOURCE, "sql"), "log_level": "debug"},
        }
        if PATIENCE > 1:
            self.sections["limits"] = {"request_timeout": "%ds" % (5 * PATIENCE), "anonymous": "%ds" % (8 * PATIENCE)}
            self.sections["daemon"]["shutdown"] = "%ds" % min(8 * PATIENCE, 60)
        for section, options in (config or {}).items():
            self.sections.setdefault(section, {}).update(options)
        self.write_config()
        if migrate:
            self.migrate()
        if start:
            self.start()

    def write_config(self):
        with open(self.config, "w") as f:
            for section, options in self.sections.items():
                f.write("[%s]\n" % section)
                for name, value in options.items():
                    f.write("%s = %s\n" % (name, value))

    def migrate(self):
        subprocess.run([os.path.join(BUILD, "speand"), "-c", self.config, "--migrate"], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "speand"), "-c", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(os.environ, **self.env) if self.env else None)
        if wait:
            try:
                wait_until(self.ready, 30, "speand is ready; log:\n" + self.log)
            except AssertionError:
                if self.process.poll() is None:
                    self.kill()  # nobody else will: what failed here is no object yet
                raise

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("speand ended with %s:\n%s" % (self.process.returncode, self.log_text()[-3000:]))
        try:
            with self.client(timeout=5) as c:
                return c.call("system.health")["status"] == "ok"
        except (OSError, EOFError, RpcError, ValueError):
            return False

    def client(self, **kwargs):
        """Over the unix socket, where root and the daemon's own user are admin."""
        return Client(self.unix, **kwargs)

    def tcp(self, **kwargs):
        return Client(("127.0.0.1", self.port), **kwargs)

    def token(self, role="staff", name="test"):
        """One that opens: the daemon has it in its table."""
        with self.client() as c:
            token = c.call("token.create", name=name, role=role)["token"]
            c.log_in(token)
            return token

    def health(self):
        with self.client() as c:
            return c.call("system.health")

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def kill(self):
        """SIGKILL: what a crash leaves."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, timeout=15):
        """SIGTERM; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout * PATIENCE)

    def restart(self):
        if self.process and self.process.poll() is None:
            self.terminate()
        self.start()

    def stop(self):
        """Ends the daemon; a bad exit (a sanitizer's report is one) fails the test."""
        code = 0
        if self.process and self.process.poll() is None:
            code = self.terminate()
        text = self.log_text() if os.path.exists(self.log) else ""
        shutil.rmtree(self.dir, ignore_errors=True)
        if code != 0 or "Sanitizer" in text or "runtime error:" in text:
            raise AssertionError("speand ended with %d:\n%s" % (code, text[-6000:]))


_ports = []  # names that say that a port is taken; they go with this process


def free_port():
    """A port that nobody listens on, that no other test is given as long as this process lives, and that the kernel
    gives to no connection while the daemon is not there: below those that it takes for connections."""
    for port in random.SystemRandom().sample(range(12000, 20000), 1000):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind("\0spean-test-port-%d" % port)
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("", port))
        except OSError:
            name.close()
            continue
        _ports.append(name)
        return port
    raise RuntimeError("no free port")


def spean(*words, daemon=None, stdin=None, env=None, check=False):
    """Runs the client; gives the CompletedProcess with text output."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", **(env or {}))
    if daemon:
        environment["SPEAN_SERVER"] = "unix:" + daemon.unix
    done = subprocess.run([os.path.join(BUILD, "spean")] + list(words), input=stdin, env=environment,
                          stdin=subprocess.DEVNULL if stdin is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300 * PATIENCE)
    if check and done.returncode != 0:
        raise AssertionError("spean %s: %d\n%s%s" % (words, done.returncode, done.stdout, done.stderr))
    return done


def company(name, country="KH", **fields):
    """A small publishable profile."""
    profile = {"country": country, "name": name, "status": "published",
               "sectors": ["agro-industry.rice"],
               "languages": [{"lang": "eng", "level": "fluent"}]}
    profile.update(fields)
    return profile


def run_tests():
    """Runs the calling file's tests; exit code 77 (skipped, for ctest) when every test was skipped."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun and len(result.skipped) >= result.testsRun:
        sys.exit(77)
