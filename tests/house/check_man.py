"""What the programs' tables know is in the man pages and in docs/PROTOCOL.md: every option of speand,
speand-setup and spean, every command, method and error.

Usage: check_man.py [--update] BUILD_DIR SOURCE_DIR

With --update the part of spean-protocol.7 that speand --protocol prints is written anew.
"""

import os
import re
import subprocess
import sys

update = "--update" in sys.argv
build, source = [word for word in sys.argv[1:] if word != "--update"]


def read(*name):
    with open(os.path.join(source, "docs", *name), encoding="utf-8") as f:
        return f.read()


def output(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


speand, spean = (os.path.join(build, name) for name in ("speand", "spean"))
missing = []

options = re.findall(r"^#?(\w+) =", output(speand, "--options"), re.M)
page = read("man", "speand.conf.5")
missing += ["speand.conf.5: " + o for o in options if ".It Ic %s\n" % o not in page]

flags = []
for program in (speand, *(os.path.join(source, "systemd", name) for name in ("speand-setup", "speand-backup"))):
    name = os.path.basename(program) + ".8"
    found = re.findall(r"--([a-z]+(?:-[a-z]+)*)", output(program, "--help"))
    page = read("man", name).replace("\\-", "-")
    missing += ["%s: --%s" % (name, f) for f in found if "Fl -" + f not in page]
    flags += found

commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", output(spean, "--help"), re.M)
page = re.sub(r"[\\-]", "", read("man", "spean.1"))
missing += ["spean.1: " + c for c in commands if c not in page]

# The part between two comment lines is what the daemon prints, word for word.
printed = output(speand, "--protocol")
page = read("man", "spean-protocol.7")
head, old, tail = re.fullmatch(r'(.*?\.\\" From here [^\n]*\n)(.*)(\.\\" End of .*)', page, re.S).groups()
if update:
    with open(os.path.join(source, "docs", "man", "spean-protocol.7"), "w", encoding="utf-8") as f:
        f.write(head + printed + tail)
elif old != printed:
    missing.append("spean-protocol.7: not what speand --protocol prints; run check_man.py --update")
methods = re.findall(r"^\.It Ic (\S+)$", printed, re.M)
errors = re.findall(r"^\.It Li (-?\d+) (\S+)$", printed, re.M)
page = read("PROTOCOL.md")
missing += ["PROTOCOL.md: " + m for m in methods if "\n### %s\n" % m not in page]
missing += ["PROTOCOL.md: %s %s" % e for e in errors if "| %s | `%s` |" % e not in page]

for listed in (options, flags, commands, methods, errors):
    if not listed:
        missing.append("nothing was listed")
for one in missing:
    print("undocumented:", one)
sys.exit(bool(missing))
