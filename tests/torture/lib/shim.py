"""Allocations and system calls that fail when told to, and a wall clock that jumps: tests/torture/shim.c,
preloaded into a daemon. Both sides map one file, so what fails next is told to a running process.

    shim = Shim(t)
    daemon = t.daemon(cluster, env=shim.env)
    shim.alloc_fail(at=17)          # the 17th allocation from now on gives NULL
    ...
    shim.rest()                     # nothing fails any more
"""

import ctypes
import errno
import mmap
import os
import tempfile

from spean_test import BUILD

LIBRARY = os.path.join(BUILD, "tests", "libtorture_shim.so")
TRACE_MAX, CALLS_MAX = 1 << 20, 32
CALLS = ("read", "write", "readv", "writev", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "accept4",
         "connect", "socket", "epoll_wait", "epoll_ctl", "poll", "getsockopt", "setsockopt")
SHORT = 0  # no error: a transfer of one byte


class Control(ctypes.Structure):
    """As struct control in shim.c."""
    _fields_ = [(name, ctypes.c_int64) for name in (
        "allocs", "alloc_at", "alloc_more", "alloc_failed", "live", "trace", "call_which", "call_at", "call_more",
        "call_errno", "call_failed", "clock_seconds")] + [
            ("calls", ctypes.c_int64 * CALLS_MAX), ("sites", ctypes.c_uint32 * TRACE_MAX)]


class Shim:
    def __init__(self, t):
        if not os.path.exists(LIBRARY):
            t.skip("this build has no shim to preload (sanitizers bring allocators of their own)")
        fd, self.path = tempfile.mkstemp(prefix="spean-shim-")
        t.on_exit(os.unlink, self.path)
        os.ftruncate(fd, ctypes.sizeof(Control))
        self.c = Control.from_buffer(mmap.mmap(fd, ctypes.sizeof(Control)))
        os.close(fd)
        self.c.call_which = -1
        self.env = {"LD_PRELOAD": LIBRARY, "SPEAN_SHIM": self.path}

    def rest(self):
        """Nothing fails."""
        self.c.alloc_at = 0
        self.c.call_which = -1

    def count(self):
        """Begins to count anew."""
        self.rest()
        self.c.allocs = 0
        for n in range(CALLS_MAX):
            self.c.calls[n] = 0

    def counted(self):
        """System calls since count(): name -> how many."""
        return {name: self.c.calls[n] for n, name in enumerate(CALLS) if self.c.calls[n]}

    def alloc_fail(self, at, more=1):
        """Lets the at-th allocation from now on fail, and those after it, more in all."""
        self.c.alloc_at = 0
        self.c.alloc_failed = 0
        self.c.allocs = 0
        self.c.alloc_more = more
        self.c.alloc_at = at

    def call_fail(self, name, code, at, more=1):
        """Lets the at-th call of that name from now on fail with the errno; code SHORT: take one byte."""
        n = CALLS.index(name)
        self.c.call_which = -1
        self.c.call_failed = 0
        self.c.calls[n] = 0
        self.c.call_errno = code
        self.c.call_more = more
        self.c.call_at = at
        self.c.call_which = n


def errno_name(code):
    return errno.errorcode.get(code, "short") if code else "short"
