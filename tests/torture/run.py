"""Runs the rows of tests/torture, each as a program of its own; see scripts/torture and lib/torture.py."""

import argparse
import ast
import ctypes
import glob
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
PR_SET_CHILD_SUBREAPER = 36
SHORT_SECONDS = 300


class Row:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[len("torture_"):-len(".py")]
        with open(path, encoding="utf-8") as f:
            tree = ast.parse(f.read())
        self.promise = (ast.get_docstring(tree) or "").split("\n")[0]
        self.minutes = 15
        self.apart = None
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                if node.targets[0].id == "MINUTES":
                    self.minutes = node.value.value
                elif node.targets[0].id == "APART":
                    self.apart = node.value.value


def rows_find():
    return sorted((Row(p) for p in glob.glob(os.path.join(glob.escape(HERE), "torture_*.py"))), key=lambda r: r.name)


def orphans_end(tag):
    """Ends what a row that was killed left: it has become ours, and bears the row's tag."""
    with open("/proc/self/task/%d/children" % os.getpid()) as f:
        children = f.read().split()
    for pid in children:
        try:
            with open("/proc/%s/environ" % pid, "rb") as f:
                if tag not in f.read().split(b"\0"):
                    continue
            os.kill(int(pid), signal.SIGKILL)
        except OSError:
            continue


def row_run(row, form, seed, lock):
    tag = "SPEAN_TORTURE_ROW=%d-%s" % (os.getpid(), row.name)
    environment = dict(os.environ, SPEAN_TORTURE_SEED=seed, SPEAN_TORTURE_FORM=form,
                       PYTHONPATH="%s/lib:%s/tests/integration/lib" % (HERE, SOURCE), PYTHONDONTWRITEBYTECODE="1")
    environment.update([tag.split("=")])
    environment.setdefault("SPEAN_BUILD_DIR", os.path.join(SOURCE, "build"))
    patience = float(environment.get("SPEAN_TEST_PATIENCE", "1"))
    limit = (SHORT_SECONDS if form == "short" else row.minutes * 60) * patience
    process = subprocess.Popen([sys.executable, row.path], env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            out, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        out += "%s: not done within %d s  FAIL\n" % (row.name, limit)
        process.returncode = 1
    finally:
        orphans_end(tag.encode())
    if process.returncode not in (0, 1, 77):
        out += "%s: ended with %d  FAIL\n" % (row.name, process.returncode)
    with lock:
        sys.stdout.write(out)
        sys.stdout.flush()
    return process.returncode


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/torture", description="Makes faults for real and counts what they cost.")
    parser.add_argument("--list", action="store_true", help="list the rows and their promises")
    parser.add_argument("--only", action="append", metavar="NAME", help="this row alone; may be given several times")
    parser.add_argument("--seed", help="replay a run: the seed that it printed")
    parser.add_argument("--short", action="store_true", help="small counts, as continuous integration runs them")
    parser.add_argument("--soak", action="store_true", help="the long run, instead of the other rows")
    parser.add_argument("--fuzz", action="store_true", help="the fuzzers, instead of the other rows")
    parser.add_argument("--jobs", type=int, default=1, help="rows at a time (1)")
    return parser.parse_args()


def rows_choose(a, rows):
    if a.only:
        unknown = set(a.only) - {r.name for r in rows}
        if unknown:
            sys.exit("torture: no row is called %s; --list names them" % ", ".join(sorted(unknown)))
        return [r for r in rows if r.name in a.only]
    apart = {name for name in ("soak", "fuzz") if getattr(a, name)}
    if apart:
        return [r for r in rows if r.apart in apart]
    return [r for r in rows if a.short or not r.apart]


def main():
    a = arguments()
    rows = rows_find()
    if a.list:
        for r in rows:
            print("%-14s %s%s" % (r.name, r.promise, " (--%s)" % r.apart if r.apart else ""))
        return 0
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    rows = rows_choose(a, rows)
    seed = a.seed or str(int.from_bytes(os.urandom(4), "big"))
    form = "short" if a.short else "full"
    print("torture: %d rows, %s form, seed %s" % (len(rows), form, seed), flush=True)
    began = time.monotonic()
    lock = threading.Lock()
    with ThreadPoolExecutor(max(1, a.jobs)) as pool:
        codes = list(pool.map(lambda r: row_run(r, form, seed, lock), rows))
    passed, skipped = codes.count(0), codes.count(77)
    print("torture: %d s" % (time.monotonic() - began))
    print("%d passed, %d failed, %d skipped" % (passed, len(codes) - passed - skipped, skipped))
    return 0 if passed + skipped == len(codes) else 1


if __name__ == "__main__":
    sys.exit(main())
