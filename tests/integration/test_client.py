"""The real client against a real daemon: reading, matching, access; formats and exit codes."""

import csv
import io
import json
import os
import subprocess

from client_case import HOSTILE, IMPORTER, KHMER, UUID, ClientTest, width
from spean_test import BUILD, company, run_tests, wait_until


class TestReading(ClientTest):
    def test_get_by_id_external_id_and_name(self):
        for word in (self.ids["KH 1"], "crm:KH 1", "Ta Prohm Rice Mill", "ta prohm", KHMER, KHMER[:18],
                     "Ta Prom Rice"):
            got = json.loads(self.run_client("company", "get", word, "--format", "json").stdout)
            self.assertEqual(got["id"], self.ids["KH 1"], word)
        self.assertEqual(got["names"]["khm"], KHMER)
        self.assertEqual(got["contacts"][0]["name"], "Sok Dara")
        said = self.run_client("company", "get", "quebecois").stderr
        self.assertIn("Ets Québécois du Riz", said)

    def test_record_on_a_screen_and_in_a_pipe(self):
        plain = self.run_client("company", "get", "crm:KH 1").stdout
        fields = dict(line.split("\t", 1) for line in plain.splitlines())
        self.assertEqual(fields["name"], "Ta Prohm Rice Mill")
        self.assertEqual(fields["languages"], "khm fluent, fra working")
        self.assertEqual(fields["offers"], "goods agro-industry.rice (hs 1006)")
        self.assertIn("Sok Dara, dara@example.org", fields["contacts"])
        table = self.run_client("company", "get", "crm:KH 1", "--format", "table").stdout
        self.assertIn("khm: " + KHMER, table)

    def test_list(self):
        rows = [line.split("\t") for line in self.run_client("company", "list").stdout.splitlines()]
        self.assertEqual(len(rows), 3)
        self.assertEqual({r[0] for r in rows if r[1] == "KH"}, {"Ta Prohm Rice Mill"})
        rows = self.run_client("company", "list", "--country", "CA", "--status", "draft").stdout
        self.assertEqual(len(rows.splitlines()), 1)
        done = self.run_client("company", "list", "--limit", "2")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn("more", done.stderr)
        done = self.run_client("company", "list", "--region", "KH-1")
        self.assertEqual(done.stdout, "")
        self.run_client("company", "list", "--sector", "no-such", code=1)
        self.assertEqual(json.loads(self.run_client("company", "list", "--region", "KH-1", "-f", "json").stdout),
                         [])

    def test_hostile_text_steers_no_terminal(self):
        for words in (["company", "list"], ["company", "list", "-f", "table"], ["company", "get", "crm:CA2"],
                      ["company", "get", "crm:CA2", "-f", "table"], ["company", "get", "crm:CA2", "-f", "json"],
                      ["export"], ["company", "search", "calc"]):
            out = self.run_client(*words).stdout
            for bad in ("\x1b", "\u202e", "\u0085"):
                self.assertNotIn(bad, out, words)
        got = json.loads(self.run_client("company", "get", "crm:CA2", "-f", "json").stdout)
        self.assertEqual(got["name"], HOSTILE["name"])

    def test_search(self):
        for text in ("quebecois", "QUÉBÉCOIS DU", "Quebecoi du riz"):
            out = self.run_client("company", "search", *text.split()).stdout
            self.assertIn("Ets Québécois du Riz", out, text)
        out = self.run_client("company", "search", KHMER[5:14]).stdout
        self.assertIn("Ta Prohm Rice Mill", out)
        done = self.run_client("company", "search", "Zyzzyva")
        self.assertEqual(done.stdout, "")
        self.assertIn("nothing found", done.stderr)

    def test_export(self):
        lines = self.run_client("export").stdout.splitlines()
        profiles = {p["external_ids"][0]["id"]: p for p in map(json.loads, lines)}
        self.assertEqual(set(profiles), {"KH 1", "CA1", "CA2"})
        self.assertNotIn("contacts", profiles["KH 1"])
        self.assertEqual(profiles["CA2"]["city"], HOSTILE["city"])
        self.assertEqual(len(json.loads(self.run_client("export", "-f", "json", "--country", "KH").stdout)), 1)
        self.run_client("export", "-f", "table", code=2)

    def test_export_csv(self):
        for words, name, city in (([], "'" + HOSTILE["name"], "'" + HOSTILE["city"]),
                                  (["--raw"], HOSTILE["name"], HOSTILE["city"])):
            # newline="": the bytes as they are
            done = subprocess.run([os.path.join(BUILD, "spean"), "export", "-f", "csv"] + words,
                                  env=dict(os.environ, SPEAN_SERVER="unix:" + self.daemon.unix),
                                  stdout=subprocess.PIPE, check=True)
            rows = list(csv.DictReader(io.StringIO(done.stdout.decode(), newline="")))
            self.assertEqual(len(rows), 3)
            row = [r for r in rows if r["external_ids"] == "crm:CA2"][0]
            self.assertEqual(row["name"], name)
            self.assertEqual(row["city"], city)
            self.assertEqual(row["version"], "1")

    def test_export_goes_back_in(self):
        text = self.run_client("export").stdout
        done = self.run_client("import", "-", stdin=text)
        self.assertIn("0 created", done.stderr)
        self.assertIn("0 updated", done.stderr)
        self.assertEqual(self.get("KH 1")["version"], 1)


