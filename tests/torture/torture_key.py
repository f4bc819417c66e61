"""one idempotency key applies once

Thirty-two writes, each with a key of its own, are in flight when the daemon is killed or all backends are
terminated. What was not acknowledged is looked for in the table (by PostgreSQL, not by the daemon), and sent
again with the same key until it is. Each key must have made one company, and the answer must be the first one.
"""

import time

from load import load_profile, lost_and_double
from spean_test import RpcError, wait_until
from torture import row

MINUTES = 30
CLIENTS, PIPELINED = 8, 4


class Round:
    """Writes in flight on several connections, and which of them were acknowledged."""

    def __init__(self, daemon, keys):
        self.clients = [daemon.client(timeout=10) for _ in range(CLIENTS)]
        self.keys = keys
        self.sent = {}
        for n, key in enumerate(keys):
            client = self.clients[n % CLIENTS]
            self.sent[(n % CLIENTS, client.start("company.upsert", idempotency_key=key, company=load_profile(key, n)))] = key

    def gather(self):
        """Reads what comes: (acknowledged key -> answer, reasons of the refused)."""
        acknowledged, refused = {}, []
        for at, client in enumerate(self.clients):
            for _ in range(PIPELINED):
                try:
                    message = client.answer()
                except (OSError, EOFError, ValueError):
                    break
                key = self.sent[(at, message["id"])]
                if "result" in message:
                    acknowledged[key] = message["result"]
                else:
                    refused.append(message["error"]["data"])
            client.close()
        return acknowledged, refused


def again(t, daemon, key, n):
    """The same write until it is acknowledged."""
    def done():
        try:
            with daemon.client(timeout=10) as c:
                return c.call("company.upsert", idempotency_key=key, company=load_profile(key, n))
        except RpcError as e:
            t.check(e.data.get("retryable"), "%s: %s", key, e)
            return None
    return wait_until(done, 30, "the write %s is acknowledged" % key)


def stored(cluster, database, keys):
    names = ", ".join("'Load %s'" % k for k in keys)
    return dict(cluster.sql("SELECT substr(name, 6), id FROM spean.company WHERE name IN (%s)" % names, database))


def fault(t, cluster, daemon, round_ms):
    """At a moment that may be before, between or after the commits."""
    time.sleep(t.rng.uniform(0, round_ms) / 1000)
    if t.rng.random() < 0.75:
        daemon.kill()
        return True
    cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'speand'",
                daemon.database)
    return False


def run(t):
    wanted, committed_wanted = t.amount(500, 80), t.amount(100, 10)
    cluster = t.cluster()
    daemon = t.daemon(cluster)
    acknowledged, broken, committed, rounds, kills, late_ms = {}, 0, 0, 0, 0, 40
    while broken < wanted or committed < committed_wanted:
        if not t.check(rounds < wanted * 2, "the faults never hit the right moment"):
            break
        keys = ["%d-%d" % (rounds, n) for n in range(CLIENTS * PIPELINED)]
        in_flight = Round(daemon, keys)
        killed = fault(t, cluster, daemon, late_ms)
        got, refused = in_flight.gather()
        t.check(all(d.get("retryable") for d in refused), "refused for good: %s", refused)
        if killed:
            kills += 1
            daemon.start()
        missing = [k for k in keys if k not in got]
        there = stored(cluster, daemon.database, missing) if missing else {}
        for key in missing:
            answer = again(t, daemon, key, keys.index(key))
            t.check(answer["created"] and answer["version"] == 1, "%s: not the first answer: %s", key, answer)
            t.check(there.get(key, answer["id"]) == answer["id"], "%s: another company the second time", key)
            got[key] = answer
        # The right moment is another one on every machine.
        if len(missing) == len(keys) and not there:
            late_ms = min(late_ms * 1.5, 2000)
        elif not missing:
            late_ms = max(late_ms / 1.5, 10)
        acknowledged.update(got)
        broken += len(missing)
        committed += len(there)
        rounds += 1
        if rounds % 20 == 0:
            t.note("%d faults, %d writes unacknowledged, %d of them committed", rounds, broken, committed)
    lost, double = lost_and_double(cluster, daemon.database, acknowledged)
    t.check(not lost, "missing: %s", lost[:5])
    t.check(not double, "applied twice: %s", double[:5])
    t.figure("%d missing, %d double of %d writes repeated after %d faults (%d kills of the daemon); "
             "%d of them had been committed without an answer", len(lost), len(double), broken, rounds, kills, committed)


if __name__ == "__main__":
    row(run)
