"""Who may do what: tokens, roles, unix peers."""

import datetime
import json
import os
import select
import subprocess
import time
import unittest

from spean_test import Client, Cluster, Daemon, RpcError, company, run_tests, wait_until, within

OPEN = ["system.ping", "system.version", "rpc.discover"]


class TestAuth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.daemon = Daemon(cls.cluster, config={"limits": {"guesses": "0"}})  # test_guessing has it
        with cls.daemon.client() as c:
            cls.company = c.call("company.upsert", company=company("Known"))["id"]
            cls.methods = c.call("rpc.discover")["methods"]

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.cluster.stop()

    def setUp(self):
        self.c = self.daemon.client()
        self.addCleanup(self.c.close)

    def refused(self, client, code, reason, method, **params):
        with self.assertRaises(RpcError) as caught:
            client.call(method, **params)
        self.assertEqual((caught.exception.code, caught.exception.reason), (code, reason))

    def test_nobody_may_little(self):
        with self.daemon.tcp() as c:
            for method in OPEN:
                c.call(method)
            for method in self.methods:
                if method["name"] in OPEN:
                    continue
                # Whether the params fit is not looked at before it is known who asks.
                reason = "invalid_params" if method["name"] == "auth.login" else "authentication_required"
                code = -32602 if method["name"] == "auth.login" else -32010
                self.refused(c, code, reason, method["name"], nonsense=1)
            self.refused(c, -32601, "method_not_found", "no.such")

    def test_roles(self):
        for role in ("viewer", "staff", "integration", "admin"):
            with self.daemon.tcp(token=self.daemon.token(role, "role-" + role)) as c:
                self.assertEqual(c.call("auth.whoami"), {"principal": "role-" + role, "role": role})
                for method in self.methods:
                    name = method["name"]
                    with self.subTest(role=role, method=name):
                        code, reason = (-32602, "invalid_params")
                        if method["x-roles"] and role not in method["x-roles"]:
                            code, reason = (-32011, "role_not_allowed")
                        self.refused(c, code, reason, name, nonsense=1)
        admin_only = {m["name"] for m in self.methods if m["x-roles"] == ["admin"]}
        self.assertEqual(admin_only, {"token.create", "token.list", "token.revoke", "company.erase", "audit.list"})
        viewers = {m["name"] for m in self.methods if "viewer" in m["x-roles"]}
        self.assertFalse({"company.upsert", "company.upsertMany", "company.archive", "company.confirm"} & viewers)

    def test_a_token_in_the_call(self):
        token = self.daemon.token("viewer", "one-shot")
        with self.daemon.tcp() as c:
            self.assertEqual(c.call("company.get", id=self.company, auth=token)["name"], "Known")
            self.refused(c, -32010, "authentication_required", "company.get", id=self.company)
            self.assertEqual(c.call("system.ping", auth=token), "pong")
            wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
            for bad in (wrong, "", "spean_", 7, {}):
                self.refused(c, -32010, "token_unknown", "system.ping", auth=bad)
            self.refused(c, -32601, "method_not_found", "no.such", auth=wrong)
        # A call's own token counts more than the connection's.
        self.assertEqual(self.c.call("auth.whoami", auth=token)["role"], "viewer")
        self.refused(self.c, -32011, "role_not_allowed", "token.list", auth=token)

    def test_wrong_tokens_do_not_log_in(self):
        token = self.daemon.token("viewer", "wrong")
        with self.daemon.tcp() as c:
            for bad in ("x", token[:-1], token + "x", token.upper()):
                self.refused(c, -32010, "token_unknown", "auth.login", token=bad)
            self.refused(c, -32602, "invalid_params", "auth.login")
            self.refused(c, -32010, "authentication_required", "auth.whoami")
            self.assertEqual(c.call("auth.login", token=token), {"principal": "wrong", "role": "viewer"})

    def test_a_revoked_token_ends_at_once(self):
        made = self.c.call("token.create", name="leaver", role="staff")
        with self.daemon.tcp(token=made["token"]) as c:
            c.call("company.get", id=self.company)
            self.assertEqual(self.c.call("token.revoke", id=made["id"]), {"id": made["id"], "revoked": True})
            self.refused(c, -32010, "token_revoked", "company.get", id=self.company)
            self.assertEqual(c.call("system.ping"), "pong")
            self.refused(c, -32010, "token_unknown", "auth.login", token=made["token"])
        self.c.call("token.revoke", id=made["id"])
        self.refused(self.c, 1001, "token_not_found", "token.revoke", id="nonsense")

    def test_all_workers_know_at_once(self):
        daemon = Daemon(self.cluster, database=self.daemon.database, config={"daemon": {"workers": "3"}})
        try:
            for _ in range(5):
                made = self.c.call("token.create", name="many", role="viewer")
                with daemon.client() as admin:
                    open_ones = [daemon.tcp(token=made["token"]) for _ in range(6)]
                    admin.call("token.revoke", id=made["id"])
                    for c in open_ones:
                        self.refused(c, -32010, "token_revoked", "auth.whoami")
                        c.close()
        finally:
            daemon.stop()

    def test_other_daemons_follow(self):
        other = Daemon(self.cluster, database=self.daemon.database)

        def revoked():
            made = self.c.call("token.create", name="far", role="viewer")
            with other.tcp(token=made["token"]) as c:  # known there at once
                c.call("auth.whoami")
                self.c.call("token.revoke", id=made["id"])
                began = time.monotonic()

                def gone():
                    try:
                        c.call("auth.whoami")
                        return False
                    except RpcError as e:
                        return e.reason == "token_revoked"
                wait_until(gone, what="the other daemon knows")
                return time.monotonic() - began
        try:
            within(1, revoked)
        finally:
            other.stop()

    def test_a_revocation_outlives_a_failed_look(self):
        """Another daemon revokes a token when this one can't read the table: it reads it later."""
        daemon = Daemon(self.cluster, database=self.daemon.database)
        made = self.c.call("token.create", name="late", role="viewer")
        rename = "ALTER TABLE spean.token RENAME COLUMN %s TO %s"
        try:
            with daemon.tcp(token=made["token"]) as c:
                c.call("auth.whoami")
                self.cluster.sql(rename % ("digest", "digest_away"), daemon.database)
                try:
                    self.cluster.sql("SELECT spean.token_revoke('%s', 'elsewhere', 'admin', 'r')" % made["id"], daemon.database)
                    wait_until(lambda: "tokens_not_read" in daemon.log_text(), what="a look that fails")
                finally:
                    self.cluster.sql(rename % ("digest_away", "digest"), daemon.database)

                def gone():
                    try:
                        c.call("auth.whoami")
                        return False
                    except RpcError as e:
                        return e.reason == "token_revoked"
                wait_until(gone, what="the token is known to be revoked")
        finally:
            daemon.stop()

    def test_a_slow_look_is_waited_for(self):
        """Longer than a database that is away would be; then the answer is the table's."""
        made = self.c.call("token.create", name="gone", role="viewer")
        self.c.call("token.revoke", id=made["id"])
        session = subprocess.Popen([os.path.join(self.cluster.bin, "psql"), "-X", "-q", "-h", self.cluster.dir, "-U", "postgres",
                                    "-d", self.daemon.database], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            session.stdin.write(b"BEGIN; LOCK TABLE spean.token;\n")
            session.stdin.flush()
            wait_until(lambda: self.cluster.sql("SELECT count(*) FROM pg_locks WHERE relation = 'spean.token'::regclass AND"
                                                " mode = 'AccessExclusiveLock' AND granted", self.daemon.database) == [["1"]])
            with self.daemon.tcp() as c:
                number = c.start("auth.login", token=made["token"])
                self.assertEqual(select.select([c.sock], [], [], 1.5)[0], [])
                session.stdin.close()
                with self.assertRaises(RpcError) as caught:
                    c.finish(number)
                self.assertEqual(caught.exception.reason, "token_unknown")
        finally:
            session.stdin.close()
            session.wait()

    def short_lived(self):
        """Logged in by a token that expires a moment later: a longer one where the machine was too slow for it."""
        for seconds in (1, 2, 4, 8, 16):
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
            made = self.c.call("token.create", name="short", role="viewer", expires=soon.isoformat())
            try:
                return self.daemon.tcp(token=made["token"])
            except RpcError as e:
                self.assertEqual((e.code, e.reason), (-32010, "token_expired"))
        self.fail("no token lives long enough")

    def test_expiry(self):
        with self.short_lived() as c:
            def expired():
                try:
                    c.call("auth.whoami")
                    return False
                except RpcError as e:
                    return (e.code, e.reason) == (-32010, "token_expired")
            wait_until(expired, what="the token expires")
        for bad in ("2020-01-01", "soon, maybe", "2026-02-30T00:00:00Z"):
            self.refused(self.c, -32602, "invalid_params", "token.create", name="x", role="viewer", expires=bad)
        self.c.call("token.create", name="day", role="viewer", expires="2099-12-31")
        rows = {t["name"]: t for t in self.c.call("token.list")["tokens"]}
        self.assertEqual(rows["day"]["expires_at"], "2100-01-01T00:00:00.000Z")

    def test_list_shows_no_secret(self):
        made = [self.c.call("token.create", name="n%d" % n, role="viewer") for n in range(5)]
        self.assertEqual(len({m["token"] for m in made}), 5)
        self.assertTrue(all(m["token"].startswith("spean_") and len(m["token"]) == 55 for m in made))
        rows, cursor = [], None
        while True:
            page = self.c.call("token.list", limit=3, cursor=cursor)
            self.assertLessEqual(len(page["tokens"]), 3)
            rows += page["tokens"]
            cursor = page["next"]
            if not cursor:
                break
        ids = [t["id"] for t in rows]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertTrue({m["id"] for m in made} <= set(ids))
        self.assertEqual(set(rows[0]), {"id", "name", "role", "created_at", "created_by", "expires_at", "revoked"})
        text = json.dumps(rows) + self.daemon.log_text()
        stored = str(self.cluster.sql("SELECT * FROM spean.token", self.daemon.database))
        for m in made:
            self.assertNotIn(m["token"], text)
            self.assertNotIn(m["token"], stored)
        self.refused(self.c, 1004, "cursor_invalid", "token.list", cursor="x")

    def test_names(self):
        for bad in ("", "x" * 101, "unix:root", " x", "a\nb", "a\x1bb", "a\u202eb"):
            self.refused(self.c, -32602, "invalid_params", "token.create", name=bad, role="viewer")
        self.refused(self.c, -32602, "invalid_params", "token.create", name="x", role="root")
        made = self.c.call("token.create", name="ភ្នំពេញ", role="viewer")
        with self.daemon.tcp(token=made["token"]) as c:
            self.assertEqual(c.call("auth.whoami")["principal"], "ភ្នំពេញ")

    def test_root_is_admin_on_the_unix_socket(self):
        self.assertEqual(self.c.call("auth.whoami")["role"], "admin")
        token = self.daemon.token("viewer", "lower")
        self.c.call("auth.login", token=token)  # a login counts more than the peer
        self.assertEqual(self.c.call("auth.whoami"), {"principal": "lower", "role": "viewer"})

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become others")
    def test_other_users_on_the_unix_socket(self):
        def whoami(daemon, uid, gid):
            """Asks as another user, from a child process."""
            out, back = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    os.setgroups([])
                    os.setgid(gid)
                    os.setuid(uid)
                    with Client(daemon.unix) as c:
                        os.write(back, json.dumps(c.raw('{"jsonrpc":"2.0","id":1,"method":"auth.whoami"}')).encode())
                finally:
                    os._exit(0)
            os.close(back)
            os.waitpid(child, 0)
            with os.fdopen(out) as f:
                return json.load(f)
        os.chmod(self.daemon.dir, 0o755)
        self.assertEqual(whoami(self.daemon, 65534, 65534)["error"]["code"], -32010)
        staffed = Daemon(self.cluster, database=self.daemon.database, config={"listen": {"staff_group": "nogroup"}})
        try:
            os.chmod(staffed.dir, 0o755)
            self.assertEqual(whoami(staffed, 65534, 65534)["result"], {"principal": "unix:nobody", "role": "staff"})
            self.assertEqual(whoami(staffed, 1, 1)["error"]["code"], -32010)
        finally:
            staffed.stop()


if __name__ == "__main__":
    run_tests()
