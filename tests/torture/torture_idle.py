"""10,000 idle connections cost 4 KiB each, and others do not notice

They log in and say nothing more. The daemon's own memory is looked at before and while they are there, and so
is how long others wait. After they have gone, all descriptors are back.
"""

import time

from crowd import Crowd
from process import files, memory, raise_files
from prober import Prober, p99_holds
from spean_test import wait_until
from torture import row

LIMIT = 4096


def run(t):
    count, hold = t.amount(10000, 2000), t.amount(120, 2)
    raise_files(t, count + 200)
    daemon = t.daemon(t.cluster(), config={"limits": {"idle": "1h", "anonymous": "10min", "connections": "10100"}})
    token, pid = daemon.token("viewer"), daemon.process.pid
    before = Prober(daemon, "system.health").run(t.amount(10, 2))
    crowd = Crowd(t, daemon.port)
    at_first, files_first = memory(pid), files(pid)
    for n in range(count):
        crowd.connect(n, "127.0.0.%d" % (1 + n % 8))
        if n % 100 == 0:
            crowd.poll(0)
    t.check(crowd.until(lambda: len(crowd.connected) == count, 60 * t.patience), "%d connected", len(crowd.connected))
    for n in range(count):
        crowd.call(n, "auth.login", token=token)
    t.check(crowd.until(lambda: all(crowd.read[n].endswith(b"\n") for n in range(count)), 60 * t.patience),
            "not all were answered")
    wrong = sum("result" not in (crowd.answer(n) or {}) for n in range(count))
    t.check(wrong == 0, "%d were not let in", wrong)
    prober = Prober(daemon, "system.health")
    until = time.monotonic() + hold
    crowd.until(lambda: time.monotonic() > until or crowd.closed, hold + 5)
    each = (memory(pid) - at_first) / count
    others = p99_holds(t, before, prober.finish(), "idle connections")
    t.check(not crowd.closed, "%d were dropped", len(crowd.closed))
    t.check(files(pid) >= files_first + count - 4, "the daemon does not hold them")
    t.check(each <= LIMIT, "%d bytes each", each)
    crowd.end()
    wait_until(lambda: files(pid) <= files_first + 1, 30, "the descriptors are back")
    t.figure("%d bytes each of %d idle connections for %d s; %s", each, count, hold, others)


if __name__ == "__main__":
    row(run)
