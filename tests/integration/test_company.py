"""Companies: writing, patching, versions, keys, reading, lists, search."""

import json
import threading
import unittest

from spean_test import Client, Cluster, Daemon, RpcError, company, run_tests, wait_until


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def refused(self, code, reason, method, client=None, **params):
        with self.assertRaises(RpcError) as caught:
            (client or self.c).call(method, **params)
        self.assertEqual((caught.exception.code, caught.exception.reason), (code, reason))
        return caught.exception

    def upsert(self, **params):
        return self.c.call("company.upsert", **params)


def ext(number, system="crm"):
    return [{"system": system, "id": str(number)}]


class TestUpsert(Case):
    def test_round_trip(self):
        profile = company(
            "Angkor Rice", region="KH-2", names={"khm": "អង្ករ", "fra": "Riz d'Angkor"}, city="Battambang",
            website="https://example.com", phone="+855 1", description={"eng": "Rice", "khm": "ស្រូវ"},
            external_ids=ext("rt"), employees=12, founded=1999, export_markets=["JP"], certifications=["haccp"],
            offers=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"], "text": "Fragrant"}],
            seeks=[{"kind": "capital", "sector": "agro-industry"}], verified="2026-01-02",
            contacts=[{"name": "Sok Dara", "role": "Sales", "email": "d@example.com", "phone": "1", "languages": ["khm"]}])
        made = self.upsert(company=profile)
        self.assertEqual((made["version"], made["created"]), (1, True))
        got = self.c.call("company.get", id=made["id"])
        for field, value in profile.items():
            self.assertEqual(got[field], value, field)
        self.assertEqual((got["id"], got["version"]), (made["id"], 1))
        self.assertEqual(self.c.call("company.get", external_id={"system": "crm", "id": "rt"}), got)
        # What was read can be sent back and changes nothing.
        again = self.upsert(company=got)
        self.assertEqual((again["id"], again["version"], again["created"]), (made["id"], 1, False))
        self.assertGreaterEqual(again["seq"], made["seq"])
        self.assertEqual(self.c.call("company.get", id=made["id"]), got)

    def test_merge_patch(self):
        made = self.upsert(company=company("Patch", city="Kep", names={"fra": "a", "khm": "ខ"}, phone="1"))
        done = self.upsert(company={"id": made["id"], "city": None, "names": {"fra": "b"}, "sectors": ["energy.solar"]})
        self.assertEqual(done["version"], 2)
        got = self.c.call("company.get", id=made["id"])
        self.assertNotIn("city", got)
        self.assertEqual((got["names"], got["phone"], got["sectors"]), ({"fra": "b", "khm": "ខ"}, "1", ["energy.solar"]))

    def test_what_is_refused_is_not_stored(self):
        made = self.upsert(company=company("Strict", region="KH-2"))
        error = self.refused(1005, "invalid", "company.upsert", company={
            "id": made["id"], "colour": "red", "region": "CA-QC", "valid_until": "2026-02-30", "name": "Other"})
        self.assertEqual({f["field"] for f in error.data["fields"]}, {"colour", "region", "valid_until"})
        self.assertEqual(self.c.call("company.get", id=made["id"])["name"], "Strict")
        self.refused(1005, "invalid", "company.upsert", company={})
        self.refused(1005, "invalid", "company.upsert", company=company("No sector", sectors=[]))

    def test_if_version(self):
        made = self.upsert(company=company("Version", external_ids=ext("v")), if_version=0)
        self.refused(1002, "version_conflict", "company.upsert", company={"external_ids": ext("v")}, if_version=0)
        self.refused(1002, "version_conflict", "company.upsert", company={"id": made["id"], "city": "x"}, if_version=2)
        done = self.upsert(company={"id": made["id"], "city": "x"}, if_version=1)
        self.assertEqual(done["version"], 2)
        self.refused(1002, "version_conflict", "company.archive", id=made["id"], if_version=1)

    def test_identifiers(self):
        a = self.upsert(company=company("A", external_ids=ext("ia")))["id"]
        b = self.upsert(company=company("B", external_ids=ext("ib")))["id"]
        self.assertNotEqual(a, b)
        self.assertEqual(self.upsert(company={"external_ids": ext("ia"), "city": "x"})["id"], a)
        self.refused(1006, "ambiguous_external_id", "company.upsert",
                     company=company("C", external_ids=ext("ia") + ext("ib")))
        self.refused(1006, "ambiguous_external_id", "company.upsert", company={"id": a, "external_ids": ext("ib")})
        self.refused(1001, "company_not_found", "company.upsert", company={"id": a[:-1] + "z", "name": "x"})
        self.refused(1001, "company_not_found", "company.upsert",
                     company={"id": "00000000-0000-7000-8000-000000000000", "name": "x"})
        # One of the same system is no second system: an id in another system is another company.
        other = self.upsert(company=company("Other", external_ids=ext("ia", "other")))
        self.assertTrue(other["created"])

    def test_admin_brings_ids_along(self):
        ids = ["01a20baf-d44e-78d0-9bde-6f5b02a3a3%02d" % n for n in range(3)]
        made = self.upsert(company=company("Moved", id=ids[0], external_ids=ext("moved")), if_version=0)
        self.assertEqual((made["id"], made["created"]), (ids[0], True))
        self.refused(1002, "version_conflict", "company.upsert", company={"id": ids[0], "name": "x"}, if_version=0)
        self.refused(1001, "company_not_found", "company.upsert", company=company("No", id=ids[1]))
        # One external id never gets two companies.
        many = [company("Moved", id=ids[0], city="Kep"), company("Second", id=ids[1]),
                {"id": ids[1], "city": "Kampot"}, company("Third", id=ids[2], external_ids=ext("moved"))]
        self.refused(-32602, "invalid_params", "company.upsertMany", companies=many, keep_ids="yes")
        results = self.c.call("company.upsertMany", companies=many, keep_ids=True)["results"]
        self.assertEqual([(r.get("id"), r.get("created")) for r in results],
                         [(ids[0], False), (ids[1], True), (ids[1], False), (None, None)])
        self.assertEqual(results[3]["error"]["code"], 1006)
        self.assertEqual(self.c.call("company.get", id=ids[1])["city"], "Kampot")
        again = self.c.call("company.upsertMany", companies=many, keep_ids=True)["results"]
        self.assertEqual([r.get("version") for r in again[:3]], [r["version"] for r in results[:3]])
        with self.daemon.tcp(token=self.daemon.token("staff", "clerk")) as clerk:
            self.refused(-32011, "keep_ids_needs_admin", "company.upsertMany", client=clerk, companies=many,
                         keep_ids=True)
            self.refused(1001, "company_not_found", "company.upsert", client=clerk,
                         company=company("No", id=ids[2]), if_version=0)

    def test_profile_too_large(self):
        made = self.upsert(company=company("Large"))
        langs = ["khm", "fra", "eng", "deu", "spa", "ita", "jpn", "kor", "vie", "tha", "lao", "zho", "rus", "por",
                 "nld", "swe", "pol", "ces", "ell", "tur", "ara", "hin", "ben", "ind"]
        self.refused(-32015, "profile_too_large", "company.upsert",
                     company={"id": made["id"], "description": {lang: "ក" * 4000 for lang in langs}})
        self.assertEqual(self.c.call("company.get", id=made["id"])["version"], 1)

    def test_verified_is_for_staff(self):
        with self.daemon.tcp(token=self.daemon.token("integration", "crm")) as crm:
            made = crm.call("company.upsert", company=company("Unverified", external_ids=ext("ver")))
            self.refused(-32011, "verified_needs_staff", "company.upsert", client=crm,
                         company={"id": made["id"], "verified": "2026-11-01"})
            self.upsert(company={"id": made["id"], "verified": "2026-11-01"})
            got = crm.call("company.get", id=made["id"])
            self.assertEqual(got["verified"], "2026-11-01")
            got["city"] = "Kep"
            self.assertEqual(crm.call("company.upsert", company=got)["version"], 3)
            self.refused(-32011, "verified_needs_staff", "company.upsert", client=crm,
                         company={"id": made["id"], "verified": None})

    def test_archive_and_confirm(self):
        made = self.upsert(company=company("Old", valid_until="2026-01-31"))
        done = self.c.call("company.confirm", id=made["id"], if_version=1)
        self.assertEqual((set(done), done["version"]), ({"id", "version", "seq"}, 2))
        self.assertGreater(self.c.call("company.get", id=made["id"])["valid_until"], "2027")
        self.assertEqual(self.c.call("company.confirm", id=made["id"])["version"], 2)
        self.assertEqual(self.c.call("company.archive", id=made["id"])["version"], 3)
        self.assertEqual(self.c.call("company.archive", id=made["id"])["version"], 3)
        self.assertEqual(self.c.call("company.get", id=made["id"])["status"], "archived")
        types = [x["type"] for x in self.c.call("changes.list", limit=1000)["changes"] if x["id"] == made["id"]]
        self.assertEqual(types, ["created", "confirmed", "archived"])
        self.refused(1001, "company_not_found", "company.archive", id="nonsense")

    def test_writers_in_each_others_way_lose_nothing(self):
        made = self.upsert(company=company("Busy"))
        failures = []

        def write(n):
            try:
                with self.daemon.client() as c:
                    for i in range(10):
                        c.call("company.upsert", company={"id": made["id"], "names": {lang(n): "n%d.%d" % (n, i)}})
            except Exception as e:  # noqa: what any of them raises fails the test
                failures.append(e)

        def lang(n):
            return ["khm", "fra", "eng", "deu", "spa", "ita"][n]
        threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        got = self.c.call("company.get", id=made["id"])
        self.assertEqual(got["version"], 61)
        self.assertEqual(got["names"], {lang(n): "n%d.9" % n for n in range(6)})

    def test_the_same_external_id_at_once_makes_one_company(self):
        clients = [self.daemon.client() for _ in range(8)]
        numbers = [c.start("company.upsert", company=company("Race %d" % n, external_ids=ext("race")))
                   for n, c in enumerate(clients)]
        done = [c.finish(n) for c, n in zip(clients, numbers)]
        for c in clients:
            c.close()
        self.assertEqual(len({d["id"] for d in done}), 1)
        self.assertEqual([d["created"] for d in done].count(True), 1)
        self.assertEqual(sorted(d["version"] for d in done), list(range(1, 9)))


