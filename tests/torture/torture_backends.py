"""PostgreSQL's backends die and the server restarts

SIGKILL to a backend of the daemon, under the load of eight writers and readers: PostgreSQL then throws all
sessions out and recovers. Then immediate restarts of the whole server. Nothing acknowledged is lost, what
fails is told by a typed error within a second, writes go on within two seconds of the server's being ready,
and the daemon stays the same process. SIGKILL to a backend is what the kernel does when memory runs out.
"""

import os
import signal
import time

from load import Load, check_load
from spean_test import wait_until
from torture import row

MINUTES = 30
ERROR_WITHIN, HEALED_WITHIN = 1.0, 2.0


def backends(cluster, daemon):
    try:
        return [int(r[0]) for r in cluster.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'speand'",
                                               daemon.database)]
    except RuntimeError:
        return []


def accepts(cluster):
    try:
        return cluster.sql("SELECT 1", "postgres") == [["1"]]
    except RuntimeError:
        return False


def healed(t, cluster, load, what):
    """How long after the server was ready a write was acknowledged again, in seconds."""
    wait_until(lambda: accepts(cluster), 60, "PostgreSQL is back after " + what, every=0.01)
    ready, before = time.monotonic(), load.count()
    wait_until(lambda: load.count() > before, 60, "writes go on after " + what, every=0.005)
    return time.monotonic() - ready


def run(t):
    kills, restarts = t.amount(200, 4), t.amount(30, 2)
    cluster = t.cluster()
    # A request that runs into its deadline is told from one that is told in time, on any machine.
    daemon = t.daemon(cluster, config={"limits": {"request_timeout": t.amount("5s", "60s")}})
    pid = daemon.process.pid
    load = Load(t, daemon.client, 8)
    slowest_heal = 0.0
    for n in range(kills + restarts):
        time.sleep(t.rng.uniform(0, 0.1))
        if n < kills:
            victims = wait_until(lambda: backends(cluster, daemon), 60, "the daemon is connected", every=0.01)
            os.kill(t.rng.choice(victims), signal.SIGKILL)
            what = "kill %d of a backend" % n
        else:
            cluster.halt("immediate")
            cluster.start()
            what = "restart %d" % (n - kills)
        slowest_heal = max(slowest_heal, healed(t, cluster, load, what))
        if (n + 1) % 20 == 0:
            t.note("%d faults, %d acknowledgements, slowest error %.2f s, slowest to heal %.2f s",
                   n + 1, load.count(), load.slowest(), slowest_heal)
    wait_until(lambda: daemon.health()["status"] == "ok", 20, "healthy")
    acknowledged, lost, double = check_load(t, load, cluster, daemon.database)
    t.check(daemon.process.poll() is None and daemon.process.pid == pid, "the daemon has ended")
    t.check(load.slowest() <= t.limit(ERROR_WITHIN), "an error took %.2f s", load.slowest())
    t.check(slowest_heal <= t.limit(HEALED_WITHIN), "writes went on only after %.2f s", slowest_heal)
    t.figure("%d lost, %d applied twice of %d acknowledged in %d backends killed and %d restarts; errors within "
             "%.2f s, writes again within %.2f s (%s)", lost, double, acknowledged, kills, restarts, load.slowest(),
             slowest_heal, ", ".join("%s %d" % r for r in sorted(load.reasons().items(), key=str)))


if __name__ == "__main__":
    row(run)
