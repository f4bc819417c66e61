"""floods are held back before they cost memory or others their turn

1. A hundred thousand calls on one connection without reading an answer first: at most 64 are under way.
2. A line of 1 GiB, before authentication and after: refused at its limit, and the connection is closed.
3. Nested 100,000 deep, as many empty objects as fit a line, a batch of 100,000: refused before they are parsed.
The daemon's memory never grows by more than 32 MiB a connection, and others' calls take no longer.
"""

import threading
import time

from process import files, peak, peak_reset
from prober import Prober, p99_holds
from spean_test import company, wait_until
from torture import row

IN_FLIGHT, HEAP = 64, 32 * 2**20


def pipelined(t, daemon, count):
    """Sends all of them while another thread reads; all are answered."""
    with daemon.client(timeout=120) as c:
        line = b'{"jsonrpc":"2.0","id":%d,"method":"system.version"}\n'
        sender = threading.Thread(target=lambda: [c.send(b"".join(line % n for n in range(at, min(at + 500, count))))
                                                  for at in range(0, count, 500)])
        sender.start()
        answered = sum('"result"' in (c.line() or b"").decode() for _ in range(count))
        sender.join()
    t.check(answered == count, "%d of %d were answered", answered, count)


def asked_behind(daemon, waiting):
    """A call behind so many that wait for a change: whether it was answered before that came."""
    with daemon.client(timeout=60) as c, daemon.client(timeout=60) as other:
        position = c.call("changes.list", limit=1000)["next"]
        for _ in range(waiting):
            c.start("changes.list", since=position, wait_s=30)
        last = c.start("system.ping")
        for _ in range(100):  # it has had its turn by then
            other.call("system.ping")
        other.call("company.upsert", company=company("A change"))
        return c.answer()["id"] == last


def in_flight(t, daemon):
    """How many are taken at once: one more waits until another is answered."""
    t.check(asked_behind(daemon, IN_FLIGHT - 1), "fewer than %d were under way at once", IN_FLIGHT)
    t.check(not asked_behind(daemon, IN_FLIGHT), "more than %d were under way at once", IN_FLIGHT)
    return IN_FLIGHT


def long_line(t, daemon, size, token):
    """Sends up to size bytes without an end; gives the seconds until the daemon had closed."""
    with daemon.tcp(token=token) as c:
        chunk, sent, began = b"x" * 65536, 0, time.monotonic()
        try:
            while sent < size:
                c.send(chunk)
                sent += len(chunk)
            line = c.line() or b""
            t.check(line == b"" or b"line_too_long" in line, "%s", line[:200])
            t.check(c.line() is None, "the connection goes on")
        except OSError:  # what nobody read any more became a reset
            pass
        return time.monotonic() - began


def refused(t, daemon, what, line, token):
    with daemon.tcp(token=token) as c:
        answer = c.raw(line)
        t.check(answer["error"]["code"] in (-32015, -32700), "%s: %s", what, str(answer)[:300])
        t.check(c.call("system.ping") == "pong", "%s: the connection goes on", what)


def run(t):
    daemon = t.daemon(t.cluster())
    pid, token = daemon.process.pid, daemon.token("viewer")
    before = Prober(daemon, "system.health").run(2)
    files_first, texts, worst, longest = files(pid), [], 0, 0
    steps = [("pipelined", lambda: pipelined(t, daemon, t.amount(100000, 5000)))]
    for who in (None, token):
        steps.append(("line", lambda who=who: long_line(t, daemon, t.amount(2**30, 2**26), who)))
    for what, line in (("depth 100,000", b"[" * 100000 + b"]" * 100000),
                       ("349,000 empty objects", b"[" + b"{}," * 348999 + b"{}]"),
                       ("batch of 100,000", b"[" + b"1," * 99999 + b"1]")):
        steps.append((what, lambda what=what, line=line: refused(t, daemon, what, line, token)))
    for what, step in steps:
        base = peak_now(pid)
        prober = Prober(daemon, "system.health")
        again = time.monotonic()
        while time.monotonic() < again + 0.5 or (not prober.enough() and time.monotonic() < again + 60):  # to see others
            longest = max(longest, step() or 0)
        texts.append(prober.finish())
        p99_holds(t, before, texts[-1], what)
        grown = peak(pid) - base
        worst = max(worst, grown)
        t.check(grown <= HEAP, "%s: the daemon grew by %.1f MiB", what, grown / 2**20)
    under_way = in_flight(t, daemon)
    wait_until(lambda: files(pid) <= files_first + 1, 30, "the descriptors are back")
    t.figure("%d under way at once; a line without end was cut after %.1f s; the daemon grew by %.1f MiB at most; others' p99 "
             "%.1f ms at most, before %.1f ms", under_way, longest, worst / 2**20,
             max(x["p99"] for x in texts), before["p99"])


def peak_now(pid):
    peak_reset(pid)
    return peak(pid)


if __name__ == "__main__":
    row(run)
