"""Twenty scripts of requests that between them call every method, for the rows where each allocation or system
call fails in turn. A script is steps on a connection of its own; what a run of it without faults answers is what every
other run must answer, up to a step that fails as it may.
"""

import json
import socket

from spean_test import Client, RpcError, company, wait_until

# Members that differ from run to run.
MOVING = {"seq", "uptime_s", "lag_ms", "request_id", "at", "updated_at", "created_at", "next", "companies_count"}
WRITTEN = MOVING | {"id", "version", "token", "subscription"}

RICE = {"kind": "goods", "sector": "agro-industry.rice", "hs": ["100630"], "text": "Fragrant rice, milled"}


def fixed(n):
    """The companies that the scripts read; no script writes them."""
    there = n % 2 == 0
    return company("Angkor %d" % n, country="KH" if there else "CA", region="KH-2" if there else "CA-QC", city="Town",
                   external_ids=[{"system": "fix", "id": str(n)}], description={"eng": "Rice " * 40, "khm": "អង្ករ"},
                   names={"khm": "អង្ករ %d" % n}, contacts=[{"name": "A", "email": "a@example.org"}],
                   offers=[RICE] if there else [], seeks=[] if there else [RICE])


def written(name, **fields):
    """A company that a script writes: a draft, in no match, nowhere where the fixed ones are looked for."""
    return company(name + " {tag}", status="draft", region="KH-9", external_ids=[{"system": "script", "id": name + "{tag}"}],
                   **fields)


def ext(system, ident):
    return {"system": system, "id": ident}


# name -> (steps, members that differ). A step is (method, params) or a line as it is.
SCRIPTS = {
    "ping": ([("system.ping", {}), ("system.version", {})], MOVING),
    "discover": ([("rpc.discover", {})], MOVING),
    "whoami": ([("auth.whoami", {}), ("auth.whoami", {"auth": "{token}"})], MOVING),
    "wrong token": ([("auth.login", {"token": "spean_" + "x" * 49})], MOVING),
    "health": ([("system.health", {})], MOVING | {"companies"}),
    "create": ([("company.upsert", {"company": written("new", contacts=[{"name": "B", "phone": "1"}], offers=[RICE])})], WRITTEN),
    "patch": ([("company.upsert", {"company": written("patched")}),
               ("company.upsert", {"company": {"external_ids": [ext("script", "patched{tag}")], "city": "Elsewhere",
                                               "description": {"eng": "x" * 2000}}})], WRITTEN),
    "key": ([("company.upsert", {"company": written("key"), "idempotency_key": "key {tag}"}),
             ("company.upsert", {"company": written("key"), "idempotency_key": "key {tag}"}),
             ("company.upsert", {"company": written("key", city="Other"), "idempotency_key": "key {tag}"})], WRITTEN),
    "many": ([("company.upsertMany", {"companies": [written("many%d " % n) for n in range(6)] + [{"country": "XX"}]})], WRITTEN),
    "archive": ([("company.upsert", {"company": written("old")}), ("company.archive", {"id": "{id}"}),
                 ("company.confirm", {"id": "{id}"})], WRITTEN),
    "get": ([("company.get", {"external_id": ext("fix", "2")}), ("company.get", {"external_id": ext("fix", "none")})], MOVING),
    "list": ([("company.list", {"region": "KH-2", "limit": 3}), ("company.list", {"region": "CA-QC", "fields": ["name"]})], MOVING),
    "search": ([("company.search", {"text": "angkor 4"}), ("company.search", {"text": "អង្ករ", "limit": 3})], MOVING),
    "match": ([("match.list", {"external_id": ext("fix", "2"), "limit": 5}),
               ("match.list", {"external_id": ext("fix", "3"), "lang": "khm", "filter": {"region": "KH-2"}})], MOVING),
    "explain": ([("match.explain", {"a": "{fix0}", "b": "{fix1}", "lang": "fra"}),
                 ("match.explain", {"a": "{fix0}", "b": "{fix2}"})], MOVING),
    "changes": ([("changes.list", {"since": 0, "limit": 5}), ("changes.subscribe", {})],
                {"request_id", "at", "subscription", "next"}),  # it names the epoch
    "wait": ([("company.upsert", {"company": written("wait")}), ("changes.list", {"since": 0, "limit": 1, "wait_s": 5})], WRITTEN),
    "taxonomy": ([("taxonomy.get", {}), ("taxonomy.get", {"lang": "khm"})], MOVING),
    "token": ([("token.create", {"name": "script", "role": "viewer"}), ("token.revoke", {"id": "{id}"})], WRITTEN),
    "batch": (['[{"jsonrpc":"2.0","id":1,"method":"system.ping"},{"jsonrpc":"2.0","method":"system.ping"},'
               '{"jsonrpc":"2.0","id":"two","method":"company.search","params":{"text":"angkor 2"}},'
               '{"jsonrpc":"2.0","id":3,"method":"no.such"},17]',
               '{"jsonrpc":"2.0","id":4,"method":"company.upsert","params":{"company":{"country":"KH","name":"","x":1}}}',
               '{"jsonrpc":"2.0","id":5,'], MOVING),
}


