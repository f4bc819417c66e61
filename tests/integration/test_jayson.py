"""npm's jayson, a JSON-RPC client that knows nothing of Spean, talks to the daemon."""

import os
import shutil
import subprocess
import tempfile
import unittest

from spean_test import PATIENCE, Cluster, Daemon, run_tests

HERE = os.path.dirname(os.path.abspath(__file__))


class TestJayson(unittest.TestCase):
    def test_outside_client(self):
        if not shutil.which("npm") or not shutil.which("node"):
            self.skipTest("npm is not installed")
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder,
                                       "jayson@4"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=240)
            except subprocess.TimeoutExpired:
                self.skipTest("npm could not install jayson in time")
            if done.returncode != 0:
                self.skipTest("npm could not install jayson: " + done.stdout[-500:])
            cluster = Cluster()
            try:
                daemon = Daemon(cluster)
                token = daemon.token("integration")
                done = subprocess.run(["node", os.path.join(HERE, "jayson", "client.js"),
                                       os.path.join(folder, "node_modules"), str(daemon.port), token],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=60 * PATIENCE)
                self.assertEqual(done.returncode, 0, done.stdout)
                daemon.stop()
            finally:
                cluster.stop()


if __name__ == "__main__":
    run_tests()
