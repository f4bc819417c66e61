"""Three etcd and three Patroni nodes with PostgreSQL on one machine, each on a loopback address of its own.

Everything is a child of this process, in a directory that goes with stop(). Nothing is started that cannot be
ended by the pids kept here.
"""

import glob
import json
import os
import pwd
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from spean_test import wait_until

NODES = (1, 2, 3)
TTL = 20  # the least that Patroni takes: for so long a dead primary holds its place

CONFIG = """
scope: spean
name: node{n}
restapi: {{listen: "{host}:8008", connect_address: "{host}:8008"}}
etcd3: {{hosts: [{etcd}]}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 2
    retry_timeout: 3
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    master_start_timeout: 0
    postgresql:
      use_pg_rewind: false
      parameters: {{max_connections: 60, shared_buffers: 32MB, wal_keep_size: 128MB, max_wal_senders: 8}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}]
  pg_hba: ["host all all 127.0.0.0/8 trust", "host replication all 127.0.0.0/8 trust"]
postgresql:
  listen: "{host}:5432"
  connect_address: "{host}:5432"
  data_dir: {data}
  bin_dir: {bin}
  pgpass: {dir}/pgpass{n}
  authentication: {{superuser: {{username: postgres, password: none}}, replication: {{username: replicator, password: none}}}}
  parameters: {{unix_socket_directories: ''}}
tags: {{}}
"""


