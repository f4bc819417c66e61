"""Is what a daemon says from memory what the tables hold? The checker of the row `index`; torture_index.py
keeps a test of it with planted bugs."""

import os
import shutil
import tempfile

from spean_test import SOURCE, RpcError, wait_until


def reference(t, cluster, database):
    """A fresh daemon that packs every company anew from its JSON: its tables are the same but for a comment, so
    to it each row was packed by another model."""
    directory = tempfile.mkdtemp(prefix="spean-model-")
    t.on_exit(shutil.rmtree, directory, True)
    model = os.path.join(directory, "model")
    shutil.copytree(os.path.join(SOURCE, "conf", "model"), model)
    table = sorted(name for name in os.listdir(model) if name.endswith(".tsv"))[0]
    with open(os.path.join(model, table), "a") as f:
        f.write("# another model\n")
    return t.daemon(cluster, database=database, migrate=False, config={"daemon": {"model_dir": model}})


def answer(client, ident, seq):
    """What is answered about a company, without the version of the weights; or the error's code."""
    try:
        found = client.call("match.list", id=ident, limit=100, min_seq=seq)
    except RpcError as e:
        return e.code
    found.pop("weights_version")
    return found


def wrong_tables(cluster, database):
    """What does not hold together in the tables."""
    found = []
    changes = cluster.sql("SELECT seq, company_id, version FROM spean.change ORDER BY seq", database)
    if [int(c[0]) for c in changes] != list(range(1, len(changes) + 1)):
        found.append("the numbers of the changes have gaps")
    counter = int(cluster.sql("SELECT seq FROM spean.feed", database)[0][0])
    if counter != len(changes):
        found.append("the counter says %d, there are %d changes" % (counter, len(changes)))
    latest = {}
    for _, ident, version in changes:
        if int(version) != latest.get(ident, 0) + 1:
            found.append("company %s: version %s after %d" % (ident, version, latest.get(ident, 0)))
        latest[ident] = int(version)
    for ident, version in cluster.sql("SELECT id, version FROM spean.company", database):
        if latest.pop(ident, None) != int(version):
            found.append("company %s has version %s, its changes end elsewhere" % (ident, version))
    found += ["company %s has changes and is not there" % ident for ident in latest]
    return found


def wrong_index(cluster, database, daemon, other, look=lambda ident: True):
    """Where a daemon's index differs from the tables, and its answers from those of the reference, for the
    companies that look() picks."""
    rows = {r[0]: r[1:] for r in cluster.sql("SELECT id, name, country, coalesce(region, ''), coalesce(city, ''), "
                                             "array_to_string(sectors, ',') FROM spean.company", database)}
    seq = int(cluster.sql("SELECT seq FROM spean.feed", database)[0][0])
    found = []
    health = {}

    def level():
        health.update(daemon.health()["index"])
        return health["seq"] >= seq
    try:
        wait_until(level, 20, "the index is level")
    except AssertionError:
        found.append("the index is at %d, the database at %d" % (health["seq"], seq))
        seq = health["seq"]
    if health["companies"] != len(rows):
        found.append("the index has %d companies, the table %d" % (health["companies"], len(rows)))
    gone = [r[0] for r in cluster.sql("SELECT DISTINCT company_id FROM spean.change h WHERE NOT EXISTS "
                                      "(SELECT FROM spean.company c WHERE c.id = h.company_id)", database)]
    with daemon.client() as one, other.client() as two:
        for ident, (name, country, _, _, _) in rows.items():
            if not look(ident):
                continue
            got, want = answer(one, ident, seq), answer(two, ident, seq)
            if got != want:
                found.append("%s: the daemon and a fresh one answer differently: %.300s and %.300s" % (ident, got, want))
            if not isinstance(got, dict):
                continue
            if got["company"] != {"id": ident, "name": name, "country": country}:
                found.append("%s: %s in the index, %s in the table" % (ident, got["company"], name))
            found += ["%s: partner %s is not as in the table" % (ident, m["company"]["id"])
                      for m in got["matches"] if not same(m["company"], rows)]
        found += ["%s is gone and still answered" % ident for ident in gone if answer(one, ident, seq) != 1001]
    return found


def same(company, rows):
    row = rows.get(company["id"])
    return row is not None and row == [company["name"], company["country"], company["region"] or "", company["city"] or "",
                                       ",".join(company["sectors"])]


def wrong_follower(cluster, database, seen):
    """What a follower of the feed saw: every number, in order."""
    last = int(cluster.sql("SELECT seq FROM spean.feed", database)[0][0])
    if seen == list(range(1, last + 1)):
        return []
    return ["a follower saw %d of %d numbers, or in another order" % (len(seen), last)]
