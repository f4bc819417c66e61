"""Whoever tries tokens that are wrong is told to wait, and nobody else notices."""

import os
import signal
import socket
import unittest

from spean_test import Client, Cluster, Daemon, RpcError, run_tests, wait_until

LIMIT = 10


def wrong(n):
    """A token of the right form, but for its checksum."""
    return "spean_" + ("%049d" % n)


class TestGuessing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.database = cls.cluster.create_database()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def daemon(self, **limits):
        limits = dict({"anonymous": "10min"}, **limits)  # those who guess are nobody for as long as it takes
        daemon = Daemon(self.cluster, database=self.database, config={"limits": limits, "daemon": {"workers": "3"}})
        self.addCleanup(daemon.stop)
        return daemon

    def client(self, daemon, source=None):
        """From another of the loopback's addresses."""
        client = Client.__new__(Client)
        client.__dict__.update(Client(daemon.unix).__dict__)
        client.sock.close()
        client.sock = socket.create_connection(("127.0.0.1", daemon.port), timeout=client.timeout,
                                               source_address=(source, 0) if source else None)
        self.addCleanup(client.close)
        return client

    def outcome(self, client, method="auth.login", **params):
        try:
            client.call(method, **params)
            return "right"
        except RpcError as e:
            self.assertIn(e.code, (-32010, -32012))
            self.assertEqual(e.data["retryable"], e.code == -32012)
            return e.reason

    def test_ten_tries_however_they_come(self):
        daemon = self.daemon()
        right, viewer = daemon.token("staff", "right"), daemon.token("viewer", "viewer")
        from_before = self.client(daemon, "127.0.0.9")
        self.assertEqual(self.outcome(from_before, token=right), "right")
        # On several connections and so several workers, as logins and within calls, not waiting for answers.
        clients = [self.client(daemon, "127.0.0.9") for _ in range(9)]
        started = [(c, c.start("system.ping", auth=wrong(n)) if n % 2 else c.start("auth.login", token=wrong(n)))
                   for n in range(40) for c in clients]
        reasons = []
        for c, number in started:
            with self.assertRaises(RpcError) as caught:
                c.finish(number)
            reasons.append(caught.exception.reason)
        self.assertEqual(reasons.count("token_unknown"), LIMIT)
        self.assertEqual(reasons.count("too_many_wrong_tokens"), len(started) - LIMIT)
        self.assertEqual(daemon.log_text().count("too_many_wrong_tokens source=127.0.0.9 "), 1)
        # From there no other token is looked at, not even a right one, but for the one known from there.
        self.assertEqual(self.outcome(clients[0], token=viewer), "too_many_wrong_tokens")
        self.assertEqual(self.outcome(clients[0], "system.ping", auth=7), "too_many_wrong_tokens")
        self.assertEqual(self.outcome(clients[0], token=right), "right")
        # Who is somebody already goes on, and so does what needs nobody.
        self.assertEqual(from_before.call("auth.whoami")["principal"], "right")
        self.assertEqual(clients[1].call("system.ping"), "pong")
        # Nobody else notices.
        self.assertEqual(self.outcome(self.client(daemon, "127.0.0.10"), token=viewer), "right")
        with daemon.client() as c:
            self.assertEqual(self.outcome(c, token=viewer), "right")
        for n in range(400):
            self.assertNotIn(wrong(n), daemon.log_text() if n % 100 == 0 else "")

    def test_tokens_of_the_right_form(self):
        """They are looked for in the database: all at once they are no fewer tries."""
        daemon = self.daemon()
        with daemon.client() as c:
            made = [c.call("token.create", name="gone-%d" % n, role="viewer") for n in range(30)]
            for token in made:
                c.call("token.revoke", id=token["id"])
        c = self.client(daemon, "127.0.0.11")
        reasons = {}
        started = {c.start("auth.login", token=token["token"]) for token in made}
        for _ in made:
            answer = c.answer()
            started.remove(answer["id"])
            reason = answer["error"]["data"]["reason"]
            reasons[reason] = reasons.get(reason, 0) + 1
        self.assertEqual(reasons, {"token_unknown": LIMIT, "too_many_wrong_tokens": len(made) - LIMIT})

    def test_the_window_passes(self):
        daemon = self.daemon(guesses="2", guess_window="2s")
        right = daemon.token("staff", "later")
        c = self.client(daemon)
        # All at once: a window must not pass between them.
        c.send("".join('{"jsonrpc":"2.0","id":%d,"method":"auth.login","params":{"token":"%s"}}\n' % (n, wrong(n))
                       for n in range(3)))
        self.assertEqual([c.answer()["error"]["data"]["reason"] for _ in range(3)],
                         ["token_unknown", "token_unknown", "too_many_wrong_tokens"])
        wait_until(lambda: self.outcome(c, token=right) == "right", what="the window passes")

    def test_expired_and_new_ones_are_no_guesses(self):
        daemon = self.daemon(guesses="2", guess_window="1h")
        other = self.daemon()
        c = self.client(daemon)
        for n in range(6):  # made elsewhere a moment ago: known after a look into the database
            self.assertEqual(self.outcome(c, token=other.token("viewer", "new-%d" % n)), "right")
        gone = daemon.token("viewer", "gone")
        self.cluster.sql("UPDATE spean.token SET expires_at = now() - interval '1 hour' WHERE name = 'gone';"
                         "SELECT spean.token_moved()", self.database)
        wait_until(lambda: self.outcome(self.client(other), token=gone) != "right", what="it has expired")

    def test_more_or_none_by_reload(self):
        daemon = self.daemon(guesses="1")
        c = self.client(daemon)
        self.assertEqual([self.outcome(c, token=wrong(n)) for n in range(2)], ["token_unknown", "too_many_wrong_tokens"])
        for guesses, expected in (("3", ["token_unknown"] * 2 + ["too_many_wrong_tokens"]), ("0", ["token_unknown"] * 30)):
            daemon.sections["limits"]["guesses"] = guesses
            daemon.write_config()
            before = daemon.log_text().count(" reloaded")
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: daemon.log_text().count(" reloaded") > before, what="the new limit")
            self.assertEqual([self.outcome(c, token=wrong(n)) for n in range(len(expected))], expected)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become others")
    def test_users_of_the_unix_socket(self):
        daemon = self.daemon()
        token = daemon.token("staff", "local")
        os.chmod(daemon.dir, 0o755)
        back, out = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                with Client(daemon.unix) as c:
                    found = {self.outcome(c, token=wrong(n)) for n in range(LIMIT)}
                    found.add("then " + self.outcome(c, token=token))
                    os.write(out, ",".join(sorted(found)).encode())
            finally:
                os._exit(0)
        os.close(out)
        os.waitpid(child, 0)
        with os.fdopen(back) as f:
            self.assertEqual(f.read(), "then too_many_wrong_tokens,token_unknown")
        self.assertIn("source=uid:65534 ", daemon.log_text())
        with daemon.client() as c:
            self.assertEqual(self.outcome(c, token=token), "right")


if __name__ == "__main__":
    run_tests()
