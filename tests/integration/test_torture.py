"""Bad input over a real socket: each gets a clear error or a clean close, and the daemon goes on."""

import csv
import glob
import io
import json
import os
import unicodedata
import unittest

from spean_test import Cluster, Daemon, RpcError, company, run_tests, shared_data, spean

PARSE, INVALID_REQUEST, TOO_LARGE = -32700, -32600, -32015


class TestTorture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def one_answer(self, data):
        """The only answer to these bytes and a ping behind them: a refused text must not eat the next."""
        with self.daemon.client() as c:
            c.send(data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
            message = c.answer()
            if isinstance(message, list) or message["error"]["code"] != TOO_LARGE:
                c.send(b'{"jsonrpc":"2.0","id":"after","method":"system.ping"}\n')
                self.assertEqual(c.answer(), {"jsonrpc": "2.0", "id": "after", "result": "pong"})
            return message

    def check_error(self, message):
        error = message["error"]
        self.assertIn("reason", error["data"])
        self.assertIn("request_id", error["data"])
        self.assertIn("retryable", error["data"])
        self.assertRegex(error["data"]["reason"], r"^[a-z0-9_]+$")

    def test_json_that_must_not_parse(self):
        folder = shared_data("torture", "JSONTestSuite", "test_parsing")
        count = 0
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "n_*"))):
            with open(path, "rb") as f:
                data = f.read()
            if not data.replace(b"\r", b" ").replace(b"\n", b" ").strip():
                continue  # a blank line is no text at all
            with self.subTest(os.path.basename(path)):
                message = self.one_answer(data)
                messages = message if isinstance(message, list) else [message]
                for one in messages:
                    self.check_error(one)
                    self.assertIn(one["error"]["code"], (PARSE, INVALID_REQUEST, TOO_LARGE))
            count += 1
        self.assertGreater(count, 150)

    def test_json_that_may_parse(self):
        folder = shared_data("torture", "JSONTestSuite", "test_parsing")
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "[iy]_*"))):
            with open(path, "rb") as f:
                data = f.read()
            with self.subTest(os.path.basename(path)):
                message = self.one_answer(data)
                for one in message if isinstance(message, list) else [message]:
                    self.check_error(one)

    def test_strings_that_must_parse_round_trip(self):
        folder = shared_data("torture", "JSONTestSuite", "test_parsing")
        with self.daemon.client() as c:
            created = c.call("company.upsert", company=company("Round trip"))
            done = 0
            for path in sorted(glob.glob(os.path.join(glob.escape(folder), "y_string_*"))):
                with open(path, "rb") as f:
                    text = f.read().decode("utf-8")
                value = json.loads(text)
                if isinstance(value, list):
                    value = value[0]
                    text = text[text.index("[") + 1:text.rindex("]")]
                if "\0" in value:
                    continue
                with self.subTest(os.path.basename(path)):
                    answer = c.raw('{"jsonrpc":"2.0","id":1,"method":"company.upsert","params":{"company":{"id":"%s",'
                                   '"description":{"eng":%s}}}}' % (created["id"], text))
                    if not value:
                        continue
                    self.assertIn("result", answer)
                    got = c.call("company.get", id=created["id"])["description"]["eng"]
                    self.assertEqual(got, unicodedata.normalize("NFC", value))
                    done += 1
            self.assertGreater(done, 20)

    def test_naughty_strings_are_stored_and_found(self):
        with open(shared_data("torture", "blns", "blns.json"), encoding="utf-8") as f:
            strings = json.load(f)
        with self.daemon.client() as c:
            for n, text in enumerate(strings):
                if not text or "\0" in text:
                    continue
                with self.subTest(n=n, text=text):
                    made = c.call("company.upsert", company=company("Naughty %d" % n, description={"eng": text}))
                    got = c.call("company.get", id=made["id"])
                    self.assertEqual(got["description"]["eng"], unicodedata.normalize("NFC", text))
                    c.call("company.search", text=text[:200])

    def test_naughty_strings_are_names_and_found(self):
        """As names: found by themselves when a letter or a digit is in them, printed without harm."""
        with open(shared_data("torture", "blns", "blns.json"), encoding="utf-8") as f:
            strings = [text[:200] for text in json.load(f)]
        with self.daemon.client() as c:
            names = [text for text in strings if text.strip() and "\0" not in text]
            results = c.call("company.upsertMany", companies=[company(text, city=text) for text in names])["results"]
            made = [(text, result["id"]) for text, result in zip(names, results) if "error" not in result]
            self.assertGreater(len(made), len(names) - 5)  # blanks of all scripts alone are no name
            for text, number in made:
                with self.subTest(text=text):
                    self.assertEqual(c.call("company.get", id=number)["name"], unicodedata.normalize("NFC", text))
                    found = {one["id"] for one in c.call("company.search", text=text, limit=100)["companies"]}
                    if any(unicodedata.category(letter)[0] in "LN" for letter in text):
                        self.assertIn(number, found)
        for form in ("table", "plain"):
            shown = spean("company", "list", "--format", form, daemon=self.daemon, check=True).stdout
            steer = {letter for letter in shown if unicodedata.category(letter) in ("Cc", "Zl", "Zp")
                     or unicodedata.bidirectional(letter) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")}
            self.assertEqual(steer - set("\n\t"), set())
        cells = list(csv.reader(io.StringIO(spean("export", "--format", "csv", daemon=self.daemon, check=True).stdout)))
        self.assertEqual([cell for row in cells for cell in row if cell[:1] in tuple("=+-@\t\r")], [])

    def test_specification_examples(self):
        """The examples of the JSON-RPC 2.0 specification, with methods that exist here."""
        with open(shared_data("torture", "jsonrpc", "jsonrpc20_spec_examples.jsonl"), encoding="utf-8") as f:
            examples = [json.loads(line) for line in f]
        for example in examples:
            raw = example["request_raw"].replace("\n", " ")
            for theirs in ("subtract", "sum", "update", "get_data", "notify_hello", "notify_sum"):
                raw = raw.replace('"%s"' % theirs, '"system.ping"')
            # Parameters go by name here, and ping takes none.
            with self.subTest(example["name"]):
                with self.daemon.client() as c:
                    c.send(raw + "\n")
                    c.send('{"jsonrpc":"2.0","id":"end","method":"system.ping"}\n')
                    got = []
                    while True:
                        message = c.answer()
                        if isinstance(message, dict) and message.get("id") == "end":
                            break
                        got.append(message)
                if example["no_response"]:
                    self.assertEqual(got, [])
                    continue
                self.assertEqual(len(got), 1)
                self.compare(example["expected_response"], got[0])

    def compare(self, expected, got):
        if isinstance(got, list) and not isinstance(expected, list):
            expected = [expected]  # the specification answers [1] with an array of one
        if isinstance(expected, list):
            self.assertEqual(len(expected), len(got))
            for pair in zip(expected, got):
                self.compare(*pair)
            return
        self.assertEqual(got["jsonrpc"], "2.0")
        self.assertEqual(got["id"], expected["id"])
        if "error" in expected:
            self.assertEqual(got["error"]["code"], expected["error"]["code"])
        else:
            # Their positional parameters are refused by a method that takes parameters by name.
            self.assertTrue(got.get("result") == "pong" or got["error"]["code"] == -32602)

    def test_nul_is_refused_everywhere(self):
        with self.daemon.client() as c:
            answer = c.raw(b'{"jsonrpc":"2.0","id":1,"method":"company.search","params":{"text":"a\\u0000b"}}')
            self.assertIn(answer["error"]["code"], (PARSE, -32602))
            answer = c.raw(b'{"jsonrpc":"2.0","id":1,"method":"company.upsert","params":{"company":'
                           b'{"country":"KH","name":"a\\u0000b"}}}')
            self.assertIn(answer["error"]["code"], (PARSE, -32602, 1005))
            answer = c.raw(b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\x00')
            self.assertEqual(answer["error"]["code"], PARSE)

    def test_deep_and_wide(self):
        deep = b'{"jsonrpc":"2.0","id":1,"method":"system.ping","params":' + b"[" * 40 + b"]" * 40 + b"}"
        self.assertEqual(self.one_answer(deep)["error"]["code"], TOO_LARGE)
        wide = b"[" + b"{}," * 40000 + b"{}]"
        with self.daemon.client() as c:
            self.assertEqual(c.raw(wide)["error"]["code"], TOO_LARGE)
        batch = b"[" + b",".join([b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}'] * 101) + b"]"
        with self.daemon.client() as c:
            self.assertEqual(c.raw(batch)["error"]["code"], TOO_LARGE)
            batch = b"[" + b",".join([b'{"jsonrpc":"2.0","id":%d,"method":"system.ping"}' % i for i in range(100)]) + b"]"
            self.assertEqual([m["id"] for m in c.raw(batch)], list(range(100)))

    def test_line_limits(self):
        ping = b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}'
        with self.daemon.tcp() as c:  # not authenticated: 64 KiB
            self.assertEqual(c.raw(ping + b" " * (60 * 1024))["result"], "pong")
            c.send(ping + b" " * (70 * 1024) + b"\n")
            self.assertEqual(c.answer()["error"]["code"], TOO_LARGE)
            self.assertIsNone(c.line())
        with self.daemon.client() as c:
            self.assertEqual(c.raw(ping + b" " * (1000 * 1024))["result"], "pong")
            c.send(ping + b" " * (1100 * 1024))
            self.assertEqual(c.answer()["error"]["code"], TOO_LARGE)
            self.assertIsNone(c.line())

    def test_strangers_are_told_once(self):
        for hello in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /rpc HTTP/1.0\r\n\r\n{}",
                      b"Content-Length: 20\r\n\r\n{}", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"):
            with self.subTest(hello):
                with self.daemon.tcp() as c:
                    c.send(hello)
                    self.check_error(c.answer())
                    self.assertIsNone(c.line())
        with self.daemon.tcp() as c:  # not only as the first line; what was asked before is answered
            c.send(b'{"jsonrpc":"2.0","id":7,"method":"system.ping"}\nGET / HTTP/1.1\r\n\r\n')
            self.assertEqual(c.answer()["result"], "pong")
            self.assertEqual(c.answer()["error"]["data"]["reason"], "not_json_rpc")
            self.assertIsNone(c.line())

    def test_line_ends(self):
        ping = b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}'
        with self.daemon.tcp() as c:
            c.send(ping + b"\r\n")
            self.assertEqual(c.answer()["result"], "pong")
            for i in range(len(ping)):
                c.send(ping[i:i + 1])
            c.send(b"\n")
            self.assertEqual(c.answer()["result"], "pong")
            c.send(ping)  # no LF, then the end of input
            c.sock.shutdown(1)
            self.assertEqual(c.answer()["result"], "pong")
            self.assertIsNone(c.line())

    def test_text_that_is_not_utf8(self):
        with self.daemon.client() as c:
            for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe1\x9e"):
                answer = c.raw(b'{"jsonrpc":"2.0","id":1,"method":"company.search","params":{"text":"' + bad + b'"}}')
                self.assertEqual(answer["error"]["code"], PARSE)
            lone = c.raw(b'{"jsonrpc":"2.0","id":1,"method":"company.search","params":{"text":"\\ud800"}}')
            self.assertEqual(lone["error"]["code"], PARSE)

    def test_duplicate_members_are_refused(self):
        with self.daemon.client() as c:
            answer = c.raw('{"jsonrpc":"2.0","id":1,"id":2,"method":"system.ping"}')
            self.assertEqual(answer["error"]["code"], PARSE)

    def test_refused_profile_changes_nothing_and_names_every_field(self):
        with self.daemon.client() as c:
            before = c.call("changes.list", limit=1000)
            with self.assertRaises(RpcError) as caught:
                c.call("company.upsert", company={
                    "country": "KH", "name": "", "region": "CA-QC", "sectors": ["no.such"], "colour": "red",
                    "valid_until": "2026-02-30", "employees": -1, "export_markets": ["XX"],
                    "languages": [{"lang": "eng", "level": "perfect"}],
                    "offers": [{"kind": "services", "sector": "ai", "hs": ["10"]}]})
            self.assertEqual(caught.exception.code, 1005)
            fields = {f["field"] for f in caught.exception.data["fields"]}
            for expected in ("name", "region", "sectors[0]", "colour", "valid_until", "employees",
                             "export_markets[0]", "languages[0].level", "offers[0].hs"):
                self.assertIn(expected, fields)
            after = c.call("changes.list", limit=1000)
            self.assertEqual(len(before["changes"]), len(after["changes"]))


if __name__ == "__main__":
    run_tests()
