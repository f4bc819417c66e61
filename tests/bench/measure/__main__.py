"""Measures, and writes what was found: scripts/bench starts this. See there for the options."""

import argparse
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import engine
import peers
import report
import tcp
import writes
from bench import SOURCE, Bench, Failed, say

# In the order in which they are measured; the first gives figures that some are held beside.
PARTS = {"engine": engine.run, "peers": peers.run, "cache": tcp.cache, "computed": tcp.computed, "workers": tcp.workers,
         "visible": writes.visible, "start": writes.start, "writes": writes.writes, "memory": writes.memory}
NEED_ENGINE = {"peers", "computed", "start"}


def options_read():
    p = argparse.ArgumentParser(prog="scripts/bench")
    p.add_argument("--dir", required=True)
    p.add_argument("--psql", required=True)
    p.add_argument("--pg-pid", type=int, required=True)
    p.add_argument("--small", action="store_true")
    p.add_argument("--only", action="append", choices=list(PARTS), default=[])
    p.add_argument("--output")
    return p.parse_args()


def main():
    options = options_read()
    begun = time.monotonic()
    b = Bench(options)
    b.clean()
    b.asked = set(options.only or PARTS)
    wanted = b.asked | ({"engine"} if b.asked & NEED_ENGINE else set())
    try:
        for name, run in PARTS.items():
            if name in wanted:
                run(b)
    except (Failed, OSError, subprocess.SubprocessError) as e:
        say("failed: %s" % e)
        return 1
    finally:
        b.clean()
    took = time.monotonic() - begun
    print(report.table(b.rows))
    text = report.section(b, b.rows, b.notes, took)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as f:
            f.write(text)
    elif not b.small and not options.only:
        report.write(os.path.join(SOURCE, "docs", "BENCHMARKS.md"), text)
        say("written to docs/BENCHMARKS.md")
    say("all in %d s" % took)
    return 0


if __name__ == "__main__":
    sys.exit(main())
