"""The real client on a terminal: the shell, tables and colour, asking again, bash completion."""

import os
import stat
import subprocess
import unittest

from client_case import ClientTest, Terminal
from spean_test import BUILD, SOURCE, run_tests


class TestShell(ClientTest):
    def test_lines_from_a_pipe(self):
        script = "# a comment\n\nstatus\ncompany get 'Ta Prohm Rice Mill' -f json\nwhoami\n"
        out = self.run_client("shell", stdin=script).stdout
        self.assertIn("status\tok", out)
        self.assertIn('"name": "Ta Prohm Rice Mill"', out)
        self.assertIn("role\tadmin", out)  # -f json was for its line alone
        self.run_client("shell", stdin="status\ncompany get crm:none\n", code=5)
        self.run_client("shell", stdin="company get 'open\n", code=2)
        self.run_client("shell", stdin="exit\ncompany get crm:none\n")
        self.run_client("shell", stdin="status --server tcp:127.0.0.1:1\n", code=2)

    def test_on_a_terminal(self):
        with Terminal(self, "shell") as t:
            t.expect("spean> ")
            t.type("comp\t")
            t.expect("any ")  # completed
            t.type("l\t-f nd\t\n")
            t.expect('"name": "Ta Prohm Rice Mill"')
            t.expect("spean> ")
            t.type("match --ki\t\t")
            t.expect("--kind")
            t.type("\x03")  # Ctrl-C: the line is dropped, the shell stays
            t.expect("spean> ")
            t.type("whoami\n")
            t.expect("unix:")
            t.expect("spean> ")
            t.type("\x1b[A\n")  # the last line again
            t.expect("unix:")
            t.expect("spean> ")
            t.type("exit\n")
            self.assertEqual(t.wait(), 0, t.seen)
        path = os.path.join(self.home, "spean", "history")
        with open(path) as f:
            self.assertIn("whoami", f.read())
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0)

    def test_ctrl_c_ends_a_command_not_the_shell(self):
        with Terminal(self, "shell") as t:
            t.expect("spean> ")
            t.type("changes --follow\n")
            t.expect(self.ids["CA2"])
            t.type("\x03")
            t.expect("spean> ")
            t.type("whoami\n")
            t.expect("admin")
            t.expect("spean> ")
            t.type("\x04")
            self.assertEqual(t.wait(), 0, t.seen)

    def test_table_and_colour_on_a_terminal(self):
        with Terminal(self, "company", "list") as t:
            t.expect("\x1b[1m")
            t.expect("───")
            self.assertEqual(t.wait(), 0, t.seen)
        with Terminal(self, "company", "list", env={"NO_COLOR": "1"}) as t:
            t.expect("───")
            t.expect("draft")
            self.assertEqual(t.wait(), 0, t.seen)
            self.assertNotIn("\x1b", t.seen)

    def test_edit_again_on_a_terminal(self):
        path = os.path.join(self.home, "again.sh")
        with open(path, "w") as f:  # wrong the first time, right the second
            f.write('f="$1"\nif grep -q \'"wrong"\' "$f"; then sed -i s/wrong/Paris/ "$f"\n'
                    'else sed -i \'s/"city": "Battambang"/"city": "wrong", "colour": "red"/\' "$f"; fi\n'
                    'grep -q Paris "$f" && sed -i \'s/, "colour": "red"//\' "$f"\ntrue\n')
        with Terminal(self, "company", "edit", "crm:KH 1", env={"EDITOR": "sh " + path}) as t:
            t.expect("colour ")
            t.expect("Edit again?")
            t.type("\n")
            t.expect(self.ids["KH 1"])
            self.assertEqual(t.wait(), 0, t.seen)
        self.assertEqual(self.get("KH 1")["city"], "Paris")


class TestCompletion(unittest.TestCase):
    """The completion file in a real bash; no daemon is asked."""

    def complete(self, line):
        words = line.split(" ")
        script = ("source '%s'; COMP_WORDS=(%s); COMP_CWORD=%d; _spean; printf '%%s\\n' \"${COMPREPLY[@]}\""
                  % (os.path.join(SOURCE, "client", "completion", "spean.bash"),
                     " ".join("'%s'" % w for w in words), len(words) - 1))
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, PATH=BUILD + ":" + os.environ["PATH"]))
        self.assertEqual(done.stderr, "")
        return [w for w in done.stdout.splitlines() if w]

    def test_completion(self):
        self.assertEqual(self.complete("spean comp"), ["company"])
        self.assertEqual(self.complete("spean company a"), ["archive"])
        self.assertIn("--min-score", self.complete("spean match --"))
        self.assertEqual(self.complete("spean match x --lang k"), ["khm"])
        self.assertEqual(self.complete("spean import "), [])
        self.assertIn("status", self.complete("spean "))


if __name__ == "__main__":
    run_tests()
