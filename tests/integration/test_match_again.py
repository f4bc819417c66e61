"""Answers of match.list that a worker keeps: always what a daemon that keeps none would say, byte for byte."""

import json
import random
import unittest

from spean_test import Cluster, Daemon, company, run_tests, wait_until

SECTORS = ["agro-industry.rice", "agro-industry.food-processing", "energy.solar", "agro-industry"]
LANGS = ["eng", "fra", "khm"]


def profile(rng, n):
    """The n-th company as it happens to be now."""
    kh = n % 2 == 0
    needs = [{"kind": rng.choice(["goods", "services", "capital", "joint-venture"]), "sector": rng.choice(SECTORS),
              "text": rng.choice(["", "Fragrant rice \"A\"", "Énergie solaire", "អង្ករ"])}
             for _ in range(rng.randint(0, 3))]
    return company("Company %d %s" % (n, rng.choice("abc")), "KH" if kh else "CA",
                   external_ids=[{"system": "crm", "id": str(n)}],
                   region=rng.choice(["KH-1", "KH-2"] if kh else ["CA-QC", "CA-ON"]),
                   sectors=[rng.choice(SECTORS)], status=rng.choice(["published"] * 6 + ["paused"]),
                   languages=[{"lang": rng.choice(LANGS), "level": rng.choice(["basic", "working", "fluent"])}],
                   offers=needs, seeks=[] if rng.random() < 0.5 else needs[:1])


class TestMatchAgain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.keeping = Daemon(cls.cluster, config={"daemon": {"workers": 2}})
        cls.plain = Daemon(cls.cluster, database=cls.keeping.database, config={"daemon": {"answers": 0}})

    @classmethod
    def tearDownClass(cls):
        cls.plain.stop()
        cls.keeping.stop()
        cls.cluster.stop()

    def level(self, seq):
        """Both daemons have come as far: answers carry the seq."""
        for daemon in (self.keeping, self.plain):
            wait_until(lambda d=daemon: d.health()["index"]["seq"] == seq, what="index at %d" % seq)

    def ask(self, rng, ids, number):
        n = rng.randrange(8)
        params = {"external_id": {"system": "crm", "id": str(n)}} if rng.random() < 0.3 else {"id": ids[n]}
        if rng.random() < 0.5:
            params["limit"] = rng.choice([1, 3, 100])
        if rng.random() < 0.2:
            params["min_score"] = rng.choice([20, 50.5])
        if rng.random() < 0.2:
            params["filter"] = rng.choice([{"region": "CA-QC"}, {"kind": "goods"}, {"lang": "fra"}])
        if rng.random() < 0.3:
            params["lang"] = rng.choice(LANGS)
        return json.dumps({"jsonrpc": "2.0", "id": number, "method": "match.list", "params": params})

    def test_as_computed_while_companies_change(self):
        rng = random.Random(7)
        with self.keeping.client() as c, self.plain.client() as p:
            made = c.call("company.upsertMany", companies=[profile(rng, n) for n in range(60)])
            ids = [r["id"] for r in made["results"]]
            for turn in range(120):
                seq = None
                for _ in range(rng.randrange(3)):
                    n = rng.randrange(60)
                    seq = c.call("company.upsert", company=dict(profile(rng, n), id=ids[n]))["seq"]
                head = seq or c.call("system.health")["index"]["seq"]
                self.level(head)
                lines = [self.ask(rng, ids, rng.choice([turn, "t%d" % turn])) for _ in range(5)]
                lines += lines  # some of them for the second time, in one go
                for client in (c, p):
                    client.send("\n".join(lines) + "\n")
                for line in lines:
                    self.assertEqual(c.line(), p.line(), line)

    def test_ids_and_notifications(self):
        with self.keeping.client() as c, self.plain.client() as p:
            made = c.call("company.upsertMany", companies=[profile(random.Random(n), n) for n in range(100, 120)])
            self.level(made["seq"])
            params = json.dumps({"id": made["results"][0]["id"]})
            for number in ("1", "2", "0", "null", "-1", "1.5", "1e2", '"x"', '""', '"\\u0031"', '"é"', "12345678901234567890",
                           "true", "[]", "007", '"' + "y" * 100 + '"', "3"):
                for form in ('{"jsonrpc":"2.0","id":NUMBER,"method":"match.list","params":PARAMS}',
                             '{"params":PARAMS,"method":"match.list", "id" : NUMBER ,"jsonrpc":"2.0"}'):
                    line = form.replace("NUMBER", number).replace("PARAMS", params)
                    for _ in range(3):
                        got, want = c.raw(line), p.raw(line)
                        for answer in (got, want):  # names of requests differ from daemon to daemon
                            (answer.get("error") or {}).get("data", {}).pop("request_id", None)
                        self.assertEqual(got, want, line)
            for _ in range(3):  # no id: never answered
                c.send('{"jsonrpc":"2.0","method":"match.list","params":%s}\n' % params)
            self.assertEqual(c.call("system.ping"), "pong")

    def test_who_may_not_is_refused_again(self):
        with self.keeping.client() as admin:
            made = admin.call("company.upsertMany", companies=[profile(random.Random(n), n) for n in range(200, 204)])
            params = {"id": made["results"][0]["id"], "min_seq": made["seq"]}
            token = admin.call("token.create", name="again", role="viewer")
            line = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "match.list", "params": params})
            own = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "match.list",
                              "params": dict(params, auth=token["token"])})
            # Two workers take connections in turn: four see both of them.
            known = [self.keeping.tcp(token=token["token"]) for _ in range(4)]
            strangers = [self.keeping.tcp() for _ in range(4)]
            for c in known + strangers:
                self.addCleanup(c.close)
            for _ in range(3):
                for c in known:
                    self.assertEqual(c.raw(line)["result"]["company"]["id"], params["id"])
                for c in strangers:
                    self.assertIn("result", c.raw(own))
                    self.assertEqual(c.raw(line)["error"]["data"]["reason"], "authentication_required")
            admin.call("token.revoke", id=token["id"])
            for c in known:
                self.assertEqual(c.raw(line)["error"]["data"]["reason"], "token_revoked")
            for c in strangers:
                self.assertEqual(c.raw(own)["error"]["data"]["reason"], "token_unknown")

    def test_gone_company_is_not_remembered(self):
        with self.keeping.client() as c:
            made = c.call("company.upsertMany", companies=[profile(random.Random(n), n) for n in range(300, 304)])
            outside = [{"system": "crm", "id": "300"}]
            ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "match.list",
                              "params": {"external_id": outside[0], "min_seq": made["seq"]}})
            for _ in range(2):
                self.assertEqual(c.raw(ask)["result"]["company"]["id"], made["results"][0]["id"])
            c.call("company.upsert", company={"id": made["results"][0]["id"], "external_ids": []})
            seq = c.call("company.upsert", company={"id": made["results"][2]["id"], "external_ids": outside})["seq"]
            wait_until(lambda: self.keeping.health()["index"]["seq"] >= seq)
            # Either worker's index follows; the line leads to whom the id belongs to now.
            wait_until(lambda: c.raw(ask).get("result", {}).get("company", {}).get("id") == made["results"][2]["id"])
            self.assertEqual(c.raw(ask)["result"]["company"]["id"], made["results"][2]["id"])


if __name__ == "__main__":
    run_tests()
