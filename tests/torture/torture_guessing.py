"""at most ten wrong tokens a minute are looked at from an address, and nobody else notices

Twenty connections of one address send wrong tokens of the right form without waiting. At most ten are said to be
unknown, all others to be too many. Others log in meanwhile, and their calls take no longer.
"""

import re
import time

from crowd import Crowd
from prober import Prober, p99_holds
from torture import row

LIMIT, CONNECTIONS = 10, 20
GUESSER, OTHER = "127.0.0.66", "127.0.0.67"
REASON = re.compile(rb'"reason":"([a-z_]+)"')


def run(t):
    count = t.amount(10000, 1000)
    daemon = t.daemon(t.cluster(), config={"daemon": {"workers": "2"}, "limits": {"anonymous": "10min"}})
    with daemon.client() as c:
        # Of the right form, checksum and all: tokens that were once good.
        made = [c.call("token.create", name="gone %d" % n, role="viewer") for n in range(50)]
        for token in made:
            c.call("token.revoke", id=token["id"])
    good = daemon.token("viewer", "good")
    before = Prober(daemon, "system.health").run(2)
    prober, crowd = Prober(daemon, "system.health"), Crowd(t, daemon.port)
    began = time.monotonic()
    for n in range(CONNECTIONS):
        crowd.connect(n, GUESSER)
    crowd.until(lambda: len(crowd.connected) == CONNECTIONS, 10 * t.patience)
    sent, others, reasons = 0, 0, {}
    while sent < count or time.monotonic() < began + 2:
        for n in range(CONNECTIONS):
            if n not in crowd.sockets:
                continue
            token = made[t.rng.randrange(len(made))]["token"]
            if t.rng.random() < 0.5:
                crowd.call(n, "auth.login", token=token)
            else:
                crowd.call(n, "system.ping", auth=token)
            sent += 1
        if sent % (CONNECTIONS * 10) == 0:
            crowd.until(lambda: sum(crowd.read[n].count(b"\n") for n in range(CONNECTIONS)) >= sent, 10 * t.patience)
            others += someone_else(t, daemon, crowd, good, sent)
    crowd.until(lambda: sum(crowd.read[n].count(b"\n") for n in range(CONNECTIONS)) >= sent, 30 * t.patience)
    took = time.monotonic() - began
    for n in range(CONNECTIONS):
        for reason in REASON.findall(bytes(crowd.read[n])):
            reasons[reason.decode()] = reasons.get(reason.decode(), 0) + 1
    allowed = LIMIT * (1 + int(took // 60))
    t.check(sum(reasons.values()) == sent, "%d of %d were answered", sum(reasons.values()), sent)
    t.check(set(reasons) <= {"token_unknown", "too_many_wrong_tokens"}, "other answers: %s", reasons)
    t.check(1 <= reasons.get("token_unknown", 0) <= allowed, "%d were looked at", reasons.get("token_unknown", 0))
    t.check(others > 0, "nobody else tried")
    text = p99_holds(t, before, prober.finish(), "guessing")
    t.check(not any(token["token"] in daemon.log_text() for token in made), "a token is in the log")
    t.figure("%d of %d wrong tokens looked at in %.0f s, %d others let in; %s", reasons.get("token_unknown", 0), sent, took,
             others, text)


def someone_else(t, daemon, crowd, good, n):
    """From another address the right token is right at once."""
    number = "other %d" % n
    crowd.connect(number, OTHER)
    crowd.until(lambda: number in crowd.connected, 10 * t.patience)
    answer, until = None, time.monotonic() + 10 * t.patience
    while answer is None or ("error" in answer and answer["error"]["code"] == -32013 and time.monotonic() < until):
        crowd.call(number, "auth.login", token=good)  # again where the database was too slow to tell whose it is
        if not crowd.until(lambda: crowd.read[number].endswith(b"\n"), 10 * t.patience):
            break
        answer = crowd.answer(number)
    t.check(answer and "result" in answer, "another address got %s", answer)
    crowd.drop(number)
    return 1


if __name__ == "__main__":
    row(run)