class Node:
    def __init__(self, cluster, n):
        self.cluster, self.n = cluster, n
        self.host = "%s.%d" % (cluster.network, n)
        self.data = os.path.join(cluster.dir, "data%d" % n)
        self.process = None

    def start(self):
        path = os.path.join(self.cluster.dir, "node%d.yml" % self.n)
        with open(path, "w") as f:
            f.write(CONFIG.format(n=self.n, host=self.host, ttl=TTL, data=self.data, bin=self.cluster.bin,
                                  dir=self.cluster.dir,
                                  etcd=", ".join('"%s:2379"' % n.host for n in self.cluster.nodes)))
        self.process = self.cluster.spawn("node%d" % self.n, "patroni", path)

    def status(self, what="patroni"):
        """What the node says of itself, or None."""
        try:
            with urllib.request.urlopen("http://%s:8008/%s" % (self.host, what), timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:  # 503 says so of itself too
            try:
                return json.load(e)
            except ValueError:
                return None
        except (OSError, ValueError):
            return None

    def postmaster(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as f:
                return int(f.readline())
        except (OSError, ValueError):
            return None

    def family(self):
        """Pids of PostgreSQL's processes on this node."""
        top = self.postmaster()
        found = [top] if top else []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as f:
                    pid, rest = f.read().split(" ", 1)
                if top and int(rest.rsplit(")", 1)[1].split()[1]) == top:
                    found.append(int(pid))
            except (OSError, ValueError):
                continue
        return found

    def kill(self):
        """As if its machine had lost its power: Patroni and PostgreSQL at once."""
        pids = self.family()
        self.process.send_signal(signal.SIGKILL)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


class PatroniCluster:
    """The same interface as spean_test.Cluster where a Daemon needs it."""

    def __init__(self):
        for program in ("patroni", "etcd", "etcdctl"):
            if not shutil.which(program):
                raise unittest.SkipTest("%s is not installed" % program)
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
        if not found or os.geteuid() != 0:
            raise unittest.SkipTest("needs PostgreSQL's server, and root to run it as postgres")
        self.bin = os.path.dirname(found[-1])
        self.user = pwd.getpwnam("postgres")
        self.network = "127.%d.%d" % (random.randint(1, 254), random.randint(1, 254))
        self.dir = tempfile.mkdtemp(prefix="spean-patroni-")
        os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)
        self.processes = []
        self.nodes = [Node(self, n) for n in NODES]
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def spawn(self, name, *words):
        with open(os.path.join(self.dir, name + ".log"), "ab") as log:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                                       user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[],
                                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        self.processes.append(process)
        return process

    def start(self):
        peers = ",".join("etcd%d=http://%s:2380" % (n.n, n.host) for n in self.nodes)
        for n in self.nodes:
            self.spawn("etcd%d" % n.n, "etcd", "--name", "etcd%d" % n.n, "--data-dir",
                       os.path.join(self.dir, "etcd%d" % n.n), "--listen-client-urls", "http://%s:2379" % n.host,
                       "--advertise-client-urls", "http://%s:2379" % n.host, "--listen-peer-urls",
                       "http://%s:2380" % n.host, "--initial-advertise-peer-urls", "http://%s:2380" % n.host,
                       "--initial-cluster", peers, "--initial-cluster-token", os.path.basename(self.dir))
        wait_until(self.etcd_healthy, 60, "etcd is healthy; logs in " + self.dir)
        for n in self.nodes:
            n.start()
        wait_until(self.whole, 180, "three nodes, one of them synchronous; logs in " + self.dir, every=0.5)

    def etcd_healthy(self):
        done = subprocess.run(["etcdctl", "--endpoints", ",".join("%s:2379" % n.host for n in self.nodes),
                               "endpoint", "health"], env=dict(os.environ, ETCDCTL_API="3"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def roles(self):
        """{node: (role, state, replication of the primary)}"""
        return {n: n.status() for n in self.nodes if n.process and n.process.poll() is None}

    def whole(self, replicas=2):
        status = self.roles()
        primary = [n for n, s in status.items() if s and s.get("role") in ("master", "primary")
                   and s.get("state") == "running"]
        if len(primary) != 1:
            return False
        standbys = status[primary[0]].get("replication") or []
        # PostgreSQL has a synchronous standby before Patroni has told etcd which: only then may it follow.
        members = (primary[0].status("cluster") or {}).get("members", [])
        return (len([r for r in standbys if r.get("state") == "streaming"]) >= replicas
                and any(r.get("sync_state") == "sync" for r in standbys)
                and any(m.get("role") == "sync_standby" for m in members))

    def primary(self):
        for n, s in self.roles().items():
            if s and s.get("role") in ("master", "primary") and s.get("state") == "running":
                return n
        return None

    def switchover(self):
        """Hands the primary's place over, in good order, to the synchronous standby."""
        old = self.primary()
        status = old.status()
        candidate = [r["application_name"] for r in status["replication"] if r["sync_state"] == "sync"][0]
        request = urllib.request.Request("http://%s:8008/switchover" % old.host, method="POST",
                                         data=json.dumps({"leader": "node%d" % old.n,
                                                          "candidate": candidate}).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def conninfo(self, database, attrs="read-write"):
        return "host=%s port=5432 user=postgres dbname=%s target_session_attrs=%s" % (
            ",".join(n.host for n in self.nodes), database, attrs)

    def create_database(self):
        self.sql("CREATE DATABASE spean1", "postgres")
        return "spean1"

    def sql(self, text, database="spean1", timeout=60):
        """Rows from the primary, as lists of strings."""
        done = subprocess.run([os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t", "-F", "\x1f", "-v",
                               "ON_ERROR_STOP=1", "-d", self.conninfo(database) + " connect_timeout=2", "-c", text],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(done.stdout.decode(errors="replace"))
        return [line.split("\x1f") for line in done.stdout.decode().split("\n") if line != ""]

    def first_write_after(self, deadline):
        """Tries to write until it works; the time at which the cluster had taken it."""
        while time.monotonic() < deadline:
            try:
                self.sql("INSERT INTO probe VALUES (now())", timeout=10)
                return time.monotonic()
            except (RuntimeError, subprocess.TimeoutExpired):
                time.sleep(0.1)
        raise AssertionError("the cluster takes no writes")

    def stop(self):
        pids = [pid for n in self.nodes for pid in n.family()]
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
