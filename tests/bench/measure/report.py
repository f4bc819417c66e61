"""The table, and the section of docs/BENCHMARKS.md that it becomes."""

import os
import platform
import subprocess
import time


class Row:
    """One figure beside another. ratio is what `bound` speaks of; None: nothing to reach."""

    def __init__(self, what, ours, other, ratio=None, at_least=None, at_most=None):
        self.what, self.ours, self.other = what, ours, other
        self.ratio, self.at_least, self.at_most = ratio, at_least, at_most

    def cells(self):
        if self.ratio is None:
            return [self.what, self.ours, self.other, "", "", ""]
        if self.at_least is None and self.at_most is None:
            return [self.what, self.ours, self.other, number(self.ratio), "", ""]
        if self.at_least is not None:
            reach, done = "≥ " + number(self.at_least), self.ratio >= self.at_least
        else:
            reach, done = "≤ " + number(self.at_most), self.ratio <= self.at_most
        return [self.what, self.ours, self.other, number(self.ratio), reach, "yes" if done else "**no**"]


def number(x):
    if x >= 100:
        return "{:,.0f}".format(x)
    if x >= 10:
        return "%.1f" % x
    return "%.3g" % x


def micros(us):
    if us >= 10e6:
        return "%.1f s" % (us / 1e6)
    if us >= 1e6:
        return "%.2f s" % (us / 1e6)
    if us >= 10e3:
        return "%.0f ms" % (us / 1e3)
    if us >= 1e3:
        return "%.2f ms" % (us / 1e3)
    return "%.0f µs" % us


def rate(n):
    return "{:,.0f}/s".format(n)


HEAD = ["what", "ours", "beside", "ratio", "to reach", "reached"]


def table(rows):
    """For a terminal."""
    cells = [HEAD] + [r.cells() for r in rows]
    widths = [max(len(c[i]) for c in cells) for i in range(len(HEAD))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in cells]
    lines.insert(1, "  ".join("─" * w for w in widths))
    return "\n".join(lines)


def markdown(rows):
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return "\n".join(lines + ["| " + " | ".join(r.cells()) + " |" for r in rows])


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as f:
        memory = int(f.readline().split()[1]) / (1 << 20)
    return "%s, %d cores, %.0f GiB, Linux %s" % (model, os.cpu_count(), memory, platform.release())


def commit(source):
    words = ["git", "-C", source]
    head = subprocess.run(words + ["rev-parse", "--short=12", "HEAD"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()
    changed = subprocess.run(words + ["status", "--porcelain", "-uno"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()
    return (head or "unknown commit") + (" with changes not committed" if changed else "")


def section(bench, rows, notes, took):
    load = os.getloadavg()
    lines = ["## %s" % time.strftime("%Y-%m-%d", time.gmtime()), "",
             "%s; commit %s; %s companies. %s. Medians of %d runs; all in one go of %d minutes."
             % (machine(), commit(bench.source), "{:,}".format(bench.count), bench.versions(), bench.runs,
                round(took / 60)), ""]
    if bench.load_before > 0.5:
        lines += ["The machine was not at rest when this began (load %.1f; at the end %.1f): times are longer than"
                  " they need be, and ratios less sure." % (bench.load_before, load[0]), ""]
    lines += [markdown(rows), ""]
    for note in notes:
        lines += [note, ""]
    return "\n".join(lines)


def write(path, text):
    """Puts the section before the older ones; what stands above the first of them stays."""
    with open(path, encoding="utf-8") as f:
        old = f.read()
    at = old.find("\n## 2")
    head, rest = (old.rstrip("\n") + "\n", "") if at < 0 else (old[:at + 1], old[at + 1:])
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(head + ("\n" if at < 0 else "") + text + ("\n" + rest if rest else ""))
    os.replace(path + ".new", path)
