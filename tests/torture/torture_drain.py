"""drain: a daemon that is told to stop answers what it has begun

SIGTERM at a random moment, while ten connections have up to sixteen writes, lists, searches, matches and a waiting
changes.list each under way. The daemon must end with 0 within ten seconds; every request is answered or, not having been
started, is refused by the end of the connection; and the tables hold every write that was acknowledged and none that
was refused or not started.
"""

import time

from spean_test import company
from torture import row

MINUTES = 20
CLIENTS, PIPELINED, WITHIN = 10, 16, 10.0


class Asker:
    """A connection with much under way; what was asked and what became of it."""

    def __init__(self, daemon, partner, tag):
        self.client = daemon.client(timeout=20)
        self.asked, self.written, self.refused, self.others = {}, set(), set(), 0
        for n in range(PIPELINED):
            kind = n % 8
            name = "Drain %s-%d" % (tag, n)
            if kind < 4:
                number = self.client.start("company.upsert", company=company(name))
            elif kind == 4:
                number = self.client.start("company.list", limit=5)
            elif kind == 5:
                number = self.client.start("company.search", text="Drain")
            elif kind == 6:
                number = self.client.start("match.list", id=partner["id"])
            else:
                number = self.client.start("changes.list", since=partner["seq"], wait_s=30)
            self.asked[number] = name if kind < 4 else None

    def gather(self, t):
        while self.asked:
            try:
                answer = self.client.answer()
            except (EOFError, OSError):
                break
            name = self.asked.pop(answer["id"])
            if "error" in answer and name:
                t.check(answer["error"]["data"]["retryable"], "refused for good: %s", answer["error"])
                if answer["error"]["data"]["reason"] != "outcome_unknown":
                    self.refused.add(name)
            elif name:
                self.written.add(name)
            else:
                self.others += 1
        self.client.close()
        # No answer: it was not started, and must not have been.
        self.refused.update(name for name in self.asked.values() if name)
        return len(self.asked)


def run(t):
    rounds = t.amount(100, 4)
    cluster = t.cluster()
    daemon = t.daemon(cluster, config={"daemon": {"workers": "2"}})
    with daemon.client() as c:
        kh = c.call("company.upsert", company=company("Seller", offers=[{"kind": "goods", "sector": "agro-industry.rice"}]))
    answered = unstarted = 0
    slowest, written, refused = 0.0, set(), set()
    for n in range(rounds):
        clients = [Asker(daemon, kh, "%d-%d" % (n, i)) for i in range(CLIENTS)]
        time.sleep(t.rng.uniform(0, 0.15))
        began = time.monotonic()
        code = daemon.terminate(WITHIN + 5)
        slowest = max(slowest, time.monotonic() - began)
        t.check(code == 0, "it ended with %s", code)
        for client in clients:
            left = client.gather(t)
            unstarted += left
            answered += PIPELINED - left
            written |= client.written
            refused |= client.refused
        daemon.start()
        if (n + 1) % 20 == 0:
            t.note("%d stops, slowest %.2f s", n + 1, slowest)
    stored = {r[0] for r in cluster.sql("SELECT name FROM spean.company WHERE name LIKE 'Drain %'", daemon.database)}
    t.check(written <= stored, "acknowledged and not there: %s", sorted(written - stored)[:5])
    t.check(not refused & stored, "there, and refused or without an answer: %s", sorted(refused & stored)[:5])
    t.check(slowest <= t.limit(WITHIN), "it took %.1f s to end", slowest)
    t.check(answered > rounds * CLIENTS, "hardly anything was under way: %d answers", answered)
    t.figure("%d stops under load: %d requests answered, %d not started, of which %d were done; %d writes acknowledged, %d lost; "
             "ended within %.2f s", rounds, answered, unstarted,
             len(refused & stored), len(written), len(written - stored), slowest)


if __name__ == "__main__":
    row(run)
