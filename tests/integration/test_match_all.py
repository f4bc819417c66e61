"""match.all: for every published company what match.list says, page by page; and spean match --all."""

import csv
import io
import json
import random
import unittest

from spean_test import Cluster, Daemon, RpcError, company, run_tests, spean, wait_until

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
        for other in ({"country": "CA"}, {"country": "KH", "min_score": 3},
                      {"country": "KH", "filter": {"kind": "goods"}}):
            self.refused(1004, "cursor_invalid", cursor=cursor, **other)
        foreign = self.c.call("company.list", country="KH", limit=1)["next"]
        for garbage in ("x", cursor[:-1], cursor + "A", "é", foreign, "=" * len(cursor)):
            self.refused(1004, "cursor_invalid", country="KH", cursor=garbage)

    def test_params(self):
        for bad in ({}, {"country": "US"}, {"country": "KH", "limit": 0}, {"country": "KH", "limit": 101},
                    {"country": "KH", "id": "x"}, {"country": "KH", "filter": {"sector": "magic"}}):
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
        for words in (["crm:1"], ["-f", "table"], ["--limit", "101"], ["--country", "US"]):
            run(*words, code=2)
        self.assertEqual(spean("match", "crm:1", "--country", "KH", daemon=self.daemon).returncode, 2)
        self.assertEqual(spean("match", daemon=self.daemon).returncode, 2)


if __name__ == "__main__":
    run_tests()
