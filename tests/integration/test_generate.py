"""The generator: what it puts into a database is what the daemon itself would have written."""

import json
import os
import random
import subprocess
import unittest

from spean_test import BUILD, Cluster, Daemon, run_tests, wait_until

COUNT = 2000
TODAY = "2026-11-24"


def generate(daemon, *words):
    return subprocess.run([os.path.join(BUILD, "spean-generate"), "--conninfo",
                           daemon.cluster.conninfo(daemon.database), "--today", TODAY] + list(words),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def schema(daemon):
    """Indexes and foreign keys, as they are defined."""
    return (daemon.cluster.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'spean' ORDER BY 1", daemon.database),
            daemon.cluster.sql("SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated"
                               " FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2", daemon.database),
            daemon.cluster.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'spean' ORDER BY 1", daemon.database))


class TestGenerate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster)     # runs before the load, so that it has to follow
        cls.before = schema(cls.daemon)
        cls.done = generate(cls.daemon, "--count", str(COUNT))

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def sql(self, text):
        return self.cluster.sql(text, self.daemon.database)

    def changes(self):
        found, since = [], None
        while True:
            page = self.c.call("changes.list", limit=1000, **({"since": since} if since else {}))
            found += page["changes"]
            since = page["next"]
            if not page["more"]:
                return found

    def index(self, count):
        wait_until(lambda: self.c.call("system.health")["index"]["companies"] == count, 30, "%d companies" % count)

    def test_1_ran(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertEqual(self.done.stdout, "%d companies, seq %d\n" % (COUNT, COUNT))
        self.assertEqual(schema(self.daemon), self.before)

    def test_2_followed_and_loaded(self):
        self.assertEqual(self.sql("SELECT count(*), count(*) FILTER (WHERE country = 'KH') FROM spean.company"),
                         [[str(COUNT), str(COUNT * 15 // 41)]])
        self.index(COUNT)
        self.daemon.restart()
        with self.daemon.client() as c:
            health = c.call("system.health")
        self.assertEqual((health["index"]["companies"], health["index"]["seq"]), (COUNT, COUNT))
        self.assertNotIn("index_row_refused", self.daemon.log_text())

    def test_3_changes(self):
        changes = self.changes()
        self.assertEqual([x["seq"] for x in changes[:COUNT]], list(range(1, COUNT + 1)))
        self.assertEqual(len({x["id"] for x in changes}), COUNT)
        self.assertEqual({(x["type"], x["version"], x["origin"]) for x in changes[:COUNT]},
                         {("created", 1, "generate")})
        for x in changes[::97]:
            stored = self.c.call("company.get", id=x["id"])
            self.assertEqual(stored["external_ids"], x["external_ids"])
            self.assertEqual((stored["version"], stored["updated_at"]), (1, x["at"]))

    def test_4_what_was_stored_can_be_sent_back(self):
        """The same profile, written by the daemon, is no change: same form, and every check passes."""
        picked = random.Random(1).sample(self.changes(), 60)
        rows = [self.c.call("company.get", id=x["id"]) for x in picked]
        done = self.c.call("company.upsertMany", companies=rows)
        self.assertEqual([r.get("version") for r in done["results"]], [1] * len(rows), done)
        self.assertEqual(done["seq"], COUNT)

    def test_5_columns_are_as_the_daemon_writes_them(self):
        """A write that changes next to nothing writes every column anew: only that may differ."""
        columns = ("id, country, name, region, city, status, sectors, valid_until, verified, pack_format, pack_model,"
                   " (SELECT array_agg(t ORDER BY t) FROM unnest(sector_terms) t),"
                   " (SELECT array_agg(lang || ':' || key ORDER BY lang, key) FROM spean.company_key k"
                   "  WHERE k.company_id = c.id),"
                   " (SELECT array_agg(system || ':' || e.id ORDER BY 1) FROM spean.company_external e"
                   "  WHERE e.company_id = c.id), doc - 'phone'")
        ids = [x["id"] for x in random.Random(2).sample(self.changes(), 40)]
        query = "SELECT %s FROM spean.company c WHERE id IN (%s) ORDER BY id" % (
            columns, ",".join("'%s'" % i for i in ids))
        before = self.sql(query)
        self.assertEqual(len(before), 40)
        done = self.c.call("company.upsertMany", companies=[{"id": i, "phone": "+1 613 555 0199 2"} for i in ids])
        self.assertEqual([r.get("version") for r in done["results"]], [2] * 40, done)
        self.assertEqual(self.sql(query), before)

    def test_6_search_and_match(self):
        rows = self.sql("SELECT id, doc FROM spean.company WHERE status = 'published' ORDER BY id LIMIT 300 OFFSET 500")
        hits = matched = 0
        for number, doc in rows[::10]:
            name = json.loads(doc)["name"]
            same = int(self.sql("SELECT count(*) FROM spean.company WHERE name = '%s'" % name.replace("'", "''"))[0][0])
            found = self.c.call("company.search", text=name, limit=min(100, same + 5))
            hits += number in [x["id"] for x in found["companies"]]
            answer = self.c.call("match.list", id=number)
            matched += len(answer["matches"]) > 0
        self.assertEqual(hits, 30)
        self.assertGreater(matched, 25)

    def test_7_refuses_and_appends(self):
        again = generate(self.daemon, "--count", "10")
        self.assertEqual(again.returncode, 1)
        self.assertIn("holds companies already", again.stderr)
        self.assertEqual(self.sql("SELECT count(*) FROM spean.company"), [[str(COUNT)]])
        seq = self.c.call("system.health")["index"]["seq"]
        more = generate(self.daemon, "--count", "100", "--append")
        self.assertEqual(more.stdout, "100 companies, seq %d\n" % (seq + 100), more.stderr)
        self.index(COUNT + 100)
        self.assertEqual([x["seq"] for x in self.changes()], list(range(1, seq + 101)))
        self.assertEqual(schema(self.daemon), self.before)

    def test_8_same_seed_same_companies(self):
        other = Daemon(self.cluster, start=False)
        self.addCleanup(other.stop)
        self.assertEqual(generate(other, "--count", str(COUNT), "--jobs", "1").returncode, 0)
        query = "SELECT id, updated_at, doc, md5(packed) FROM spean.company WHERE version = 1 ORDER BY id LIMIT 400"
        mine = {row[0]: row for row in self.sql(query)}
        theirs = {row[0]: row for row in self.cluster.sql(query, other.database)}
        both = set(mine) & set(theirs)
        self.assertGreater(len(both), 300)
        self.assertEqual([mine[i] for i in sorted(both)], [theirs[i] for i in sorted(both)])

    def test_9_a_load_that_was_cut_off(self):
        other = Daemon(self.cluster, start=False)
        self.addCleanup(other.stop)
        self.cluster.sql("BEGIN; CREATE TABLE spean.generate_aside (n serial PRIMARY KEY, key boolean NOT NULL,"
                         " again text NOT NULL); INSERT INTO spean.generate_aside (key, again)"
                         " SELECT false, indexdef FROM pg_indexes WHERE indexname = 'company_key_trigram';"
                         " DROP INDEX spean.company_key_trigram; COMMIT", other.database)
        self.assertEqual(generate(other, "--count", "50").returncode, 0)
        self.assertEqual(schema(other), self.before)

    def test_usage(self):
        for words in (["--count", "x"], ["--count", "0"], ["--nonsense"], ["--today", "soon"], ["more"]):
            self.assertEqual(generate(self.daemon, *words).returncode, 2, words)


if __name__ == "__main__":
    run_tests()
