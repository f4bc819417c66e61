"""What the parts share: the database, daemons, the helper programs, and where they leave things."""

import ctypes
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class Failed(Exception):
    """Something that must hold did not: the measuring stops, or an answer was wrong."""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def with_parent():
    """A child ends when this process does, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Bench:
    def __init__(self, options):
        self.source, self.dir = SOURCE, options.dir
        self.psql_path, self.pg_pid = options.psql, options.pg_pid
        self.small = options.small
        self.runs = 1 if options.small else 3
        self.load_before = os.getloadavg()[0]
        self.conninfo = "host='%s/pg' user=spean dbname=spean" % self.dir
        self.count = int(self.sql("SELECT count(*) FROM spean.company"))
        self.rows, self.notes = [], []
        self.asked = set()  # the parts that were asked for
        self.found = {}     # figures that other parts need

    def path(self, name):
        return os.path.join(self.dir, name)

    def build(self, name):
        return os.path.join(SOURCE, "build", name)

    def versions(self):
        return "PostgreSQL %s" % self.sql("SHOW server_version").split()[0]

    # ---- the database ----

    def psql(self, script, *words, timeout=900, errors=False):
        """What psql prints of a script, without decoration; with what the server says beside it."""
        done = subprocess.run([self.psql_path, "-X", "-q", "-A", "-t", "-h", self.path("pg"), "-U", "spean", "-d", "spean",
                               "-v", "ON_ERROR_STOP=1"] + list(words), input=script, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, preexec_fn=with_parent)
        if done.returncode != 0:
            raise Failed("psql: " + done.stderr.strip()[:2000])
        return done.stdout + (done.stderr if errors else "")

    def sql(self, text):
        return self.psql(text + ";").strip()

    def sample(self, count, seed):
        """Ids of published companies, drawn at random, each once."""
        share = min(100, 130.0 * count / self.count + 0.05)
        ids = self.sql("SELECT id FROM spean.company TABLESAMPLE BERNOULLI (%f) REPEATABLE (%d)"
                       " WHERE status = 'published' ORDER BY id" % (share, seed)).split()
        random.Random(seed).shuffle(ids)
        return ids[:count]

    def clean(self):
        """Takes out what a run before this one has left."""
        self.sql("DELETE FROM spean.company WHERE id IN"
                 " (SELECT company_id FROM spean.company_external WHERE system = 'bench')")

    # ---- helper programs ----

    def lines(self, name, *words, timeout=900):
        """The JSON lines that a helper program prints."""
        done = subprocess.run([self.build(name)] + [str(w) for w in words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False,
                              preexec_fn=with_parent)
        if done.returncode != 0:
            raise Failed("%s failed: %s" % (name, (done.stderr + done.stdout[-300:]).strip()[-2000:]))
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def load(self, address, requests, *words, token=None, seconds=None):
        more = ["--token-file", token] if token else []
        return self.lines("spean-load", "--connect", address, "--requests", requests, "--json", "--seconds",
                          seconds or (1 if self.small else 4), "--warmup", "0.5" if self.small else "1", *more, *words)[0]


def median(values):
    return statistics.median(values)


def each_to_each(ours, theirs):
    """The ratio of what was measured in turn: that of each pair, since the machine is not as fast at all times."""
    return median([x / y for x, y in zip(ours, theirs)])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    """A speand on the database; ready when it has said so."""

    def __init__(self, bench, *settings, wait=True):
        self.bench = bench
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.socket = bench.path("speand.sock")
        config = bench.path("bench.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write("[listen]\ntcp = %s\nunix = %s\n[database]\nconninfo = %s\n[daemon]\nmodel_dir = %s/conf/model\n"
                    "sql_dir = %s/sql\n" % (self.address, self.socket, bench.conninfo, SOURCE, SOURCE))
        words = [w for s in settings for w in ("-o", s)]
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        subprocess.run([bench.build("speand"), "-c", config, "--migrate"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.log = open(bench.path("speand.log"), "a", encoding="utf-8")
        self.started = time.monotonic()
        self.process = subprocess.Popen([bench.build("speand"), "-c", config] + words, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, preexec_fn=with_parent)
        self.token_id = None
        if wait:
            self.wait_ready()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        if self.token_id and self.process.poll() is None:
            self.call("token.revoke", id=self.token_id)
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def wait_ready(self, timeout=300):
        """Seconds from the start until it answers from all companies."""
        while True:
            if self.process.poll() is not None:
                raise Failed("speand ended by itself; see " + self.bench.path("speand.log"))
            try:
                if self.call("system.health")["status"] == "ok":
                    return time.monotonic() - self.started
            except OSError:
                pass
            if time.monotonic() - self.started > timeout:
                raise Failed("speand does not get ready; see " + self.bench.path("speand.log"))
            time.sleep(0.005)

    def call(self, method, **params):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(self.socket)
            return Line(s).call(method, **params)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(120)
        s.connect(self.socket)
        return Line(s)

    def token(self):
        """The path of a file with a token for the other programs."""
        made = self.call("token.create", name="bench", role="staff")
        self.token_id = made["id"]
        path = self.bench.path("bench.token")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
            f.write(made["token"] + "\n")
        return path

    def memory(self, field):
        """MiB of VmRSS or VmHWM."""
        with open("/proc/%d/status" % self.process.pid, encoding="utf-8") as f:
            return int(re.search(r"^%s:\s+(\d+)" % field, f.read(), re.M).group(1)) / 1024


class Line:
    """Calls over a connected socket, one after the other."""

    def __init__(self, s):
        self.socket, self.rest = s, b""

    def send(self, method, params):
        return (json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n").encode()

    def read(self):
        while b"\n" not in self.rest:
            more = self.socket.recv(1 << 20)
            if not more:
                raise OSError("closed")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def call(self, method, **params):
        return self.exchange(self.send(method, params))

    def exchange(self, line):
        self.socket.sendall(line)
        answer = json.loads(self.read())
        if "error" in answer:
            raise Failed("%s: %s" % (line[:200], json.dumps(answer["error"])[:500]))
        return answer["result"]
