"""bad input gets one valid answer or a close, never a crash, and leaves nothing raw in the log or on a terminal

More than 500 hostile values, made here and from the shared catalogue, are sent to every method that rpc.discover
names, in place of each of its parameters, of all of them together, and as the whole line. Each gets exactly one
valid answer or the connection is closed. The log, at its most talkative, stays printable ASCII and has none of
the hostile texts; what was stored of them does not steer a terminal.
"""

import glob
import json
import os
import pty
import re
import select
import subprocess

from process import memory
from spean_test import BUILD, SHARED_DATA, company
from torture import row

MARK = "zq7mark"  # in every text that must not come back raw
STEERING = "\x1b]0;%s\x07\x1b[2J\u202e\u0085\x9b31m\u2028" % MARK


def values(t):
    """Hostile values as JSON text: bytes that stand where a value may."""
    numbers = ["0", "-0", "-1", "1e400", "-1e400", "1e-400", "9223372036854775807", "9223372036854775808", "1" * 400,
               "0.1", "1E5", "-9223372036854775809", "123456789012345678901234567890", "1.0", "2147483648"]
    words = ["", " ", "null", "true", "0", "-1", "'", '"', "\\", "';DROP TABLE spean.company;--", "%", "_", "%s%n%x" * 9,
             "../../../etc/passwd", "$(id)", "`id`", "${jndi:ldap://x}", "<script>", "=cmd|'/C calc'!A0", "\r\n", "\n", "\t",
             "\x7f", "\x1b[2J", "\u200b", "\u202e", "\ufeff", "\uffff", "\ufffe", "\U0010ffff", "e\u0301", "\u1780\u17d2\u1780",
             STEERING, "a" * 65536, "\u1780" * 20000, "KH", "CA", "archived", "rice", "01a20baf-d44e-78d0-9bde-6f5b02a3a357",
             "00000000-0000-0000-0000-000000000000", "spean_" + "A" * 49, "2026-02-30", "9999-12-31", "0000-00-00",
             "2026-11-25T25:61:61Z", "e27912d5-111e-4834-8d07-a4f63fb8db1f:9999999999999999999", ":", "unix:root", "INF", "NaN"]
    shapes = ["null", "true", "false", "[]", "{}", "[[]]", "[{}]", '{"":{}}', '{"a":{"a":{"a":{}}}}', "[" * 20 + "]" * 20,
              "[" * 31 + "]" * 31, "[null]", "[1,2,3]", "[" + ",".join(["1"] * 2000) + "]", '{"__proto__":{"x":1}}',
              '{"id":1,"id":2}', "{" + ",".join('"k%d":%d' % (i, i) for i in range(2000)) + "}", '"\\ud800"', '"\\u0000"',
              '"\\udc00\\ud800"', "nul", "tru", "01", "+1", ".5", "1.", "0x10", "'a'", '"\\x41"', '"\n"', "[1,]", '{"a"}', "NaN"]
    found = [v.encode() for v in numbers + shapes] + [json.dumps(w, ensure_ascii=False).encode() for w in words]
    found += [json.dumps([w], ensure_ascii=False).encode() for w in words[:30]]
    found += [json.dumps({w: w}, ensure_ascii=False).encode() for w in words[:30]]
    found += [b'"\xff\xfe"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe1\x9e"', b'"\x00"', b"\xff"]
    found += shared_values()
    for _ in range(140):  # and bytes by chance
        found.append(bytes(t.rng.choice(b'{}[]",:0123456789eE+-.truefalsn\\ud8 \x00\xff') for _ in range(t.rng.randrange(1, 60))))
    return found


def shared_values():
    found = []
    suite = os.path.join(glob.escape(SHARED_DATA), "torture", "JSONTestSuite", "test_parsing", "*.json")
    for path in sorted(glob.glob(suite)):
        with open(path, "rb") as f:
            data = f.read(200000)
        if len(data) < 60000:
            found.append(data)
    try:
        with open(os.path.join(SHARED_DATA, "torture", "blns", "blns.json"), encoding="utf-8") as f:
            found += [json.dumps(s, ensure_ascii=False).encode() for s in json.load(f)]
    except OSError:
        pass  # where only the project is, its own are enough
    return found


def no_line_end(data):
    return data.replace(b"\r", b" ").replace(b"\n", b" ")


