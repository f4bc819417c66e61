"""The real client against a real daemon: editing, archiving, the change list."""

import json
import os
import re
import select
import signal
import stat
import subprocess
import time

from client_case import ClientTest, Terminal
from spean_test import BUILD, PATIENCE, run_tests


class TestWriting(ClientTest):
    fresh = True

    def editor(self, script):
        """An EDITOR that runs this Python on the profile p, the path and the text."""
        path = os.path.join(self.home, "editor-%d.py" % len(os.listdir(self.home)))
        with open(path, "w") as f:
            f.write("import json, os, stat, sys\npath = sys.argv[-1]\ntext = open(path).read()\n"
                    "p = json.loads(text) if text.startswith('{') else None\n" + script +
                    "\nif p is not None: open(path, 'w').write(json.dumps(p, ensure_ascii=False))\n")
        return {"EDITOR": "python3 '%s'" % path, "VISUAL": ""}

    def kept(self):
        return [n for n in os.listdir(self.home) if n.startswith("spean-")]

    def test_edit(self):
        env = self.editor("assert stat.S_IMODE(os.stat(path).st_mode) == 0o600\n"
                          "assert 'version' not in p and 'id' not in p\n"
                          "p['city'] = 'បាត់ដំបង'\ndel p['names']\np['employees'] = 40")
        done = self.run_client("company", "edit", "crm:KH 1", env=env)
        self.assertRegex(done.stdout, "^%s\t2\t" % self.ids["KH 1"])
        profile = self.get("KH 1")
        self.assertEqual((profile["city"], profile["employees"], profile["version"]), ("បាត់ដំបង", 40, 2))
        self.assertFalse(profile.get("names"))
        self.assertEqual(profile["contacts"][0]["name"], "Sok Dara")
        self.assertEqual(self.kept(), [])

    def test_edit_nothing(self):
        done = self.run_client("company", "edit", "crm:KH 1", env=self.editor("p = p"))
        self.assertIn("nothing changed", done.stderr)
        self.assertEqual(self.get("KH 1")["version"], 1)
        done = self.run_client("company", "edit", "crm:KH 1", code=1,
                               env=self.editor("p = None; open(path, 'w').write(' \\n')"))
        self.assertIn("given up", done.stderr)
        self.assertEqual(self.kept(), [])

    def test_edit_refused(self):
        env = self.editor("p['region'] = 'CA-ON'; p['city'] = 7; p['colour'] = 'red'")
        done = self.run_client("company", "edit", "crm:KH 1", env=env, code=1)
        for field in ("city", "colour"):
            self.assertRegex(done.stderr, r"(?m)^spean:   %s " % field)
        kept = self.kept()
        self.assertEqual(len(kept), 1)
        self.assertIn(kept[0], done.stderr)
        path = os.path.join(self.home, kept[0])
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        os.unlink(path)
        done = self.run_client("company", "edit", "crm:KH 1", code=1,
                               env=self.editor("p = None; open(path, 'w').write('{\\n \"a\": }')"))
        self.assertIn("line 2", done.stderr)
        os.unlink(os.path.join(self.home, self.kept()[0]))
        self.run_client("company", "edit", "crm:KH 1", code=1, env={"EDITOR": "false", "VISUAL": ""})
        self.assertEqual(self.get("KH 1")["version"], 1)
        for name in self.kept():
            os.unlink(os.path.join(self.home, name))

    def test_edit_meets_another_edit(self):
        other = [os.path.join(BUILD, "spean"), "-s", "unix:" + self.daemon.unix, "company", "edit", "crm:KH 1",
                 "--file", "-"]
        env = self.editor("import subprocess\nsubprocess.run(%r, input=b'{\"city\": \"theirs\"}', check=True)\n"
                          "p['city'] = 'mine'" % other)
        done = self.run_client("company", "edit", "crm:KH 1", env=env, code=1)
        self.assertIn("version", done.stderr)
        self.assertEqual(self.get("KH 1")["city"], "theirs")
        for name in self.kept():
            os.unlink(os.path.join(self.home, name))

    def test_edit_without_editor(self):
        self.run_client("company", "edit", "crm:KH 1", "--file", "-", stdin='{"city": "A", "website": null}')
        self.assertEqual(self.get("KH 1")["city"], "A")
        path = os.path.join(self.home, "patch.json")
        with open(path, "w") as f:
            f.write('{"city": "B"}')
        self.run_client("company", "edit", "crm:KH 1", "--file", path, "--if-version", "1", code=1)
        self.run_client("company", "edit", "crm:KH 1", "--file", path, "--if-version", "2")
        self.assertEqual(self.get("KH 1")["city"], "B")
        self.run_client("company", "edit", "crm:KH 1", "--file", "-", stdin="[1]", code=1)
        self.run_client("company", "edit", "crm:KH 1", "--file", "/nonexistent", code=1)

    def test_new(self):
        env = self.editor("assert p['country'] == 'KH'\np['name'] = 'Nouveau'; p['region'] = 'KH-12'\n"
                          "p['external_ids'] = [{'system': 'crm', 'id': 'new'}]")
        self.run_client("company", "edit", "--new", env=env)
        profile = self.get("new")
        self.assertEqual((profile["name"], profile["status"], profile["version"]), ("Nouveau", "draft", 1))
        self.assertNotIn("website", profile)
        self.run_client("company", "edit", "--new", env=env, code=1)  # it exists by now
        for name in self.kept():
            os.unlink(os.path.join(self.home, name))
        done = self.run_client("company", "edit", "--new", env=self.editor("p = p"))
        self.assertIn("nothing", done.stderr)

    def test_archive_and_confirm(self):
        done = self.run_client("company", "archive", "crm:KH 1", "quebecois")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertEqual(self.get("KH 1")["status"], "archived")
        self.assertEqual(self.get("CA1")["status"], "archived")
        # The first that fails gives the code; the others are done all the same.
        with self.daemon.client() as c:
            c.call("company.upsert", company={"id": self.ids["CA2"], "valid_until": "2001-01-01"})
        self.run_client("company", "confirm", "crm:none", "crm:CA2", code=5)
        self.assertGreater(self.get("CA2")["valid_until"], "2001-01-01")
        self.run_client("company", "confirm", "crm:CA2", "--if-version", "1", code=1)

    def test_erase(self):
        done = self.run_client("company", "erase", "crm:CA1", code=2)  # nobody there to ask
        self.assertIn("--yes", done.stderr)
        self.assertEqual(self.get("CA1")["name"], "Ets Québécois du Riz")
        done = self.run_client("company", "erase", "--yes", "crm:none", "crm:CA1", code=5)
        self.assertEqual(done.stdout.split("\t")[:2], [self.ids["CA1"], "yes"])
        self.run_client("company", "get", "crm:CA1", code=5)
        for answer, code in (("n", 1), ("", 1), ("nay, do not", 1), ("y", 0)):
            with Terminal(self, "company", "erase", "Ta Prohm Rice Mill") as t:
                t.expect("will be gone for good")
                t.expect("[y/N]")
                t.type(answer + "\r")
                t.expect("erased" if code == 0 else "kept")
                self.assertEqual(t.wait(), code)
            self.run_client("company", "get", self.ids["KH 1"], code=0 if code else 5)
        rows = [line.split("\t") for line in self.run_client("changes").stdout.splitlines()]
        self.assertEqual([(r[2], r[3]) for r in rows[-2:]],
                         [("erased", self.ids["CA1"]), ("erased", self.ids["KH 1"])])

    def test_audit(self):
        self.assertEqual(self.run_client("audit").stdout, "")
        self.run_client("company", "get", "crm:KH 1")
        # To find a company is not to read its contacts.
        self.run_client("explain", "crm:KH 1", "crm:CA1")
        self.run_client("company", "confirm", "crm:KH 1")
        self.run_client("company", "erase", "--yes", "crm:KH 1")
        rows = [line.split("\t") for line in self.run_client("audit").stdout.splitlines()]
        self.assertEqual([r[1] for r in rows], ["company_erased", "contacts_read"])
        self.assertEqual({r[4] for r in rows}, {self.ids["KH 1"]})
        done = self.run_client("audit", "--limit", "1", "-f", "json")
        self.assertEqual([e["action"] for e in json.loads(done.stdout)], ["company_erased"])
        self.assertIn("there are more", done.stderr)
        for words, n in ((["--all"], 2), (["--company", self.ids["KH 1"]], 2), (["--company", self.ids["CA1"]], 0),
                         (["--action", "contacts_read"], 1), (["--principal", "nobody"], 0),
                         (["--since", "2999-01-01T00:00:00Z"], 0), (["--company", "crm:CA1"], 0)):
            self.assertEqual(len(self.run_client("audit", *words).stdout.splitlines()), n, words)
        self.run_client("audit", "--action", "nonsense", code=2)
        self.run_client("audit", "--since", "nonsense", code=1)
        self.run_client("audit", env={"SPEAN_TOKEN": self.daemon.token("staff")}, code=4)

    def test_changes(self):
        rows = [line.split("\t") for line in self.run_client("changes").stdout.splitlines()]
        self.assertEqual([int(r[0]) for r in rows], sorted(int(r[0]) for r in rows))
        self.assertEqual([r[3] for r in rows], [self.ids[k] for k in ("KH 1", "CA1", "CA2")])
        self.assertEqual(rows[0][5], "crm:KH 1")
        done = self.run_client("changes", "--since", rows[1][0], "-f", "json")
        self.assertEqual([c["seq"] for c in json.loads(done.stdout)], [int(rows[2][0])])
        position = re.search(r"--since (\S+)", done.stderr).group(1)
        self.assertEqual(self.run_client("changes", "--since", position).stdout, "")
        self.assertEqual(self.run_client("changes", "--new").stdout, "")
        self.run_client("changes", "--since", "nonsense", code=1)

    def test_follow(self):
        process = subprocess.Popen([os.path.join(BUILD, "spean"), "changes", "--follow", "--new", "-f", "ndjson"],
                                   env=dict(os.environ, SPEAN_SERVER="unix:" + self.daemon.unix),
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            time_limit = time.monotonic() + 20 * PATIENCE
            with self.daemon.client() as c:
                seen = None
                n = 0
                while not seen and time.monotonic() < time_limit:
                    # The client may not have begun yet: write until it says something.
                    n += 1
                    c.call("company.upsert", company={"id": self.ids["CA1"], "city": "City %d" % n})
                    if select.select([process.stdout], [], [], 0.3)[0]:
                        seen = json.loads(process.stdout.readline())
            self.assertEqual(seen["id"], self.ids["CA1"])
            self.assertEqual(seen["type"], "updated")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(20 * PATIENCE), -signal.SIGINT)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


if __name__ == "__main__":
    run_tests()
