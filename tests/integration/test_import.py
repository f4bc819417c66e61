"""spean import against a real daemon: samples, profiles of other programs, bad rows, the same again."""

import json
import os
import shlex
import subprocess
import tempfile
import unittest

from spean_test import BUILD, PATIENCE, SOURCE, Cluster, Daemon, company, run_tests, shared_data, spean, wait_until

# An import of several thousand can't be through before the daemon dies.
HOLD = """
CREATE FUNCTION spean.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3600); RETURN NEW; END $$;
CREATE TRIGGER hold BEFORE INSERT ON spean.company FOR EACH ROW WHEN (NEW.name = 'Firm 5000') EXECUTE FUNCTION spean.hold();
"""


def summary(done):
    """The counts of the summary line: {"rows": 3, "created": 2, ...}."""
    for line in done.stderr.splitlines():
        words = line.replace(",", " ").replace(";", " ").replace(":", " ").split()
        if "rows" in words or "row" in words:
            if "created" in words:
                return {name.rstrip("s") if name in ("rows", "drafts") else name: int(count)
                        for count, name in zip(words[1:], words[2:]) if count.isdigit()}
    raise AssertionError("no summary in:\n" + done.stderr)


class Case(unittest.TestCase):
    def setUp(self):
        self.cluster = Case.shared
        self.daemon = Daemon(self.cluster)
        self.addCleanup(self.daemon.stop)
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    @classmethod
    def setUpClass(cls):
        if not hasattr(Case, "shared"):
            Case.shared = Cluster()

    def run_import(self, *words, stdin=None, code=0):
        done = spean("import", *words, daemon=self.daemon, stdin=stdin)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def file(self, name, content):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def companies(self, **params):
        with self.daemon.client() as c:
            found, cursor = [], None
            while True:
                page = c.call("company.list", limit=100, **params, **({"cursor": cursor} if cursor else {}))
                found += page["companies"]
                cursor = page["next"]
                if not cursor:
                    return found

    def get(self, system, number):
        with self.daemon.client() as c:
            return c.call("company.get", external_id={"system": system, "id": number})


class TestSamples(Case):
    def test_both_files_go_in_and_twice_is_once(self):
        for name in ("cambodia", "canada"):
            path = os.path.join(SOURCE, "conf", "samples", name + ".ndjson")
            self.assertEqual(summary(self.run_import(path))["created"], 60)
            again = summary(self.run_import(path))
            self.assertEqual((again["created"], again["updated"], again["unchanged"], again["failed"]), (0, 0, 60, 0))
        self.assertEqual(len(self.companies(status="published")), 120)
        sample = self.get("sample", "KH04")
        self.assertEqual(sample["names"]["khm"], "ម្រេចភ្នំបី កំពត")
        self.assertEqual(sample["version"], 1)

    def test_every_sample_has_partners(self):
        for name in ("cambodia", "canada"):
            self.run_import(os.path.join(SOURCE, "conf", "samples", name + ".ndjson"))
        wait_until(lambda: self.daemon.health()["index"]["companies"] == 120, what="120 companies in the index")
        with self.daemon.client() as c:
            for prefix in ("KH", "CA"):
                for n in range(1, 61):
                    external = {"system": "sample", "id": "%s%02d" % (prefix, n)}
                    matches = c.call("match.list", external_id=external, limit=3)["matches"]
                    self.assertTrue(matches and matches[0]["score"] >= 50, (external, matches[:1]))

    def test_the_readme_shows_what_is_printed(self):
        for name in ("cambodia", "canada"):
            self.run_import(os.path.join(SOURCE, "conf", "samples", name + ".ndjson"))
        wait_until(lambda: self.daemon.health()["index"]["companies"] == 120, what="120 companies in the index")
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
            pictures = f.read().split("```\n")[1].split("$ spean ")[1:]
        self.assertEqual(len(pictures), 2)
        for picture in pictures:
            command, shown = picture.split("\n", 1)
            done = spean(*shlex.split(command), "--format", "table", daemon=self.daemon, env={"COLUMNS": "100"})
            self.assertEqual((done.stderr + done.stdout).strip(), shown.strip())


