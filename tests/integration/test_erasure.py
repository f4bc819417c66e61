"""Personal data: erased everywhere at once, and never read without a trace."""

import itertools
import json
import threading
import time
import unittest

from spean_test import PATIENCE, Cluster, Daemon, RpcError, company, run_tests, wait_until

KHMER = "រោងម៉ាស៊ីនកិនស្រូវ វត្តលុបចោល"
MARKS = ["Zyxwold Rice Mill", "Dara Zyxwold", "zyxwold@example.org", "+855 12 999 888", "ZYX-0042", KHMER,
         "Zyxwold lane", "zyxwold-key"]
OTHERS = [dict(name="Other Contact", email="other@example.org")]


def mill(**fields):
    return company("Zyxwold Rice Mill", names={"khm": KHMER}, region="KH-2", city="Zyxwold lane",
                   external_ids=[{"system": "crm", "id": "ZYX-0042"}],
                   offers=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}],
                   contacts=[{"name": "Dara Zyxwold", "email": "zyxwold@example.org", "phone": "+855 12 999 888"}],
                   **fields)


def importer():
    return company("Importer of Rice", "CA", region="CA-QC", contacts=OTHERS,
                   seeks=[{"kind": "goods", "sector": "agro-industry.rice", "hs": ["1006"]}])


class ErasureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def setUp(self):
        self.daemon = Daemon(self.cluster)
        self.addCleanup(self.daemon.stop)
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def sql(self, text):
        return self.cluster.sql(text, self.daemon.database)

    def refused(self, code, reason, method, client=None, **params):
        with self.assertRaises(RpcError) as caught:
            (client or self.c).call(method, **params)
        self.assertEqual((caught.exception.code, caught.exception.reason), (code, reason))

    def everything(self):
        """Every row of every table, as text."""
        tables = [r[0] for r in self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'spean' ORDER BY 1")]
        self.assertIn("audit", tables)
        return {t: [r[0] for r in self.sql("SELECT row_to_json(t) FROM spean.%s t" % t)] for t in tables}

    def indexed(self, seq, daemon=None):
        wait_until(lambda: (daemon or self.daemon).health()["index"]["seq"] >= seq, what="the index follows")


class TestErasure(ErasureTest):
    def test_gone_everywhere(self):
        other = Daemon(self.cluster, database=self.daemon.database)
        self.addCleanup(other.stop)
        made = self.c.call("company.upsert", company=mill(), idempotency_key="zyxwold-key-1")
        buyer = self.c.call("company.upsert", company=importer())
        many = self.c.call("company.upsertMany", companies=[{"id": made["id"], "employees": 7}, importer()],
                           idempotency_key="many")
        self.indexed(many["seq"])
        self.indexed(many["seq"], other)
        listed = self.c.call("match.list", id=buyer["id"])["matches"]
        self.assertEqual([m["company"]["id"] for m in listed], [made["id"]])
        before = json.dumps(self.everything(), ensure_ascii=False)
        for mark in MARKS:
            self.assertIn(mark if mark != "+855 12 999 888" else "999 888", before)

        gone = self.c.call("company.erase", id=made["id"])
        self.assertEqual(gone, {"id": made["id"], "erased": True, "seq": many["seq"] + 1})

        tables = self.everything()
        after = json.dumps(tables, ensure_ascii=False)
        for mark in MARKS[:-1]:
            self.assertNotIn(mark, after)
        for table in ("company", "company_contact", "company_key", "company_external"):
            self.assertNotIn(made["id"], json.dumps(tables[table]))
        self.assertNotIn(made["id"], json.dumps(tables["idempotency"]))
        # The other company is as it was.
        self.assertIn("other@example.org", json.dumps(tables["company_contact"]))
        self.assertEqual(self.c.call("company.get", id=buyer["id"])["contacts"], OTHERS)

        self.refused(1001, "company_not_found", "company.get", id=made["id"])
        self.refused(1001, "company_not_found", "company.get", external_id={"system": "crm", "id": "ZYX-0042"})
        self.assertEqual(self.c.call("company.search", text="Zyxwold")["companies"], [])
        self.assertNotIn(made["id"], [c["id"] for c in self.c.call("company.list")["companies"]])
        for daemon in (self.daemon, other):
            with daemon.client() as c:
                self.assertEqual(c.call("match.list", id=buyer["id"], min_seq=gone["seq"])["matches"], [])
                self.refused(1001, "company_not_found", "match.explain", client=c, a=buyer["id"], b=made["id"])

        feed = [c for c in self.c.call("changes.list")["changes"] if c["id"] == made["id"]]
        self.assertEqual([(c["type"], c["version"]) for c in feed], [("created", 1), ("updated", 2), ("erased", 3)])
        self.assertEqual([c["external_ids"] for c in feed], [[], [], []])
        self.assertEqual(feed[-1]["seq"], gone["seq"])
        for mark in MARKS:
            self.assertNotIn(mark, self.daemon.log_text())

        # Again: the same. Never there: 1001.
        self.assertEqual(self.c.call("company.erase", id=made["id"]), gone)
        self.refused(1001, "company_not_found", "company.erase", id="01a20baf-d44e-78d0-9bde-6f5b02a3a357")
        self.refused(1001, "company_not_found", "company.erase", id="nonsense")

    def test_an_erased_id_is_not_given_again(self):
        made = self.c.call("company.upsert", company=mill())
        kept = dict(mill(), id=made["id"], external_ids=[])
        other = dict(importer(), id="01a20baf-d44e-78d0-9bde-6f5b02a3a357")
        gone = self.c.call("company.erase", id=made["id"])
        self.refused(1001, "company_erased", "company.upsert", company=kept, if_version=0)
        many = self.c.call("company.upsertMany", companies=[kept, other], keep_ids=True)
        self.assertEqual(many["results"][0]["error"]["data"]["reason"], "company_erased")
        self.assertEqual((many["results"][1]["id"], many["results"][1]["created"]), (other["id"], True))
        self.assertEqual([r[0] for r in self.sql("SELECT id FROM spean.company")], [other["id"]])
        self.assertEqual(many["seq"], gone["seq"] + 1)
        # Nor past the daemon, as when it is erased between its look and its write.
        with self.assertRaisesRegex(Exception, "has been erased"):
            self.sql("INSERT INTO spean.company SELECT '%s', 1, country, name, region, city, status, sectors, sector_terms, "
                     "valid_until, verified, updated_at, doc, packed, pack_format, pack_model FROM spean.company" % made["id"])

    def test_a_later_upsert_makes_a_new_company(self):
        made = self.c.call("company.upsert", company=mill(), idempotency_key="k")
        self.c.call("company.erase", id=made["id"])
        # A write that is sent again brings nothing back.
        self.refused(1003, "answer_erased", "company.upsert", company=mill(), idempotency_key="k")
        self.refused(1001, "company_not_found", "company.upsert", company={"id": made["id"], "city": "x"})
        again = self.c.call("company.upsert", company=mill(), idempotency_key="k2")
        self.assertTrue(again["created"])
        self.assertEqual(again["version"], 1)
        self.assertNotEqual(again["id"], made["id"])
        kept = self.c.call("company.upsert", company=mill(), idempotency_key="k2")
        self.assertEqual(kept["id"], again["id"])

    def test_expired_keys_go_too(self):
        made = self.c.call("company.upsert", company=mill(), idempotency_key="old")
        self.sql("UPDATE spean.idempotency SET expires_at = now() - interval '1 hour'")
        self.c.call("company.erase", id=made["id"])
        self.assertEqual(self.sql("SELECT * FROM spean.idempotency"), [])

    def test_all_or_nothing(self):
        made = self.c.call("company.upsert", company=mill(), idempotency_key="whole")
        before = self.everything()
        for failing in ("audit ADD CONSTRAINT broken CHECK (action <> 'company_erased') NOT VALID",
                        "change ADD CONSTRAINT broken CHECK (type <> 'erased') NOT VALID"):
            self.sql("ALTER TABLE spean." + failing)
            self.refused(-32603, "internal_error", "company.erase", id=made["id"])
            self.assertEqual(self.everything(), before)
            self.sql("ALTER TABLE spean.%s DROP CONSTRAINT broken" % failing.split()[0])
        self.c.call("company.erase", id=made["id"])

    def test_only_admin(self):
        made = self.c.call("company.upsert", company=mill())
        for role in ("viewer", "staff", "integration"):
            with self.daemon.tcp(token=self.daemon.token(role, role)) as c:
                for method, params in (("company.erase", {"id": made["id"]}), ("audit.list", {})):
                    self.refused(-32011, "role_not_allowed", method, client=c, **params)
        self.assertEqual(self.c.call("company.get", id=made["id"])["name"], "Zyxwold Rice Mill")

    def test_erased_under_writers(self):
        """Whoever writes at the same moment: a company is whole or gone, and the index equals the tables."""
        stop, failures, ids = threading.Event(), [], set()
        until = time.monotonic() + 60 * PATIENCE

        def writer(n):
            keys = itertools.count()
            with self.daemon.client() as c:
                while not stop.is_set():
                    try:
                        done = c.call("company.upsert", company=mill(employees=n), idempotency_key="w%d-%d" % (n, next(keys)))
                        ids.add(done["id"])
                    except RpcError as e:
                        if e.reason not in ("write_contention", "deadline_exceeded"):
                            failures.append(e)

        def eraser():
            with self.daemon.client() as c:
                erased = set()
                while len(erased) < 25 and time.monotonic() < until:
                    for one in set(ids) - erased:
                        try:
                            c.call("company.erase", id=one)
                            erased.add(one)
                        except RpcError as e:
                            if e.reason not in ("write_contention", "deadline_exceeded"):
                                failures.append(e)
                stop.set()
        threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)] + [threading.Thread(target=eraser)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        self.assertGreaterEqual(len(ids), 25, "too little was erased while others wrote")
        left = {r[0] for r in self.sql("SELECT id FROM spean.company")}
        self.assertLessEqual(len(left), 1)
        self.assertEqual({r[0] for r in self.sql("SELECT company_id FROM spean.company_contact")}, left)
        tombs = {r[0] for r in self.sql("SELECT company_id FROM spean.change WHERE type = 'erased'")}
        self.assertFalse(tombs & left)
        self.assertEqual(tombs | left, ids)
        self.assertEqual(self.sql("SELECT count(*) FROM spean.change c WHERE externals <> '[]' AND company_id IN"
                                  " (SELECT company_id FROM spean.change WHERE type = 'erased')"), [["0"]])
        seqs = [int(r[0]) for r in self.sql("SELECT seq FROM spean.change ORDER BY seq")]
        self.assertEqual(seqs, list(range(1, len(seqs) + 1)))
        self.indexed(len(seqs))
        self.assertEqual(self.daemon.health()["index"]["companies"], len(left))


class TestAudit(ErasureTest):
    def entries(self, **filters):
        rows, cursor = [], None
        while True:
            page = self.c.call("audit.list", cursor=cursor, **filters)
            rows += page["entries"]
            cursor = page["next"]
            if not cursor:
                return rows

    def test_reading_contacts_leaves_a_trace(self):
        made = self.c.call("company.upsert", company=mill())
        bare = self.c.call("company.upsert", company=company("No Contacts"))
        readers = {role: self.daemon.tcp(token=self.daemon.token(role, "the-" + role))
                   for role in ("viewer", "staff", "integration", "admin")}
        for c in readers.values():
            self.addCleanup(c.close)
        self.assertEqual(self.entries(action="contacts_read"), [])
        self.assertNotIn("contacts", readers["viewer"].call("company.get", id=made["id"]))
        self.assertNotIn("contacts", readers["viewer"].call("company.get", id=made["id"], fields=["contacts", "name"]))
        self.assertEqual(readers["staff"].call("company.get", id=bare["id"])["contacts"], [])
        one = readers["staff"].call("company.get", id=made["id"], fields=["name"])
        self.assertEqual(one, {"id": made["id"], "name": "Zyxwold Rice Mill"})
        readers["staff"].call("company.list")
        readers["staff"].call("company.search", text="Zyxwold")
        self.assertEqual(self.entries(action="contacts_read"), [])

        for n, role in enumerate(("staff", "integration", "admin"), 1):
            shown = readers[role].call("company.get", external_id={"system": "crm", "id": "ZYX-0042"})
            self.assertEqual(shown["contacts"][0]["email"], "zyxwold@example.org")
            rows = self.entries(action="contacts_read")
            self.assertEqual(len(rows), n)
            self.assertEqual(set(rows[0]), {"id", "at", "action", "principal", "role", "company", "token", "request_id"})
            self.assertEqual((rows[0]["principal"], rows[0]["role"], rows[0]["company"], rows[0]["token"]),
                             ("the-" + role, role, made["id"], None))
            self.assertIn("request=%s " % rows[0]["request_id"], self.daemon.log_text())
        only = readers["staff"].call("company.get", id=made["id"], fields=["contacts"])
        self.assertEqual(set(only), {"id", "contacts"})
        self.assertEqual(len(self.entries(action="contacts_read")), 4)
        self.refused(-32602, "invalid_params", "company.get", id=made["id"], fields=["secret"])
        self.assertNotIn("zyxwold@example.org", self.daemon.log_text())
        self.assertNotIn("zyxwold@example.org", json.dumps(self.entries()))

    def test_no_trace_no_contacts(self):
        made = self.c.call("company.upsert", company=mill())
        self.sql("ALTER TABLE spean.audit ADD CONSTRAINT broken CHECK (action <> 'contacts_read') NOT VALID")
        number = self.c.start("company.get", id=made["id"])
        answer = self.c.line().decode()
        self.assertEqual(json.loads(answer)["id"], number)
        self.assertEqual(json.loads(answer)["error"]["code"], -32603)
        self.assertNotIn("zyxwold@example.org", answer)
        self.assertEqual(self.c.call("company.get", id=made["id"], fields=["name"])["name"], "Zyxwold Rice Mill")
        self.sql("ALTER TABLE spean.audit DROP CONSTRAINT broken")
        self.assertEqual(len(self.c.call("company.get", id=made["id"])["contacts"]), 1)

    def test_tokens_and_erasures(self):
        token = self.c.call("token.create", name="short-lived", role="viewer")
        self.c.call("token.revoke", id=token["id"])
        self.c.call("token.revoke", id=token["id"])  # again: nothing happens
        made = self.c.call("company.upsert", company=mill())
        self.c.call("company.erase", id=made["id"])
        self.c.call("company.erase", id=made["id"])
        rows = [(e["action"], e["token"], e["company"], e["role"]) for e in self.entries()]
        self.assertEqual(rows, [("company_erased", None, made["id"], "admin"),
                                ("token_revoked", token["id"], None, "admin"),
                                ("token_created", token["id"], None, "admin")])
        self.assertEqual({e["principal"] for e in self.entries()}, {self.c.call("auth.whoami")["principal"]})
        self.assertNotIn(token["token"], json.dumps(self.entries()))

    def test_append_only(self):
        self.daemon.token("viewer", "kept")
        before = self.sql("SELECT * FROM spean.audit")
        self.assertEqual(len(before), 1)
        for text in ("UPDATE spean.audit SET principal = 'nobody'", "DELETE FROM spean.audit",
                     "DELETE FROM spean.audit WHERE false", "TRUNCATE spean.audit",
                     "SET session_replication_role = replica; DELETE FROM spean.audit"):
            with self.assertRaises(RuntimeError) as caught:
                self.sql(text)
            self.assertIn("append-only", str(caught.exception))
        self.assertEqual(self.sql("SELECT * FROM spean.audit"), before)

    def test_filters_and_pages(self):
        ids = [self.c.call("company.upsert", company=company("C%d" % n, contacts=OTHERS))["id"] for n in range(3)]
        with self.daemon.tcp(token=self.daemon.token("staff", "reader")) as c:
            for n in range(7):
                c.call("company.get", id=ids[n % 3])
        self.c.call("company.get", id=ids[0])
        everything = self.entries()
        self.assertEqual(len(everything), 9)
        self.assertEqual([e["id"] for e in everything], sorted((e["id"] for e in everything), reverse=True))
        self.assertEqual(self.entries(limit=2), everything)
        self.assertEqual(self.entries(limit=9), everything)
        self.assertEqual(self.entries(company=ids[0]), [e for e in everything if e["company"] == ids[0]])
        self.assertEqual(len(self.entries(company=ids[0])), 4)
        self.assertEqual(len(self.entries(principal="reader", limit=3)), 7)
        self.assertEqual(len(self.entries(principal="nobody")), 0)
        self.assertEqual(self.entries(since=everything[4]["at"]),
                         [e for e in everything if e["at"] >= everything[4]["at"]])
        self.assertEqual(self.entries(since="2999-01-01T00:00:00Z"), [])
        self.assertEqual(self.entries(action="token_created"), [everything[-1]])
        page = self.c.call("audit.list", limit=2)
        # What comes later is before the first page, and moves nothing.
        self.c.call("company.get", id=ids[1])
        self.assertEqual(self.c.call("audit.list", limit=2, cursor=page["next"])["entries"], everything[2:4])
        self.refused(1004, "cursor_invalid", "audit.list", cursor=page["next"], principal="reader")
        self.refused(1004, "cursor_invalid", "audit.list", cursor="x")
        self.refused(1001, "company_not_found", "audit.list", company="nonsense")
        self.refused(-32602, "invalid_params", "audit.list", since="yesterday")
        self.refused(-32602, "invalid_params", "audit.list", action="anything")


if __name__ == "__main__":
    run_tests()
