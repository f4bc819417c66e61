"""running out of descriptors costs no processor, little log, and nobody who is there

The daemon gets a limit of 64 descriptors and 1,000 clients. Those who are connected go on; the daemon waits
instead of trying to accept all the time; when there is room again it accepts within a second.
"""

import resource
import time

from crowd import Crowd
from process import files, processor, raise_files
from spean_test import wait_until
from torture import row

FILES, CLIENTS = 64, 1000


def ping(client):
    return client.call("system.ping") == "pong"


def run(t):
    seconds = t.amount(60, 4)
    raise_files(t, CLIENTS + 200)
    daemon = t.daemon(t.cluster(), config={"limits": {"anonymous": "10min"}})
    pid, there = daemon.process.pid, daemon.client()
    t.on_exit(there.close)
    files_first = files(pid)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    crowd = Crowd(t, daemon.port)
    for n in range(CLIENTS):
        crowd.connect(n)
    crowd.until(lambda: files(pid) >= FILES - 1, 20 * t.patience)
    t.check(files(pid) >= FILES - 1, "only %d descriptors are in use", files(pid))
    log_first, used_first, began = len(daemon.log_text().splitlines()), processor(pid), time.monotonic()
    while time.monotonic() < began + seconds:
        t.check(ping(there), "who was there gets no answer")
        crowd.poll(0.2)
    took = time.monotonic() - began
    share = 100 * (processor(pid) - used_first) / took
    lines = len(daemon.log_text().splitlines()) - log_first
    t.check(share <= t.amount(5, 20), "%.1f %% of a core", share)
    t.check(lines <= took + t.amount(1, 4), "%d lines of log in %d s", lines, took)
    crowd.end()
    began = time.monotonic()
    wait_until(lambda: answered(daemon), 20, "it accepts again")
    again = time.monotonic() - began
    t.check(again <= t.limit(1), "accepting again took %.2f s", again)
    wait_until(lambda: files(pid) <= files_first + 1, 30, "the descriptors are back")
    t.figure("%.2f %% of a core, %d lines of log in %d s, accepting again after %.2f s", share, lines, took, again)


def answered(daemon):
    try:
        with daemon.tcp(timeout=1) as client:
            return ping(client)
    except (OSError, EOFError):
        return False


if __name__ == "__main__":
    row(run)
