"""acknowledged writes survive the daemon's death

SIGKILL at random moments under the load of eight writers, each of which repeats a write with its key until
it is acknowledged. At the end every acknowledged write is in the tables, once, with the id, version and
number that the answer named.
"""

import time

from load import Load, check_load
from torture import row
from spean_test import wait_until

MINUTES = 40


def run(t):
    kills = t.amount(500, 6)
    least = t.amount(20000, 100)
    cluster = t.cluster()
    daemon = t.daemon(cluster)
    load = Load(t, daemon.client, 8)
    for n in range(kills):
        share = least * (n + 1) // kills
        wait_until(lambda: load.count() >= share, 60, "%d acknowledgements" % share, every=0.005)
        time.sleep(t.rng.uniform(0, 0.05))  # the moment of the kill
        daemon.kill()
        daemon.start()
        if (n + 1) % 50 == 0:
            t.note("%d kills, %d acknowledgements", n + 1, load.count())
    acknowledged, lost, double = check_load(t, load, cluster, daemon.database)
    t.figure("%d lost, %d applied twice in %d kills and %d acknowledgements (%d of them after a repeat)",
             lost, double, kills, acknowledged, load.total("replays"))
    t.check(acknowledged >= least, "too few acknowledgements")


if __name__ == "__main__":
    row(run)
