"""slow readers and slow writers cost little and are cut

1. Clients that ask and never read: what waits for each is capped, then it is dropped; memory comes back.
2. Clients that send a byte a second before they have said who they are: cut within ten seconds.
3. After that no descriptor is missing, and others' calls took no longer.
"""

import time

from crowd import Crowd
from process import files, memory, peak, peak_reset, raise_files
from prober import Prober, p99_holds
from spean_test import wait_until
from torture import row

EACH = 3 * 1024 * 1024  # the output limit, one answer above it, and the input


def never_read(t, daemon, count, token):
    """Asks for far more than the output limit, and reads nothing; gives (bytes at most, seconds until dropped)."""
    pid, crowd = daemon.process.pid, Crowd(t, daemon.port)
    first, began = memory(pid), time.monotonic()
    peak_reset(pid)
    for n in range(count):
        crowd.connect(n)
    crowd.until(lambda: len(crowd.connected) == count, 20 * t.patience)
    for n in range(count):
        crowd.call(n, "auth.login", token=token)
    crowd.until(lambda: all(crowd.read[n] for n in range(count)), 20 * t.patience)
    files_first = files(pid)
    line = b'{"jsonrpc":"2.0","id":1,"method":"taxonomy.get"}\n' * 200
    for n in range(count):
        try:
            crowd.send(n, line)
        except OSError:  # the socket is full: as good
            pass
    wait_until(lambda: files(pid) <= files_first - count, 75, "those who do not read are dropped")
    took, most = time.monotonic() - began, peak(pid) - first
    crowd.end()
    t.check(most <= count * EACH, "%d bytes for each of those who do not read", most // count)
    return most, took


def a_byte_a_second(t, daemon, count):
    """Seconds until the last of them was cut."""
    crowd, text, last = Crowd(t, daemon.port), b'{"jsonrpc":"2.0","id":1,"method":"system.ping"}\n', 0.0
    began = {}
    for n in range(count):
        crowd.connect(n, "127.0.0.%d" % (2 + n % 4))
    crowd.until(lambda: len(crowd.connected) == count, 30 * t.patience)
    began.update(crowd.connected)
    at = 0
    while crowd.sockets and at < 30 * t.patience:
        for n in list(crowd.sockets):
            try:
                crowd.send(n, text[at % 40:at % 40 + 1])
            except OSError:
                pass
        until = time.monotonic() + 1
        crowd.until(lambda: time.monotonic() > until, 2)
        at += 1
    t.check(len(crowd.closed) == count, "%d of %d were not cut", count - len(crowd.closed), count)
    for n, (when, _) in crowd.closed.items():
        last = max(last, when - began[n])
        t.check(not crowd.read[n], "%s", bytes(crowd.read[n][:200]))
    crowd.end()
    return last


def run(t):
    readers, writers = t.amount(100, 30), t.amount(1000, 200)
    raise_files(t, writers + 200)
    daemon = t.daemon(t.cluster(), config={"limits": {"stall": "%ds" % t.amount(60, 3), "anonymous": "8s"}})
    pid, token = daemon.process.pid, daemon.token("viewer")
    before = Prober(daemon, "system.health").run(2)
    files_first = files(pid)
    prober = Prober(daemon, "system.health")
    most, dropped = never_read(t, daemon, readers, token)
    cut = a_byte_a_second(t, daemon, writers)
    others = p99_holds(t, before, prober.finish(), "slow clients")
    t.check(cut <= t.limit(10), "the last was cut after %.1f s", cut)
    wait_until(lambda: files(pid) <= files_first + 1, 30, "the descriptors are back")
    t.figure("%d never read: %.1f MiB in all, dropped after %.0f s; %d at a byte a second: cut within %.1f s; "
             "0 descriptors leaked; %s", readers, most / 2**20, dropped, writers, cut, others)


if __name__ == "__main__":
    row(run)
