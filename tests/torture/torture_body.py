"""the same key with another body

Races of twenty connections (to two workers and a second daemon) with one key: with twenty different
bodies one is applied and nineteen get 1003; with the same body all get the same answer. Then tries with the
key and another body, which get 1003. Exactly one company and one change for each key, and no other.
"""

from load import load_profile, lost_and_double
from spean_test import RpcError
from torture import row

RACERS = 20


def finish(client, number):
    """(answer, None) or (None, error)."""
    try:
        return client.finish(number), None
    except RpcError as e:
        return None, e


def race(t, clients, key, different):
    """One answer that all who were right got."""
    started = []
    for n, client in enumerate(clients):
        profile = load_profile(key, 0, city="%s %d" % (key, n if different else 0))
        started.append(client.start("company.upsert", idempotency_key=key, company=profile))
    answers, refused = [], 0
    for client, number in zip(clients, started):
        answer, error = finish(client, number)
        if answer:
            answers.append(answer)
        else:
            refused += 1
            t.check(error.code == 1003 and error.reason == "idempotency_key_reused", "%s: %s", key, error)
    t.check(refused == (RACERS - 1 if different else 0), "%s: %d of %d were refused", key, refused, RACERS)
    t.check(all(a == answers[0] for a in answers), "%s: different answers: %s", key, answers)
    return answers[0]


def wrong_body(t, client, key, n):
    """Another company, another method, one member more, one less: all the same."""
    profile = load_profile(key, 0, city="elsewhere")
    kind = n % 4
    if kind == 1:
        profile["website"] = "example.org"
    elif kind == 2:
        del profile["status"]
    method, params = ("company.upsertMany", {"companies": [profile]}) if kind == 3 else (
        "company.upsert", {"company": profile})
    answer, error = finish(client, client.start(method, idempotency_key=key, **params))
    t.check(error is not None and error.code == 1003, "%s: another body got %s", key, error or answer)


def run(t):
    races, tries = t.amount(200, 10), t.amount(1000, 60)
    cluster = t.cluster()
    one = t.daemon(cluster, config={"daemon": {"workers": "2"}})
    two = t.daemon(cluster, database=one.database)
    clients = [(two if n % 4 == 3 else one).client() for n in range(RACERS)]
    acknowledged = {}
    for n in range(races):
        key = "body-%d" % n
        t.rng.shuffle(clients)
        acknowledged[key] = race(t, clients, key, different=n % 2 == 0)
    keys = list(acknowledged)
    for n in range(tries):
        wrong_body(t, t.rng.choice(clients), t.rng.choice(keys), n)
    lost, double = lost_and_double(cluster, one.database, acknowledged)
    t.check(not lost and not double, "lost %s, double %s", lost[:5], double[:5])
    companies = int(cluster.sql("SELECT count(*) FROM spean.company", one.database)[0][0])
    changes = int(cluster.sql("SELECT count(*) FROM spean.change", one.database)[0][0])
    t.check(companies == races and changes == races, "%d companies and %d changes of %d keys", companies, changes, races)
    t.figure("%d rows too many after %d tries with another body and %d races of %d",
             companies - races, tries, races, RACERS)
    for client in clients:
        client.close()


if __name__ == "__main__":
    row(run)