def masked(value, moving):
    """The answer without what differs from run to run."""
    if isinstance(value, dict):
        return {k: "*" if k in moving else masked(v, moving) for k, v in value.items() if k != "id" or "jsonrpc" not in value}
    if isinstance(value, list):
        return [masked(v, moving) for v in value]
    return value


def differs(want, got, passing):
    """"": the same. "excused": the same but for errors that a fault may cause, or that name fewer fields. Else "wrong"."""
    if got == want:
        return ""
    if isinstance(got, dict) and "error" in got:
        error, due = got["error"], (want.get("error") or {}) if isinstance(want, dict) else {}
        return "excused" if passing(error) or error["code"] == due.get("code") else "wrong"
    if isinstance(got, dict) and isinstance(want, dict) and got.keys() == want.keys():
        found = {differs(want[k], got[k], passing) for k in got}
    elif isinstance(got, list) and isinstance(want, list) and len(got) == len(want):
        found = {differs(w, g, passing) for w, g in zip(want, got)}
    else:
        return "wrong"
    return "wrong" if "wrong" in found else "excused"


class Bench:
    """A daemon with the fixed companies, and what each script answers without faults."""

    def __init__(self, t, daemon):
        self.daemon = daemon
        self.runs = 0
        self.names = {"token": daemon.token("admin", "bench")}
        with daemon.client() as c:
            for n in range(12):
                made = c.call("company.upsert", company=fixed(n))
                self.names["fix%d" % n] = made["id"]
            c.call("match.list", id=made["id"], min_seq=made["seq"])
        with daemon.tcp() as c:
            wait_until(lambda: self.opens(c), 10, "the token opens")
        self.expected = {}
        for name in SCRIPTS:
            self.expected[name] = self.run(name)
            again = self.run(name)
            t.check(again == self.expected[name], "%s does not answer alike: %s and %s", name, self.expected[name], again)

    def opens(self, client):
        try:
            return client.call("auth.login", token=self.names["token"])
        except RpcError:
            return None

    def line(self, step, number, names):
        text = step if isinstance(step, str) else json.dumps(
            {"jsonrpc": "2.0", "id": number, "method": step[0], "params": step[1]}, ensure_ascii=False)
        for name, value in names.items():
            text = text.replace("{%s}" % name, value)
        return text

    def run(self, name):
        """Runs a script on a new connection. What each step answered, "closed" where the connection ended
        (the steps after it are not done); over TCP, so the first step is a login."""
        steps, moving = SCRIPTS[name]
        self.runs += 1
        names = dict(self.names, tag=str(self.runs))
        answers = []
        try:
            client = Client(("127.0.0.1", self.daemon.port), timeout=30)
        except OSError:
            return ["closed"]
        with client:
            for n, step in enumerate([("auth.login", {"token": self.names["token"]})] + steps):
                try:
                    client.send(self.line(step, n, names) + "\n")
                    answer = client.answer()
                except socket.timeout:
                    return answers + ["hangs"]
                except (OSError, EOFError):
                    return answers + ["closed"]
                except ValueError:
                    return answers + ["no JSON"]
                if isinstance(answer, dict) and isinstance(answer.get("result"), dict) and "id" in answer["result"]:
                    names["id"] = answer["result"]["id"]
                answers.append(masked(answer, moving))
        return answers

    def compare(self, name, answers, passing):
        """None when the answers are right, or right until one failed as it may; else what is wrong.

        passing(error) says whether an error object is one that a fault may cause. What comes after such an
        error may follow from it."""
        for at, (want, got) in enumerate(zip(self.expected[name], answers)):
            if got == want:
                continue
            if got == "closed":
                return None
            if differs(want, got, passing) == "excused":
                return None
            return "%s, step %d: %s instead of %s" % (name, at, json.dumps(got)[:600], json.dumps(want)[:600])
        if len(answers) < len(self.expected[name]):
            return "%s: only %d answers" % (name, len(answers))
        return None

    def halves(self, cluster):
        """Writes of scripts that are in the tables in part: words."""
        found = []
        for ident, name in cluster.sql(
                "SELECT c.id, c.name FROM spean.company c WHERE NOT EXISTS (SELECT FROM spean.company_external e "
                "WHERE e.company_id = c.id) OR NOT EXISTS (SELECT FROM spean.company_key k WHERE k.company_id = c.id) OR "
                "(SELECT max(h.version) FROM spean.change h WHERE h.company_id = c.id) IS DISTINCT FROM c.version",
                self.daemon.database):
            found.append("%s (%s) is there in part" % (ident, name))
        return found
