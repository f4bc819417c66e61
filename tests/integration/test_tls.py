"""TLS: who may listen without it, what a client sees, client certificates, and the reload."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from certificates import Authority
from spean_test import BUILD, PATIENCE, Client, Cluster, Daemon, RpcError, company, free_port, run_tests, spean, wait_until


class TlsClient(Client):
    def __init__(self, port, context, host="127.0.0.1", token=None):
        Client.__init__(self, ("127.0.0.1", port))
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        except (OSError, ssl.SSLError):
            self.sock.close()
            raise
        if token:
            self.log_in(token)


def setUpModule():
    global cluster
    if not shutil.which("openssl"):
        raise unittest.SkipTest("the openssl program is not installed")
    cluster = Cluster()


def tearDownModule():
    cluster.stop()


class Tls(unittest.TestCase):
    limits = {}

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="spean-tls-")
        cls.ca = Authority(cls.dir)
        cls.ca.issue("server", "ignored", "DNS:localhost,IP:127.0.0.1")
        cls.crm = cls.ca.issue("crm", "crm", "DNS:crm.example.org", use="clientAuth")
        cls.clerk = cls.ca.issue("clerk", "Sok Dara", use="clientAuth")
        cls.nobody = cls.ca.issue("nobody", "nobody", use="clientAuth")
        cls.clients = os.path.join(cls.dir, "clients.tsv")
        cls.write_clients("dns:CRM.example.org\tintegration\tcrm\ncn:Sok Dara\tstaff\tdara\n")
        cls.port = free_port()
        cls.daemon = Daemon(cluster, config={
            "listen": {"tls": "127.0.0.1:%d" % cls.port},
            "tls": {"certificate": os.path.join(cls.dir, "server.pem"),
                    "key": os.path.join(cls.dir, "server.key"),
                    "client_ca": cls.ca.ca, "clients": cls.clients},
            "daemon": {"workers": "2"}, "limits": cls.limits})

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        shutil.rmtree(cls.dir)

    @classmethod
    def write_clients(cls, text):
        with open(cls.clients, "w") as f:
            f.write(text)

    def context(self, certificate=None, ca=None):
        context = ssl.create_default_context(cafile=ca or self.ca.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def connect(self, certificate=None, **kwargs):
        return TlsClient(self.port, self.context(certificate), **kwargs)

    def reload(self, word):
        seen = self.daemon.log_text().count(word)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.daemon.log_text().count(word) > seen, what=word)


class TestTls(Tls):
    def test_speaks_by_token(self):
        with self.connect(token=self.daemon.token()) as c:
            self.assertIn(c.sock.version(), ("TLSv1.2", "TLSv1.3"))
            written = c.call("company.upsert", company=company("Tls " + "x" * 100, description={"eng": "y" * 4000}))
            self.assertEqual(c.call("company.get", id=written["id"])["description"]["eng"], "y" * 4000)

    def test_old_versions_are_refused_and_1_2_is_spoken(self):
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with TlsClient(self.port, context) as c:
            self.assertEqual(c.sock.version(), "TLSv1.2")
            self.assertEqual(c.call("system.ping"), "pong")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, OSError)):
            TlsClient(self.port, context)

    def test_plain_text_gets_a_clean_close(self):
        for text in (b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\n', b"GET / HTTP/1.1\r\n\r\n", b"\n",
                     b"x" * 100000, b"\x16\x03\x01\x00\x05hello", b"\x16garbage" * 1000):
            with Client(("127.0.0.1", self.port)) as c:
                c.send(text)
                received = b""
                while True:  # a reset would raise
                    chunk = c.sock.recv(65536)
                    if not chunk:
                        break
                    received += chunk
                if not text.startswith(b"\x16"):
                    self.assertEqual(received, b"")
        with self.connect() as c:
            self.assertEqual(c.call("system.ping"), "pong")

    def test_bytes_one_by_one(self):
        """A handshake and a call whose bytes all come alone."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.port), timeout=60 * PATIENCE) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def run(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        for byte in outgoing.read():
                            s.sendall(bytes([byte]))
                        incoming.write(s.recv(65536))

            run(tls.do_handshake)
            tls.write(b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\n')
            self.assertEqual(json.loads(run(lambda: tls.read(65536)))["result"], "pong")

    def test_pipelined_calls_in_many_and_large_records(self):
        call = b'{"jsonrpc":"2.0","id":%d,"method":"rpc.discover"}\n'
        with self.connect() as c:
            sender = threading.Thread(target=lambda: [c.send(call % i) for i in range(200)])
            sender.start()  # answers are read at the same time: both directions are full
            got = sorted(c.answer()["id"] for _ in range(200))
            sender.join()
            self.assertEqual(got, list(range(200)))
            c.send(b"".join(call % i for i in range(64)))
            self.assertEqual(sorted(c.answer()["id"] for _ in range(64)), list(range(64)))

    def test_half_close_still_gets_answers(self):
        """Two calls, the last without its LF, and close_notify; then the answers, and the server's own end."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.port), timeout=60 * PATIENCE) as s:

            def run(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        s.sendall(outgoing.read())
                        incoming.write(s.recv(65536))

            run(tls.do_handshake)
            tls.write(b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\n{"jsonrpc":"2.0","id":2,"method":"system.ping"}')
            with self.assertRaises(ssl.SSLWantReadError):
                tls.unwrap()
            received = b""
            with self.assertRaises(ssl.SSLZeroReturnError):
                while True:
                    received += run(lambda: tls.read(65536))
            self.assertEqual(sorted(json.loads(line)["id"] for line in received.splitlines()), [1, 2])

    def test_a_cut_line_is_not_done(self):
        """An end of input that TLS does not confirm may be an attacker's: half a line stays undone."""
        token = self.daemon.token()
        name = "Cut Off Ltd"
        with self.connect(token=token) as c:
            line = json.dumps({"jsonrpc": "2.0", "id": 9, "method": "company.upsert",
                               "params": {"company": company(name)}})
            c.send(line)  # whole but for its LF
            raw = socket.socket(fileno=c.sock.detach())
            raw.settimeout(c.timeout)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
            raw.close()
        with self.daemon.client() as c:
            self.assertEqual(c.call("company.search", text=name)["companies"], [])

    def test_close_is_said(self):
        with self.connect() as c:
            c.send(b"GET / HTTP/1.1\r\n")
            self.assertEqual(c.answer()["error"]["data"]["reason"], "not_json_rpc")
            c.sock.suppress_ragged_eofs = False
            self.assertEqual(c.sock.recv(100), b"")  # an end without close_notify would raise

    def test_client_certificates_stand_for_principals(self):
        for certificate, principal, role in ((self.crm, "crm", "integration"), (self.clerk, "dara", "staff")):
            with self.connect(certificate) as c:
                self.assertEqual(c.call("auth.whoami"), {"principal": principal, "role": role})
        with self.connect(self.nobody) as c:
            with self.assertRaises(RpcError) as e:
                c.call("auth.whoami")
            self.assertEqual(e.exception.reason, "authentication_required")
            c.call("auth.login", token=self.daemon.token("viewer", "shown"))
            self.assertEqual(c.call("auth.whoami")["principal"], "shown")

    def test_certificates_of_others_are_refused(self):
        other = Authority(self.dir, "other")
        for certificate in (other.issue("imposter", "crm", "DNS:crm.example.org", use="clientAuth"),
                            self.ca.issue("misused", "crm", "DNS:crm.example.org", use="serverAuth"),
                            self.ca.issue("past", "crm", "DNS:crm.example.org", use="clientAuth", days=-1)):
            with self.assertRaises((ssl.SSLError, OSError, EOFError)):
                with self.connect(certificate) as c:
                    c.call("auth.whoami")

    def test_reload_takes_a_new_certificate_or_nothing(self):
        with self.connect() as before:
            self.ca.issue("server", "ignored", "DNS:localhost,IP:127.0.0.1,DNS:renewed.example")
            self.reload(" reloaded")
            with self.connect(host="renewed.example") as c:
                self.assertEqual(c.call("system.ping"), "pong")
            self.assertEqual(before.call("system.ping"), "pong")
            with open(os.path.join(self.dir, "server.key")) as f:
                good = f.read()
            shutil.copy(os.path.join(self.dir, "crm.key"), os.path.join(self.dir, "server.key"))
            self.reload("reload_refused")
            with self.connect(host="renewed.example") as c:
                self.assertEqual(c.call("system.ping"), "pong")
            with open(os.path.join(self.dir, "server.key"), "w") as f:
                f.write(good)
            self.reload(" reloaded")

    def test_reload_ends_who_counts_for_nothing_any_more(self):
        with self.connect(self.crm) as gone, self.connect(self.clerk) as stays:
            self.assertEqual(gone.call("auth.whoami")["principal"], "crm")
            self.write_clients("cn:Sok Dara\tstaff\tdara\n")
            self.reload(" reloaded")
            self.assertIsNone(gone.line())
            self.assertEqual(stays.call("auth.whoami")["principal"], "dara")
            self.write_clients("cn:Sok Dara\temperor\tdara\n")
            self.reload("reload_refused")
            self.assertEqual(stays.call("auth.whoami")["principal"], "dara")
        self.write_clients("dns:crm.example.org\tintegration\tcrm\ncn:Sok Dara\tstaff\tdara\n")
        self.reload(" reloaded")

    def test_program_verifies(self):
        address = "tls:localhost:%d" % self.port
        env = {"SPEAN_TOKEN": self.daemon.token()}
        done = spean("--server", address, "--ca-file", self.ca.ca, "status", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = spean("--server", address, "status", env=env)  # the system's CAs do not know it
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("not to be trusted", done.stderr)
        done = spean("--server", "tls:127.0.0.2:%d" % self.port, "--ca-file", self.ca.ca, "status", env=env)
        self.assertEqual(done.returncode, 3)
        done = spean("--server", "tls:127.0.0.1:%d" % self.daemon.port, "--ca-file", self.ca.ca, "status", env=env)
        self.assertEqual(done.returncode, 3, "a plain port")
        self.assertIn("no TLS", done.stderr)

    def test_program_checks_the_name(self):
        port = free_port()
        certificate, key = self.ca.issue("elsewhere", "localhost", "DNS:elsewhere.example")
        server = subprocess.Popen(["openssl", "s_server", "-quiet", "-accept", "127.0.0.1:%d" % port, "-cert",
                                   certificate, "-key", key], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            def answers():
                done = spean("--server", "tls:localhost:%d" % port, "--ca-file", self.ca.ca, "status")
                return done if "cannot connect" not in done.stderr else None

            done = wait_until(answers, what="s_server listens")
            self.assertEqual(done.returncode, 3)
            self.assertIn("hostname mismatch", done.stderr.lower())
        finally:
            server.kill()
            server.wait()
            server.stdin.close()

    def test_program_shows_a_certificate(self):
        done = spean("--server", "tls:localhost:%d" % self.port, "--ca-file", self.ca.ca, "--certificate",
                     self.crm[0], "--key", self.crm[1], "--format", "json", "whoami")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["principal"], "crm")
        done = spean("--server", "tls:localhost:%d" % self.port, "--certificate", self.crm[0], "whoami")
        self.assertEqual(done.returncode, 2)


class TestDeadline(Tls):
    limits = {"anonymous": "1s"}

    def test_a_handshake_has_a_deadline(self):
        with Client(("127.0.0.1", self.port)) as silent, Client(("127.0.0.1", self.port)) as slow:
            slow.send(b"\x16\x03\x01")
            self.assertIsNone(silent.line())
            self.assertIsNone(slow.line())
            self.assertEqual((silent.buffer, slow.buffer), (b"", b""))


class TestPlaces(Tls):
    # Those that hold the places must outlive the handshakes of all, however slow the machine.
    limits = {"anonymous": "60s", "connections": "4"}

    def test_one_too_many_is_told_so(self):
        wait_until(lambda: self.places() == 4, what="connections of other tests are gone")
        held = [self.connect() for _ in range(4)]
        try:
            # Who is shown out is waited for two seconds, handshake and all: a slow machine may need another try.
            self.assertEqual(wait_until(self.shown_out, what="the word of the door"), "too_many_connections")
        finally:
            for c in held:
                c.close()

    def shown_out(self):
        try:
            with self.connect() as c:
                return c.answer()["error"]["data"]["reason"]
        except (EOFError, OSError):
            return None

    def places(self):
        held = []
        try:
            for _ in range(4):
                c = self.connect()
                held.append(c)
                if c.call("system.ping") != "pong":
                    return len(held) - 1
            return 4
        except (RpcError, EOFError, OSError, AssertionError):
            return 0
        finally:
            for c in held:
                c.close()


class TestRefusals(unittest.TestCase):
    def check(self, text, word):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write(text)
            f.flush()
            done = subprocess.run([os.path.join(BUILD, "speand"), "-n", "-c", f.name], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(word, done.stderr)

    def test_settings_that_do_not_go_together(self):
        self.check("[listen]\ntcp = 0.0.0.0:1\n", "insecure_remote_without_tls")
        self.check("[listen]\ntls = 0.0.0.0:1\n", "certificate and key")
        self.check("[tls]\ncertificate = /x\n", "both are needed")
        self.check("[tls]\ncertificate = /x\nkey = /x\nclients = /x\n", "client_ca")
        self.check("[tls]\ncertificate = /nonexistent\nkey = /nonexistent\n", "/nonexistent")
        self.check("[tls]\ncertificate = credential:c\nkey = credential:k\n", "credential")


if __name__ == "__main__":
    run_tests()
