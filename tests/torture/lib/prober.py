"""What others notice: one client that calls a method again and again, in a process of its own, and tells how
long the calls took. As in pinger.py, time that the daemon's threads or this one only waited for a processor
is the machine's and is taken off.

    before = Prober(daemon, "system.health").run(2)     seconds; {"calls", "p50", "p99", "max"} in ms
    prober = Prober(daemon, "system.health")
    ...
    during = prober.finish()
"""

import json
import os
import select
import subprocess
import sys
import time

from pinger import _waits


ENOUGH = 20  # calls to say anything by


class Prober:
    def __init__(self, daemon, method, pause=0.002, **params):
        words = [sys.executable, __file__, daemon.unix, str(daemon.process.pid), str(pause), method, json.dumps(params)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while os.read(self.process.stdout.fileno(), 1) not in (b"\n", b""):  # it has begun; no byte more, see enough()
            pass

    def run(self, seconds):
        time.sleep(seconds)  # for how long it is looked at, not what is waited for
        return self.finish()

    def enough(self):
        """Whether there were calls enough, so far."""
        return self._wait(0)

    def _wait(self, ms):
        poll = select.poll()
        poll.register(self.process.stdout, select.POLLIN | select.POLLHUP)
        return bool(poll.poll(ms))

    def finish(self):
        """Not before there were calls enough: on a busy machine that may take longer than what is looked at."""
        self._wait(60000)
        out, _ = self.process.communicate("")
        return json.loads(out.split("\n")[-1])


def p99_holds(t, before, during, what):
    """The promise about others: p99 at most twice as long. Below a few ms the figure is the machine's noise. The short
    form sees few calls, of which a machine that stands still makes the last ones slow: it judges by the first eight of ten."""
    part, noise = ("p80", 10) if t.short else ("p99", 3)
    allowed = max(2 * before[part], before[part] + noise * t.patience)
    t.check(during["calls"] >= ENOUGH, "%s: others were looked at too little: %s", what, during)
    t.check(not during["errors"], "%s: others got %s", what, during["errors"])
    t.check(during[part] <= allowed, "%s: others' %s was %.2f ms instead of %.2f ms", what, part, during[part], before[part])
    return "others' p99 %.1f ms, before %.1f ms" % (during["p99"], before["p99"])


def main(unix, pid, pause, method, params):
    from spean_test import Client, RpcError
    client, took, errors = Client(unix), [], []
    client.call(method, **params)
    print("begun", flush=True)
    os.set_blocking(0, False)
    while sys.stdin.buffer.raw.read(1) is None:  # until finish() closes it
        before, began = _waits(pid), time.monotonic()
        try:
            client.call(method, **params)
        except RpcError as e:
            errors.append(str(e))
        ms, after = (time.monotonic() - began) * 1000, _waits(pid)
        waited = sum(after[p] - before[p] for p in before if before[p] is not None and after.get(p) is not None)
        took.append(max(0.0, ms - waited / 1e6))
        if len(took) == ENOUGH:
            print("enough", flush=True)
        time.sleep(float(pause))
    took.sort()
    json.dump({"calls": len(took), "errors": errors[:5], "p50": took[len(took) // 2], "p80": took[len(took) * 8 // 10],
               "p99": took[min(len(took) - 1, len(took) * 99 // 100)], "max": took[-1]}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], json.loads(sys.argv[5]))
