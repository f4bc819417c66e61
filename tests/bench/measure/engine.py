"""The index inside one process: latency, the memory's own speed, neighbours, churn, and its answers."""

import json
import subprocess

from bench import Failed, each_to_each, median, say, with_parent
from report import Row, micros, number


def latency_words(b):
    return ["--queries", 200, "--seconds", 3] if b.small else ["--queries", 4000, "--seconds", 10]


class Again:
    """The index in a process that waits, to be measured just before or after what it is held beside."""

    def __init__(self, b):
        words = [b.build("spean-bench-engine"), "--conninfo", b.conninfo] + latency_words(b) + ["again"]
        self.process = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=with_parent)
        while self.line()["part"] != "again":
            pass

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise Failed("the index could not be measured again")
        return json.loads(text)

    def query(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.line()["all"]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def run(b):
    say("the index inside one process")
    words = latency_words(b) + ["--rounds", b.runs, "--verify", 6 if b.small else 10]
    parts = {}
    wanted = ["copy", "query", "stream", "answers", "pairs"] + (["verify", "all", "churn"] if "engine" in b.asked else [])
    for line in b.lines("spean-bench-engine", "--conninfo", b.conninfo, *words, *wanted):
        parts.setdefault(line["part"], []).append(line)
    b.found["engine"] = parts
    latency(b, parts)
    if "engine" not in b.asked:
        return
    for v in parts["verify"]:
        if v["wrong"] > 0 or v["hits"] == 0:
            raise Failed("%d of %d answers are not the plain reference's" % (v["wrong"], v["queries"]))
    neighbours(b, parts)
    churn(b, parts["churn"][0])
    build = parts["build"][0]
    b.notes.append("**Index**: %s packed bytes in all, %.0f MiB resident in a process that holds nothing else, %s to fill"
                   " and build in one thread. %d answers were held beside the plain reference, id for id and point for"
                   " point in every factor, before and after a hundredth of the companies had changed."
                   % ("{:,}".format(build["packed_bytes"]), build["resident_mib"],
                      micros((build["put_ms"] + build["publish_ms"]) * 1e3), sum(v["queries"] for v in parts["verify"])))


def latency(b, parts):
    kernels = sorted({q["kernel"] for q in parts["query"]})
    main = "avx2" if "avx2" in kernels else kernels[0]
    for kernel in kernels:
        rounds = [q["all"] for q in parts["query"] if q["kernel"] == kernel]
        p50, mean, p99 = (median([r[k] for r in rounds]) for k in ("p50_us", "mean_us", "p99_us"))
        if kernel == main:
            b.found.update(p50=p50, mean=mean, p99=p99)
        streams = [s["us"] for s in parts["stream"]]
        stream = median(streams)
        wide = kernel == "avx512"
        size = "%.0f MB read once, %.1f GB/s" % (parts["stream"][0]["bytes"] / 1e6, parts["stream"][0]["gb_s"])
        reach = (1 / 80, 1 / 8) if wide else (1 / 40, 1 / 4) if kernel == main else (None, None)
        b.rows += [Row("match computed in the engine, %s, p50" % kernel, micros(p50), "%s (%s)" % (micros(stream), size),
                       each_to_each([r["p50_us"] for r in rounds], streams), at_most=reach[0]),
                   Row("the same, p99 (mean %s)" % micros(mean), micros(p99), micros(stream),
                       each_to_each([r["p99_us"] for r in rounds], streams), at_most=reach[1])]


def neighbours(b, parts):
    one, two = ([a for a in parts["all"] if a["threads"] == n] for n in (1, 2))
    half, ratio = median([a["single_us"] for a in two]) / 2, median([a["us_each"] * 2 / a["single_us"] for a in two])
    one, two = (median([a["us_each"] for a in of]) for of in (one, two))
    b.rows.append(Row("top 10 of all companies in the order of needs, 2 threads",
                      "%s each" % micros(two), "half the mean of single searches, %s" % micros(half), ratio, at_most=0.8))
    b.notes.append("**Top 10 of all**: %s a company in one thread, %s in two, from %s companies in slices spread evenly; all"
                   " would take %.0f s in two threads. %s times as fast as in one."
                   % (micros(one), micros(two), "{:,}".format(parts["all"][0]["companies"]), two * b.count / 1e6,
                      number(one / two)))


def churn(b, c):
    b.rows.append(Row("p50 in the engine while 1 %% of the companies change in %.0f s" % c["seconds"],
                      micros(c["during"]["p50_us"]), "fresh %s" % micros(c["fresh"]["p50_us"]),
                      c["during"]["p50_us"] / c["fresh"]["p50_us"], at_most=1.3))
    b.notes.append("**Churn**: %s companies got a wholly new profile while one thread searched and another changed and"
                   " published (%d times, %s each, p99 %s). p50 in the last quarter: %s."
                   % ("{:,}".format(c["changed"]), c["published"], micros(c["publish"]["p50_us"]),
                      micros(c["publish"]["p99_us"]), micros(c["last_quarter"]["p50_us"])))
