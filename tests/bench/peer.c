#include "peer.h"
#include "generate_tables.h"

#include "model_in.h"

#include <stdlib.h>
#include <string.h>

/* Makes the tables that the SQL of scripts/bench scores: spean-bench-peer CONNINFO [MODEL_DIR]. */

static void put_numbers(struct buf *b, const uint16_t *p, size_t n)
{
    buf_adds(b, "'{");
    for (size_t i = 0; i < n; i++)
        buf_addf(b, i ? ",%d" : "%d", p[i]);
    buf_adds(b, "}'");
}

/* One row: closeness of x and y stands at x * 128 + y + 1, a sector's group at x + 1, each weight
 * under its name. */
static void put_model(struct buf *b, const struct model *m)
{
    buf_adds(b, "CREATE TABLE peer.model AS SELECT ");
    put_numbers(b, &m->close[0][0], SECTOR_IDS * SECTOR_IDS);
    buf_adds(b, "::integer[] AS close, ");
    put_numbers(b, &m->meets[0][0], ROLES * ROLES);
    buf_adds(b, "::integer[] AS meets, '{");
    for (int i = 0; i < SECTOR_IDS; i++)
        buf_addf(b, i ? ",%d" : "%d", m->sectors[i].group);
    buf_adds(b, "}'::integer[] AS groups, '{");
    for (int i = 0; i < SECTOR_IDS; i++)
        buf_adds(b, m->sectors[i].finance ? (i ? ",t" : "t") : (i ? ",f" : "f"));
    buf_adds(b, "}'::boolean[] AS finance");
#define WEIGHT_PUT(member, name, least, most) buf_addf(b, ", %d AS %s", (int)m->w.member, #member);
    WEIGHTS(WEIGHT_PUT)
#undef WEIGHT_PUT
}

static int peer_model(const struct model *m, const char *conninfo)
{
    char err[512] = "no memory";
    PGconn *conn = tables_connect(conninfo, err, sizeof err);
    struct buf sql;
    int rc = -1;

    buf_init(&sql, 1u << 20);
    put_model(&sql, m);
    if (conn && !sql.failed)
        rc = tables_run(conn, sql.data, err, sizeof err);
    if (rc)
        fprintf(stderr, "spean-bench-peer: %s\n", err);
    buf_done(&sql);
    PQfinish(conn);
    return rc;
}

int main(int argc, char **argv)
{
    const char *dir = argc > 2 ? argv[2] : SPEAN_SOURCE_DIR "/conf/model";
    struct model *m = NULL;
    struct rows rows = {0};
    struct peer p = {.rows = &rows};
    uint64_t ns;
    char err[512];
    int rc = 1;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: spean-bench-peer CONNINFO [MODEL_DIR]\n");
        return 2;
    }
    if (model_load(dir, &m, err, sizeof err)) {
        fprintf(stderr, "spean-bench-peer: %s\n", err);
        return 1;
    }
    p.model = m;
    p.conninfo = argv[1];
    if (peer_model(m, argv[1]) == 0 && rows_copy(argv[1], &rows, &ns) == 0 && peer_fill(&p) == 0)
        rc = 0;
    rows_done(&rows);
    model_free(m);
    return rc;
}
