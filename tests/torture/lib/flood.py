"""Requests of all kinds for as long as the database is away: what became of each, and how late."""

import threading
import time

from spean_test import RpcError, company


class Asker(threading.Thread):
    """Sends calls one after the other and notes how long each took to be answered."""

    def __init__(self, connect, n):
        threading.Thread.__init__(self, daemon=True)
        self.connect = connect
        self.n = n
        self.halt = threading.Event()
        self.answered = 0
        self.refused = {}
        self.slowest = 0.0
        self.errors = []

    def call(self, client, turn):
        kind = (self.n + turn) % 4
        if kind == 0:
            return client.call("company.upsert", company=company("Asked %d %d" % (self.n, turn)))
        if kind == 1:
            return client.call("company.list", limit=2)
        if kind == 2:
            return client.call("company.search", text="Asked")
        return client.call("changes.list", limit=1)

    def run(self):
        try:
            with self.connect() as client:
                turn = 0
                while not self.halt.is_set():
                    self.one(client, turn)
                    turn += 1
        except Exception as e:  # a dropped connection is one, too
            self.errors.append(repr(e))

    def one(self, client, turn):
        began = time.monotonic()
        try:
            self.call(client, turn)
            self.answered += 1
        except RpcError as e:
            self.refused[e.reason] = self.refused.get(e.reason, 0) + 1
            if not e.data.get("retryable"):
                self.errors.append(str(e))
            self.halt.wait(0.005)
        self.slowest = max(self.slowest, time.monotonic() - began)


class Askers:
    def __init__(self, t, connect, count):
        self.askers = [Asker(connect, n) for n in range(count)]
        for a in self.askers:
            a.start()
        t.on_exit(self.finish)

    def finish(self):
        for a in self.askers:
            a.halt.set()
        for a in self.askers:
            a.join(60)
        return self

    def slowest(self):
        return max(a.slowest for a in self.askers)

    def answered(self):
        return sum(a.answered for a in self.askers)

    def refused(self):
        found = {}
        for a in self.askers:
            for reason, n in list(a.refused.items()):
                found[reason] = found.get(reason, 0) + n
        return found

    def errors(self):
        return [e for a in self.askers for e in a.errors]
