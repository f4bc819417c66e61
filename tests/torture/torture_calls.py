"""each system call fails in turn

Twenty scripts of requests that call every method. First each is run to count its system calls by kind; then again for
each of them, with that one call failing by EINTR, EAGAIN, ENOBUFS, ECONNRESET, EPIPE or ENOMEM (those that the kernel may
give there), or moving a single byte. Every answer must be the right one, a retryable refusal, or the end of the
connection; and the same script right after, without a fault, must be answered as ever.
"""

import errno

from scripts import SCRIPTS, Bench
from shim import SHORT, Shim, errno_name
from spean_test import wait_until
from torture import row

MINUTES = 30
INPUT = (errno.EINTR, errno.EAGAIN, errno.ECONNRESET, SHORT)
OUTPUT = (errno.EINTR, errno.EAGAIN, errno.ENOBUFS, errno.EPIPE, errno.ECONNRESET, SHORT)
# read and write are of files and of the wake-up of a thread alone; sockets are served by the others.
FAULTS = {
    "read": (errno.EINTR,), "readv": INPUT, "recv": INPUT, "recvfrom": INPUT[:3], "recvmsg": INPUT[:3],
    "write": (errno.EINTR,), "writev": OUTPUT, "send": OUTPUT, "sendto": OUTPUT[:5], "sendmsg": OUTPUT[:5],
    "accept4": (errno.EINTR, errno.EAGAIN, errno.ECONNABORTED, errno.EMFILE, errno.ENOBUFS),
    "connect": (errno.EINTR, errno.EAGAIN, errno.ECONNREFUSED), "socket": (errno.EMFILE, errno.ENOBUFS),
    "epoll_wait": (errno.EINTR,), "epoll_ctl": (errno.ENOMEM, errno.ENOSPC), "poll": (errno.EINTR, errno.ENOMEM),
    "getsockopt": (errno.ENOBUFS,), "setsockopt": (errno.ENOBUFS, errno.ENOMEM),
}


def passing(error):
    return error["data"]["retryable"]


def ready(t, daemon, fault):
    """Whether the daemon is whole again: what a fault cost the last script must not cost the next one."""
    try:
        wait_until(daemon.ready, 20, "healthy", every=0.01)
    except AssertionError as e:
        return t.check(False, "after %s: %s; its log ends with %s", fault, e, daemon.log_text()[-600:])
    return True


def faults(t, shim, bench):
    """(script, call, errno, place), all of them."""
    found = []
    for name in SCRIPTS:
        shim.count()
        bench.run(name)
        counted = shim.counted()
        shim.rest()
        for call, times in counted.items():
            # One more: what comes right after the last answer.
            found += [(name, call, code, at) for code in FAULTS[call] for at in range(1, times + 2)]
    return found


def run(t):
    cluster = t.cluster()
    shim = Shim(t)
    daemon = t.daemon(cluster, env=shim.env, config={"database": {"retry": "20ms"}, "limits": {"guesses": "0"}})
    bench = Bench(t, daemon)
    every = faults(t, shim, bench)
    t.note("%d faults in all", len(every))
    chosen = every if not t.short else t.rng.sample(every, min(40, len(every)))
    happened = wrong = 0
    for n, (name, call, code, at) in enumerate(chosen):
        shim.call_fail(call, code, at)
        answers = bench.run(name)
        shim.rest()
        happened += bool(shim.c.call_failed)
        fault = "%s %d of %s" % (errno_name(code), at, call)
        said = bench.compare(name, answers, passing)
        wrong += not t.check(not said, "%s: %s", fault, said)
        if not ready(t, daemon, "%s in %s" % (fault, name)):
            break
        said = bench.compare(name, bench.run(name), lambda error: False)
        wrong += not t.check(not said, "after %s: %s", fault, said)
        if (n + 1) % 500 == 0:
            t.note("%d of %d faults", n + 1, len(chosen))
    halves = bench.halves(cluster)
    t.check(not halves, "half written: %s", halves[:5])
    t.check(happened > len(chosen) // 2, "only %d of %d faults happened", happened, len(chosen))
    t.figure("%d wrong answers, %d half-writes and no crash in %d failed system calls of %d scripts", wrong, len(halves),
             happened, len(SCRIPTS))


if __name__ == "__main__":
    row(run)
