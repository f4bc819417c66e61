"""parsers take any bytes (libFuzzer)

Each fuzzer of tests/fuzz, built by clang with libFuzzer and the address and undefined-behaviour sanitizers, starts from its
corpus and runs for a time: ten minutes each in the full form, a few seconds in the short one. A crash, a leak or an
input that takes more than ten seconds fails the row; what caused it is kept, and its path said. Mended, it goes into
tests/fuzz/corpus.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

from spean_test import SOURCE
from torture import row

APART = "fuzz"
MINUTES = 120


def build(t, names):
    """The directory of the fuzzers."""
    ready = os.path.exists(os.path.join(SOURCE, "build", "fuzz", "build.ninja"))
    if t.short and not ready:
        t.skip("the fuzzers are not built; `.ci/run fuzz` does, and so does the full form")
    if not shutil.which("clang"):
        t.skip("clang is not installed")
    if not ready:
        subprocess.run(["cmake", "--preset", "fuzz"], cwd=SOURCE, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["cmake", "--build", "build/fuzz", "--target"] + ["fuzz_" + n for n in names], cwd=SOURCE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError("the fuzzers could not be built: " + done.stdout[-2000:])
    return os.path.join(SOURCE, "build", "fuzz", "tests")


def fuzz(t, program, name, seconds):
    """How many inputs were tried; a failure is told."""
    kept = os.path.join(SOURCE, "build", "fuzz", "found")
    os.makedirs(kept, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="spean-fuzz-") as corpus:
        done = subprocess.run(
            [program, "-max_total_time=%d" % seconds, "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
             "-seed=%d" % t.rng.randrange(1, 2 ** 31), "-artifact_prefix=%s/%s-" % (kept, name), corpus,
             os.path.join(SOURCE, "tests", "fuzz", "corpus", name)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + 120)
    said = done.stdout.decode(errors="replace")
    t.check(done.returncode == 0, "%s ended with %d: %s", name, done.returncode, said[-1500:])
    tried = re.search(r"number_of_executed_units: (\d+)", said)
    return int(tried.group(1)) if tried else 0


def run(t):
    seconds = t.amount(600, 3)
    names = sorted(os.path.basename(p)[len("fuzz_"):-len(".c")] for p in
                   glob.glob(os.path.join(glob.escape(SOURCE), "tests", "fuzz", "fuzz_*.c")))
    programs = build(t, names)
    found = {}
    for name in names:
        found[name] = fuzz(t, os.path.join(programs, "fuzz_" + name), name, seconds)
        t.note("%s: %d inputs", name, found[name])
    t.check(found and all(found.values()), "fuzzers that tried nothing: %s", found)
    t.figure("%d findings in %d fuzzers, %d s each: %s", len(t.failures), len(found), seconds,
             ", ".join("%s %d" % f for f in found.items()))


if __name__ == "__main__":
    row(run)