class TestReadingMore(ClientTest):
    fresh = True

    def test_not_found_and_ambiguous(self):
        self.run_client("company", "get", "01900000-0000-7000-8000-000000000000", code=5)
        self.run_client("company", "get", "crm:nobody", code=5)
        done = self.run_client("company", "get", "Zyzzyva Widgets", code=5)
        self.assertEqual(done.stdout, "")
        with self.daemon.client() as c:
            c.call("company.upsert", company=company("Ta Prohm Rice Bank"))
        done = self.run_client("company", "get", "ta prohm rice", code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("Ta Prohm Rice Mill", done.stderr)
        self.assertIn("Ta Prohm Rice Bank", done.stderr)
        self.assertIn(self.ids["KH 1"], done.stderr)
        # An exact name is no riddle, whatever else holds it.
        with self.daemon.client() as c:
            one = c.call("company.upsert", company=company("Ta Prohm Rice"))["id"]
        self.assertIn(one, self.run_client("company", "get", "ta prohm rice").stdout)
        self.run_client("company", "archive", "ta prohm rice")  # and not when it is archived
        self.assertIn(one, self.run_client("company", "get", "ta prohm rice").stdout)

    def test_many_pages(self):
        with self.daemon.client() as c:
            for batch in range(2):
                c.call("company.upsertMany", companies=[company("Shop %d-%d" % (batch, i), "CA", region="CA-ON")
                                                        for i in range(600)])
        names = [json.loads(line)["name"] for line in self.run_client("export").stdout.splitlines()]
        self.assertEqual(len(names), 1203)
        self.assertEqual(len(set(names)), 1203)
        self.assertEqual(len(self.run_client("company", "list", "--all").stdout.splitlines()), 1203)
        self.assertEqual(len(self.run_client("company", "list", "-n", "1000").stdout.splitlines()), 1000)
        self.assertEqual(len(self.run_client("company", "list").stdout.splitlines()), 100)


class TestMatching(ClientTest):
    fresh = True

    def test_match(self):
        row = self.run_client("match", "crm:KH 1").stdout.splitlines()[0].split("\t")
        self.assertEqual(row[0], "1")
        self.assertGreater(float(row[1]), 50)
        self.assertEqual(row[2:6], [self.ids["CA1"], "Ets Québécois du Riz", "CA", "CA-QC"])
        self.assertIn("Ta Prohm Rice Mill", row[-1])
        answer = json.loads(self.run_client("match", "crm:KH 1", "-f", "json").stdout)
        self.assertEqual(answer["company"]["id"], self.ids["KH 1"])
        self.assertIn("weights_version", answer)
        lines = self.run_client("match", "crm:KH 1", "-f", "ndjson").stdout.splitlines()
        self.assertEqual(json.loads(lines[0])["company"]["id"], self.ids["CA1"])
        self.assertEqual(self.run_client("match", "crm:KH 1", "-f", "csv").stdout.count("\n"), 2)

    def test_match_table(self):
        for lang, title in (("eng", "company"), ("fra", "entreprise"), ("khm", "ក្រុមហ៊ុន")):
            out = self.run_client("match", "crm:KH 1", "-f", "table", "--lang", lang, env={"COLUMNS": "90"}).stdout
            self.assertIn(title, out.splitlines()[0])
            self.assertIn("Ets Québécois du Riz", out)
        self.assertIn("វិស័យ", out)
        out = subprocess.run([os.path.join(BUILD, "spean"), "match", "crm:KH 1", "-f", "table"], text=True, check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env=dict(os.environ, LC_ALL="", LC_MESSAGES="", LANG="fr_CA.UTF-8",
                                      SPEAN_SERVER="unix:" + self.daemon.unix)).stdout
        self.assertIn("entreprise", out)

    def test_filters(self):
        yes = (["--sector", "agro-industry"], ["--region", "CA-QC"], ["--kind", "goods"], ["--with-lang", "fra"],
               ["--min-score", "1.5"], ["--limit", "1"])
        no = (["--sector", "fintech"], ["--region", "CA-ON"], ["--kind", "capital"], ["--with-lang", "khm"],
              ["--min-score", "100"])
        for words in yes:
            self.assertIn(self.ids["CA1"], self.run_client("match", "crm:KH 1", *words).stdout, words)
        for words in no:
            done = self.run_client("match", "crm:KH 1", *words)
            self.assertEqual(done.stdout, "", words)
            self.assertIn("no partners", done.stderr)
        self.run_client("match", "crm:KH 1", "--region", "XX-1", code=1)
        self.run_client("match", "crm:nobody", code=5)

    def test_explain(self):
        for lang, word in (("eng", "need"), ("fra", "besoin"), ("khm", "តម្រូវការ")):
            out = self.run_client("explain", "crm:KH 1", "quebecois", "--lang", lang).stdout
            self.assertIn("Ta Prohm Rice Mill  ⇄  Ets Québécois du Riz", out)
            self.assertIn(word, out)
        answer = json.loads(self.run_client("explain", self.ids["KH 1"], self.ids["CA1"], "-f", "json").stdout)
        self.assertGreaterEqual(len(answer["factors"]), 4)
        rows = list(csv.DictReader(io.StringIO(
            self.run_client("explain", "crm:KH 1", "crm:CA1", "-f", "csv").stdout)))
        self.assertEqual({r["factor"] for r in rows}, {f["name"] for f in answer["factors"]})
        # A pair that would not be suggested is explained all the same.
        with self.daemon.client() as c:
            c.call("company.upsert", company=company("Neighbour", external_ids=[{"system": "crm", "id": "KH2"}]))
        wait_until(lambda: self.daemon.health()["index"]["companies"] == 4, what="the index has it")
        self.assertIn("Neighbour", self.run_client("explain", "crm:KH 1", "crm:KH2").stdout)
        self.run_client("explain", "crm:KH 1", "crm:none", code=5)
        self.run_client("explain", "crm:KH 1", code=2)

    def test_what_was_just_written_is_matched(self):
        """No waiting between two commands: a write returns when matches know it."""
        for n in range(5):
            text = json.dumps(company("Fresh %d" % n, "CA", region="CA-QC", seeks=IMPORTER["seeks"],
                                      external_ids=[{"system": "fresh", "id": str(n)}]))
            done = self.run_client("company", "edit", "--new", "--file", "-", stdin=text)
            self.assertRegex(done.stdout, "^%s\t1\t" % UUID)
            self.assertIn("Fresh %d" % n, self.run_client("match", "crm:KH 1", "-n", "50").stdout)

    def test_khmer_lines_up(self):
        with self.daemon.client() as c:
            for i, name in enumerate((KHMER, "ស្រូវ", "អង្ករក្រអូប មោងឫស្សី", "Usine é", "漢字米")):
                c.call("company.upsert", company=company(name, region="KH-3", city=str(i)))
        out = self.run_client("company", "list", "--region", "KH-3", "-f", "table").stdout.splitlines()
        places = {width(line[:line.index("KH-3")]) for line in out if "KH-3" in line}
        self.assertEqual(len(places), 1, "\n".join(out))
        self.assertEqual(len([line for line in out if "KH-3" in line]), 5)
        narrow = self.run_client("company", "list", "--region", "KH-3", "-f", "table",
                                 env={"COLUMNS": "80"}).stdout.splitlines()
        self.assertTrue(all(width(line) <= 80 for line in narrow), "\n".join(narrow))


class TestAccess(ClientTest):
    def tcp(self):
        return "tcp:127.0.0.1:%d" % self.daemon.port

    def test_tokens_and_roles(self):
        done = self.run_client("token", "create", "Front desk", "--role", "viewer")
        token = done.stdout.strip()
        self.assertNotIn(token, done.stderr)
        rows = self.run_client("token", "list", "-f", "ndjson").stdout.splitlines()
        listed = [t for t in map(json.loads, rows) if t["name"] == "Front desk"][0]
        self.assertEqual(listed["role"], "viewer")
        self.assertNotIn(token, json.dumps(rows))
        env = {"SPEAN_TOKEN": token, "SPEAN_SERVER": self.tcp()}
        words = ["--server", self.tcp()]
        self.assertEqual(self.run_client(*words, "whoami", env=env).stdout, "principal\tFront desk\nrole\tviewer\n")
        self.assertNotIn("Sok Dara", self.run_client(*words, "company", "get", "crm:KH 1", env=env).stdout)
        self.run_client(*words, "company", "archive", "crm:KH 1", env=env, code=4)
        self.run_client(*words, "token", "list", env=env, code=4)
        path = os.path.join(self.home, "token")
        with open(path, "w") as f:
            f.write(token + "\n")
        os.chmod(path, 0o600)
        done = self.run_client(*words, "--token-file", path, "company", "list")
        self.assertEqual(done.stderr, "")
        os.chmod(path, 0o644)
        self.assertIn("others can read", self.run_client(*words, "--token-file", path, "status").stderr)
        self.run_client("token", "revoke", listed["id"])
        self.run_client(*words, "whoami", env=env, code=4)
        self.run_client("token", "revoke", "01900000-0000-7000-8000-000000000000", code=5)
        self.run_client("token", "create", "x", code=2)

    def test_not_allowed(self):
        self.run_client("--server", self.tcp(), "company", "list", code=4)
        self.run_client("--server", self.tcp(), "company", "list", code=4, env={"SPEAN_TOKEN": "nonsense"})

    def test_no_connection(self):
        for address in ("unix:/nonexistent/socket", "tcp:127.0.0.1:1", "tls:127.0.0.1:1"):
            done = self.run_client("--server", address, "status", code=3)
            self.assertEqual(done.stdout, "")
            self.assertEqual(len(done.stderr.splitlines()), 1)
        self.run_client("--server", "127.0.0.1", "status", code=2)

    def test_usage(self):
        self.assertIn("usage", self.run_client(code=2).stderr)
        self.run_client("company", "nope", code=2)
        self.run_client("match", code=2)
        self.assertIn("usage: spean match", self.run_client("match", "--help").stdout)
        self.assertRegex(self.run_client("--version").stdout, r"^spean \d+\.\d+\.\d+\n$")

    def test_configuration_file(self):
        path = os.path.join(self.home, "own.conf")
        with open(path, "w") as f:
            f.write("[client]\nserver = unix:%s\nlang = fra\nformat = json\n" % self.daemon.unix)
        done = self.run_client("--config", path, "status", env={"SPEAN_SERVER": ""})
        with open(path, "a") as f:
            f.write("colour = red\n")
        self.assertEqual(self.run_client("--config", path, "status", code=2).stdout, "")

    def test_status(self):
        status = json.loads(self.run_client("status", "-f", "json").stdout)
        self.assertEqual((status["status"], status["database"], status["index"]["companies"]), ("ok", "up", 3))
        self.assertEqual(status["server"], "unix:" + self.daemon.unix)

    def test_closed_pipe_and_full_disk(self):
        done = subprocess.run("'%s' export | head -c 1" % os.path.join(BUILD, "spean"), shell=True,
                              env=dict(os.environ, SPEAN_SERVER="unix:" + self.daemon.unix),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.stderr, b"")
        with open("/dev/full", "w") as full:
            done = subprocess.run([os.path.join(BUILD, "spean"), "export"], stdout=full, stderr=subprocess.PIPE,
                                  env=dict(os.environ, SPEAN_SERVER="unix:" + self.daemon.unix))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"could not be written", done.stderr)


if __name__ == "__main__":
    run_tests()
