"""Metrics, health and readiness over HTTP, and the files of docs/ops that are made for them."""

import http.client
import json
import os
import re
import shutil
import subprocess
import unittest

from spean_test import PATIENCE, SOURCE, Cluster, Daemon, RpcError, company, free_port, run_tests, wait_until

OPS = os.path.join(SOURCE, "docs", "ops")
SAMPLE = re.compile(r'^([a-z_]+)(?:\{([^}]*)\})? (\S+)$')


def get(port, path, method="GET"):
    """Status, body and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30 * PATIENCE)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def samples(text):
    """{(name, labels): value}"""
    return {(m.group(1), m.group(2) or ""): float(m.group(3))
            for m in map(SAMPLE.match, text.splitlines()) if m}


def promtool(*words):
    if not shutil.which("promtool"):
        raise unittest.SkipTest("promtool (package prometheus) is not installed")
    return subprocess.run(("promtool",) + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class TestMetrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.port = free_port()
        cls.daemon = Daemon(cls.cluster, config={
            "metrics": {"listen": "127.0.0.1:%d" % cls.port, "ready_lag": "300ms"}, "daemon": {"workers": "2"}})

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def now(self):
        status, text, headers = get(self.port, "/metrics")
        self.assertEqual(status, 200)
        self.assertIn("version=0.0.4", headers["Content-Type"])
        return samples(text)

    def moved(self, before, name, by, labels=""):
        """A worker may count a moment after it has answered."""
        def difference():
            return self.now().get((name, labels), 0) - before.get((name, labels), 0)
        wait_until(lambda: difference() >= by, what="%s{%s}" % (name, labels))
        self.assertEqual(difference(), by, name + labels)

    def test_calls_are_counted_by_method_and_result(self):
        before = self.now()
        with self.daemon.client() as c:
            for _ in range(3):
                c.call("system.ping")
            with self.assertRaises(RpcError):
                c.call("company.get", id="nonsense")
            with self.assertRaises(RpcError):
                c.call("no.such")
        with self.daemon.tcp() as c:
            with self.assertRaises(RpcError):
                c.call("company.list")
            with self.assertRaises(RpcError):
                c.call("auth.login", token="spean_wrong")
        self.moved(before, "spean_requests_total", 3, 'method="system.ping",result="ok"')
        self.moved(before, "spean_requests_total", 1, 'method="company.get",result="not_found"')
        self.moved(before, "spean_requests_total", 1, 'method="-",result="method_not_found"')
        self.moved(before, "spean_auth_failures_total", 1, 'reason="authentication_required"')
        self.moved(before, "spean_auth_failures_total", 1, 'reason="token_unknown"')
        self.moved(before, "spean_request_duration_seconds_count", 3, 'method="system.ping"')
        spent = ("spean_request_duration_seconds_sum", 'method="company.get"')
        self.assertGreater(self.now()[spent], before.get(spent, 0))
        self.moved(before, "spean_connections_opened_total", 2)

    def test_buckets_add_up(self):
        with self.daemon.client() as c:
            c.call("company.upsert", company=company("Counted"))
        text = get(self.port, "/metrics")[1]
        buckets = {}
        for (name, labels), value in samples(text).items():
            if name == "spean_request_duration_seconds_bucket":
                method, le = re.match(r'method="([^"]*)",le="([^"]*)"', labels).groups()
                buckets.setdefault(method, []).append((float(le.replace("+Inf", "inf")), value))
        self.assertIn("match.list", buckets)
        for method, rows in buckets.items():
            self.assertEqual(rows, sorted(rows), method)
            self.assertEqual(len(rows), 16)
            values = [value for _, value in rows]
            self.assertEqual(values, sorted(values), method)
            self.assertEqual(values[-1], samples(text)[("spean_request_duration_seconds_count", 'method="%s"' % method)])

    def test_gauges_follow(self):
        with self.daemon.client() as c:
            seq = c.call("company.upsert", company=company("Gauged"))["seq"]
            c.call("changes.subscribe")
            wait_until(lambda: self.now()[("spean_subscribers", "")] == 1, what="the subscriber is seen")
            self.assertGreaterEqual(self.now()[("spean_connections", "")], 1)
        wait_until(lambda: self.now()[("spean_worker_index_seq", "")] >= seq, what="the index has it")
        wait_until(lambda: self.now()[("spean_index_lag_changes", "")] == 0, what="no change is missing")
        got = self.now()
        self.assertEqual(got[("spean_index_seq", "")], got[("spean_database_seq", "")])
        self.assertEqual(got[("spean_database_connections", "")], 8)
        self.assertEqual(got[("spean_index_companies", "")],
                         float(self.cluster.sql("SELECT count(*) FROM spean.company", self.daemon.database)[0][0]))
        self.assertEqual(got[("spean_index_loads_total", "")], 1)
        wait_until(lambda: self.now()[("spean_connections", "")] == 0, what="the connection is gone")
        wait_until(lambda: self.now()[("spean_database_connections_ready", "")] == 8, what="all are up")

    def test_ready_and_healthy(self):
        self.assertEqual(get(self.port, "/healthz")[:2], (200, "ok\n"))
        wait_until(lambda: get(self.port, "/readyz")[0] == 200, what="ready")
        self.cluster.halt("immediate")
        try:
            wait_until(lambda: "database has been away" in get(self.port, "/readyz")[1], what="not ready")
            self.assertEqual(get(self.port, "/readyz")[0], 503)
            self.assertEqual(get(self.port, "/healthz")[0], 200)
            got = self.now()
            self.assertEqual(got[("spean_database_up", "")], 0)
            wait_until(lambda: self.now()[("spean_database_connections_ready", "")] == 0, what="none is up")
        finally:
            self.cluster.start()
        wait_until(lambda: get(self.port, "/readyz")[0] == 200, what="ready again")

    def test_nothing_else_is_served(self):
        self.assertEqual(get(self.port, "/")[0], 404)
        self.assertEqual(get(self.port, "/metrics", "POST")[0], 405)
        status, body, headers = get(self.port, "/metrics", "HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 1000)

    def test_names_no_person_and_no_secret(self):
        token = self.daemon.token("staff", "very.private@example.org")
        with self.daemon.tcp(token=token) as c:
            c.call("auth.whoami")
        text = get(self.port, "/metrics")[1]
        self.assertNotIn("private", text)
        self.assertNotIn(token, text)

    def test_promtool_likes_it(self):
        text = get(self.port, "/metrics")[1]
        if not shutil.which("promtool"):
            self.skipTest("promtool (package prometheus) is not installed")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def used(self, expressions):
        return set(re.findall(r"\b(?:spean|process)_[a-z_]+", " ".join(expressions)))

    def test_dashboard_and_alerts_ask_for_what_there_is(self):
        names = {name for name, _ in self.now()}
        with open(os.path.join(OPS, "dashboard.json"), encoding="utf-8") as f:
            dashboard = json.load(f)
        asked = [t["expr"] for p in dashboard["panels"] for t in p.get("targets", [])]
        self.assertGreater(len(asked), 10)
        with open(os.path.join(OPS, "alerts.yml"), encoding="utf-8") as f:
            rules = f.read()
        self.assertGreater(rules.count("expr: "), 5)
        self.assertEqual(self.used(asked + [rules]) - names, set())
        with open(os.path.join(SOURCE, "docs", "ops", "MONITORING.md"), encoding="utf-8") as f:
            text = f.read()
        plain = {re.sub(r"_(bucket|sum|count)$", "", n) for n in names}
        self.assertEqual({n for n in plain if "`%s`" % n not in text}, set(), "not in MONITORING.md")


class TestRules(unittest.TestCase):
    def test_rules_are_well_formed(self):
        done = promtool("check", "rules", os.path.join(OPS, "alerts.yml"))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_rules_fire_when_they_should(self):
        done = promtool("test", "rules", os.path.join(SOURCE, "tests", "integration", "alerts_test.yml"))
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    run_tests()
