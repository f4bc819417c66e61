"""the clock jumps

The daemon's wall clock jumps by an hour, a year, back and forth (a preloaded library; PostgreSQL's and the clock for timers
go on as they do). No connection is dropped, a waiting call answers neither early nor late, writes are acknowledged, and what
depends on the date follows it at once: a company past its valid_until is not suggested, a token past its expiry opens
nothing, and both come back when the clock does.
"""

import datetime
import time

from shim import Shim
from spean_test import RpcError, company
from torture import row

MINUTES = 10
HOUR, YEAR = 3600, 366 * 86400
JUMPS = [HOUR, -HOUR, YEAR, -YEAR, HOUR - YEAR]
WAIT_S = 1


def partners(t, client, ident):
    return sorted(m["company"]["name"] for m in client.call("match.list", id=ident)["matches"])


def opens(client):
    try:
        return client.call("auth.whoami")["principal"] == "ten-days"
    except RpcError as e:
        if e.reason != "token_expired":
            raise
        return False


def jump(t, shim, by, idle, dated, admin, kh, n):
    """The clock is `by` seconds ahead: everything that must hold."""
    shim.c.clock_seconds = by
    what = "%+d s" % by
    late = by > 10 * 86400
    began = time.monotonic()
    seq = admin.call("company.upsert", company=company("Written %d" % n, status="draft"))["seq"]
    answer = admin.call("changes.list", since=seq, wait_s=WAIT_S)
    took = time.monotonic() - began
    t.check(answer["changes"] == [], "%s: a waiting call came back with %s", what, answer["changes"])
    # A timer counts from the beginning of the loop's turn that set it.
    t.check(took >= WAIT_S - 0.05, "%s: a waiting call came back after %.3f s", what, took)
    t.check(took <= t.limit(WAIT_S + 1.0), "%s: a waiting call took %.2f s", what, took)
    for client in idle:
        t.check(client.call("system.ping") == "pong", "%s: an idle connection", what)
    wanted = ["Long"] if late else ["Long", "Short"]
    found = partners(t, admin, kh)
    t.check(found == wanted, "%s: %s are suggested instead of %s", what, found, wanted)
    t.check(opens(dated) == (not late), "%s: the token of ten days", what)


def run(t):
    rounds = t.amount(60, 6)
    shim = Shim(t)
    cluster = t.cluster()
    daemon = t.daemon(cluster, env=shim.env, config={"limits": {"anonymous": "10min"}})
    today = datetime.datetime.now(datetime.timezone.utc).date()
    expires = (today + datetime.timedelta(days=10)).isoformat()
    admin = daemon.client()
    token = admin.call("token.create", name="ten-days", role="viewer", expires=expires)["token"]
    goods = [{"kind": "goods", "sector": "agro-industry.rice"}]
    kh = admin.call("company.upsert", company=company("Seller", offers=goods, valid_until="2999-01-01"))["id"]
    admin.call("company.upsert", company=company("Long", "CA", seeks=goods, valid_until="2999-01-01"))
    last = admin.call("company.upsert", company=company("Short", "CA", seeks=goods, valid_until=expires))
    admin.call("match.list", id=kh, min_seq=last["seq"])
    idle = [daemon.client() for _ in range(5)] + [daemon.tcp() for _ in range(5)]
    for client in idle:
        client.call("system.ping")
    dated = daemon.tcp(token=token)
    jumps = 0
    for n in range(rounds):
        jump(t, shim, JUMPS[n % len(JUMPS)] if n < len(JUMPS) else t.rng.choice(JUMPS), idle, dated, admin, kh, n)
        jump(t, shim, 0, idle, dated, admin, kh, n + rounds)
        jumps += 2
    health = admin.call("system.health")
    t.check(health["status"] == "ok", "afterwards: %s", health)
    t.check(health["uptime_s"] < t.elapsed() + 1, "the uptime has jumped: %s", health)
    for client in idle + [dated, admin]:
        client.close()
    t.figure("%d of %d jumps by up to a year went wrong; %d connections held through all of them, validity and expiry followed",
             len(t.failures), jumps, len(idle) + 2)


if __name__ == "__main__":
    row(run)