class TestRegistry(Case):
    def test_648_canadian_firms(self):
        path = shared_data("registry", "ca_registry_cambodia_interest.jsonl")
        done = self.run_import("--profile", "ca-registry", path)
        first = summary(done)
        self.assertEqual((first["row"], first["created"], first["failed"]), (648, 648, 0))
        self.assertLessEqual(first["draft"], 20)
        self.assertIn("no sector for NAICS 532290", done.stderr)
        again = summary(self.run_import("--profile", "ca-registry", path))
        self.assertEqual((again["created"], again["updated"], again["unchanged"]), (0, 0, 648))
        published = self.companies(status="published", country="CA")
        self.assertEqual(len(published), 648 - first["draft"])
        self.assertEqual(len(self.companies(status="draft")), first["draft"])
        firm = self.get("ca-registry", "000026330000")
        self.assertEqual(firm["sectors"][0], "agro-industry.cold-chain")
        self.assertEqual((firm["region"], firm["city"], firm["founded"], firm["employees"]),
                         ("CA-ON", "Woodbridge", 1978, 35))
        self.assertEqual(firm["languages"], [{"lang": "eng", "level": "fluent"}])
        self.assertIn("KH", firm["export_markets"])
        self.assertIn("US", firm["export_markets"])
        self.assertNotIn("CA", firm["export_markets"])
        self.assertEqual({"kind": "goods", "sector": "agro-industry.cold-chain", "text": "Ice makers"},
                         firm["offers"][1])


class TestFacilities(Case):
    def test_14_factories(self):
        path = shared_data("registry", "open_supply_hub_kh_ca_facilities.csv")
        first = summary(self.run_import("--profile", "facilities", path))
        self.assertEqual((first["row"], first["created"], first["skipped"], first["failed"]), (18, 14, 4, 0))
        self.assertEqual(summary(self.run_import("--profile", "facilities", path))["unchanged"], 14)
        found = self.companies()
        regions = {c["name"].split(" ")[0].split("(")[0]: c["region"] for c in found}
        self.assertEqual(regions, {
            "JD": "KH-21", "Liutan": "KH-5", "Makalot": "KH-12", "Morning": "KH-12", "Perfect": "KH-8",
            "Solamoda": "KH-12", "Tai": "KH-8", "Injae": "KH-12", "CPCG": "KH-3", "Reliable": "KH-12",
            "Sabrina": "KH-5", "Hulu": "KH-12", "I-CHENG": "KH-21", "Yorks": "KH-20"})
        for c in found:
            self.assertEqual((c["country"], c["sectors"], c["status"]), ("KH", ["apparel"], "published"))
            self.assertEqual(c["external_ids"][0]["system"], "osh")
            self.assertEqual(c["offers"], [])


