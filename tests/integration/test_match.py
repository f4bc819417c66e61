"""Matches: from the index, at once; reading one's own writes; why and why not."""

import datetime
import os
import signal
import unittest

from spean_test import Cluster, Daemon, RpcError, company, run_tests, wait_until


def rice_seller(name, country="KH", **more):
    return company(name, country, offers=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}], **more)


def rice_buyer(name, country="CA", **more):
    return company(name, country, seeks=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}], **more)


class TestMatch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)
        yesterday = str(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1))
        rows = {
            "seller": rice_seller("Angkor Rice", region="KH-2", external_ids=[{"system": "crm", "id": "1"}]),
            "buyer": rice_buyer("Boréal Foods", region="CA-QC", languages=[
                {"lang": "fra", "level": "fluent"}, {"lang": "eng", "level": "working"}]),
            "other": rice_buyer("Prairie Imports", region="CA-SK", sectors=["agro-industry.food-processing"]),
            "rival": rice_seller("Rival Mills", region="KH-1"),
            "home": rice_buyer("Home Buyer", "KH"),
            "draft": rice_buyer("Draft", status="draft"),
            "paused": rice_buyer("Paused", status="paused"),
            "expired": rice_buyer("Expired", valid_until=yesterday),
        }
        with cls.daemon.client() as c:
            done = c.call("company.upsertMany", companies=list(rows.values()))
            cls.ids = dict(zip(rows, [r["id"] for r in done["results"]]))
            cls.seq = done["seq"]
            wait_until(lambda: c.call("system.health")["index"]["seq"] >= cls.seq, what="the index has them")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def match(self, **params):
        params.setdefault("min_seq", self.seq)
        return self.c.call("match.list", **params)

    def add(self, profile, client=None):
        """A company for one test: archived after it."""
        made = (client or self.c).call("company.upsert", company=profile)
        self.addCleanup(self.remove, made["id"])
        self.seq = made["seq"]
        return made

    def remove(self, number):
        with self.daemon.client() as c:
            type(self).seq = c.call("company.archive", id=number)["seq"]

    def names(self, **params):
        return [m["company"]["name"] for m in self.match(**params)["matches"]]

    def refused(self, code, reason, method, **params):
        with self.assertRaises(RpcError) as caught:
            self.c.call(method, **params)
        self.assertEqual((caught.exception.code, caught.exception.reason), (code, reason))
        return caught.exception

    def test_list(self):
        answer = self.match(id=self.ids["seller"])
        self.assertEqual(answer["company"], {"id": self.ids["seller"], "name": "Angkor Rice", "country": "KH"})
        self.assertGreaterEqual(answer["seq"], self.seq)
        self.assertTrue(answer["weights_version"])
        names = [m["company"]["name"] for m in answer["matches"]]
        self.assertEqual(set(names[:2]), {"Boréal Foods", "Prairie Imports"})
        self.assertFalse({"Home Buyer", "Draft", "Paused", "Expired", "Angkor Rice", "Rival Mills"} & set(names))
        scores = [m["score"] for m in answer["matches"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        one = answer["matches"][0]
        self.assertEqual(set(one), {"company", "score", "a_to_b", "b_to_a", "language", "factors"})
        self.assertEqual(set(one["company"]), {"id", "name", "country", "region", "city", "sectors"})
        self.assertEqual([f["name"] for f in one["factors"]], ["need", "sector", "language", "practical"])
        self.assertTrue(all(f["reason"] for f in one["factors"]))
        self.assertEqual(self.match(id=self.ids["seller"])["matches"], answer["matches"])

    def test_the_other_side_sees_the_same(self):
        a, b = self.ids["seller"], self.ids["buyer"]
        ab = next(m for m in self.match(id=a)["matches"] if m["company"]["id"] == b)
        ba = next(m for m in self.match(id=b)["matches"] if m["company"]["id"] == a)
        self.assertEqual((ab["score"], ab["a_to_b"], ab["b_to_a"]), (ba["score"], ba["b_to_a"], ba["a_to_b"]))

    def test_by_external_id(self):
        by_id = self.match(id=self.ids["seller"])
        self.assertEqual(self.match(external_id={"system": "crm", "id": "1"}), by_id)
        self.refused(1001, "company_not_found", "match.list", external_id={"system": "crm", "id": "2"})
        self.refused(1001, "company_not_found", "match.list", id="nonsense")
        self.refused(-32602, "invalid_params", "match.list")

    def test_limit_and_score(self):
        seller = self.ids["seller"]
        best = self.match(id=seller, limit=1)["matches"]
        self.assertEqual(len(best), 1)
        score = best[0]["score"]
        self.assertEqual(len(self.match(id=seller, min_score=score)["matches"]), 1)
        if score < 99.98:
            self.assertEqual(self.match(id=seller, min_score=score + 0.005)["matches"], [])
        for bad in (dict(limit=0), dict(limit=101), dict(min_score=101), dict(lang="deu"), dict(min_seq=-1),
                    dict(filter={"sector": "magic"}), dict(filter={"region": "US-NY"}), dict(filter={"x": 1})):
            self.refused(-32602, "invalid_params", "match.list", id=seller, **bad)

    def test_filter(self):
        seller = self.ids["seller"]
        self.assertEqual(self.names(id=seller, filter={"region": "CA-SK"}), ["Prairie Imports"])
        self.assertEqual(self.names(id=seller, filter={"lang": "fra"}), ["Boréal Foods"])
        self.assertEqual(self.names(id=seller, filter={"sector": "agro-industry.food-processing"}), ["Prairie Imports"])
        self.assertEqual(set(self.names(id=seller, filter={"sector": "agro-industry", "kind": "goods"})),
                         {"Boréal Foods", "Prairie Imports"})
        self.assertEqual(self.names(id=seller, filter={"kind": "capital"}), [])

    def test_sentences_in_three_languages(self):
        said = {lang: self.c.call("match.explain", a=self.ids["seller"], b=self.ids["buyer"], lang=lang)
                for lang in ("eng", "fra", "khm")}
        reasons = [tuple(f["reason"] for f in one["factors"]) for one in said.values()]
        self.assertEqual(len(set(reasons)), 3)
        self.assertTrue(any("ក" <= ch <= "៿" for ch in said["khm"]["factors"][0]["reason"]))
        self.assertEqual(len({one["score"] for one in said.values()}), 1)

    def test_explain_why_not(self):
        def explain(b):
            return self.c.call("match.explain", a=self.ids["seller"], b=self.ids[b])
        good = explain("buyer")
        self.assertEqual((good["suggested"], good["excluded"]), (True, None))
        listed = next(m for m in self.match(id=self.ids["seller"])["matches"]
                      if m["company"]["id"] == self.ids["buyer"])
        self.assertEqual({k: good[k] for k in listed}, listed)
        for b, reason in (("seller", "same_company"), ("rival", "same_country"), ("draft", "not_published"),
                          ("paused", "not_published"), ("expired", "expired")):
            with self.subTest(b):
                one = explain(b)
                self.assertFalse(one["suggested"])
                self.assertEqual(one["excluded"]["reason"], reason)
                self.assertTrue(one["excluded"]["sentence"])
                self.assertEqual(len(one["factors"]), 4)
        self.refused(1001, "company_not_found", "match.explain", a=self.ids["seller"], b="nonsense")

    def test_own_writes_are_read(self):
        for n in range(20):
            made = self.add(rice_buyer("New %d" % n, region="CA-NU"))
            self.assertIn(made["id"], [m["company"]["id"] for m in
                                       self.match(id=self.ids["seller"], filter={"region": "CA-NU"}, limit=100)["matches"]])
        gone = self.c.call("company.archive", id=made["id"])
        self.seq = gone["seq"]
        self.assertNotIn("New 19", self.names(id=self.ids["seller"], filter={"region": "CA-NU"}, limit=100))

    def test_min_seq_that_never_comes(self):
        error = self.refused(-32014, "index_behind", "match.list", id=self.ids["seller"], min_seq=10 ** 9)
        self.assertTrue(error.data["retryable"])

    def test_min_seq_that_comes_later(self):
        with self.daemon.client() as waiting:
            head = self.c.call("changes.list", limit=1000)["changes"][-1]["seq"]
            number = waiting.start("match.list", id=self.ids["seller"], min_seq=head + 1)
            self.assertEqual(self.c.call("system.ping"), "pong")
            self.c.call("company.upsert", company=company("Wake-up"))
            self.assertGreaterEqual(waiting.finish(number)["seq"], head + 1)

    def follower(self):
        """The backend by which the daemon follows the changes, and what it is doing."""
        def look():
            rows = self.cluster.sql("SELECT pid, state FROM pg_stat_activity WHERE datname = current_database() AND"
                                    " (query LIKE 'LISTEN %' OR query LIKE '%token_version FROM spean.feed'"
                                    " OR query LIKE 'WITH page AS %')", self.daemon.database)
            return rows if len(rows) == 1 else None
        (pid, state), = wait_until(look, what="one backend gives the changes")
        return int(pid), state

    def test_own_writes_are_not_read_back(self):
        """They show although the backend that gives the changes stands still, before it is given up."""
        for n in range(20):
            downs = self.daemon.log_text().count("store_down")
            backend, _ = self.follower()
            os.kill(backend, signal.SIGSTOP)
            try:
                if self.follower() != (backend, "idle"):
                    continue
                made = self.add(company("Own %d" % n))
                answer = self.match(id=made["id"])
                in_time = self.daemon.log_text().count("store_down") == downs
            finally:
                os.kill(backend, signal.SIGCONT)
            self.assertEqual(answer["company"]["name"], "Own %d" % n)
            if in_time:
                return
            wait_until(lambda: self.c.call("system.health")["status"] == "ok", what="the daemon follows again")
        self.fail("never before the backend was given up")

    def test_contacts_never_show(self):
        made = self.add(rice_buyer("Has contacts", region="CA-YT", contacts=[{"name": "Very Private"}]))
        answer = self.c.call("match.list", id=self.ids["seller"], min_seq=made["seq"], limit=100)
        self.assertNotIn("Very Private", str(answer))
        self.assertNotIn("Very Private", str(self.c.call("match.explain", a=self.ids["seller"], b=made["id"])))
        self.assertNotIn("Very Private", str(self.c.call("changes.list", limit=1000)))

    def test_two_daemons_see_each_other(self):
        other = Daemon(self.cluster, database=self.daemon.database)
        try:
            with other.client() as o:
                self.add(rice_buyer("From next door", region="CA-PE"), o)
                self.assertEqual(self.names(id=self.ids["seller"], filter={"region": "CA-PE"}), ["From next door"])
        finally:
            other.stop()


if __name__ == "__main__":
    run_tests()
