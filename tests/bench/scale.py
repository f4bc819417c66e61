#!/usr/bin/env python3
"""What one and two daemons on one PostgreSQL do: the figures of docs/SCALING.md.

    scripts/build && PYTHONPATH=tests/integration/lib python3 tests/bench/scale.py [COMPANIES] [SECONDS]

Everything is on one machine, so daemons, PostgreSQL and load share its cores: the processor time of a call is the
figure to calculate with, the calls a second of this machine are not.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time

from spean_test import BUILD, Cluster, Daemon, free_port, wait_until

COMPANIES = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 5
CONNECTIONS = 16


def metrics(daemon):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.metrics_port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[:1] != "#"}


def start(cluster, database, migrate):
    port = free_port()
    daemon = Daemon(cluster, database=database, migrate=migrate, config={
        "daemon": {"log_level": "info"}, "metrics": {"listen": "127.0.0.1:%d" % port}}, start=False)
    daemon.metrics_port = port
    return daemon


def load(daemons, files, token):
    """Answers a second of each, 99th percentiles in ms, processor time of a call in us."""
    before = [metrics(d) for d in daemons]
    running = [subprocess.Popen([os.path.join(BUILD, "spean-load"), "--connect", "127.0.0.1:%d" % d.port,
                                 "--requests", f, "--token-file", token, "--connections", str(CONNECTIONS),
                                 "--seconds", str(SECONDS), "--warmup", "1", "--json"], stdout=subprocess.PIPE, text=True)
               for d, f in zip(daemons, files)]
    answers = [json.loads(p.communicate()[0]) for p in running]
    after = [metrics(d) for d in daemons]
    calls = sum(sum(v - b.get(k, 0) for k, v in a.items() if k.startswith("spean_requests_total"))
                for a, b in zip(after, before))
    cpu = sum(a["process_cpu_seconds_total"] - b["process_cpu_seconds_total"] for a, b in zip(after, before))
    return answers, 1e6 * cpu / calls


def write_lines(path, calls):
    with open(path, "w") as f:
        for n, (method, params) in enumerate(calls):
            f.write(json.dumps({"jsonrpc": "2.0", "id": n, "method": method, "params": params}) + "\n")
    return path


def upserts(prefix, count):
    for n in range(count):
        yield "company.upsert", {"company": {
            "external_ids": [{"system": prefix, "id": str(n)}], "country": "KH" if n % 2 else "CA",
            "name": "Scaled %s %d" % (prefix, n), "status": "published", "sectors": ["agro-industry.rice"],
            "languages": [{"lang": "eng", "level": "fluent"}]}}


def visible(writer, reader, times=50):
    """Milliseconds from a write's answer by one daemon until the other's matches know of it."""
    took = []
    with writer.client() as w, reader.client() as r:
        for n in range(times):
            done = w.call("company.upsert", company={"country": "KH", "name": "Seen %d %f" % (n, time.time())})
            began = time.monotonic()
            wait_until(lambda: r.call("system.health")["index"]["seq"] >= done["seq"], every=0.0005)
            took.append(1000 * (time.monotonic() - began))
    took.sort()
    return took[len(took) // 2], took[-1]


def main():
    work = tempfile.TemporaryDirectory(prefix="spean-scale-")
    cluster = Cluster(settings=["fsync=on", "shared_buffers=256MB", "max_wal_size=2GB"])
    daemons = []
    try:
        daemons.append(start(cluster, None, True))
        subprocess.run([os.path.join(BUILD, "spean-generate"), "--conninfo", cluster.conninfo(daemons[0].database),
                        "--count", str(COMPANIES)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        daemons.append(start(cluster, daemons[0].database, False))
        daemons[0].start()
        token = os.path.join(work.name, "token")
        with open(token, "w") as f:
            f.write(daemons[0].token("staff", "scale"))
        ids = [row[0] for row in cluster.sql("SELECT id FROM spean.company WHERE status = 'published' ORDER BY "
                                             "md5(id::text) LIMIT 20000", daemons[0].database)]
        matches = [write_lines(os.path.join(work.name, "match%d" % i),
                               [("match.list", {"id": x}) for x in ids[i::2]]) for i in range(2)]
        for count in (1, 2):
            if count == 2:
                daemons[1].start()
            some = daemons[:count]
            for name, files in (("match.list", matches), ("company.upsert", [write_lines(
                    os.path.join(work.name, "up%d-%d" % (count, i)), upserts("s%d-%d" % (count, i), 40000))
                    for i in range(count)])):
                answers, cpu = load(some, files, token)
                print("%d daemon(s) %-15s %s; %.0f us of processor a call" % (
                    count, name, "; ".join(json.dumps(a) for a in answers), cpu))
            backends = cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'speand'",
                                   daemons[0].database)[0][0]
            print("%d daemon(s): %s database connections, resident MiB %s, companies %d" % (
                count, backends, [int(metrics(d)["process_resident_memory_bytes"]) >> 20 for d in some],
                metrics(some[0])["spean_index_companies"]))
        print("visible in the other daemon: median %.1f ms, most %.1f ms" % visible(*daemons))
    finally:
        for d in daemons:
            d.stop()
        cluster.stop()
        work.cleanup()


if __name__ == "__main__":
    main()
