"""PostgreSQL is frozen

SIGSTOP to every process of the server, under writes, lists, searches and matches of thirty connections: sockets
stay open and nothing answers. The daemon's loop goes on (pings are answered at once), every call is answered by its
deadline, what waits is bounded, and after SIGCONT the daemon is whole within ten seconds.
"""

import os
import signal
import time

from flood import Askers
from load import Load, check_load
from pinger import Pinger
from spean_test import company, wait_until
from torture import row

MINUTES = 10
DEADLINE, GRACE, LAG_MS, HEALED_WITHIN = 5.0, 0.5, 50, 10.0


def processes(cluster):
    """The postmaster and all it has started."""
    parent = cluster.pid()
    with open("/proc/%d/task/%d/children" % (parent, parent)) as f:
        return [parent] + [int(pid) for pid in f.read().split()]


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def memory_kib(daemon):
    with open("/proc/%d/status" % daemon.process.pid) as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def run(t):
    seconds = t.amount(30, 8)
    cluster = t.cluster()
    daemon = t.daemon(cluster, config={"limits": {"request_timeout": "%ds" % DEADLINE}})
    with daemon.client() as c:
        kh = c.call("company.upsert", company=company("Seller", offers=[{"kind": "goods", "sector": "agro-industry.rice"}]))
        ca = c.call("company.upsert", company=company(
            "Buyer", country="CA", seeks=[{"kind": "goods", "sector": "agro-industry.rice"}]))
        c.call("match.list", id=kh["id"], min_seq=ca["seq"])
    load = Load(t, daemon.client, 4)
    askers = Askers(t, daemon.client, 30)
    wait_until(lambda: load.count() > 20, 60, "a load")
    before = memory_kib(daemon)
    pings = Pinger(daemon, "system.ping")
    matches = Pinger(daemon, "match.list", pause=0.02, id=kh["id"])
    frozen = processes(cluster)
    t.on_exit(signal_all, frozen, signal.SIGCONT)
    signal_all(frozen, signal.SIGSTOP)
    began = time.monotonic()
    # A write that an answer comes to now was not committed by PostgreSQL: it is frozen.
    acknowledged = load.settled()
    time.sleep(seconds)
    t.check(load.count() == acknowledged, "%d writes were acknowledged by a frozen database", load.count() - acknowledged)
    grown = memory_kib(daemon) - before
    ping, match = pings.finish(), matches.finish()
    signal_all(frozen, signal.SIGCONT)
    frozen_s, thawed = time.monotonic() - began, time.monotonic()
    wait_until(lambda: load.count() > acknowledged + 8 and daemon.health()["status"] == "ok", 60, "healed", every=0.005)
    healed = time.monotonic() - thawed
    askers.finish()
    acknowledged, lost, double = check_load(t, load, cluster, daemon.database)
    t.check(ping["calls"] > seconds * 2 and not ping["errors"], "pings: %s", ping)
    t.check(match["calls"] > seconds and not match["errors"], "matches: %s", match)
    t.check(ping["slowest_ms"] <= LAG_MS + t.amount(0, 2500), "the loop lagged by %.0f ms", ping["slowest_ms"])
    t.check(not askers.errors(), "answers that should not have come: %s", askers.errors()[:5])
    t.check(max(askers.slowest(), load.slowest()) <= t.limit(DEADLINE + GRACE),
            "a call took %.2f s", max(askers.slowest(), load.slowest()))
    t.check(healed <= t.limit(HEALED_WITHIN), "healed only after %.1f s", healed)
    t.check(grown < 65536, "the daemon grew by %d KiB", grown)
    t.figure("frozen %.0f s: slowest of %d pings %.0f ms, of %d matches %.0f ms, of %d calls refused %.2f s; grown by %d KiB; "
             "healed after %.1f s; %d of %d acknowledged lost, %d twice", frozen_s, ping["calls"], ping["slowest_ms"],
             match["calls"], match["slowest_ms"], sum(askers.refused().values()),
             max(askers.slowest(), load.slowest()), grown, healed, lost, acknowledged, double)


if __name__ == "__main__":
    row(run)
