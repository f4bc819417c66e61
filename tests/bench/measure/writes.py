"""What writing costs, how soon a change shows, how soon a daemon is ready, and how much memory it holds."""

import json
import time

from bench import Daemon, Failed, median, say
from report import Row, micros, rate

BATCH = 400
TABLES = (("company", "id"), ("company_external", "company_id"), ("company_key", "company_id"), ("change", "company_id"))


def visible(b):
    say("how soon a change shows")
    b.clean()
    b.psql("CREATE SCHEMA IF NOT EXISTS peer; DROP TABLE IF EXISTS peer.upsert;"
           " CREATE TABLE peer.upsert AS SELECT id, version, doc, packed FROM spean.company LIMIT 1;"
           " ALTER TABLE peer.upsert ADD PRIMARY KEY (id);")
    with Daemon(b, "daemon.workers=1") as d:
        token = d.token()
        got = [b.lines("spean-bench-visible", b.conninfo, d.address, token, 50 if b.small else 1000)[0]
               for _ in range(b.runs)]
    b.clean()
    ours, sent, theirs = (median([g[k]["p99_us"] for g in got]) for k in ("after", "visible", "notified"))
    beside = "upsert and NOTIFY alone → notified, %s" % micros(theirs)
    b.rows.append(Row("a change acknowledged → shown in another connection's answer, p99", micros(ours), beside, ours / theirs,
                      at_most=2))
    b.rows.append(Row("the same from its having been sent", micros(sent), beside, sent / theirs))
    b.notes.append("**A change shows**: sent → acknowledged p50 %s, p99 %s; acknowledged → shown p50 %s; PostgreSQL alone p50 %s."
                   % tuple(micros(median([g[k][p] for g in got])) for k, p in
                           (("acknowledged", "p50_us"), ("acknowledged", "p99_us"), ("after", "p50_us"), ("notified", "p50_us"))))


def batches(b, count):
    """Lines of company.upsertMany with new companies that look like those that are there."""
    docs = b.sql("SELECT doc::text FROM spean.company TABLESAMPLE BERNOULLI (%f) REPEATABLE (5) LIMIT %d"
                 % (min(100, 150.0 * count / b.count), count)).splitlines()
    lines = []
    for at in range(0, len(docs), BATCH):
        companies = []
        for n, doc in enumerate(docs[at:at + BATCH]):
            company = json.loads(doc)
            company["external_ids"] = [{"system": "bench", "id": "w%d" % (at + n)}]
            companies.append(company)
        lines.append((json.dumps({"jsonrpc": "2.0", "id": 1, "method": "company.upsertMany",
                                  "params": {"companies": companies}}, ensure_ascii=False) + "\n").encode())
    return lines, len(docs)


def upsert(daemon, lines):
    """Seconds that they took, one call after the other."""
    line = daemon.connect()
    with line.socket:
        begun = time.monotonic()
        for text in lines:
            bad = [r for r in line.exchange(text)["results"] if "error" in r]
            if bad:
                raise Failed("company.upsertMany: " + json.dumps(bad[0])[:500])
        return time.monotonic() - begun


def inserts(b, path):
    """The rows that are there now as statements: a transaction for every batch, as PostgreSQL's users write them."""
    head = ["SET client_min_messages = warning"]
    parts = []
    for name, key in TABLES:
        columns = b.sql("SELECT string_agg(format('quote_nullable(t.%%I)', attname), ' || '','' || ' ORDER BY attnum)"
                        " FROM pg_attribute WHERE attrelid = 'spean.%s'::regclass AND attnum > 0 AND NOT attisdropped" % name)
        parts.append("SELECT e.batch, %d, 'INSERT INTO spean.%s VALUES ' || string_agg('(' || %s || ')', ',') || ';'"
                     " FROM e JOIN spean.%s t ON t.%s = e.company_id GROUP BY e.batch" % (len(parts), name, columns, name, key))
    text = b.psql("WITH e AS MATERIALIZED (SELECT company_id, substr(id, 2)::integer / %d AS batch FROM spean.company_external"
                  " WHERE system = 'bench'), s AS (%s) SELECT replace(text, E'\\n', ' ') FROM ("
                  "SELECT batch, -1 AS n, 'BEGIN;' AS text FROM e GROUP BY batch UNION ALL SELECT * FROM s AS s(batch, n, text)"
                  " UNION ALL SELECT batch, 9, 'UPDATE spean.feed SET seq = seq; COMMIT;' FROM e GROUP BY batch) x"
                  " ORDER BY batch, n;" % (BATCH, " UNION ALL ".join(parts)))
    with open(path, "w", encoding="utf-8") as f:
        f.write(";\n".join(head) + ";\n" + text)


def remove(b):
    b.psql("DELETE FROM spean.change WHERE company_id IN (SELECT company_id FROM spean.company_external WHERE system = 'bench');"
           " DELETE FROM spean.company WHERE id IN (SELECT company_id FROM spean.company_external WHERE system = 'bench');")


def writes(b):
    say("writing, beside PostgreSQL's own inserts")
    b.clean()
    ours, theirs, statements = [], [], b.path("inserts.sql")
    lines, count = batches(b, 2000 if b.small else 20000)
    for _ in range(b.runs):
        with Daemon(b, "daemon.workers=1") as d:
            ours.append(count / upsert(d, lines))
        inserts(b, statements)
        remove(b)
        begun = time.monotonic()
        b.psql("", "-f", statements)
        theirs.append(count / (time.monotonic() - begun))
        b.clean()
    x, y = median(ours), median(theirs)
    b.rows.append(Row("companies written through company.upsertMany, durable", rate(x),
                      "the same rows by INSERT of %d rows, %s" % (BATCH, rate(y)), x / y, at_least=0.5))


def start(b):
    say("from start to ready")
    ready = []
    for _ in range(b.runs):
        with Daemon(b, "daemon.workers=1", wait=False) as d:
            ready.append(d.wait_ready() * 1e6)
    copies = [c["ms"] * 1e3 for c in b.found["engine"]["copy"]]
    b.rows.append(Row("start → ready", micros(median(ready)), "bare binary COPY of the packed column, %s" % micros(median(copies)),
                      median(ready) / median(copies), at_most=4))


def memory(b):
    say("memory")
    with Daemon(b, "daemon.workers=1") as d:
        loaded, high = d.memory("VmRSS"), d.memory("VmHWM")
        for i in b.sample(200, 14):
            d.call("match.list", id=i)
        steady = d.memory("VmRSS")
        with open("/proc/%d/clear_refs" % d.process.pid, "w", encoding="ascii") as f:
            f.write("5")
        # Another epoch, as after a restore: all is loaded anew beside what is served.
        b.sql("UPDATE spean.feed SET epoch = gen_random_uuid()")
        peak, seen = 0, time.monotonic()
        while time.monotonic() - seen < (2 if b.small else 15):
            now = d.memory("VmHWM")
            if now > peak:
                peak, seen = now, time.monotonic()
            time.sleep(0.1)
        after = d.memory("VmRSS")
    b.rows.append(Row("memory of speand, steady", "%.0f MiB" % steady, "to be at most 640 MiB", steady / 640, at_most=1))
    b.rows.append(Row("memory of speand, most while all is loaded anew", "%.0f MiB" % peak, "steady, %.0f MiB" % steady,
                      peak / steady, at_most=2))
    b.notes.append("**Memory**: resident %.0f MiB when ready, at most %.0f MiB until then, %.0f MiB after it was loaded anew."
                   % (loaded, high, after))
