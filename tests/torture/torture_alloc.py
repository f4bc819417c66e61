"""each allocation fails in turn

Twenty scripts of requests that call every method. Each is run to count its allocations (the daemon's and those of
its libraries, in all threads), and then again for each of them, with that one failing, or it and the nine after it. Every
answer must be right, or an error that says so, or the end of the connection; the same script right after must be
answered as ever; nothing may be written in part, the daemon must go on, and in the end the number of blocks in use must be
what it was. Then the daemon is started again and again with one failing allocation on its way up: it comes up whole, or
says why and ends with 1.
"""

import re

from scripts import SCRIPTS, Bench
from shim import Shim
from spean_test import RpcError, wait_until
from torture import row

MINUTES = 60
PASSING = {-32013, -32014, -32015}
SLACK = 150  # blocks, after thousands of faults: layers of the index, buffers of connections and answers that are kept


def passing(error):
    return error["code"] in PASSING


class Blocks:
    """What a daemon holds when it rests: all of its connections to PostgreSQL are up, and its companies have just been
    loaded anew, which puts them all into a few blocks, however many there are."""

    def __init__(self, t, shim, cluster, daemon):
        self.shim, self.cluster, self.daemon = shim, cluster, daemon
        self.backends = self.up()
        self.first = self.held(None)

    def up(self):
        return int(self.cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND query ~* 'spean|LISTEN' "
                                    "AND pid <> pg_backend_pid()" % self.daemon.database)[0][0])

    def held(self, enough):
        """The least of several looks: what is under way and what the workers have not let go of yet counts, too."""
        built = self.daemon.log_text().count("index_building")
        self.cluster.sql("UPDATE spean.feed SET epoch = gen_random_uuid()", self.daemon.database)
        wait_until(lambda: self.daemon.log_text().count("index_building") > built, 20, "the companies are loaded anew")
        least = [self.shim.c.live]

        def few():
            least.append(min(least[-1], self.shim.c.live))
            return enough is not None and least[-1] <= enough
        try:
            wait_until(few, 3 if enough is None else 20, "few blocks", every=0.01)
        except AssertionError:
            pass
        return least[-1]

    def grown(self):
        """How many more than at first there are."""
        wait_until(lambda: self.up() >= self.backends, 20, "the connections to PostgreSQL")
        return self.held(self.first + SLACK) - self.first


def ready(t, daemon, fault):
    try:
        wait_until(daemon.ready, 20, "healthy", every=0.01)
    except AssertionError as e:
        return t.check(False, "after %s: %s; its log ends with %s", fault, e, daemon.log_text()[-600:])
    return True


def count(shim, bench, name):
    """How many allocations a script makes, at most of three runs."""
    most = 0
    for _ in range(3):
        shim.count()
        bench.run(name)
        most = max(most, shim.c.allocs)
    return most


def serving(t, shim, cluster):
    """The faults while requests are served. (wrong answers, failures made, more blocks in use, half-writes)."""
    daemon = t.daemon(cluster, env=shim.env, config={"database": {"retry": "20ms"}, "limits": {"guesses": "0"}})
    bench = Bench(t, daemon)
    every = []
    for name in SCRIPTS:
        most = count(shim, bench, name)
        every += [(name, at, more) for at in range(1, most + 1) for more in (1, 10)]
        t.note("%s: %d allocations", name, most)
    chosen = every if not t.short else t.rng.sample(every, 80)
    t.rng.shuffle(chosen)
    blocks = Blocks(t, shim, cluster, daemon)
    wrong = failures = 0
    for n, (name, at, more) in enumerate(chosen):
        fault = "allocation %d (%d) of %s" % (at, more, name)
        shim.alloc_fail(at, more)
        answers = bench.run(name)
        shim.rest()
        failures += bool(shim.c.alloc_failed)
        said = bench.compare(name, answers, passing)
        wrong += not t.check(not said, "%s: %s", fault, said)
        if not ready(t, daemon, fault):
            break
        said = bench.compare(name, bench.run(name), lambda error: False)
        wrong += not t.check(not said, "after %s: %s", fault, said)
        if (n + 1) % 500 == 0:
            t.note("%d of %d faults, %d more blocks in use", n + 1, len(chosen), blocks.grown())
    grown = blocks.grown()
    t.check(grown <= SLACK, "%d more blocks are in use after all", grown)
    return wrong, failures, grown, bench.halves(cluster)


def start_once(t, shim, daemon, at):
    """One start with the at-th allocation failing. "up", "ended", or "library": ended by one."""
    shim.alloc_fail(at)
    daemon.start(wait=False)

    def over():
        if daemon.process.poll() is not None:
            return "ended"
        try:
            with daemon.client(timeout=5) as c:
                return "up" if c.call("system.health")["status"] == "ok" else None
        except (OSError, EOFError, RpcError, AssertionError):  # the failure may have hit this very call, and its id
            return None
    try:
        found = wait_until(over, 20, "up or ended", every=0.005)
    except AssertionError:
        found = "hangs"
    shim.rest()
    if found == "up":
        code = daemon.terminate()
        t.check(code == 0, "start with allocation %d failing: ended with %s", at, code)
    elif found == "ended":
        code = daemon.process.returncode
        said = open(daemon.log, errors="replace").read().strip()
        if code in (-6, -11) and re.search(r"\b__nss_|\bEVP_Digest\b", said):
            found, code = "library", 1  # its first use: a child has tried it before (main.c), and this is the moment after
        t.check(code == 1 and said, "start with allocation %d failing: ended with %s, saying %s", at, code, said[-3000:])
    else:
        t.check(False, "start with allocation %d failing: neither up nor ended; %s", at, daemon.log_text()[-600:])
        daemon.kill()
    open(daemon.log, "w").close()
    return found


def starting(t, shim, cluster):
    """The faults on the way up, one of each place in the program that allocates and then some: how many
    starts, how many of them came up, and how many a library ended."""
    daemon = t.daemon(cluster, env=shim.env, start=False)
    shim.count()
    shim.c.trace = 1
    daemon.start()
    most = shim.c.allocs
    shim.c.trace = 0
    daemon.terminate()
    seen, places, others = set(), [], []
    for at in range(1, most + 1):
        here = shim.c.sites[at - 1]
        (others if here in seen else places).append(at)
        seen.add(here)
    t.note("a start makes %d allocations from %d places", most, len(places))
    chosen = places + t.rng.sample(others, min(len(others), t.amount(500, 0)))
    if t.short:
        chosen = t.rng.sample(chosen, 25)
    up = library = 0
    for n, at in enumerate(chosen):
        found = start_once(t, shim, daemon, at)
        up += found == "up"
        library += found == "library"
        if (n + 1) % 200 == 0:
            t.note("%d of %d starts", n + 1, len(chosen))
    return len(chosen), up, library


def run(t):
    cluster = t.cluster()
    shim = Shim(t)
    starts, up, library = starting(t, shim, cluster)
    wrong, failures, grown, halves = serving(t, shim, cluster)
    t.check(not halves, "half written: %s", halves[:5])
    t.check(failures > 10, "only %d failures were made", failures)
    t.figure("%d wrong answers, %d half-writes, 0 ends and %d more blocks in use after %d failures in %d scripts; %d starts, of which %d "
             "came up, %d were ended by a library's first use, and the others said why not", wrong, len(halves), grown, failures,
             len(SCRIPTS), starts, up, library)


if __name__ == "__main__":
    row(run)
