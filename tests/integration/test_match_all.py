"""match.all: for every published company what match.list says, page by page; and spean match --all."""

import csv
import io
import json
import os
import random
import subprocess
import unittest

from spean_test import BUILD, Cluster, Daemon, RpcError, company, run_tests, spean, wait_until

SECTORS = ["agro-industry.rice", "agro-industry.food-processing", "energy.solar", "energy"]


def profile(rng, country, n):
    needs = [{"kind": rng.choice(["goods", "services", "joint-venture"]), "sector": rng.choice(SECTORS),
              "text": "Need %d of %d, told at some length so that pages fill" % (k, n)} for k in range(rng.randint(1, 4))]
    return company("%s %d" % (country, n), country, sectors=[rng.choice(SECTORS)],
                   status=rng.choice(["published"] * 9 + ["draft"]), offers=needs[:2], seeks=needs[2:],
                   languages=[{"lang": rng.choice(["eng", "fra"]), "level": "working"}])


class TestMatchAll(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)
        cls.rng = random.Random(3)
        with cls.daemon.client() as c:
            rows = [profile(cls.rng, country, n) for n in range(70) for country in ("KH", "CA")]
            cls.level(c.call("company.upsertMany", companies=rows)["seq"])
            taxonomy = c.call("taxonomy.get")
            cls.terms = [[t["code"] for t in taxonomy[name]] for name in ("kinds", "sectors")]

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    @classmethod
    def level(cls, seq):
        wait_until(lambda: cls.daemon.health()["index"]["seq"] >= seq, what="index at %d" % seq)

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def pages(self, between=lambda: None, **params):
        """All entries, and how many pages they took."""
        entries, count, cursor = [], 0, None
        while count == 0 or cursor:
            page = self.c.call("match.all", cursor=cursor, **params)
            self.assertTrue(page["weights_version"])
            entries += page["companies"]
            count, cursor = count + 1, page["next"]
            between()
        return entries, count

    def published(self, country):
        """By id: the cluster's and the daemon's order are the same."""
        got, cursor = [], None
        while True:
            page = self.c.call("company.list", country=country, status="published", fields=["name"], limit=200,
                               cursor=cursor)
            got += [p["id"] for p in page["companies"]]
            cursor = page["next"]
            if not cursor:
                return got

    def test_is_what_match_list_says(self):
        for params in ({}, {"limit": 3, "lang": "khm"}, {"limit": 100, "min_score": 40.5},
                       {"filter": {"kind": "goods", "lang": "fra"}, "lang": "fra"}):
            for country in ("KH", "CA"):
                with self.subTest(country=country, **params):
                    entries, _ = self.pages(country=country, **params)
                    self.assertEqual([e["company"]["id"] for e in entries], self.published(country))
                    for entry in entries:
                        want = self.c.call("match.list", id=entry["company"]["id"], **params)
                        self.assertEqual(entry, {"company": want["company"], "matches": want["matches"]})

    def test_goes_on_while_companies_change(self):
        """Who is there all the time comes exactly once, whatever comes and goes between the pages."""
        before = self.published("KH")
        gone = []

        def between():
            made = self.c.call("company.upsert", company=profile(self.rng, "KH", 1000 + len(gone)))
            old = before[self.rng.randrange(len(before))]
            gone.append(old)
            self.level(max(self.c.call("company.archive", id=old)["seq"], made["seq"]))
        entries, count = self.pages(between, country="KH", limit=100)
        self.assertGreater(count, 3)  # pages are cut by their size
        ids = [e["company"]["id"] for e in entries]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertLessEqual(set(before) - set(gone), set(ids))
        for old in gone:
            self.level(self.c.call("company.upsert", company={"id": old, "status": "published"})["seq"])

    def test_by_needs_is_the_same_in_another_order(self):
        for params in ({}, {"limit": 100}, {"filter": {"kind": "goods"}, "min_score": 30}):
            for country in ("KH", "CA"):
                with self.subTest(country=country, **params):
                    by_id, _ = self.pages(country=country, **params)
                    by_needs, _ = self.pages(country=country, order="needs", **params)
                    ids = [e["company"]["id"] for e in by_needs]
                    self.assertNotEqual(ids, sorted(ids))
                    self.assertEqual(sorted(by_needs, key=lambda e: e["company"]["id"]), by_id)
                    self.assertEqual(by_id, self.pages(country=country, order="id", **params)[0])
                    needs = [self.needs(i) for i in ids]
                    self.assertEqual(needs, sorted(needs))

    def needs(self, company):
        """The first four, offers first, by the places of kind and sector in their tables."""
        kinds, sectors = self.terms
        got = self.c.call("company.get", id=company, fields=["offers", "seeks"])
        return [need for side, name in enumerate(("offers", "seeks"))
                for need in sorted((side, kinds.index(n["kind"]), sectors.index(n["sector"])) for n in got.get(name, []))][:4]

    def refused(self, code, reason, **params):
        with self.assertRaises(RpcError) as caught:
            self.c.call("match.all", **params)
        self.assertEqual((caught.exception.code, caught.exception.reason), (code, reason))

    def test_cursors(self):
        page = self.c.call("match.all", country="KH", limit=100)
        cursor = page["next"]
        self.assertTrue(cursor)
        first = page["companies"][-1]["company"]["id"]
        again = self.c.call("match.all", country="KH", limit=1, lang="fra", cursor=cursor)
        self.assertGreater(again["companies"][0]["company"]["id"], first)
        said = self.c.call("match.all", country="KH", limit=1, order="id", cursor=cursor)
        self.assertEqual(said["companies"][0]["company"], again["companies"][0]["company"])
        for other in ({"country": "CA"}, {"country": "KH", "min_score": 3}, {"country": "KH", "order": "needs"},
                      {"country": "KH", "filter": {"kind": "goods"}}):
            self.refused(1004, "cursor_invalid", cursor=cursor, **other)
        needs = self.c.call("match.all", country="KH", limit=100, order="needs")["next"]
        self.assertTrue(needs)
        for other in ({"country": "KH"}, {"country": "KH", "order": "id"}, {"country": "CA", "order": "needs"}):
            self.refused(1004, "cursor_invalid", cursor=needs, **other)
        foreign = self.c.call("company.list", country="KH", limit=1)["next"]
        for garbage in ("x", cursor[:-1], cursor + "A", "é", foreign, "=" * len(cursor)):
            self.refused(1004, "cursor_invalid", country="KH", cursor=garbage)

    def test_params(self):
        for bad in ({}, {"country": "US"}, {"country": "KH", "limit": 0}, {"country": "KH", "limit": 101},
                    {"country": "KH", "id": "x"}, {"country": "KH", "order": "name"}, {"country": "KH", "filter": {"sector": "magic"}}):
            self.refused(-32602, "invalid_params", **bad)
        with self.daemon.tcp() as stranger:
            with self.assertRaises(RpcError) as caught:
                stranger.call("match.all", country="KH")
            self.assertEqual(caught.exception.code, -32010)

    def test_in_a_batch_and_pipelined(self):
        want = self.c.call("match.all", country="CA", limit=20)
        calls = [{"jsonrpc": "2.0", "id": i, "method": "match.all", "params": {"country": "CA", "limit": 20}}
                 for i in range(6)]
        answers = self.c.raw(json.dumps(calls))
        self.assertEqual(answers[0]["result"], want)
        for answer in answers:  # smaller as the room gets less, or told to come again
            if "error" in answer:
                self.assertEqual(answer["error"]["data"]["reason"], "batch_answer_too_large")
            else:
                got = answer["result"]["companies"]
                self.assertEqual(got, want["companies"][:len(got)])
        for call in calls:
            self.c.send(json.dumps(call) + "\n")
        for _ in calls:
            self.assertEqual(self.c.answer()["result"], want)

    def test_client(self):
        def run(*words, code=0):
            done = spean("match", "--all", *words, daemon=self.daemon)
            self.assertEqual(done.returncode, code, done.stderr)
            return done
        for words, countries in (([], ("KH", "CA")), (["--country", "CA"], ("CA",))):
            done = run("--limit", "4", *words)
            self.assertEqual(done.stderr, "")  # progress is for terminals
            want = [e for country in countries for e in self.pages(country=country, limit=4)[0]]
            self.assertEqual([json.loads(line) for line in done.stdout.splitlines()], want)
        self.assertEqual(json.loads(run("--limit", "4", "--country", "CA", "-f", "json").stdout), want)
        rows = list(csv.DictReader(io.StringIO(run("--limit", "4", "--country", "CA", "-f", "csv").stdout)))
        self.assertEqual([(r["for_id"], r["rank"], r["id"]) for r in rows],
                         [(e["company"]["id"], str(i + 1), m["company"]["id"])
                          for e in want for i, m in enumerate(e["matches"])])
        self.assertTrue(all(r["reason"] for r in rows))
        for words in (["crm:1"], ["-f", "table"], ["--limit", "101"], ["--country", "US"], ["--order", "name"]):
            run(*words, code=2)
        self.assertEqual(spean("match", "crm:1", "--order", "needs", daemon=self.daemon).returncode, 2)
        self.assertEqual([json.loads(line) for line in run("--limit", "4", "--order", "needs").stdout.splitlines()],
                         [e for country in ("KH", "CA") for e in self.pages(country=country, limit=4, order="needs")[0]])
        self.assertEqual(spean("match", "crm:1", "--country", "KH", daemon=self.daemon).returncode, 2)
        self.assertEqual(spean("match", daemon=self.daemon).returncode, 2)

    def test_client_catches_up(self):
        """By needs, who changes meanwhile comes once more. The client stands still while nobody reads what it prints."""
        places = [e["company"]["id"] for e in self.pages(country="KH", order="needs", limit=1)[0]]
        first, paused, erased, gone, last = places[0], *places[-4:]
        client = subprocess.Popen([os.path.join(BUILD, "spean"), "match", "--all", "--order", "needs", "--country", "KH", "--limit",
                                   "100"], env=dict(os.environ, SPEAN_SERVER="unix:" + self.daemon.unix), text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with client:
            self.addCleanup(client.kill)
            lines = [client.stdout.readline()]  # of the first page, which is more than a pipe holds
            self.c.call("company.upsert", company={"id": last, "offers": [], "seeks": []})
            self.c.call("company.archive", id=gone)
            self.c.call("company.erase", id=erased)
            self.c.call("company.upsert", company={"id": paused, "status": "paused"})
            for text in ("Behind", "Behind all others"):  # twice, to be told of once
                self.c.call("company.upsert", company={"id": first, "offers": [], "seeks": [
                    {"kind": "research", "sector": "energy", "text": text}]})
            self.c.call("company.confirm", id=self.published("CA")[0])
            new = self.c.call("company.upsert", company=company("New here", "KH"))
            self.level(new["seq"])
            lines += client.stdout.readlines()
            self.assertEqual((client.wait(), client.stderr.read()), (0, ""))
        entries = [json.loads(line) for line in lines]
        ids = [e["company"]["id"] for e in entries]
        self.assertEqual(set(ids), set(self.published("KH")))
        # Moved to where the client had been; given, moved to where it would come, and told of; new.
        self.assertEqual([ids.count(i) for i in (last, first, new["id"])], [1, 3, 1])
        self.assertEqual(set(ids[-3:]), {last, first, new["id"]})
        self.assertEqual({e["company"]["id"]: e for e in entries},
                         {e["company"]["id"]: e for e in self.pages(country="KH", limit=100)[0]})


if __name__ == "__main__":
    run_tests()
