"""The same question in SQL, over the same profiles: plainly, and as fast as an exact answer could be made."""

import hashlib
import os
import re
import time

from bench import SOURCE, Failed, each_to_each, median, say
from engine import Again
from report import Row, micros, number

HERE = os.path.join(SOURCE, "tests", "bench")
SCRIPTS = ("peer_tables.sql", "peer_score.sql", "peer_index.sql", "peer_search.sql")


def weights():
    found = {}
    with open(os.path.join(SOURCE, "conf", "model", "weights.tsv"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                name, value = line.split("\t")[:2]
                found[name] = value
    return found


def script(name):
    """A file of SQL with the model's numbers in it."""
    known = weights()
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return re.sub(r"@([a-z0-9-]+\.[a-z0-9-]+)@", lambda m: known[m.group(1)], f.read())


def prepare(b):
    """Makes the tables and functions, unless they are there from the same profiles and the same scripts."""
    digest = hashlib.sha256(b.sql("SELECT count(*), max(updated_at), min(pack_model), max(pack_model)"
                                  " FROM spean.company").encode())
    for name in SCRIPTS:
        digest.update(script(name).encode())
    with open(os.path.join(HERE, "peer_fill.c"), "rb") as f:
        digest.update(f.read())
    if b.sql("SELECT to_regclass('peer.made') IS NOT NULL") == "t" and b.sql("SELECT digest FROM peer.made") == digest.hexdigest():
        return
    say("unfolding the profiles into tables for SQL")
    b.psql(script(SCRIPTS[0]))
    b.lines("spean-bench-peer", b.conninfo)
    for name in SCRIPTS[1:]:
        b.psql(script(name))
    b.sql("CREATE TABLE peer.made AS SELECT '%s' AS digest" % digest.hexdigest())


def timed(b, statements):
    """(rows, microseconds) of each statement, by one session."""
    out = b.psql("\\timing on\n" + ";\n".join(statements) + ";\n")
    found, rows = [], []
    for line in out.splitlines():
        m = re.match(r"Time: ([0-9.]+) ms", line)
        if m:
            found.append((rows, float(m.group(1)) * 1e3))
            rows = []
        elif line:
            rows.append(line.split("|"))
    return found


def pairs_agree(b):
    """The score in SQL is the score, for pairs of all kinds."""
    pairs = b.found["engine"]["pair"]
    got = b.psql("CREATE TEMP TABLE p (a uuid, b uuid, total integer);\nCOPY p FROM STDIN;\n"
                 + "".join("%s\t%s\t%d\n" % (p["a"], p["b"], p["total"]) for p in pairs) + "\\.\n"
                 "SELECT count(*) FROM p JOIN peer.company x ON x.id = p.a JOIN peer.company y ON y.id = p.b"
                 " WHERE peer.score(x, y, %d) = p.total;" % today()).strip()
    if int(got) != len(pairs):
        raise Failed("the score in SQL is another for %d of %d pairs" % (len(pairs) - int(got), len(pairs)))
    return len(pairs)


def today():
    return int(time.time()) // 86400


def best(b):
    """Microseconds of the median query, by SQL and by the engine in turn; every answer is held beside the engine's."""
    answers = b.found["engine"]["answer"]
    sql, ours, looked = [], [], []
    with Again(b) as again:
        for n in range(b.runs + 1):     # the first brings everything into memory
            found = timed(b, ["SELECT id, total, looked, scored FROM peer.partners('%s', %d, 10)" % (a["company"], today())
                              for a in answers])
            for a, (rows, _) in zip(answers, found):
                if [[r[0], int(r[1])] for r in rows] != a["hits"]:
                    raise Failed("SQL and the engine do not agree about " + a["company"])
            if n > 0 or b.small:
                sql.append(median([us for _, us in found]))
                ours.append(again.query()["p50_us"])
                looked = [int(rows[0][3]) for rows, _ in found if rows]
    return sql, ours, median(looked)


def naive(b):
    """Microseconds, extrapolated from a sample of the candidates."""
    found = []
    for a in b.found["engine"]["answer"][:b.runs]:
        kept = "b.country <> a.country AND b.live AND b.valid_until >= %d" % today()
        all_of = int(b.sql("SELECT count(*) FROM peer.company a, peer.company b WHERE a.id = '%s' AND %s" % (a["company"], kept)))
        share = min(100.0, 100.0 * 4000 / all_of)
        rows, us = timed(b, ["SELECT count(*), max(peer.score(a, b, %d)) FROM peer.company a, peer.company b"
                             " TABLESAMPLE SYSTEM (%f) REPEATABLE (1) WHERE a.id = '%s' AND %s"
                             % (today(), share, a["company"], kept)])[0]
        found.append(us / max(1, int(rows[0][0])) * all_of)
    return median(found)


def explain(b):
    """The plan of the statement that takes most of a search, as run; all plans stay in a file."""
    company = b.found["engine"]["answer"][0]["company"]
    text = b.psql("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on;"
                  " SET auto_explain.log_buffers = on; SET auto_explain.log_nested_statements = on;"
                  " SET client_min_messages = log; SELECT * FROM peer.partners('%s', %d, 10);" % (company, today()),
                  errors=True)
    path = b.path("explain.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    plans = re.findall(r"duration: ([0-9.]+) ms  plan:\n(.*?)(?=\n[^\n]*LOG:  duration|\Z)", text, re.S)
    inner = [(float(ms), p) for ms, p in plans if "bound AS MATERIALIZED" in p]
    if not inner:
        raise Failed("no plan was logged")
    ms, plan = max(inner)
    lines = [line[:150] for line in plan[plan.index("ORDER BY"):].splitlines()[1:] if "(actual" in line or "Buffers:" in line]
    return path, ms, "\n".join(lines)


def run(b):
    prepare(b)
    say("the same in SQL")
    checked = pairs_agree(b)
    sql, ours, scored = best(b)
    plain = naive(b)
    path, ms, plan = explain(b)
    p50 = median(ours)
    b.rows += [Row("match computed in the engine, p50", micros(p50), "best exact SQL, %s" % micros(median(sql)),
                   each_to_each(sql, ours), at_least=1000),
               Row("the same", micros(p50), "plain SQL, %s" % micros(plain), plain / p50, at_least=10000)]
    b.notes.append("**SQL**: the score in SQL gave the same points for %d pairs drawn at random, and the best exact search the"
                   " same ten companies and points for %d companies (tests/bench/peer_*.sql). It looks at what may bind two"
                   " companies first, bounds what any content of a profile can reach, and scores in the order of the bounds"
                   " until none is left that could change the answer: half of the searches score at most %s profiles. Plain"
                   " SQL calls the score for every candidate, ordered by it; its time is extrapolated from some 4,000"
                   " candidates of %d companies. All plans, as run: `%s`; that of the statement that bounds and orders"
                   " (%s ms, one of the steps):\n\n```\n%s\n```"
                   % (checked, len(b.found["engine"]["answer"]), number(scored), b.runs, os.path.relpath(path, SOURCE), ms, plan))
