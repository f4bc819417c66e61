"""Backups are worth what a restore gives: a dump, and a recovery to a point in time, each into another
PostgreSQL cluster with a daemon of its own. It must know the same companies and give the same matches."""

import json
import os
import shutil
import stat
import subprocess
import tempfile
import unittest

from spean_test import SOURCE, Cluster, Daemon, RpcError, company, run_tests, spean, wait_until

BACKUP = os.path.join(SOURCE, "systemd", "speand-backup")


def backup(conninfo, *words, cluster=None, code=0):
    env = dict(os.environ, PATH=cluster.bin + ":" + os.environ["PATH"])
    done = subprocess.run([BACKUP, "-d", conninfo] + list(words), env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != code:
        raise AssertionError("%s: %d\n%s" % (words, done.returncode, done.stdout))
    return done.stdout


def state(daemon):
    """All that a client can learn: profiles with contacts and versions, and the matches of each."""
    lines = spean("export", "--contacts", daemon=daemon, check=True).stdout.splitlines()
    profiles = [json.loads(line) for line in lines]
    with daemon.client() as c:
        seq = int(c.call("changes.list", limit=1000)["next"].split(":")[1])
        wait_until(lambda: c.call("system.health")["index"]["seq"] == seq, 20, "the index has caught up")
        matches = [c.call("match.list", id=p["id"], limit=100)["matches"] for p in profiles]
        tokens = c.call("token.list")["tokens"]
    return profiles, matches, tokens


class TestBackup(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="spean-backup-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def cluster(self, settings=()):
        cluster = Cluster(settings)
        self.addCleanup(cluster.stop)
        return cluster

    def daemon(self, cluster, **kwargs):
        daemon = Daemon(cluster, **kwargs)
        self.addCleanup(daemon.stop)
        return daemon

    def fill(self, daemon):
        for name in ("cambodia", "canada"):
            spean("import", os.path.join(SOURCE, "conf", "samples", name + ".ndjson"), daemon=daemon, check=True)
        with daemon.client() as c:
            c.call("company.upsert", company={"external_ids": [{"system": "sample", "id": "KH03"}],
                                              "contacts": [{"name": "Sok Dara", "email": "dara@example.com"}]})
            return daemon.token("integration", "crm"), c.call("changes.list", limit=1000)["next"]

    def history_is_new(self, daemon, token, position):
        """A CRM that followed the old installation learns that it has to begin anew."""
        with daemon.tcp(token=token) as crm:
            with self.assertRaises(RpcError) as refused:
                crm.call("changes.list", since=position)
            self.assertEqual(refused.exception.reason, "position_unknown")

    def test_dump_and_restore(self):
        here, there = self.cluster(), self.cluster()
        daemon = self.daemon(here)
        token, position = self.fill(daemon)
        before = state(daemon)
        file = os.path.join(self.dir, "spean.dump")
        self.assertIn("120 companies", backup(here.conninfo(daemon.database), "dump", file, cluster=here))
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        database = there.create_database()
        self.assertIn("120 companies", backup(there.conninfo(database), "restore", file, cluster=there))
        self.assertIn("schema of Spean already",
                      backup(there.conninfo(database), "restore", file, cluster=there, code=1))
        restored = self.daemon(there, database=database)
        self.assertEqual(state(restored), before)
        self.history_is_new(restored, token, position)
        with restored.client() as c:  # and it is a database to go on with
            self.assertTrue(c.call("company.upsert", company=company("After"))["created"])

    def test_a_dump_that_fails_leaves_the_one_before(self):
        here = self.cluster()
        file = os.path.join(self.dir, "spean.dump")
        with open(file, "w") as f:
            f.write("the one before")
        backup(here.conninfo("no_such_database"), "dump", file, cluster=here, code=1)
        with open(file) as f:
            self.assertEqual(f.read(), "the one before")
        self.assertEqual(os.listdir(self.dir), ["spean.dump"])

    def archive(self):
        path = os.path.join(self.dir, "wal")
        os.mkdir(path)
        os.chmod(self.dir, 0o755)
        os.chmod(path, 0o777)
        return path

    def test_recovery_to_a_point_in_time(self):
        wal = self.archive()
        here = self.cluster(["archive_mode=on", "archive_command=cp %%p %s/%%f" % wal, "wal_level=replica"])
        daemon = self.daemon(here)
        token, position = self.fill(daemon)
        base = os.path.join(here.dir, "base")
        here._run(["pg_basebackup", "-h", here.dir, "-U", "postgres", "-D", base, "-c", "fast"])
        with daemon.client() as c:
            c.call("company.upsert", company=company("After the base backup"))
        before = state(daemon)
        here.sql("SELECT pg_create_restore_point('before_the_mistake')", database=daemon.database)
        with daemon.client() as c:  # the mistake: everything archived
            for profile in before[0]:
                c.call("company.archive", id=profile["id"])
            lost = c.call("changes.list", since=position, limit=1000)["next"]
        here.sql("SELECT pg_switch_wal()", database=daemon.database)
        here.halt()  # what is not archived yet is archived now

        there = self.cluster()
        there.halt()
        shutil.rmtree(there.data)
        shutil.move(base, there.data)
        with open(os.path.join(there.data, "postgresql.auto.conf"), "a") as f:
            f.write("restore_command = 'cp %s/%%f %%p'\nrecovery_target_name = 'before_the_mistake'\n"
                    "recovery_target_action = 'promote'\n" % wal)
        open(os.path.join(there.data, "recovery.signal"), "w").close()
        if there.user:
            for name in ("recovery.signal", "postgresql.auto.conf"):
                os.chown(os.path.join(there.data, name), *there.user)
        there.start()
        wait_until(lambda: there.sql("SELECT pg_is_in_recovery()", database=daemon.database) == [["f"]], 30, "recovered")
        backup(there.conninfo(daemon.database), "new-history", cluster=there)
        restored = self.daemon(there, database=daemon.database)
        self.assertEqual(state(restored), before)
        self.history_is_new(restored, token, lost)


if __name__ == "__main__":
    run_tests()
