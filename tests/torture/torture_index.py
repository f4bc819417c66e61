"""index = truth

Sixteen writers create, patch, archive, confirm and batch a few hundred companies through two daemons, while daemons are
killed and frozen, backends terminated, and PostgreSQL restarted and frozen. Then everything is compared: every answer is in
the tables as it was given; the tables hold together; the index of each daemon answers for every company as a fresh
daemon does that packs the companies anew from their JSON; a follower of each daemon's feed saw every number in order.
Before that, the checker itself is tested: it must see each of several planted bugs, and none where there is none.
"""

import os
import signal
import threading
import time

import truth
from spean_test import Client, RpcError, company, wait_until
from torture import row
from torture_frozen import processes, signal_all

MINUTES = 25
WRITERS, COMPANIES = 16, 320
RICE = {"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}


class Changer(threading.Thread):
    """Random writes to its own share of the companies and, now and then, to others'."""

    def __init__(self, rng, daemons, n):
        threading.Thread.__init__(self, daemon=True)
        self.rng, self.daemons, self.n = rng, daemons, n
        self.halt = threading.Event()
        self.client = None
        self.done, self.failures = 0, 0
        self.acknowledged, self.errors = [], []
        self.ids = []

    def profile(self):
        at = self.rng.randrange(COMPANIES)
        there = at % 2 == 0
        return company("Company %d.%d" % (at, self.rng.randrange(100)), country="KH" if there else "CA",
                       external_ids=[{"system": "truth", "id": str(at)}], city=self.rng.choice(["A", "B", "C"]),
                       region=self.rng.choice(["KH-2", "KH-9"] if there else ["CA-QC", "CA-ON"]),
                       sectors=[self.rng.choice(["agro-industry.rice", "agro-industry"])],
                       status=self.rng.choice(["published", "published", "published", "paused", "draft"]),
                       offers=[RICE] if there else [], seeks=[] if there else [RICE])

    def write(self, key):
        kind = self.rng.randrange(8)
        if kind == 0 and self.ids:
            return self.client.call("company.archive", id=self.rng.choice(self.ids))
        if kind == 1 and self.ids:
            return self.client.call("company.confirm", id=self.rng.choice(self.ids))
        if kind == 2:
            return self.client.call("company.upsertMany", companies=[self.profile() for _ in range(5)], idempotency_key=key)
        return self.client.call("company.upsert", company=self.profile(), idempotency_key=key)

    def note(self, answer):
        """A batch ends with one number for all."""
        self.done += 1
        if "results" not in answer:
            self.acknowledged.append((answer["id"], answer["version"], answer["seq"]))
            if len(self.ids) < 50:
                self.ids.append(answer["id"])

    def run(self):
        n = 0
        while not self.halt.is_set():
            n += 1
            try:
                if self.client is None:
                    self.client = Client(self.rng.choice(self.daemons).unix)
                self.note(self.write("%d-%d" % (self.n, n)))
            except RpcError as e:
                self.failures += 1
                # "went on" counts too: two patches in each other's way are told so.
                if not e.data.get("retryable"):
                    self.errors.append(str(e))
                self.halt.wait(0.02)
            except (OSError, EOFError):
                self.failures += 1
                self.drop()
                self.halt.wait(0.02)
        self.drop()

    def drop(self):
        if self.client:
            self.client.close()
        self.client = None


class Follower(threading.Thread):
    """Follows one daemon's feed, over its deaths."""

    def __init__(self, daemon):
        threading.Thread.__init__(self, daemon=True)
        self.daemon_process = daemon
        self.halt = threading.Event()
        self.seen, self.errors, self.since = [], [], None

    def run(self):
        while not self.halt.is_set():
            try:
                with self.daemon_process.client() as c:
                    while not self.halt.is_set():
                        self.page(c.call("changes.list", limit=1000, wait_s=1, **({"since": self.since} if self.since else {})))
            except RpcError as e:
                if not e.data.get("retryable"):
                    self.errors.append(str(e))
                    return
                self.halt.wait(0.05)
            except (OSError, EOFError):
                self.halt.wait(0.05)

    def page(self, answer):
        self.seen += [change["seq"] for change in answer["changes"]]
        self.since = answer["next"]


def fault(t, cluster, daemons):
    """One, and its end."""
    kind = t.rng.choice(["kill", "kill", "backends", "restart", "freeze", "pause"])
    daemon = t.rng.choice(daemons)
    if kind == "kill":
        daemon.kill()
        daemon.start()
    elif kind == "backends":
        cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'speand'",
                    daemon.database)
    elif kind == "restart":
        cluster.restart(t.rng.choice(["fast", "immediate"]))
    elif kind == "freeze":
        frozen = processes(cluster)
        signal_all(frozen, signal.SIGSTOP)
        time.sleep(t.rng.uniform(0.1, 2))
        signal_all(frozen, signal.SIGCONT)
    else:
        os.kill(daemon.process.pid, signal.SIGSTOP)
        time.sleep(t.rng.uniform(0.1, 2))
        os.kill(daemon.process.pid, signal.SIGCONT)
    return kind


