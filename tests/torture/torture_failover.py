"""fail-over to a synchronous standby

Two PostgreSQL servers, the second a synchronous standby; two daemons whose connection string names both, with
target_session_attrs=read-write, under the load of eight writers. Again and again the primary is killed and the standby
promoted; the dead one is made a standby of the new primary. Nothing acknowledged is lost, writes are acknowledged again
within five seconds after the promotion, and at the end the index of each daemon equals the tables.
"""

import os
import shutil
import signal
import time

import truth
from load import Load, check_load
from spean_test import Cluster, wait_until
from torture import row
from torture_frozen import processes, signal_all

MINUTES = 30
AGAIN_WITHIN = 5.0


class Pair:
    """Two servers, of which one is the primary; to daemons and checkers it is one cluster."""

    def __init__(self):
        self.primary = Cluster(["max_wal_senders=5"])  # a sender that is killed is noticed at once
        self.standby = object.__new__(Cluster)
        self.standby.__dict__.update(self.primary.__dict__)
        self.standby.dir = self.primary.dir + "-b"
        self.standby.data = os.path.join(self.standby.dir, "data")
        self.standby.log = os.path.join(self.standby.dir, "log")
        self.standby.settings = [s.replace(self.primary.dir, self.standby.dir) for s in self.primary.settings]
        os.mkdir(self.standby.dir)
        if self.standby.user:
            os.chown(self.standby.dir, *self.standby.user)
        self.dirs = (self.primary.dir, self.standby.dir)
        self.attach()

    def attach(self):
        """Makes the standby anew from the primary, and waits until every commit waits for it."""
        shutil.rmtree(self.standby.data, ignore_errors=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):  # of the one that was killed
            try:
                os.unlink(os.path.join(self.standby.dir, name))
            except FileNotFoundError:
                pass
        self.standby._run(["pg_basebackup", "-h", self.primary.dir, "-U", "postgres", "-D", self.standby.data, "-R",
                           "-X", "stream", "-c", "fast", "--no-sync"])
        self.standby.start()
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'", "postgres")
        self.primary.sql("SELECT pg_reload_conf()", "postgres")
        wait_until(lambda: self.primary.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND "
                                            "sync_state = 'sync'", "postgres"), 30, "the standby is synchronous", every=0.05)

    def fail_over(self):
        """SIGKILL to all of the primary; the standby takes over, alone for now."""
        signal_all(processes(self.primary), signal.SIGKILL)
        self.standby._ctl(["promote", "-w"])
        self.primary, self.standby = self.standby, self.primary
        promoted = time.monotonic()
        # Nobody is there to wait for, until the next one is attached.
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = ''", "postgres")
        self.primary.sql("SELECT pg_reload_conf()", "postgres")
        return promoted

    def conninfo(self, database):
        return "host=%s,%s user=postgres dbname=%s target_session_attrs=read-write" % (*self.dirs, database)

    def sql(self, *args):
        return self.primary.sql(*args)

    def create_database(self):
        return self.primary.create_database()

    def stop(self):
        self.primary.stop()
        self.standby.stop()


def run(t):
    rounds = t.amount(20, 1)
    pair = t.cluster(kind=Pair)
    daemons = [t.daemon(pair)]
    daemons.append(t.daemon(pair, database=daemons[0].database))
    loads = [Load(t, d.client, 4, name="w%d-" % n) for n, d in enumerate(daemons)]
    slowest = 0.0
    for n in range(rounds):
        before = [load.count() for load in loads]
        wait_until(lambda: all(load.count() > b + 20 for load, b in zip(loads, before)), 60, "a load")
        time.sleep(t.rng.uniform(0, 0.3))
        promoted = pair.fail_over()
        before = [load.count() for load in loads]
        wait_until(lambda: all(load.count() > b for load, b in zip(loads, before)), 60, "writes go on", every=0.01)
        slowest = max(slowest, time.monotonic() - promoted)
        t.note("fail-over %d: writes again after %.2f s at most", n + 1, slowest)
        pair.attach()
    reasons = {r: sum(load.reasons().get(r, 0) for load in loads) for load in loads for r in load.reasons()}
    for load in loads[1:]:
        loads[0].writers += load.writers
    acknowledged, lost, double = check_load(t, loads[0], pair, daemons[0].database)
    for daemon in daemons:
        wait_until(daemon.ready, 20, "healthy")
        t.check("feed_history_lost" not in daemon.log_text(), "a daemon saw history that is lost")
    other = truth.reference(t, pair, daemons[0].database)
    wrong = truth.wrong_tables(pair, daemons[0].database)
    for daemon in daemons:
        # The number and the place in history of all, the answers of a share.
        wrong += truth.wrong_index(pair, daemons[0].database, daemon, other,
                                   lambda ident: t.rng.random() * acknowledged < t.amount(300, 20))
    t.check(not wrong, "%s", wrong[:5])
    t.check(slowest <= t.limit(AGAIN_WITHIN), "writes went on only after %.1f s", slowest)
    t.figure("%d lost, %d applied twice of %d acknowledged in %d fail-overs; writes again within %.2f s after the promotion; "
             "%d differences in the indexes of 2 daemons (%s)", lost, double, acknowledged, rounds, slowest, len(wrong),
             ", ".join("%s %d" % r for r in sorted(reasons.items(), key=str)))


if __name__ == "__main__":
    row(run)
