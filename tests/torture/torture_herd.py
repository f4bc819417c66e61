"""a herd of 5,000 clients that reconnects at once is served within 30 seconds

The daemon is killed and started again; as soon as it listens all come back at once, log in and ask for a company.
PostgreSQL never sees more connections than the pool has, and the change feed's one.
"""

import threading
import time

from crowd import Crowd
from process import files, raise_files
from spean_test import company, wait_until
from torture import row


class Backends(threading.Thread):
    """The most connections of daemons that PostgreSQL has at a time."""

    def __init__(self, cluster, database):
        threading.Thread.__init__(self, daemon=True)
        self.cluster, self.database = cluster, database
        self.halt, self.most, self.looks = threading.Event(), 0, 0

    def run(self):
        while not self.halt.is_set():
            found = self.cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND application_name"
                                     " NOT LIKE 'psql%%'" % self.database, "postgres")
            self.most = max(self.most, int(found[0][0]))
            self.looks += 1
            self.halt.wait(0.05)


def run(t):
    count, pool = t.amount(5000, 500), 4
    raise_files(t, count + 200)
    cluster = t.cluster()
    daemon = t.daemon(cluster, config={"database": {"pool": str(pool)}, "limits": {"anonymous": t.amount("8s", "1min")}})
    token = daemon.token("staff")
    with daemon.client() as c:
        ids = [c.call("company.upsert", company=company("Herd %d" % n, contacts=[{"name": "Sok"}]))["id"] for n in range(20)]
    backends, crowd = Backends(cluster, daemon.database), Crowd(t, daemon.port)
    backends.start()
    t.on_exit(backends.halt.set)
    daemon.kill()
    daemon.start(wait=False)
    wait_until(lambda: listens(daemon), 30, "it listens")
    files_first, began = files(daemon.process.pid), time.monotonic()
    waiting = {n: "login" for n in range(count)}
    for n in range(count):
        crowd.connect(n, "127.0.0.%d" % (2 + n % 8))
    refused = serve(t, crowd, waiting, token, ids, began + 60 * t.patience)
    took = time.monotonic() - began
    wait_until(lambda: backends.looks > 3, 20, "a few looks at PostgreSQL")
    backends.halt.set()
    backends.join(30)
    t.check(not waiting, "%d were not served", len(waiting))
    t.check(not crowd.closed, "%d were dropped", len(crowd.closed))
    t.check(took <= t.limit(30), "%.1f s", took)
    t.check(backends.looks > 3 and backends.most <= pool + 1, "PostgreSQL saw %d connections in %d looks", backends.most,
            backends.looks)
    crowd.end()
    wait_until(lambda: files(daemon.process.pid) <= files_first + pool + 4, 30, "the descriptors are back")
    t.figure("%d clients at once all served in %.1f s (%d asked again), PostgreSQL saw %d connections at most", count, took,
             refused, backends.most)


def listens(daemon):
    try:
        daemon.client(timeout=2).close()
        return True
    except OSError:
        return False


def serve(t, crowd, waiting, token, ids, until):
    """Takes everybody through login and company.get; who is told to try again does. Gives how many were."""
    again = 0
    greeted = set()
    while waiting and time.monotonic() < until:
        crowd.poll(0.05)
        for n in list(waiting):
            if n in crowd.connected and n not in greeted:
                greeted.add(n)
                crowd.call(n, "auth.login", token=token)
            if n not in crowd.sockets:
                del waiting[n]
                continue
            answer = crowd.answer(n) if crowd.read[n] else None
            if answer is None:
                continue
            if "error" in answer:
                again += 1
                t.check(answer["error"]["data"]["retryable"], "%s", answer["error"])
            elif waiting[n] == "get":
                del waiting[n]
                continue
            else:
                waiting[n] = "get"
            if waiting[n] == "get":
                crowd.call(n, "company.get", id=ids[n % len(ids)])
            else:
                crowd.call(n, "auth.login", token=token)
    return again


if __name__ == "__main__":
    row(run)