class TestMany(Case):
    def test_results_in_order(self):
        done = self.c.call("company.upsertMany", companies=[
            company("One", external_ids=ext("m1")), company("Bad", region="CA-QC"), {"id": "x"}, 7,
            {"external_ids": ext("m1"), "city": "Kep"}, company("Two")])
        results = done["results"]
        self.assertEqual([set(r) for r in results],
                         [{"id", "version", "created"}, {"error"}, {"error"}, {"error"},
                          {"id", "version", "created"}, {"id", "version", "created"}])
        self.assertEqual([r["error"]["code"] for r in results[1:4]], [1005, 1001, 1005])
        self.assertEqual(results[1]["error"]["data"]["fields"][0]["field"], "region")
        self.assertEqual(results[4]["id"], results[0]["id"])
        self.assertEqual((results[0]["created"], results[4]["created"]), (True, False))
        self.assertEqual(results[4]["version"], 1)
        self.assertEqual(self.c.call("company.get", id=results[0]["id"])["city"], "Kep")
        again = self.c.call("company.upsertMany", companies=[{"id": results[0]["id"], "city": "Kep"}])
        self.assertEqual(again["results"][0]["version"], 1)
        self.assertEqual(again["seq"], done["seq"])

    def test_a_thousand(self):
        rows = [company("Mill %d" % n, external_ids=ext(n, "thousand")) for n in range(1000)]
        done = self.c.call("company.upsertMany", companies=rows)
        self.assertEqual(len({r["id"] for r in done["results"]}), 1000)
        self.assertTrue(all(r["created"] for r in done["results"]))
        again = self.c.call("company.upsertMany", companies=rows)
        self.assertEqual([r["id"] for r in again["results"]], [r["id"] for r in done["results"]])
        self.assertFalse(any(r["created"] or r["version"] != 1 for r in again["results"]))
        self.assertEqual(again["seq"], done["seq"])
        self.assertEqual(self.c.call("company.upsertMany", companies=[])["results"], [])
        self.refused(-32602, "invalid_params", "company.upsertMany", companies=[{}] * 1001)

    def test_a_thousand_refusals_fit_into_a_line(self):
        bad = {("f%d" % n): 1 for n in range(20)}
        line = self.c.call("company.upsertMany", companies=[bad] * 1000)
        self.assertEqual([r["error"]["code"] for r in line["results"]], [1005] * 1000)
        self.assertEqual(len(line["results"][0]["error"]["data"]["fields"]), 22)


