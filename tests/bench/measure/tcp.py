"""Answers over TCP: from the cache beside an echo of the same bytes, computed beside the engine, and two workers."""

import json
import socket
import statistics
import subprocess
import threading
import time

from bench import Daemon, Failed, Line, each_to_each, median, say, with_parent
from engine import Again
from report import Row, micros, rate

CACHED = 200    # companies that are asked for again and again


def requests(b, name, ids):
    path = b.path(name)
    with open(path, "w", encoding="utf-8") as f:
        for n, i in enumerate(ids):
            f.write(json.dumps({"jsonrpc": "2.0", "id": n, "method": "match.list", "params": {"id": i}},
                               separators=(",", ":")) + "\n")
    return path


def answers_agree(b, daemon):
    """What a client reads is what the engine computed, for the companies that it was asked about."""
    for answer in b.found["engine"]["answer"]:
        got = daemon.call("match.list", id=answer["company"])
        if [[m["company"]["id"], round(m["score"] * 100)] for m in got["matches"]] != answer["hits"]:
            raise Failed("the daemon and the engine do not agree about " + answer["company"])


class Echo:
    def __init__(self, b, answer):
        path = b.path("echo.answer")
        with open(path, "wb") as f:
            f.write(answer)
        self.process = subprocess.Popen([b.build("spean-echo"), "--port", "0", "--answer", path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True, preexec_fn=with_parent)
        self.address = "127.0.0.1:" + self.process.stdout.readline().split()[-1]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def cache(b):
    say("answers from the cache, beside an echo")
    ids = b.sample(CACHED, 11)
    asked = requests(b, "cached.requests", ids)
    with Daemon(b, "daemon.workers=1") as d:
        token = d.token()
        sizes = []
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(d.socket)
            line = Line(s)
            for i in ids:
                s.sendall(line.send("match.list", {"id": i}))
                sizes.append(line.read())
        # The echo sends as many bytes as an answer has on average.
        mean = round(statistics.mean(len(a) for a in sizes))
        echo = Echo(b, min(sizes, key=lambda a: abs(len(a) - mean))[:mean].ljust(mean) + b"\n")
        try:
            for title, depth, reach in (("16 connections", 1, 0.65), ("16 × 32 pipelined", 32, 0.4)):
                ours, theirs = [], []
                for _ in range(b.runs):
                    ours.append(b.load(d.address, asked, "--depth", depth, token=token))
                    theirs.append(b.load(echo.address, asked, "--depth", depth))
                if any(o["errors"] for o in ours):
                    raise Failed("answers from the cache were errors")
                if not all(0.95 < o["answer_bytes"] / (mean + 1) < 1.05 for o in ours):
                    raise Failed("the answers have %d bytes, those of the echo %d" % (ours[0]["answer_bytes"], mean + 1))
                x, y = [o["rate"] for o in ours], [o["rate"] for o in theirs]
                b.rows.append(Row("answers from the cache over TCP, %s, 1 worker" % title,
                                  "%s (p99 %s)" % (rate(median(x)), micros(median([o["p99_us"] for o in ours]))),
                                  "libevent echo of %d bytes, %s" % (mean + 1, rate(median(y))), each_to_each(x, y),
                                  at_least=reach))
        finally:
            echo.stop()


def in_turn(b, again, figure, ours):
    """What was measured of ours, and that figure of the engine, one after the other."""
    return [(ours(), again.query()[figure]) for _ in range(b.runs)]


def computed(b):
    say("computed answers over TCP")
    asked = requests(b, "computed.requests", b.sample(2000 if b.small else 200000, 12))
    with Daemon(b, "daemon.workers=1", "daemon.answers=0") as d, Again(b) as again:
        answers_agree(b, d)
        token = d.token()
        full = in_turn(b, again, "mean_us", lambda: b.load(d.address, asked, token=token))
        if any(f["errors"] for f, _ in full):
            raise Failed("computed answers were errors")
        x, limits = [f["rate"] for f, _ in full], [1e6 / mean for _, mean in full]
        b.rows.append(Row("computed answers over TCP, 16 connections, 1 worker", rate(median(x)),
                          "1 / mean in the engine, " + rate(median(limits)), each_to_each(x, limits), at_least=0.7))
        half = in_turn(b, again, "p99_us",
                       lambda: b.load(d.address, asked, "--depth", 64, "--rate", median(x) / 2, token=token))
        y, p99 = [h["p99_us"] for h, _ in half], [p for _, p in half]
        b.rows.append(Row("the same at half that load, p99", micros(median(y)), "p99 in the engine, " + micros(median(p99)),
                          each_to_each(y, p99), at_most=3))


def export(daemon, country, until, counts):
    """Reads pages of match.all until the time is over; the number of companies they told of."""
    line, cursor = daemon.connect(), None
    with line.socket:
        while time.monotonic() < until:
            page = line.call("match.all", country=country, **({"cursor": cursor} if cursor else {}))
            counts.append(len(page["companies"]))
            cursor = page["next"]
            if cursor is None:
                break


def all_of(daemon, seconds):
    """Companies a second, of two exports at a time."""
    counts, begun = [], time.monotonic()
    threads = [threading.Thread(target=export, args=(daemon, c, begun + seconds, counts)) for c in ("KH", "CA")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if not counts:
        raise Failed("match.all gave no page")
    return sum(counts) / (time.monotonic() - begun)


def workers(b):
    say("two workers")
    asked = requests(b, "computed.requests", b.sample(2000 if b.small else 200000, 13))
    rates, every = {}, {}
    for count in (1, 2):
        with Daemon(b, "daemon.workers=%d" % count, "daemon.answers=0") as d:
            token = d.token()
            got = [b.load(d.address, asked, token=token) for _ in range(b.runs)]
            if any(g["errors"] for g in got):
                raise Failed("answers were errors")
            rates[count] = median([g["rate"] for g in got])
            every[count] = median([all_of(d, 2 if b.small else 6) for _ in range(b.runs)])
    b.rows.append(Row("computed answers, 2 workers", rate(rates[2]), "1 worker, " + rate(rates[1]), rates[2] / rates[1],
                      at_least=1.7))
    b.rows.append(Row("match.all of both countries at once, companies, 2 workers", rate(every[2]), "1 worker, " + rate(every[1]),
                      every[2] / every[1]))
