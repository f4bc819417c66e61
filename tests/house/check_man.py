"""Every option of speand, and every command of spean, is in its man page.

Usage: check_man.py BUILD_DIR SOURCE_DIR
"""

import os
import re
import subprocess
import sys

build, source = sys.argv[1:]


def read(name):
    with open(os.path.join(source, "docs", "man", name), encoding="utf-8") as f:
        return f.read()


def output(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


missing = []
options = re.findall(r"^#?(\w+) =", output(os.path.join(build, "speand"), "--options"), re.M)
page = read("speand.conf.5")
missing += ["speand.conf.5: " + o for o in options if ".It Ic %s\n" % o not in page]
flags = re.findall(r"--([a-z]+)", output(os.path.join(build, "speand"), "--help"))
page = read("speand.8")
missing += ["speand.8: --" + f for f in flags if "Fl -%s" % f not in page]
commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", output(os.path.join(build, "spean"), "--help"), re.M)
page = re.sub(r"[\\-]", "", read("spean.1"))
missing += ["spean.1: " + c for c in commands if c not in page]
if not options or not flags or not commands:
    missing.append("nothing was listed: %d options, %d flags, %d commands" % (len(options), len(flags), len(commands)))
for one in missing:
    print("undocumented:", one)
sys.exit(bool(missing))