class TestKeys(Case):
    def test_a_key_applies_once(self):
        first = self.upsert(company=company("Once"), idempotency_key="k1")
        again = self.upsert(company=company("Once"), idempotency_key="k1")
        self.assertEqual(first, again)
        names = [x["id"] for x in self.c.call("company.search", text="Once")["companies"]]
        self.assertEqual(names.count(first["id"]), 1)
        self.refused(1003, "idempotency_key_reused", "company.upsert", company=company("Twice"), idempotency_key="k1")
        self.refused(1003, "idempotency_key_reused", "company.upsertMany", companies=[company("Once")],
                     idempotency_key="k1")
        # Another principal's key is another key.
        with self.daemon.tcp(token=self.daemon.token("integration", "other")) as other:
            self.assertNotEqual(other.call("company.upsert", company=company("Once"), idempotency_key="k1")["id"],
                                first["id"])

    def test_the_first_answer_comes_again_after_other_writes(self):
        first = self.upsert(company=company("Before", external_ids=ext("key")), idempotency_key="k2")
        self.upsert(company={"id": first["id"], "city": "Kep"})
        again = self.upsert(company=company("Before", external_ids=ext("key")), idempotency_key="k2")
        self.assertEqual(again, first)
        self.assertEqual(self.c.call("company.get", id=first["id"])["version"], 2)

    def test_what_changes_nothing_keeps_its_key_too(self):
        made = self.upsert(company=company("Same"))
        first = self.upsert(company={"id": made["id"], "name": "Same"}, idempotency_key="k3")
        self.assertEqual((first["version"], first["created"]), (1, False))
        self.refused(1003, "idempotency_key_reused", "company.upsert", company={"id": made["id"], "name": "New"},
                     idempotency_key="k3")

    def test_many_at_once(self):
        clients = [self.daemon.client() for _ in range(8)]
        numbers = [c.start("company.upsertMany", companies=[company("At once"), {"id": "x"}], idempotency_key="k4")
                   for c in clients]
        done = [c.finish(n) for c, n in zip(clients, numbers)]
        for c in clients:
            c.close()
        ids = {d["results"][0]["id"] for d in done}
        self.assertEqual(len(ids), 1)
        self.assertEqual(len({d["seq"] for d in done}), 1)
        self.assertTrue(all(d["results"][1]["error"]["code"] == 1001 for d in done))

    def test_a_key_has_a_length(self):
        self.upsert(company=company("Long"), idempotency_key="ក" * 200)
        for key in ("", "x" * 201, 7):
            self.refused(-32602, "invalid_params", "company.upsert", company=company("x"), idempotency_key=key)


