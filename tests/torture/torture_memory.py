"""with 256 MiB and 100,000 companies no input is a crash: it is refused or its connection is dropped

The daemon may have 256 MiB of its own memory and not a byte more (RLIMIT_DATA), with the default limits, which allow for more. Clients fill their input up to the line limit and never end the line, ask for large pages and never read,
send large batches and large companies, and the hostile values of the row `input`. The daemon lives, answers a client
that does nothing wrong as soon as they have gone, and its index equals the table.
"""

import json
import os
import resource
import subprocess
import threading
import time

from crowd import Crowd
from process import memory, peak, raise_files
from spean_test import BUILD, RpcError, company, wait_until
from torture import row
from torture_input import Sender, values

LIMIT = 256 * 2**20
CODES = {-32013, -32014, -32015}  # what a want of memory may be told as


def half_lines(t, daemon, token, count):
    """Connections that each hold almost a whole line."""
    crowd = Crowd(t, daemon.port)
    for n in range(count):
        crowd.connect(n)
    crowd.until(lambda: len(crowd.connected) == count, 20 * t.patience)
    for n in range(count):
        crowd.call(n, "auth.login", token=token)
    crowd.until(lambda: all(crowd.read[n] or n in crowd.closed for n in range(count)), 20 * t.patience)
    left = {n: 1000 * 1024 for n in crowd.sockets}
    until = time.monotonic() + 10 * t.patience
    while left and time.monotonic() < until:
        crowd.poll(0)
        for n in list(left):
            if n not in crowd.sockets:
                del left[n]
                continue
            try:
                left[n] -= crowd.sockets[n].send(b"x" * min(left[n], 65536))
            except BlockingIOError:
                continue
            except OSError:
                left[n] = 0
            if left[n] <= 0:
                del left[n]
    return crowd


def abuse(t, daemon, token, stop, outcome):
    """Large answers that are asked for, large things that are written, from one connection after the other."""
    big = [company("Big %d" % n, description={"eng": "x" * 3900, "fra": "y" * 3900}) for n in range(100)]
    calls = [("company.list", {"limit": 200}), ("changes.list", {"limit": 1000}), ("taxonomy.get", {}),
             ("company.upsertMany", {"companies": big})]
    turn = 0
    while not stop.is_set():
        try:
            with daemon.tcp(token=token, timeout=10) as c:
                for _ in range(0 if stop.is_set() else 4):
                    method, params = calls[turn % len(calls)]
                    turn += 1
                    c.send((json.dumps({"jsonrpc": "2.0", "id": turn, "method": method, "params": params}) + "\n") * 3)
                    for _ in range(3):
                        answer = c.answer()
                        outcome["refused" if "error" in answer else "answered"] += 1
                        if "error" in answer:
                            reason = answer["error"]["data"]["reason"]
                            outcome["reasons"][reason] = outcome["reasons"].get(reason, 0) + 1
                            t.check(answer["error"]["code"] in CODES, "an answer: %s", answer["error"])
        except (OSError, EOFError, RpcError):
            outcome["dropped"] += 1


def run(t):
    count, clients, rounds = t.amount(100000, 2000), 260, t.amount(5, 1)
    raise_files(t, clients + 300)
    cluster = t.cluster()
    daemon = t.daemon(cluster, start=False, config={"daemon": {"workers": "2"}, "limits": {"anonymous": "1min"}})
    done = subprocess.run([os.path.join(BUILD, "spean-generate"), "--conninfo", cluster.conninfo(daemon.database),
                           "--count", str(count)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    t.check(done.returncode == 0, "spean-generate: %s", done.stderr[-500:])
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, before[1]))  # for what is started now
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
    pid, token = daemon.process.pid, daemon.token("staff")
    t.check(resource.prlimit(pid, resource.RLIMIT_DATA)[0] == LIMIT, "the daemon has another limit")
    loaded, outcome, stop = memory(pid), {"answered": 0, "refused": 0, "dropped": 0, "reasons": {}}, threading.Event()
    threads = [threading.Thread(target=abuse, args=(t, daemon, token, stop, outcome), daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    lost = 0
    for _ in range(rounds):
        crowd = half_lines(t, daemon, token, clients)
        lost += len(crowd.closed)
        sender, hostile = Sender(t, daemon), values(t)
        for value in hostile[::t.amount(1, 8)]:
            try:
                sender.send(b'{"jsonrpc":"2.0","id":1,"method":"company.upsert","params":{"company":%s}}' % value)
            except (OSError, EOFError):
                pass
        crowd.end()
        if not t.check(daemon.process.poll() is None, "the daemon ended: %s", daemon.log_text()[-500:]):
            break
    stop.set()
    for thread in threads:
        thread.join(60)
    wait_until(lambda: daemon.health()["status"] == "ok", 20, "it is well again")
    in_table = int(cluster.sql("SELECT count(*) FROM spean.company", daemon.database)[0][0])
    seq = int(cluster.sql("SELECT seq FROM spean.feed", daemon.database)[0][0])
    try:
        wait_until(lambda: daemon.health()["index"]["seq"] >= seq, 20, "the index follows")
    except AssertionError as e:
        t.check(False, "%s: %s, %d in the table, %d MiB; its log ends with %s", e, daemon.health(), seq, memory(pid) / 2**20,
                daemon.log_text()[-1500:])
    t.check(daemon.health()["index"]["companies"] == in_table, "index %s, table %d", daemon.health()["index"], in_table)
    t.check(outcome["answered"] > 0, "nobody was answered")
    t.check(outcome["refused"] + outcome["dropped"] + lost > 0, "there was memory enough")
    t.check(daemon.process.pid == pid and daemon.process.poll() is None, "the daemon has ended")
    t.figure("%d companies, %.0f MiB when loaded, %.0f of %d at most; %d answered, %d refused (%s), %d dropped; 0 crashes, index whole",
             in_table, loaded / 2**20, peak(pid) / 2**20, LIMIT / 2**20, outcome["answered"], outcome["refused"],
             ", ".join("%s %d" % r for r in sorted(outcome["reasons"].items())), outcome["dropped"] + lost)


if __name__ == "__main__":
    row(run)
