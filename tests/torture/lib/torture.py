"""The frame of scripts/torture: one row of docs/RELIABILITY.md is one file torture_NAME.py here.

    \"\"\"acknowledged writes survive the daemon's death

    How it is done, in a few lines. The first line is the promise: --list and the table use it.
    \"\"\"
    from torture import row

    MINUTES = 20          # the full form ends within this, or has failed (15 unless told)
    APART = "soak"        # only where the row runs by --soak or --fuzz (or --only), not with the rest

    def run(t):
        cluster = t.cluster()              # removed at the end, however that comes
        daemon = t.daemon(cluster)         # likewise; a sanitizer's report fails the row
        kills = t.amount(500, 8)           # full form, short form
        ...
        t.note("100 kills")                # progress, on stderr
        t.figure("%d lost in %d kills", lost, kills)
        t.check(lost == 0, "acknowledged and not in the table: %s", names)

    if __name__ == "__main__":
        row(run)

A row that exists is run: nothing is registered. It is a program of its own (run.py starts it), so it may
enter namespaces of its own, see netns.py and the like. All chance comes from t.rng, which the seed makes.
A time that is promised is judged by t.limit(seconds): the full form, on a machine at rest, holds the daemon to it; the short
form leaves room for a machine that stands still at times, so that only what goes wrong fails it. Prints one line, `NAME: figure  PASS|FAIL|SKIP`, and ends with 0, 1 or 77. check() counts failures
and goes on; an exception ends the row as failed. t.skip(why) where the machine can't make the fault.
"""

import contextlib
import os
import random
import signal
import sys
import time
import traceback

import spean_test

FAILURES_SHOWN = 20


class Skip(Exception):
    pass


class Torture:
    def __init__(self, name, seed, form):
        self.name = name
        self.seed = seed
        self.form = form
        self.short = form == "short"
        self.patience = spean_test.PATIENCE
        self.rng = random.Random("%s/%s" % (seed, name))
        self.began = time.monotonic()
        self.failures = []
        self.text = ""
        self.exits = contextlib.ExitStack()

    def amount(self, full, short):
        """How many, or for how long: the full form's or the short one's."""
        return short if self.short else full

    def limit(self, seconds):
        """What a promised time is judged by: as it is in the full form, with four seconds more in the short one."""
        return (seconds + 4 if self.short else seconds) * self.patience

    def elapsed(self):
        return time.monotonic() - self.began

    def note(self, text, *values):
        print("  %s %4d s: %s" % (self.name, self.elapsed(), text % values if values else text),
              file=sys.stderr, flush=True)

    def figure(self, text, *values):
        self.text = text % values if values else text

    def check(self, ok, text, *values):
        """Counts a failure unless ok, and goes on. Gives ok."""
        if not ok:
            said = text % values if values else text
            self.failures.append(said)
            if len(self.failures) <= FAILURES_SHOWN:
                self.note("FAILED: %s", said[:2000])
        return ok

    def skip(self, why):
        raise Skip(why)

    def on_exit(self, function, *args):
        self.exits.callback(function, *args)

    def cluster(self, *args, kind=spean_test.Cluster, **kwargs):
        cluster = kind(*args, **kwargs)
        self.on_exit(cluster.stop)
        return cluster

    def daemon(self, cluster, **kwargs):
        """A daemon that the row ends with; log_level info, since loads write much."""
        config = {section: dict(options) for section, options in kwargs.pop("config", {}).items()}
        config.setdefault("daemon", {}).setdefault("log_level", "info")
        daemon = spean_test.Daemon(cluster, config=config, **kwargs)
        self.on_exit(self._daemon_end, daemon)
        return daemon

    def _daemon_end(self, daemon):
        try:
            daemon.stop()
        except Exception as e:  # the other ends must come, too
            self.check(False, "the daemon at the end: %s", e)


def _on_term(number, frame):
    raise SystemExit("ended by signal %d" % number)


def _run(t, run):
    """PASS, FAIL or SKIP."""
    try:
        with t.exits:
            run(t)
    except Skip as e:
        t.text = str(e)
        return "SKIP"
    except spean_test.unittest.SkipTest as e:
        t.text = str(e)
        return "SKIP"
    except (Exception, SystemExit, KeyboardInterrupt):
        traceback.print_exc()
        t.failures.append(traceback.format_exc().strip().rsplit("\n", 1)[-1])
    t.check(t.failures or t.text, "the row gave no figure")
    return "FAIL" if t.failures else "PASS"


def row(run):
    """Runs the calling file as a row: main program of every torture_NAME.py. Never returns."""
    name = os.path.basename(sys.argv[0])[len("torture_"):-len(".py")]
    seed = os.environ.get("SPEAN_TORTURE_SEED") or str(int.from_bytes(os.urandom(4), "big"))
    form = os.environ.get("SPEAN_TORTURE_FORM", "short")
    signal.signal(signal.SIGTERM, _on_term)
    t = Torture(name, seed, form)
    verdict = _run(t, run)
    line = "%s: %s (%s form, seed %s, %d s)" % (name, t.text or "no figure", form, seed, t.elapsed())
    if verdict == "FAIL":
        line += "; %d failed: %s" % (len(t.failures), t.failures[0].replace("\n", " ")[:300])
    print("%s  %s" % (line, verdict), flush=True)
    sys.stdout.flush()
    # Threads of a row that failed may still hang on sockets: they end with the process.
    os._exit({"PASS": 0, "FAIL": 1, "SKIP": 77}[verdict])
