"""Calls one method again and again, in a process of its own so that nothing but the daemon holds it up, and
tells how long the daemon took at most. Time that the daemon's threads or this one only waited for a
processor is the machine's, not the daemon's: it is taken off.

    pinger = Pinger(daemon, "system.ping")
    ...
    found = pinger.finish()    {"calls": 512, "errors": [], "slowest_ms": 3.1, "raw_ms": 9.7}
"""

import glob
import json
import os
import subprocess
import sys
import time


class Pinger:
    def __init__(self, daemon, method, pause=0.002, **params):
        words = [sys.executable, __file__, daemon.unix, str(daemon.process.pid), str(pause), method, json.dumps(params)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def finish(self):
        out, _ = self.process.communicate("")
        return json.loads(out)


def _waited(path):
    """Nanoseconds for which a thread was ready to run and had no processor; None when it has gone."""
    try:
        with open(path) as f:
            return int(f.read().split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _waits(pid):
    return {path: _waited(path) for path in
            glob.glob("/proc/%s/task/*/schedstat" % pid) + ["/proc/self/schedstat"]}


def main(unix, pid, pause, method, params):
    from spean_test import Client, RpcError
    client, found = Client(unix), {"calls": 0, "errors": [], "slowest_ms": 0.0, "raw_ms": 0.0}
    os.set_blocking(0, False)
    while sys.stdin.buffer.raw.read(1) is None:  # until finish() closes it
        before, began = _waits(pid), time.monotonic()
        try:
            client.call(method, **params)
        except RpcError as e:
            found["errors"].append(str(e))
        took, after = time.monotonic() - began, _waits(pid)
        waited = sum(after[p] - before[p] for p in before if before[p] is not None and after.get(p) is not None)
        found["calls"] += 1
        found["raw_ms"] = max(found["raw_ms"], took * 1000)
        found["slowest_ms"] = max(found["slowest_ms"], took * 1000 - waited / 1e6)
        time.sleep(float(pause))
    found["errors"] = found["errors"][:20]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], json.loads(sys.argv[5]))