def under_fire(t, cluster, seconds):
    daemons = [t.daemon(cluster)]
    daemons.append(t.daemon(cluster, database=daemons[0].database))
    database = daemons[0].database
    changers = [Changer(type(t.rng)("%s-%d" % (t.seed, n)), daemons, n) for n in range(WRITERS)]
    followers = [Follower(d) for d in daemons]
    t.on_exit(lambda: [w.halt.set() for w in changers + followers])
    for w in changers + followers:
        w.start()
    faults, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(t.rng.uniform(0.2, 2))
        fault(t, cluster, daemons)
        faults += 1
        if faults % 50 == 0:
            t.note("%d faults, %d writes", faults, sum(w.done for w in changers))
    for w in changers:
        w.halt.set()
    for w in changers:
        w.join(60)
    for d in daemons:
        wait_until(d.ready, 20, "healthy")
    last = int(cluster.sql("SELECT seq FROM spean.feed", database)[0][0])
    for f in followers:
        try:
            wait_until(lambda: f.seen and f.seen[-1] >= last, 20, "the follower is at the end")
        except AssertionError as e:
            t.check(False, "%s: it saw %s of %d, %s", e, f.seen[-1:], last, f.errors)
        f.halt.set()
    wrong = compare(t, cluster, daemons, [f.seen for f in followers], [a for w in changers for a in w.acknowledged])
    wrong += [e for w in changers + followers for e in w.errors]
    t.check(not wrong, "%s", wrong[:10])
    companies = int(cluster.sql("SELECT count(*) FROM spean.company", database)[0][0])
    return len(wrong), faults, sum(w.done for w in changers), sum(w.failures for w in changers), last, companies


def compare(t, cluster, daemons, seen, acknowledged):
    database = daemons[0].database
    other = truth.reference(t, cluster, database)
    wrong = truth.wrong_tables(cluster, database)
    changes = {(r[1], int(r[2])): int(r[0]) for r in
               cluster.sql("SELECT seq, company_id, version FROM spean.change", database)}
    # An answer names the state after it: that version was made, at that number or, where it changed
    # nothing, before.
    for ident, version, seq in acknowledged:
        made = changes.get((ident, version))
        if made is None or made > seq:
            wrong.append("answered %s version %d at %d; it was made at %s" % (ident, version, seq, made))
    for daemon in daemons:
        wrong += truth.wrong_index(cluster, database, daemon, other)
    for numbers in seen:
        wrong += truth.wrong_follower(cluster, database, numbers)
    other.terminate()
    return wrong


# What a daemon with a bug would leave, done by hand. {a} and {b}: two published companies, the last
# written. Each is a list of statements.
CHANGE = ("WITH s AS (UPDATE spean.feed SET seq = seq + 1 RETURNING seq) INSERT INTO spean.change SELECT s.seq, '{a}', "
          "'updated', (SELECT version FROM spean.company WHERE id = '{a}'), '[]', 'bug', now() FROM s")
BUGS = {
    "a company changed that no change tells of": [
        "UPDATE spean.company SET name = 'Other', doc = doc || '{{\"name\": \"Other\"}}' WHERE id = '{a}'"],
    "a company lost": ["DELETE FROM spean.company WHERE id = '{a}'"],
    "a number left out": ["DELETE FROM spean.change WHERE seq = 3"],
    "two changes in the wrong order": [
        "UPDATE spean.change SET seq = CASE seq WHEN 2 THEN 4 ELSE 2 END + 1000 WHERE seq IN (2, 4)",
        "UPDATE spean.change SET seq = seq - 1000 WHERE seq > 1000"],
    "a profile not packed anew": [
        "UPDATE spean.company SET version = version + 1, city = 'Other', doc = doc || '{{\"city\": \"Other\", \"seeks\": [], "
        "\"offers\": []}}' WHERE id = '{a}'", CHANGE],
    "a write applied twice": ["UPDATE spean.company SET version = version + 1 WHERE id = '{a}'", CHANGE, CHANGE],
    "an acknowledged write rolled back": [
        "DELETE FROM spean.company WHERE id = '{a}'", "DELETE FROM spean.change WHERE company_id = '{a}'",
        "UPDATE spean.feed SET seq = (SELECT max(seq) FROM spean.change)"],
}


def planted(t, cluster, statements):
    """Whether the checker sees a bug; with no statements: whether it sees one where there is none."""
    daemon = t.daemon(cluster)
    follower = Follower(daemon)
    follower.start()
    acknowledged = []
    with daemon.client() as c:
        for n in range(6):
            got = c.call("company.upsert", company=company(
                "Planted %d" % n, country="KH" if n % 2 else "CA", offers=[RICE] if n % 2 else [], seeks=[] if n % 2 else [RICE]))
            acknowledged.append((got["id"], got["version"], got["seq"]))
    wait_until(lambda: len(follower.seen) == 6, 20, "the follower is at the end")
    follower.halt.set()
    for statement in statements:
        cluster.sql(statement.format(a=acknowledged[-1][0]), daemon.database)
    last = int(cluster.sql("SELECT seq FROM spean.feed", daemon.database)[0][0])
    seen = follower.seen + list(range(7, last + 1))
    wrong = compare(t, cluster, [daemon], [seen], acknowledged)
    daemon.terminate()
    return wrong


def run(t):
    seconds = t.amount(600, 8)
    cluster = t.cluster()
    quiet = planted(t, cluster, [])
    t.check(not quiet, "the checker sees what is not there: %s", quiet[:5])
    bugs = dict(BUGS) if not t.short else dict(t.rng.sample(sorted(BUGS.items()), 3))
    caught = 0
    for name, statements in bugs.items():
        caught += t.check(bool(planted(t, cluster, statements)), "the checker does not see %s", name)
    wrong, faults, writes, failures, changes, companies = under_fire(t, cluster, seconds)
    t.figure("%d differences in 2 daemons and 2 followers after %d faults, %d writes acknowledged (%d refused or cut off), "
             "%d changes of %d companies in %d s; the checker caught %d of %d planted bugs", wrong, faults, writes, failures,
             changes, companies, seconds, caught, len(bugs))


if __name__ == "__main__":
    row(run)