class Sender:
    """One connection after the other: a line, one answer or a close."""

    def __init__(self, t, daemon):
        self.t, self.daemon, self.client = t, daemon, None
        self.sent = self.answered = self.closed = 0

    def send(self, line, may_be_empty=False):
        if self.client is None:
            self.client = self.daemon.client(timeout=20)
        line = no_line_end(line)
        self.sent += 1
        if may_be_empty and not line.strip():
            line = b"x"
        # One answer; and what comes after it is the answer to a ping, not a second one.
        got = []
        try:
            self.client.send(line + b"\n")
            self.take(got, 1)
            self.client.send(b'{"jsonrpc":"2.0","id":"end","method":"system.ping"}\n')
            self.take(got, 2)
            end = got.pop() if len(got) == 2 else None
            self.t.check(end == {"jsonrpc": "2.0", "id": "end", "result": "pong"}, "%s got two answers: %s", line[:300], end)
        except (OSError, EOFError):
            self.over()
        self.check(line, got)

    def take(self, got, wanted):
        """Messages but for the notifications of a subscription."""
        while len(got) < wanted:
            text = self.client.line()
            if text is None:
                raise EOFError
            message = json.loads(text)
            if not (isinstance(message, dict) and message.get("method") == "changes.event"):
                got.append(message)

    def over(self):
        self.closed += 1
        self.client.close()
        self.client = None

    def check(self, line, got):
        self.answered += len(got) == 1
        self.t.check(len(got) == 1 or (self.client is None and not got), "%d answers to %s", len(got), line[:300])
        for one in got[0] if got and isinstance(got[0], list) else got:
            error = one.get("error")
            sound = one.get("jsonrpc") == "2.0" and "id" in one and (("result" in one) != (error is not None))
            if error is not None:
                sound = sound and set(error["data"]) >= {"reason", "request_id", "retryable"} and error["code"] != -32603
            self.t.check(sound, "%s got %s", line[:300], str(one)[:300])


def lines(method, params, value):
    """The value as each parameter, as all of them, in place of them, inside a company."""
    head = b'{"jsonrpc":"2.0","id":1,"method":"%s","params":' % method.encode()
    for name in params:
        yield head + b'{"%s":%s}}' % (name.encode(), value)
    if params:
        yield head + b"{" + b",".join(b'"%s":%s' % (name.encode(), value) for name in params) + b"}}"
    yield head + value + b"}"
    yield head + b'{"auth":' + value + b"}}"


def run(t):
    daemon = t.daemon(t.cluster(), config={"daemon": {"log_level": "debug"}, "limits": {"guesses": "0"}})
    pid, sender = daemon.process.pid, Sender(t, daemon)
    with daemon.client() as c:
        methods = {m["name"]: [p["name"] for p in m["params"]] for m in c.call("rpc.discover")["methods"]}
        c.call("company.upsert", company=company(("Hostile " + STEERING)[:200], city=STEERING[:200],
                                                 contacts=[{"name": STEERING[:100]}]))
    hostile = values(t)
    t.check(len(hostile) >= 500, "only %d values", len(hostile))
    first = memory(pid)
    every = t.amount(1, 16)
    for value in hostile:
        sender.send(value, may_be_empty=True)
    number = 0
    for method, params in methods.items():
        for value in hostile:
            for line in lines(method, params, value):
                number += 1
                # The short form takes every sixteenth: each value and each method, not each pair.
                if number % every == 0:
                    sender.send(line)
    grown = memory(pid) - first
    t.check(daemon.process.poll() is None, "the daemon is gone")
    t.check(daemon.health()["status"] == "ok", "the daemon is not well")
    t.check(grown <= 64 * 2**20, "the daemon grew by %d MiB", grown // 2**20)
    check_log(t, daemon)
    check_terminal(t, daemon)
    t.figure("%d values, %d methods: %d lines, %d answered once, %d closed; 0 crashes; log and terminal clean",
             len(hostile), len(methods), sender.sent, sender.answered, sender.closed)


def check_log(t, daemon):
    with open(daemon.log, "rb") as f:
        text = f.read()
    raw = re.search(rb"[^\n\x20-\x7e]", text)
    t.check(raw is None, "raw bytes in the log: %s", raw and text[max(0, raw.start() - 200):raw.end() + 50])
    t.check(MARK.encode() not in text, "a hostile text is in the log")


def check_terminal(t, daemon):
    """Lists all companies and shows one, on a terminal."""
    for words in (["company", "list", "--all"], ["company", "search", "Hostile"], ["changes"], ["audit"]):
        main, side = pty.openpty()
        process = subprocess.Popen([os.path.join(BUILD, "spean"), "-s", "unix:" + daemon.unix] + words, stdin=side,
                                   stdout=side, stderr=side, env=dict(os.environ, TERM="xterm", NO_COLOR="1", LC_ALL="C.UTF-8"))
        os.close(side)
        seen = b""
        while select.select([main], [], [], 30)[0]:
            try:
                chunk = os.read(main, 65536)
            except OSError:
                break
            if not chunk:
                break
            seen += chunk
        os.close(main)
        t.check(process.wait() == 0, "spean %s failed: %s", words, seen[-300:])
        bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]",
                        seen.decode("utf-8", "replace"))
        t.check(bad is None, "spean %s shows %r", words, bad and bad.group())


if __name__ == "__main__":
    row(run)
