"""scripts/serve, through which outside programs meet Spean."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from spean_test import BUILD, PATIENCE, SOURCE, Client, company, run_tests, wait_until

READY = re.compile(r"^ready tcp=127\.0\.0\.1:(\d+) unix=(.+) token=(spean_[A-Za-z0-9_-]+)\n$")


def processes_with(word):
    """Processes, by id, that have a word in their command line or stand in a folder with it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                line = f.read()
            fds = [os.readlink("/proc/%s/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%s/fd" % pid)]
        except OSError:
            continue
        if word.encode() in line or any(word in target for target in fds):
            found.append(int(pid))
    return found


class Serve:
    """One run of scripts/serve that has said that it is ready. ignoring: a signal that it is born ignoring."""

    def __init__(self, folder, *words, ignoring=None):
        self.process = subprocess.Popen([os.path.join(SOURCE, "scripts", "serve"), folder] + list(words),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        preexec_fn=(lambda: signal.signal(ignoring, signal.SIG_IGN)) if ignoring else None)
        line = self.process.stdout.readline()
        found = READY.match(line)
        if not found:
            self.process.terminate()
            raise AssertionError("%r\n%s" % (line, self.process.communicate()[1]))
        self.port, self.unix, self.token = int(found.group(1)), found.group(2), found.group(3)

    def client(self):
        return Client(("127.0.0.1", self.port), token=self.token)

    def end(self, number=signal.SIGTERM):
        """Sends the signal; gives the exit code and what stood on stdout after the first line."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        out, _ = self.process.communicate(timeout=60 * PATIENCE)
        return self.process.returncode, out


class TestServe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.path.realpath(BUILD) != os.path.realpath(os.path.join(SOURCE, "build")):
            raise unittest.SkipTest("scripts/serve runs the programs of build/ only")

    def setUp(self):
        self.folder = os.path.join(tempfile.mkdtemp(prefix="spean-serve-"), "not", "there yet")
        self.addCleanup(shutil.rmtree, os.path.dirname(os.path.dirname(self.folder)))

    def assert_nothing_runs(self):
        wait_until(lambda: not processes_with(self.folder), 30, "nothing runs in " + self.folder)

    def test_keeps_data_and_token(self):
        serve = Serve(self.folder)
        self.assertEqual(serve.unix, os.path.join(self.folder, "speand.sock"))
        with serve.client() as c:
            self.assertEqual(c.call("auth.whoami")["role"], "admin")
            made = c.call("company.upsert", company=company("ស្ពាន"))
        self.assertEqual(serve.end(), (0, ""))
        self.assert_nothing_runs()
        again = Serve(self.folder, ignoring=signal.SIGINT)  # as a shell starts what is to run in the background
        self.assertEqual(again.token, serve.token)
        with again.client() as c:
            self.assertEqual(c.call("company.get", id=made["id"])["name"], "ស្ពាន")
            self.assertEqual(c.call("system.health")["index"]["companies"], 1)
        token_file = os.path.join(self.folder, "admin.token")
        self.assertEqual(os.stat(token_file).st_mode & 0o777, 0o600)
        with Client(again.unix) as c:
            for entry in c.call("token.list")["tokens"]:
                c.call("token.revoke", id=entry["id"])
        self.assertEqual(again.end(signal.SIGINT), (0, ""))
        third = Serve(self.folder)
        self.assertNotEqual(third.token, serve.token)
        third.client().close()
        self.assertEqual(third.end(), (0, ""))

    def test_several_at_once(self):
        other = self.folder + " too"
        first, second = Serve(self.folder), Serve(other)
        self.assertNotEqual(first.port, second.port)
        with first.client() as c:
            c.call("company.upsert", company=company("Only here"))
        with second.client() as c:
            self.assertEqual(c.call("company.list")["companies"], [])
        self.assertEqual(first.end(), (0, ""))
        with second.client() as c:
            self.assertEqual(c.call("system.ping"), "pong")
        self.assertEqual(second.end(), (0, ""))

    def test_a_crash_leaves_nothing_in_the_way(self):
        serve = Serve(self.folder)
        with serve.client() as c:
            made = c.call("company.upsert", company=company("Kept"))
        serve.end(signal.SIGKILL)
        again = Serve(self.folder)
        with again.client() as c:
            self.assertEqual(c.call("company.get", id=made["id"])["name"], "Kept")
        # everything at once, as when the power fails
        for pid in processes_with(self.folder):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        again.wait()
        third = Serve(self.folder, "--port", str(again.port))
        self.assertEqual(third.port, again.port)
        with third.client() as c:
            self.assertEqual(c.call("company.get", id=made["id"])["name"], "Kept")
        self.assertEqual(third.end(), (0, ""))
        self.assert_nothing_runs()

    def test_a_daemon_that_dies_ends_it(self):
        serve = Serve(self.folder)
        daemons = [pid for pid in processes_with("speand.conf") if pid in processes_with(self.folder)]
        self.assertEqual(len(daemons), 1)
        os.kill(daemons[0], signal.SIGKILL)
        self.assertEqual(serve.wait(), (1, ""))
        self.assert_nothing_runs()

    def test_says_what_is_wrong(self):
        script = os.path.join(SOURCE, "scripts", "serve")
        for words, code, want in (([], 2, "usage"), (["--port"], 2, "usage"), (["x", "y"], 2, "usage"),
                                  (["x", "--port", "http"], 2, "usage"),
                                  ([os.path.join(self.folder, "x" * 100)], 1, "too long")):
            done = subprocess.run([script] + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=300 * PATIENCE)
            self.assertEqual((done.returncode, done.stdout), (code, ""), words)
            self.assertIn(want, done.stderr)


if __name__ == "__main__":
    run_tests()
