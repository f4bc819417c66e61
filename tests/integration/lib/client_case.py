"""What the tests of the client share: a daemon with three companies, and a terminal to run it on."""

import ctypes
import locale
import os
import pty
import select
import shutil
import signal
import tempfile
import time
import unittest

from spean_test import BUILD, PATIENCE, Cluster, Daemon, company, spean, wait_until

KHMER = "រោងម៉ាស៊ីនកិនស្រូវ តាព្រហ្ម"
MILL = company("Ta Prohm Rice Mill", names={"khm": KHMER}, region="KH-2", city="Battambang",
               external_ids=[{"system": "crm", "id": "KH 1"}],
               languages=[{"lang": "khm", "level": "fluent"}, {"lang": "fra", "level": "working"}],
               offers=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}],
               contacts=[{"name": "Sok Dara", "email": "dara@example.org"}])
IMPORTER = company("Ets Québécois du Riz", "CA", region="CA-QC",
                   external_ids=[{"system": "crm", "id": "CA1"}],
                   languages=[{"lang": "fra", "level": "fluent"}],
                   seeks=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}])
HOSTILE = company("=cmd|'/C calc'!A1 \x1b[2J\u202e \u0085", "CA", region="CA-ON", city="+1,\"x\"\ny",
                  external_ids=[{"system": "crm", "id": "CA2"}], status="draft")
UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


class ClientTest(unittest.TestCase):
    """A daemon with three companies: one a class, or one a test where tests write (fresh)."""

    fresh = False

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.home = tempfile.mkdtemp(prefix="spean-home-")
        if not cls.fresh:
            cls.daemon, cls.ids = cls.populated()

    @classmethod
    def tearDownClass(cls):
        try:
            if not cls.fresh:
                cls.daemon.stop()
        finally:
            cls.cluster.stop()
            shutil.rmtree(cls.home)

    @classmethod
    def populated(cls):
        daemon, ids = Daemon(cls.cluster), {}
        with daemon.client() as c:
            for profile in (MILL, IMPORTER, HOSTILE):
                written = c.call("company.upsert", company=profile)
                ids[profile["external_ids"][0]["id"]] = written["id"]
        wait_until(lambda: daemon.health()["index"]["seq"] >= written["seq"], what="the index has them")
        return daemon, ids

    def setUp(self):
        if self.fresh:
            self.daemon, self.ids = self.populated()

    def tearDown(self):
        if self.fresh:
            self.daemon.stop()

    def run_client(self, *words, code=0, env=None, stdin=None):
        environment = {"XDG_CONFIG_HOME": self.home, "XDG_STATE_HOME": self.home, "TMPDIR": self.home}
        environment.update(env or {})
        done = spean(*words, daemon=self.daemon, env=environment, stdin=stdin)
        self.assertEqual(done.returncode, code, "spean %s\n%s\n%s" % (words, done.stdout, done.stderr))
        return done

    def get(self, key):
        with self.daemon.client() as c:
            return c.call("company.get", external_id={"system": "crm", "id": key})


class Terminal:
    """The client on a terminal of its own."""

    def __init__(self, test, *words, env=None):
        environment = dict(os.environ, SPEAN_SERVER="unix:" + test.daemon.unix, XDG_STATE_HOME=test.home,
                           XDG_CONFIG_HOME=test.home, TMPDIR=test.home, HOME=test.home, TERM="xterm", LC_ALL="C.UTF-8",
                           VISUAL="", COLUMNS="110")
        environment.pop("NO_COLOR", None)
        environment.update(env or {})
        self.seen = ""
        self.from_here = 0
        try:
            self.pid, self.fd = pty.fork()
        except OSError as failure:  # a bare chroot has none
            raise unittest.SkipTest("no pseudo-terminal to be had: %s" % failure)
        if self.pid == 0:
            try:
                os.execve(os.path.join(BUILD, "spean"), ["spean"] + list(words), environment)
            finally:
                os._exit(127)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:
            return False
        self.bytes += chunk
        self.seen = self.bytes.decode(errors="ignore")
        return bool(chunk)

    def expect(self, text):
        """Waits until text was shown after what was expected before."""
        deadline = time.monotonic() + 20 * PATIENCE
        while text not in self.seen[self.from_here:]:
            if time.monotonic() > deadline or not self.read(0.2):
                raise AssertionError("%r was not shown: %r" % (text, self.seen[self.from_here:]))
        self.from_here = self.seen.index(text, self.from_here) + len(text)

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        deadline = time.monotonic() + 20 * PATIENCE
        while self.read(0.2):
            if time.monotonic() > deadline:
                raise AssertionError("it does not end: %r" % self.seen)
        # Its terminal may be closed before it has ended.
        ended = wait_until(lambda: [e for e in [os.waitpid(self.pid, os.WNOHANG)] if e[0]], what="its end")
        self.pid = 0
        return os.waitstatus_to_exitcode(ended[0][1])


def width(text):
    """Terminal columns, as the C library counts."""
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    libc = ctypes.CDLL(None)
    return sum(max(libc.wcwidth(ctypes.c_int(ord(c))), 0) for c in text)
