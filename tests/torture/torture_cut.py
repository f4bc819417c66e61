"""cut off from PostgreSQL

In a network of the row's own: nft drops every packet to and from the server, without a word; and then the link
goes down. Under writes, lists and searches every call is answered by its deadline, matches are answered all the time
from memory, nothing acknowledged is lost, and the daemon is whole within ten seconds after the network is back.
"""

import time

import own
from flood import Askers
from load import Load, check_load
from pinger import Pinger
from spean_test import Cluster, company, free_port, wait_until
from torture import row

MINUTES = 15
DEADLINE, GRACE, HEALED_WITHIN = 5.0, 0.5, 10.0
SERVER = "127.0.0.2"


class NetworkCluster(Cluster):
    """Answers at an address of the network, too."""

    def __init__(self):
        self.port = free_port()
        Cluster.__init__(self, ["listen_addresses=" + SERVER, "port=%d" % self.port])
        self.local = self.dir

    def conninfo(self, database):
        return "host=%s port=%d user=postgres dbname=%s" % (SERVER, self.port, database)

    def _run(self, command, check=True):
        if command[0] == "psql":
            command = command[:1] + ["-p", str(self.port)] + command[1:]
        return Cluster._run(self, command, check)


def one(t, daemon, load, askers, partner, what, cut, join, seconds):
    """One cut. (slowest call, slowest match in ms, healed after), in seconds but the matches."""
    before = load.count()
    wait_until(lambda: load.count() > before + 20, 60, "a load")
    pinger = Pinger(daemon, "match.list", pause=0.01, id=partner)
    cut()
    acknowledged = load.settled()
    time.sleep(seconds)
    t.check(load.count() == acknowledged, "%s: %d writes acknowledged while cut off", what, load.count() - acknowledged)
    try:
        wait_until(lambda: daemon.health()["status"] == "degraded", t.amount(0, 20), "degraded")
    except AssertionError:
        t.check(False, "%s: the daemon does not know of it", what)
    found = pinger.finish()
    join()
    joined = time.monotonic()
    wait_until(lambda: load.count() > acknowledged + 4 and daemon.health()["status"] == "ok", 60, "healed", every=0.01)
    healed = time.monotonic() - joined
    slowest = max(askers.slowest(), load.slowest())
    t.check(found["calls"] > seconds and not found["errors"], "%s: matches: %s", what, found)
    t.check(slowest <= t.limit(DEADLINE + GRACE), "%s: a call took %.2f s", what, slowest)
    t.check(healed <= t.limit(HEALED_WITHIN), "%s: healed only after %.1f s", what, healed)
    t.note("%s: slowest call %.2f s, slowest of %d matches %.0f ms, healed after %.1f s", what, slowest,
           found["calls"], found["slowest_ms"], healed)
    return slowest, found["slowest_ms"], healed


def run(t):
    seconds = t.amount(60, 8)
    own.network(t)
    cluster = t.cluster(kind=NetworkCluster)
    daemon = t.daemon(cluster, config={"limits": {"request_timeout": "%ds" % DEADLINE}})
    with daemon.client() as c:
        kh = c.call("company.upsert", company=company("Seller", offers=[{"kind": "goods", "sector": "agro-industry.rice"}]))
        ca = c.call("company.upsert", company=company(
            "Buyer", country="CA", seeks=[{"kind": "goods", "sector": "agro-industry.rice"}]))
        c.call("match.list", id=kh["id"], min_seq=ca["seq"])
    load = Load(t, daemon.client, 4)
    askers = Askers(t, daemon.client, 20)
    figures = [one(t, daemon, load, askers, kh["id"], "packets dropped", lambda: own.cut(SERVER), own.join, seconds),
               one(t, daemon, load, askers, kh["id"], "link down",
                   lambda: own.command("ip", "link", "set", "lo", "down"),
                   lambda: own.command("ip", "link", "set", "lo", "up"), seconds)]
    askers.finish()
    acknowledged, lost, double = check_load(t, load, cluster, daemon.database)
    t.check(not askers.errors(), "answers that should not have come: %s", askers.errors()[:5])
    t.figure("cut off twice for %d s: slowest call %.2f s, slowest match %.0f ms, healed after %.1f s; %d of %d "
             "acknowledged lost, %d twice", seconds, *[max(f[n] for f in figures) for n in range(3)], lost,
             acknowledged, double)


if __name__ == "__main__":
    row(run)
