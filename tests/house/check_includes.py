#!/usr/bin/env python3
"""Checks who includes whom: docs/ARCHITECTURE.md's rule as includes.tsv and headers.tsv beside this
file state it. Also that "quoted" headers are of the file's own folder, and that no room with the
task of being pure (match) asks for the time.

    check_includes.py SOURCE_DIR
"""

import glob
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def table(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if line.strip() and line[0] != "#"]


RULES = {room: (rooms.split(), [p for p in system.split() if p != "-"])
         for room, rooms, system in table("includes.tsv")}
HEADERS = dict(table("headers.tsv"))
GUARDED = sorted({prefix for _, system in RULES.values() for prefix in system})
# match has no clock (its callers say what day it is) and writes no log
CLOSED = {"match": ("clock", "log")}


def room_of(path, source):
    part = os.path.relpath(path, source).split(os.sep)
    if part[0] == "include":
        return HEADERS.get(os.path.splitext(part[-1])[0])
    if part[0] == "client":
        return "client"
    return part[1] if len(part) > 2 else "main"


def problem_of(room, kind, name, path):
    rooms, system = RULES[room]
    if kind == '"' and not name.startswith("spean/"):
        if not os.path.exists(os.path.join(os.path.dirname(path), name)):
            return "a private header of another folder"
        return None
    if name.startswith("spean/"):
        stem = name[len("spean/"):-len(".h")]
        if stem not in HEADERS:
            return "a header that headers.tsv does not know"
        if HEADERS[stem] not in rooms or stem in CLOSED.get(room, ()):
            return "not open to " + room
        return None
    if any(name.startswith(p) for p in GUARDED) and not any(name.startswith(p) for p in system):
        return "not open to " + room
    return None


def check(path, source):
    room = room_of(path, source)
    if room not in RULES:
        return ["%s: belongs to no room" % path]
    found = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            match = INCLUDE.match(line)
            problem = match and problem_of(room, match.group(1), match.group(2), path)
            if problem:
                found.append("%s:%d: %s: %s" % (path, number, match.group(2), problem))
    return found


def main(source):
    files = [path for part in ("include/spean", "daemon", "daemon/*", "client")
             for path in sorted(glob.glob(os.path.join(source, part, "*.[ch]")))]
    found = [problem for path in files for problem in check(path, source)]
    for problem in found:
        print(problem)
    print("%d files, %d problems" % (len(files), len(found)))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
