"""Load whose every acknowledgement is written down, and the look whether it is in the tables."""

import threading
import time

from spean_test import RpcError, company

SYSTEM = "load"


def load_profile(key, n, **fields):
    """The company of a key. Every other one has no external id: applied twice, it would be two companies."""
    if n % 2:
        fields["external_ids"] = [{"system": SYSTEM, "id": key}]
    return company("Load %s" % key, country="CA" if n % 4 < 2 else "KH", **fields)


class Writer(threading.Thread):
    """Upserts with idempotency keys until told to stop, repeating each until it is acknowledged.

    connect() gives a Client. acknowledged: key -> answer. failures: typed, retryable errors and lost
    connections. slowest: seconds that a typed error took at most. errors: what should not have come."""

    def __init__(self, connect, name, pause=0.01, fields=None):
        threading.Thread.__init__(self, daemon=True)
        self.connect = connect
        self.name = name
        self.pause = pause
        self.fields = fields or {}
        self.client = None
        self.halt = threading.Event()
        self.acknowledged = {}
        self.tried = 0
        self.replays = 0
        self.failures = 0
        self.reasons = {}
        self.slowest = 0.0
        self.errors = []

    def profile(self, key):
        return load_profile(key, self.tried, **self.fields)

    def run(self):
        try:
            while not self.halt.is_set():
                self.one("%s-%d" % (self.name, self.tried))
                self.tried += 1
        except Exception as e:
            self.errors.append(repr(e))
        finally:
            self.drop()

    def drop(self):
        if self.client:
            self.client.close()
        self.client = None

    def one(self, key):
        """One write, until it is acknowledged or the writer is to stop."""
        again = False
        profile = self.profile(key)
        while not self.halt.is_set():
            began = time.monotonic()
            try:
                if self.client is None:
                    self.client = self.connect()
                    began = time.monotonic()
                self.acknowledged[key] = self.client.call("company.upsert", idempotency_key=key,
                                                          company=profile)
                self.replays += again
                return
            except RpcError as e:
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.reasons[e.reason] = self.reasons.get(e.reason, 0) + 1
                if not e.data.get("retryable"):
                    self.errors.append("%s: %s" % (key, e))
                    return
            except (OSError, EOFError, ValueError):
                self.drop()
            self.failures += 1
            again = True
            self.halt.wait(self.pause)

    def finish(self):
        self.halt.set()
        self.join(60)


class Load:
    """Several writers at once."""

    def __init__(self, t, connect, count, name="w", **kwargs):
        self.t = t
        self.writers = [Writer(connect, "%s%d" % (name, i), **kwargs) for i in range(count)]
        for w in self.writers:
            w.start()
        t.on_exit(self.finish)

    def count(self):
        return sum(len(w.acknowledged) for w in self.writers)

    def total(self, attribute):
        return sum(getattr(w, attribute) for w in self.writers)

    def reasons(self):
        found = {}
        for w in self.writers:
            for reason, n in list(w.reasons.items()):
                found[reason] = found.get(reason, 0) + n
        return found

    def slowest(self):
        return max(w.slowest for w in self.writers)

    def settled(self):
        """How many are acknowledged once no answer is on its way any more: the same in ten looks."""
        counts = []
        while len(counts) < 10 or counts[-1] != counts[-10]:
            counts.append(self.count())
            time.sleep(0.05)
        return counts[-1]

    def finish(self):
        for w in self.writers:
            w.halt.set()
        for w in self.writers:
            w.finish()
        return self

    def acknowledged(self):
        merged = {}
        for w in self.writers:
            merged.update(w.acknowledged)
        return merged

    def errors(self):
        return [e for w in self.writers for e in w.errors]


def lost_and_double(cluster, database, acknowledged):
    """What the tables say of the acknowledged writes: (lost, double), lists of words.

    acknowledged: key -> answer; the company of key K is called "Load K". lost: no row, a row of
    another id, or no change row of that number. double: a key that made more than one company or
    change, and numbers of changes with gaps."""
    rows, changes, lost, double = {}, {}, [], []
    for name, ident in cluster.sql("SELECT name, id FROM spean.company WHERE name LIKE 'Load %'", database):
        key = name[len("Load "):]
        if key in rows:
            double.append("%s made %s and %s" % (key, rows[key], ident))
        rows[key] = ident
    for seq, ident, version in cluster.sql("SELECT seq, company_id, version FROM spean.change ORDER BY seq", database):
        changes[int(seq)] = (ident, int(version))
    for key, answer in acknowledged.items():
        if rows.get(key) != answer["id"]:
            lost.append("%s: answered %s, the table has %s" % (key, answer["id"], rows.get(key)))
        elif changes.get(answer["seq"]) != (answer["id"], answer["version"]):
            lost.append("%s: change %d is %s" % (key, answer["seq"], changes.get(answer["seq"])))
    if sorted(changes) != list(range(1, len(changes) + 1)):
        double.append("the numbers of the changes have gaps")
    for ident, count in cluster.sql("SELECT c.id, count(h.seq) FROM spean.company c JOIN spean.change h "
                                    "ON h.company_id = c.id WHERE c.name LIKE 'Load %' GROUP BY c.id "
                                    "HAVING count(h.seq) <> 1", database):
        double.append("company %s has %s changes" % (ident, count))
    return lost, double


def check_load(t, load, cluster, database):
    """Ends the load and checks it against the tables. Gives (acknowledged, lost, double) as numbers."""
    load.finish()
    acknowledged = load.acknowledged()
    lost, double = lost_and_double(cluster, database, acknowledged)
    t.check(not lost, "acknowledged and lost: %s", lost[:5])
    t.check(not double, "applied twice: %s", double[:5])
    t.check(not load.errors(), "answers that should not have come: %s", load.errors()[:5])
    return len(acknowledged), len(lost), len(double)