class TestRows(Case):
    def test_bad_rows_are_named_and_the_others_go_in(self):
        good = {"country": "KH", "name": "Good", "external_ids": [{"system": "t", "id": "1"}]}
        bad = dict(good, region="CA-QC", colour="red", external_ids=[{"system": "t", "id": "2"}])
        lines = [json.dumps(good), "", "{nonsense", json.dumps(bad), json.dumps(dict(good, name="Last",
                 external_ids=[{"system": "t", "id": "3"}]))]
        done = self.run_import("-", stdin="\n".join(lines), code=1)
        self.assertIn("line 3: not JSON", done.stderr)
        self.assertRegex(done.stderr, r"line 4: .*(region|colour)")
        counts = summary(done)
        self.assertEqual((counts["row"], counts["created"], counts["failed"]), (4, 2, 2))
        self.assertEqual({c["name"] for c in self.companies()}, {"Good", "Last"})

    def test_a_row_too_large_for_a_request_is_a_bad_row(self):
        rows = [{"country": "KH", "name": "A", "external_ids": [{"system": "t", "id": "1"}]},
                {"country": "KH", "name": "B", "phone": "x" * 1000000},
                {"country": "KH", "name": "C", "export_markets": ["JP"] * 31000},
                {"country": "KH", "name": "D", "external_ids": [{"system": "t", "id": "2"}]}]
        done = self.run_import(self.file("l.ndjson", "\n".join(map(json.dumps, rows))), code=1)
        self.assertEqual({c["name"] for c in self.companies()}, {"A", "D"})
        self.assertIn("line 2: ", done.stderr)
        self.assertIn("line 3: ", done.stderr)

    def test_an_import_that_broke_off_is_finished_by_the_next(self):
        rows = [company("Firm %d" % i, external_ids=[{"system": "t", "id": str(i)}]) for i in range(6000)]
        path = self.file("k.ndjson", "\n".join(map(json.dumps, rows)))
        self.cluster.sql(HOLD, self.daemon.database)
        client = subprocess.Popen([os.path.join(BUILD, "spean"), "import", path], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  env=dict(os.environ, SPEAN_SERVER="unix:" + self.daemon.unix))
        wait_until(lambda: self.daemon.health()["index"]["companies"] > 0, what="first companies")
        self.daemon.kill()
        said = client.communicate(timeout=60 * PATIENCE)[1]
        self.cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'speand'",
                         self.daemon.database)
        self.cluster.sql("DROP FUNCTION spean.hold CASCADE", self.daemon.database)
        self.assertEqual(client.returncode, 3, said)
        self.assertIn("import the same file again", said)
        self.daemon.start()
        counts = summary(self.run_import(path))
        self.assertEqual(counts["created"] + counts["unchanged"], 6000)
        self.assertGreater(counts["unchanged"], 0)
        self.assertEqual(summary(self.run_import(path))["unchanged"], 6000)

    def test_who_may_not_write_is_told(self):
        path = self.file("v.ndjson", json.dumps({"country": "KH", "name": "A"}))
        done = spean("import", path, env={"SPEAN_SERVER": "tcp:127.0.0.1:%d" % self.daemon.port,
                                          "SPEAN_TOKEN": self.daemon.token("viewer")})
        self.assertEqual(done.returncode, 4, done.stderr)

    def test_updates_are_told_from_rows_that_change_nothing(self):
        rows = [{"country": "KH", "name": "Firm %d" % i, "external_ids": [{"system": "t", "id": str(i)}]}
                for i in range(1200)]
        path = self.file("a.ndjson", "\n".join(map(json.dumps, rows)))
        self.assertEqual(summary(self.run_import(path))["created"], 1200)
        for row in rows[:7]:
            row["city"] = "Kep"
        path = self.file("b.ndjson", "\r\n".join(map(json.dumps, rows)))
        counts = summary(self.run_import(path))
        self.assertEqual((counts["created"], counts["updated"], counts["unchanged"]), (0, 7, 1193))

    def test_csv_of_any_make(self):
        text = "Name;Country;city\n\"Riz; d’Angkor\";KH;Kêp\n\"two\nlines\";CA;\n"
        for number, data in enumerate((b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"),
                                       text.encode("utf-16-be"), text.encode("cp1252"),
                                       text.replace(";", "\t").replace("\n", "\r\n").encode())):
            path = self.file("%d.csv" % number, data)
            done = self.run_import("--dry-run", "--format", "ndjson", path)
            rows = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(len(rows), 2)
            self.assertIn("d’Angkor", rows[0]["name"])
            self.assertEqual((rows[0]["country"], rows[0]["city"]), ("KH", "Kêp"))
        self.assertEqual(self.companies(), [])

    def test_export_as_csv_comes_back(self):
        path = os.path.join(SOURCE, "conf", "samples", "cambodia.ndjson")
        self.run_import(path)
        exported = spean("export", "--format", "csv", daemon=self.daemon, check=True).stdout
        counts = summary(self.run_import("-", stdin=exported))
        self.assertEqual((counts["created"], counts["updated"], counts["unchanged"], counts["failed"]), (0, 0, 60, 0))

    def test_everything_moves_to_another_installation(self):
        for name in ("cambodia", "canada"):
            self.run_import(os.path.join(SOURCE, "conf", "samples", name + ".ndjson"))
        person = [{"name": "Sok Dara", "email": "dara@example.com"}]
        with self.daemon.client() as c:
            c.call("company.upsert", company={"external_ids": [{"system": "sample", "id": "KH03"}], "contacts": person})
        other = Daemon(self.cluster)
        self.addCleanup(other.stop)
        self.assertEqual(spean("export", "--contacts", "--format", "csv", daemon=self.daemon).returncode, 2)
        moved = spean("export", "--contacts", daemon=self.daemon, check=True).stdout
        self.assertEqual(spean("import", "-", daemon=other, stdin=moved).returncode, 1)  # ids are the server's
        done = spean("import", "--keep-ids", "-", daemon=other, stdin=moved, check=True)
        self.assertEqual(summary(done)["created"], 120)

        def state(daemon):
            lines = spean("export", "--contacts", daemon=daemon, check=True).stdout.splitlines()
            profiles = [dict(json.loads(line), version=0, updated_at="") for line in lines]
            with daemon.client() as c:
                wait_until(lambda: c.call("system.health")["index"]["companies"] == 120, 20, "index")
                matches = [c.call("match.list", id=p["id"], limit=100)["matches"] for p in profiles]
            return profiles, matches
        self.assertEqual(state(other), state(self.daemon))
        self.assertIn(person, [p["contacts"] for p in state(other)[0]])
        again = summary(spean("import", "--keep-ids", "-", daemon=other, stdin=moved, check=True))
        self.assertEqual((again["created"], again["updated"], again["unchanged"]), (0, 0, 120))

    def test_unknown_column_and_profile_and_no_server(self):
        path = self.file("x.csv", "name,country,Shoe size\nA,KH,42\n")
        done = self.run_import(path, code=1)
        self.assertIn("Shoe size", done.stderr)
        self.assertEqual(self.companies(), [])
        self.run_import("--profile", "no-such", path, code=2)
        done = spean("import", path, env={"SPEAN_SERVER": "unix:" + self.dir.name + "/none"})
        self.assertEqual(done.returncode, 3)

    def test_crm_exports(self):
        path = self.file("sf.csv", (
            "Account ID;Account Name;Billing Country;Billing State/Province;Industry;Employees;Phone\n"
            "001A;Meubles Québec;Canada;Québec;Retail;\"1,200\";1\n"
            "001B;Kampong Rice;Cambodia;Kampong Thom;Food & Beverage;11-50;2\n"
            "001C;Elsewhere;France;;Retail;5;3\n"
            "001D;Silk;Cambodia;Kampong Chhnang Province;Retail;1.200;4\n").encode("cp1252"))
        counts = summary(self.run_import("--profile", "salesforce", path))
        self.assertEqual((counts["created"], counts["draft"], counts["skipped"]), (3, 2, 1))
        firm = self.get("salesforce", "001D")
        self.assertEqual((firm["region"], firm["employees"]), ("KH-4", 1200))
        firm = self.get("salesforce", "001B")
        self.assertEqual((firm["region"], firm["sectors"], firm["employees"], firm["status"]),
                         ("KH-6", ["agro-industry.food-processing"], 30, "published"))
        self.assertEqual(self.get("salesforce", "001A")["name"], "Meubles Québec")
        path = self.file("hs.csv", "Record ID,Company name,Country/Region,State/Region,City,Industry\n"
                                   "9,Logiciel Boréal,Canada,QC,,COMPUTER_SOFTWARE\n"
                                   "10,Market,Cambodia,,Poipet,RETAIL\n"
                                   "11,Kampot House,Canada,,Kampot,RETAIL\n")
        self.run_import("--profile", "hubspot", path)
        firm = self.get("hubspot", "9")
        self.assertEqual((firm["sectors"], firm["region"]), (["digital.software"], "CA-QC"))
        self.assertEqual(self.get("hubspot", "10")["region"], "KH-1")  # the town's
        self.assertNotIn("region", self.get("hubspot", "11"))  # of the other country


def tearDownModule():
    if hasattr(Case, "shared"):
        Case.shared.stop()


if __name__ == "__main__":
    run_tests()
