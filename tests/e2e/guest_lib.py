"""What the tests in the container share: commands, the service manager, calls, and load."""

import glob
import itertools
import json
import os
import socket
import subprocess
import threading
import time

UNIX = "/run/spean/speand.sock"
TCP = ("127.0.0.1", 8551)
CONF = "/etc/spean/speand.conf"
PATIENCE = float(os.environ.get("SPEAN_TEST_PATIENCE", "3"))


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


def journal(*words):
    return run("journalctl", "-b", "--no-pager", "-u", "speand.service", *words)


def configure(section, **options):
    """Adds to the one file to edit."""
    with open(CONF, "a") as f:
        f.write("\n[%s]\n%s" % (section, "".join("%s = %s\n" % o for o in options.items())))


def put(path, content, mode=0o600, group="root"):
    """A file that an admin puts there."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    run("install", "-m", "%o" % mode, "-g", group, "/dev/stdin", path, stdin=content)


def sql(statement, database="spean"):
    return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement, user="postgres").strip()


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

    def send(self, method, **params):
        call = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}
        self.stream.write(json.dumps(call).encode() + b"\n")
        self.stream.flush()

    def call(self, method, **params):
        self.send(method, **params)
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

    def __init__(self, name, token, company, address=TCP):
        super().__init__(daemon=True)
        self.name, self.token, self.company, self.address = name, token, company, address
        self.done = threading.Event()
        self.acknowledged, self.refused, self.matches, self.again = [], 0, 0, 0
        self.pause, self.last, self.error, self.client = 0.0, None, None, None

    def answered(self):
        now = time.monotonic()
        if self.last is not None:
            self.pause = max(self.pause, now - self.last)
        self.last = now

    def work(self, client, n):
        name = "%s-%d" % (self.name, n)
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
                    self.client = self.client or Client(self.address)
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
        if self.client:
            self.client.close()


class Asleep(threading.Thread):
    """Always has a call under way that waits, and never looks at an answer, nor at the connection's end."""

    def __init__(self, token, company):
        super().__init__(daemon=True)
        self.token, self.company, self.done = token, company, threading.Event()
        self.client = Client(TCP)

    def run(self):
        while True:
            try:
                self.client.send("match.list", auth=self.token, id=self.company, min_seq=1 << 50)
            except OSError:
                pass  # the daemon is another one now
            if self.done.wait(2):
                self.client.close()
                return
