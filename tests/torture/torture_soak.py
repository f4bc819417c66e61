"""long run

Mixed load for an hour in the full form: writes, lists, searches, matches, the change feed, new connections all the time,
subscribers, refusals. After the first sixth, when caches and buffers are as large as they get, the memory and the
descriptors in use are noted, with the load at rest; at the end they must be what they were: memory within 2 % (and
what the companies written meanwhile take in the index), descriptors exactly.
"""

import os
import threading
import time

from spean_test import RpcError, company, wait_until
from torture import row

APART = "soak"
MINUTES = 90
COMPANIES = 400


class Mixer(threading.Thread):
    """Calls of every kind on connections that do not last."""

    def __init__(self, rng, daemon, n):
        threading.Thread.__init__(self, daemon=True)
        self.rng, self.target, self.n = rng, daemon, n
        self.halt, self.rest, self.resting = threading.Event(), threading.Event(), threading.Event()
        self.calls, self.refused, self.errors = 0, 0, []

    def profile(self):
        at = self.rng.randrange(COMPANIES)
        return company("Soak %d" % at, country="CA" if at % 2 else "KH", city="City %d" % self.rng.randrange(9),
                       external_ids=[{"system": "soak", "id": str(at)}], offers=[{"kind": "services", "sector": "ai"}],
                       seeks=[{"kind": "services", "sector": "ai"}], description={"eng": "word " * self.rng.randrange(50)})

    def call(self, client):
        kind = self.rng.randrange(10)
        if kind < 3:
            client.call("company.upsert", company=self.profile())
        elif kind == 3:
            client.call("company.upsert", company=self.profile(), idempotency_key="%d-%d" % (self.n, self.calls))
        elif kind == 4:
            client.call("company.list", limit=self.rng.randrange(1, 50))
        elif kind == 5:
            client.call("company.search", text="Soak %d" % self.rng.randrange(COMPANIES))
        elif kind == 6:
            client.call("match.list", external_id={"system": "soak", "id": str(self.rng.randrange(COMPANIES))})
        elif kind == 7:
            client.call("changes.list", limit=self.rng.randrange(1, 200))
        elif kind == 8:
            client.raw("{" * self.rng.randrange(1, 100))
        else:
            client.call("changes.subscribe")

    def run(self):
        while not self.halt.is_set():
            if self.rest.is_set():
                self.resting.set()
                self.halt.wait(0.05)
                continue
            self.resting.clear()
            try:
                with self.target.client() as c:
                    for _ in range(self.rng.randrange(1, 200)):
                        self.one(c)
                        if self.halt.is_set() or self.rest.is_set():
                            break
            except (OSError, EOFError) as e:
                self.errors.append(repr(e))

    def one(self, client):
        self.calls += 1
        try:
            self.call(client)
        except RpcError as e:
            self.refused += 1
            # Not written yet, or four subscriptions already: as it should be.
            if e.code not in (1001, 1002, -32012) and not e.data.get("retryable"):
                self.errors.append(str(e))


def used(daemon):
    """Resident memory in KiB and open descriptors."""
    with open("/proc/%d/status" % daemon.process.pid) as f:
        memory = int(next(line for line in f if line.startswith("VmRSS")).split()[1])
    return memory, len(os.listdir("/proc/%d/fd" % daemon.process.pid))


def at_rest(daemon, mixers, files=None):
    """What is used when nobody calls. files: as many descriptors are waited for."""
    for m in mixers:
        m.rest.set()
    wait_until(lambda: all(m.resting.is_set() for m in mixers), 60, "the load is at rest")
    low = [used(daemon)]

    def still():
        low.append(used(daemon))
        return low[-1][1] == min(n for _, n in low) and len(low) > 80 and (files is None or low[-1][1] <= files)
    try:
        wait_until(still, 30, "descriptors come to rest", every=0.05)
    except AssertionError:
        if files is None:
            raise  # else it is told below
    found = used(daemon)
    for m in mixers:
        m.rest.clear()
    return found


def run(t):
    seconds = t.amount(3600, 12)
    cluster = t.cluster()
    daemon = t.daemon(cluster, config={"daemon": {"workers": "2"}})
    mixers = [Mixer(type(t.rng)("%s-%d" % (t.seed, n)), daemon, n) for n in range(6)]
    t.on_exit(lambda: [m.halt.set() for m in mixers])
    for m in mixers:
        m.start()
    time.sleep(seconds / 6)
    before = at_rest(daemon, mixers)
    end = time.monotonic() + seconds * 5 / 6
    while time.monotonic() < end:
        time.sleep(min(60, max(0.0, end - time.monotonic())))
        t.note("%d calls, %d KiB, %d descriptors", sum(m.calls for m in mixers), *used(daemon))
    after = at_rest(daemon, mixers, before[1])
    for m in mixers:
        m.halt.set()
        m.join(30)
    errors = [e for m in mixers for e in m.errors]
    drift = 100.0 * (after[0] - before[0]) / before[0]
    t.check(not errors, "answers that should not have come: %s", errors[:5])
    # A few seconds are no long run: the heap has not settled.
    t.check(drift <= t.amount(2, 50), "memory has grown by %.1f %%", drift)
    t.check(after[1] == before[1], "%d descriptors instead of %d", after[1], before[1])
    t.figure("memory %+.1f %% (%d to %d KiB), descriptors %+d after %d calls, %d of them refused as they should, in %d s", drift,
             before[0], after[0], after[1] - before[1], sum(m.calls for m in mixers), sum(m.refused for m in mixers), seconds)


if __name__ == "__main__":
    row(run)
