"""Every limit of the configuration holds, and holds for the one who crossed it alone."""

import json
import resource
import select
import socket
import threading
import unittest

from spean_test import Cluster, Daemon, company, run_tests, wait_until


class TestLimits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        # Times are limited in daemons of their own, by the tests that are about them.
        cls.daemon = Daemon(cls.cluster, config={"limits": {
            "in_flight": "32", "output": "512k", "output_mark": "64k", "connections": "40"}})
        with cls.daemon.client() as c:
            text = "x" * 3900
            for i in range(60):
                c.call("company.upsert", company=company("Large %d" % i, description={"eng": text}))

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def test_pipelined_calls_are_all_answered(self):
        with self.daemon.client() as c:
            calls = "".join('{"jsonrpc":"2.0","id":%d,"method":"system.ping"}\n' % i for i in range(5000))
            c.sock.setblocking(True)
            sender = threading.Thread(target=c.send, args=(calls,))
            sender.start()
            got = {c.answer()["id"] for _ in range(5000)}
            sender.join()
            self.assertEqual(got, set(range(5000)))

    def test_more_in_flight_than_allowed_waits_but_is_answered(self):
        with self.daemon.client() as c:
            numbers = [c.start("company.list", limit=1) for _ in range(50)]
            got = {c.answer()["id"] for _ in numbers}
            self.assertEqual(got, set(numbers))

    def test_many_large_pages_asked_for_at_once_all_come(self):
        """Sixty pages are more than the output may hold: they are made as the client reads them."""
        with self.daemon.client() as c:
            numbers = {c.start("company.list", limit=60) for _ in range(60)}
            total = 0
            for _ in range(60):
                line = c.line()
                total += len(line)
                numbers.remove(json.loads(line)["id"])
            self.assertGreater(total, 40 * 200 * 1024)

    def test_a_long_batch_lets_others_pass(self):
        daemon = Daemon(self.cluster)
        try:
            with daemon.client() as busy, daemon.client() as other:
                wants = {kind: [{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006%02d" % n]}
                                for n in range(8)] for kind in ("offers", "seeks")}
                partners = [company("Partner %d" % i, "CA", region="CA-QC", **wants) for i in range(300)]
                done = busy.call("company.upsertMany", companies=[company("Asker", **wants)] + partners)
                # Of one loop that did the batch in one go, there would be one answer before it at most, each time;
                # where this process got no processor meanwhile, there are few at times.
                passed = [self.pings_beside(busy, other, done, 0)]
                while max(passed) <= 3 and len(passed) < 30:
                    passed.append(self.pings_beside(busy, other, done, len(passed)))
                self.assertGreater(max(passed), 3)
        finally:
            daemon.stop()

    def pings_beside(self, busy, other, done, turn):
        """How many calls of another were answered before a batch was."""
        calls = [{"jsonrpc": "2.0", "id": i, "method": "match.list",
                  "params": {"id": done["results"][0]["id"], "limit": 1 + turn, "min_score": i / 100, "min_seq": done["seq"]}}
                 for i in range(100)]  # each another question: no answer is used again
        busy.send(json.dumps(calls) + "\n")
        passed = 0
        while not select.select([busy.sock], [], [], 0)[0]:
            other.call("system.ping")
            passed += 1
        self.assertEqual([m["id"] for m in busy.answer()], list(range(100)))
        return passed

    def test_a_reader_that_never_reads_is_dropped_and_others_live(self):
        daemon = self.beside(output="512k", output_mark="64k", stall="1s")
        slow = daemon.client()
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sock.setblocking(False)
        call = b'{"jsonrpc":"2.0","id":1,"method":"company.list","params":{"limit":60}}\n'

        def dropped():
            try:
                slow.sock.send(call * 4)
            except BlockingIOError:
                pass
            except OSError:
                return True
            with daemon.client() as c:
                self.assertEqual(c.call("system.ping"), "pong")
            # Reading stops at the output mark, so the daemon holds little; what drops it is that it takes nothing.
            return slow.sock.fileno() >= 0 and self.gone(slow.sock)
        wait_until(dropped, 20, "the slow reader is dropped")
        slow.close()

    @staticmethod
    def gone(sock):
        """The peer closed: a hang-up shows without reading what is queued."""
        import select
        poll = select.poll()
        poll.register(sock, select.POLLRDHUP | select.POLLHUP)
        return any(e & (select.POLLRDHUP | select.POLLHUP) for _, e in poll.poll(0))

    def test_idle_connections_are_closed_but_subscribers_stay(self):
        daemon = self.beside(idle="1s")
        subscriber, subscribed = wait_until(lambda: self.first_call(daemon, "changes.subscribe"), what="a subscription")
        idle, answer = wait_until(lambda: self.first_call(daemon, "system.ping"), what="a ping")
        with subscriber, idle:
            self.assertEqual(answer, "pong")
            self.assertIsNone(idle.line())  # closed by the server
            with self.daemon.client() as c:
                c.call("company.upsert", company=company("News"))
            event = json.loads(subscriber.line())
            self.assertEqual(event["method"], "changes.event")
            self.assertEqual(event["params"]["subscription"], subscribed["subscription"])

    def beside(self, **limits):
        daemon = Daemon(self.cluster, database=self.daemon.database, config={"limits": limits})
        self.addCleanup(daemon.stop)
        return daemon

    @staticmethod
    def first_call(daemon, method):
        """A connection and the answer to its first call; None when it counted as idle before that had come."""
        client = daemon.client()
        try:
            return client, client.call(method)
        except (OSError, EOFError):
            client.close()
            return None

    def test_too_many_connections(self):
        held = []
        try:
            for _ in range(60):
                held.append(socket.create_connection(("127.0.0.1", self.daemon.port), timeout=10))
            # Those within the limit are served, the rest wait or are refused: never a hang of the daemon.
            self.assertTrue(self.daemon.process.poll() is None)
        finally:
            for s in held:
                s.close()
        def served():
            try:
                with self.daemon.client() as c:
                    return c.raw('{"jsonrpc":"2.0","id":1,"method":"system.ping"}').get("result") == "pong"
            except (OSError, EOFError, ValueError, KeyError):
                return False
        wait_until(served, what="served again")


class TestDescriptors(unittest.TestCase):
    def test_running_out_of_descriptors_heals(self):
        cluster = Cluster()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            daemon = Daemon(cluster, start=False)
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
            resource.prlimit(0, resource.RLIMIT_NOFILE, (64, hard))
            daemon.start(wait=False)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (64, 64))
            wait_until(daemon.ready, 30, "ready")
            held = []
            try:
                for _ in range(200):
                    s = socket.socket()
                    s.setblocking(False)
                    s.connect_ex(("127.0.0.1", daemon.port))
                    held.append(s)

                def used():
                    with open("/proc/%d/stat" % daemon.process.pid) as f:
                        words = f.read().rsplit(")", 1)[1].split()
                    return int(words[11]) + int(words[12])
                before = used()
                # A second on the kernel's clock, measured by the wait of a read that nobody answers.
                reader, silent = socket.socketpair()
                with reader, silent:
                    reader.settimeout(1)
                    with self.assertRaises(TimeoutError):
                        reader.recv(1)
                self.assertLess(used() - before, 30, "the daemon spins while it has no descriptors")
            finally:
                for s in held:
                    s.close()
            wait_until(daemon.ready, what="accepting again")
            daemon.stop()
        finally:
            cluster.stop()


if __name__ == "__main__":
    run_tests()