class TestRead(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.daemon.client() as c:
            rows = []
            for n in range(120):
                country = "KH" if n % 2 else "CA"
                rows.append(company("Firm %d" % n, country, region="KH-2" if n % 2 else "CA-QC",
                                    status="draft" if n % 3 == 0 else "published",
                                    sectors=["energy.solar"] if n % 5 == 0 else ["agro-industry.rice"],
                                    contacts=[{"name": "Secret Person"}]))
            c.call("company.upsertMany", companies=rows)

    def pages(self, limit, **params):
        ids, cursor, count = [], None, 0
        while True:
            page = self.c.call("company.list", limit=limit, cursor=cursor, **params)
            ids += [x["id"] for x in page["companies"]]
            count += 1
            cursor = page["next"]
            if cursor is None:
                return ids, count

    def test_every_page(self):
        whole, count = self.pages(7)
        self.assertGreaterEqual(count, 17)
        self.assertEqual(len(whole), len(set(whole)))
        self.assertEqual(whole, sorted(whole))
        self.assertGreaterEqual(len(whole), 120)

    def test_filters(self):
        self.assertEqual(len(self.pages(200, country="KH")[0]), 60)
        self.assertEqual(len(self.pages(200, sector="energy")[0]), 24)
        self.assertEqual(len(self.pages(50, sector="energy.solar", country="CA")[0]), 12)
        self.assertEqual(len(self.pages(50, region="CA-QC", status="draft")[0]), 20)
        self.assertEqual(len(self.pages(50, updated_after="2099-01-01T00:00:00Z")[0]), 0)
        self.refused(-32602, "invalid_params", "company.list", sector="magic")
        self.refused(-32602, "invalid_params", "company.list", region="US-NY")
        self.refused(-32602, "invalid_params", "company.list", status="gone")

    def test_fields_and_personal_data(self):
        page = self.c.call("company.list", fields=["name", "version"], limit=2)
        self.assertEqual([set(x) for x in page["companies"]], [{"id", "name", "version"}] * 2)
        self.refused(-32602, "invalid_params", "company.list", fields=["contacts"])
        self.refused(-32602, "invalid_params", "company.list", fields=["colour"])
        whole = self.c.call("company.list", limit=200)
        found = self.c.call("company.search", text="Firm")
        self.assertNotIn("Secret", json.dumps([whole, found]))
        one = whole["companies"][0]["id"]
        self.assertEqual(self.c.call("company.get", id=one)["contacts"], [{"name": "Secret Person"}])
        with self.daemon.tcp(token=self.daemon.token("viewer", "v")) as viewer:
            self.assertNotIn("contacts", viewer.call("company.get", id=one))
        self.assertNotIn("Secret", self.daemon.log_text())

    def test_cursors_belong_to_their_list(self):
        cursor = self.c.call("company.list", country="KH", limit=5)["next"]
        self.c.call("company.list", country="KH", limit=9, fields=["name"], cursor=cursor)
        for bad in (dict(cursor=cursor), dict(cursor=cursor, country="CA"), dict(cursor="x"), dict(cursor="ក" * 34)):
            self.refused(1004, "cursor_invalid", "company.list", **bad)

    def test_a_list_survives_changes(self):
        before = self.pages(200, country="CA")[0]
        page = self.c.call("company.list", country="CA", limit=10)
        seen = [x["id"] for x in page["companies"]]
        self.upsert(company={"id": seen[3], "city": "Moved"})
        self.upsert(company=company("Newcomer", "CA"))
        while page["next"]:
            page = self.c.call("company.list", country="CA", limit=10, cursor=page["next"])
            seen += [x["id"] for x in page["companies"]]
        self.assertEqual([x for x in seen if x in set(before)], before)

    def test_pages_end_by_bytes(self):
        text = "ក" * 4000
        self.c.call("company.upsertMany", companies=[
            company("Wordy %d" % n, region="KH-23", description={"khm": text, "fra": text}) for n in range(30)])
        whole, count = self.pages(200, region="KH-23")
        self.assertEqual(len(set(whole)), 30)
        self.assertGreater(count, 1)

    def test_get_unknown(self):
        self.refused(1001, "company_not_found", "company.get", id="x")
        self.refused(1001, "company_not_found", "company.get", id="00000000-0000-7000-8000-000000000000")
        self.refused(1001, "company_not_found", "company.get", external_id={"system": "a", "id": "b"})
        self.refused(-32602, "invalid_params", "company.get")
        self.refused(-32602, "invalid_params", "company.get", id="x", external_id={"system": "a", "id": "b"})

    def test_search(self):
        self.upsert(company=company("Khmer name", names={"khm": "សហគ្រាសស្រូវអង្ករ"}))
        self.upsert(company=company("Ets Québécois", "CA"))
        self.upsert(company=company("Battambang Mills"))

        def names(text, **params):
            return [x["name"] for x in self.c.call("company.search", text=text, **params)["companies"]]
        self.assertIn("Khmer name", names("សហគ្រាស"))
        self.assertEqual(names("quebecois")[0], "Ets Québécois")
        self.assertIn("Battambang Mills", names("Batambang"))
        self.assertEqual(names("quebecois", country="KH"), [])
        self.assertEqual(len(names("Firm", limit=3)), 3)
        self.assertEqual(names("!!!"), [])
        one = self.c.call("company.search", text="quebecois")["companies"][0]
        self.assertEqual(set(one), {"id", "name", "country", "region", "sectors", "rank"})
        self.assertTrue(0 < one["rank"] <= 1)


if __name__ == "__main__":
    run_tests()
