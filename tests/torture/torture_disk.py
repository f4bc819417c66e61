"""the disk is full

PostgreSQL's data lie on a small file system of the row's own, which is filled to the last byte under the load of four
writers. Then PostgreSQL refuses what needs room, or throws all sessions out, or ends; the row starts it again, as a service
manager would. What was acknowledged, also near the last byte, is in the tables; matches are answered all the
time; and writes are acknowledged again within ten seconds after there is room.
"""

import errno
import os
import time

import own
from load import Load, check_load
from pinger import Pinger
from spean_test import company, wait_until
from torture import row

MINUTES = 15
MEGABYTES = 160
HEALED_WITHIN = 10.0
SETTINGS = ["min_wal_size=2MB", "max_wal_size=8MB", "shared_buffers=16MB", "autovacuum=off"]


def fill(path):
    """Takes all the room there is."""
    with open(path, "ab", buffering=0) as f:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    f.write(b"\0" * size)
            except OSError as e:
                if e.errno != errno.ENOSPC:
                    raise


def running(cluster):
    try:
        with open("/proc/%d/stat" % cluster.pid()) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, ValueError):
        return False


def one(t, cluster, daemon, load, ballast, seconds):
    """The disk full for so long. (How writes failed, how long until they went on, whether PostgreSQL ended.)"""
    before = load.count()
    wait_until(lambda: load.count() > before + 20, 60, "a load")
    failures = load.total("failures")
    fill(ballast)
    wait_until(lambda: load.total("failures") > failures + 10 or fill(ballast), 60, "writes fail", every=0.1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fill(ballast)  # what PostgreSQL gave back
        time.sleep(0.1)
    stuck = load.count()
    os.unlink(ballast)
    freed = time.monotonic()
    ended = False
    while not running(cluster):
        ended = True
        try:
            cluster.start()
        except RuntimeError:  # it was about to end
            time.sleep(0.1)
    wait_until(lambda: load.count() > stuck + 4 or not running(cluster), 60, "writes go on", every=0.01)
    if not running(cluster):
        ended = True
        cluster.start()
        wait_until(lambda: load.count() > stuck + 4, 60, "writes go on", every=0.01)
    return time.monotonic() - freed, ended


def run(t):
    rounds, seconds = t.amount(10, 2), t.amount(5, 1)
    disk = own.small_disk(t, MEGABYTES)
    cluster = t.cluster(SETTINGS, parent=disk, initdb=["--wal-segsize=1"])
    daemon = t.daemon(cluster)
    with daemon.client() as c:
        kh = c.call("company.upsert", company=company("Seller", offers=[{"kind": "goods", "sector": "agro-industry.rice"}]))
        ca = c.call("company.upsert", company=company(
            "Buyer", country="CA", seeks=[{"kind": "goods", "sector": "agro-industry.rice"}]))
        c.call("match.list", id=kh["id"], min_seq=ca["seq"])
    load = Load(t, daemon.client, 4, fields={"description": {"eng": "word " * 700}})
    pinger = Pinger(daemon, "match.list", pause=0.01, id=kh["id"])
    slowest, ends = 0.0, 0
    for n in range(rounds):
        healed, ended = one(t, cluster, daemon, load, os.path.join(disk, "ballast"), seconds * t.rng.uniform(0.5, 1.5))
        slowest, ends = max(slowest, healed), ends + ended
        t.note("full %d: healed after %.2f s%s", n + 1, healed, ", PostgreSQL had ended" if ended else "")
    found = pinger.finish()
    reasons = load.reasons()
    wait_until(lambda: daemon.health()["status"] == "ok", 20, "healthy")
    acknowledged, lost, double = check_load(t, load, cluster, daemon.database)
    t.check(found["calls"] > 10 and not found["errors"], "matches: %s", found)
    t.check(slowest <= t.limit(HEALED_WITHIN), "writes went on only after %.1f s", slowest)
    t.figure("%d lost, %d applied twice of %d acknowledged; disk full %d times, PostgreSQL ended %d times; writes again within "
             "%.1f s after there was room; %d matches meanwhile (%s)", lost, double, acknowledged, rounds, ends, slowest,
             found["calls"], ", ".join("%s %d" % r for r in sorted(reasons.items(), key=str)))


if __name__ == "__main__":
    row(run)
