"""clients whose network is gone are noticed within 90 seconds, and others go on

The clients are in a network of their own, at the other end of a link that is then set down: no word of an end
ever comes. Half of them are owed something. The daemon's descriptors are back within 90 s (`dead_peer` is
a minute, of its own accord; a few seconds in the short form), and a client on the unix socket notices nothing.
"""

import signal
import subprocess
import sys
import time

import own
from process import files, raise_files
from prober import Prober, p99_holds
from spean_test import free_port, wait_until
from torture import row

HERE, THERE = "192.0.2.1", "192.0.2.2"
CLIENT = r"""
import ctypes, json, socket, sys, resource
host, port, count, token = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
if ctypes.CDLL(None).unshare(0x40000000) != 0:
    sys.exit("no network")
print("ready", flush=True)
sys.stdin.readline()
held = []
for n in range(count):
    s = socket.create_connection((host, port), timeout=30)
    s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "auth.login", "params": {"token": token}}).encode() + b"\n")
    if b'"result"' not in s.recv(4096):
        sys.exit("not let in")
    if n % 2:
        s.sendall(b'{"jsonrpc":"2.0","id":2,"method":"changes.list","params":{"wait_s":30}}\n')
    held.append(s)
print("connected", flush=True)
sys.stdin.readline()
"""


def clients_start(t, port, count, token):
    """The clients' process, in its own network, at the end of a link."""
    process = subprocess.Popen([sys.executable, "-c", CLIENT, HERE, str(port), str(count), token], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    t.on_exit(process.wait)
    t.on_exit(process.kill)
    if process.stdout.readline() != "ready\n":
        t.skip("a second network is not to be had here")
    try:
        own.command("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(process.pid))
    except subprocess.CalledProcessError:
        t.skip("no link can be made here")
    own.command("ip", "address", "add", HERE + "/24", "dev", "near")
    own.command("ip", "link", "set", "near", "up")
    inside = ["nsenter", "-t", str(process.pid), "-n", "ip"]
    own.command(*inside, "address", "add", THERE + "/24", "dev", "far")
    own.command(*inside, "link", "set", "far", "up")
    process.stdin.write("\n")
    process.stdin.flush()
    return process, inside


def run(t):
    count, dead_peer = t.amount(1000, 60), t.amount(60, 6)
    raise_files(t, count + 100)
    own.network(t)
    port = free_port()
    daemon = t.daemon(t.cluster(), config={
        "listen": {"tcp": "0.0.0.0:%d" % port, "insecure_remote_without_tls": "yes"},
        "limits": {"dead_peer": "%ds" % dead_peer, "idle": "1h", "stall": "1h"}})
    token, pid = daemon.token("viewer"), daemon.process.pid
    before = Prober(daemon, "system.health").run(2)
    files_first = files(pid)
    process, inside = clients_start(t, port, count, token)
    t.check(process.stdout.readline() == "connected\n", "the clients did not all connect")
    t.check(files(pid) >= files_first + count - 4, "the daemon does not hold them")
    prober, began = Prober(daemon, "system.health"), time.monotonic()
    own.command(*inside, "link", "set", "far", "down")
    wait_until(lambda: files(pid) <= files_first + 1, 100, "the dead are noticed", every=0.2)
    took = time.monotonic() - began
    others = p99_holds(t, before, prober.finish(), "dead clients")
    t.check(took <= t.limit(t.amount(90, dead_peer * 1.5 + 2)), "%.1f s", took)
    process.send_signal(signal.SIGKILL)
    t.figure("%d clients behind a dead link: all noticed after %.1f s (dead_peer %d s), 0 descriptors leaked; %s", count, took,
             dead_peer, others)


if __name__ == "__main__":
    row(run)
