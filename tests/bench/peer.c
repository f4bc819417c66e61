#include "peer.h"
#include "generate_tables.h"

#include "model_in.h"

#include <stdlib.h>
#include <string.h>

/* Makes the tables that the SQL of scripts/bench scores: spean-bench-peer CONNINFO [MODEL_DIR]. */

/* A function that looks into a table of the model's: the planner makes one constant of it. */
static void put_function(struct buf *b, const char *head, const uint16_t *p, size_t n,
                         const char *at)
{
    buf_addf(b, "CREATE FUNCTION %s LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ('{", head);
    for (size_t i = 0; i < n; i++)
        buf_addf(b, i ? ",%d" : "%d", p[i]);
    buf_addf(b, "}'::integer[])[%s];\n", at);
}

static void put_model(struct buf *b, const struct model *m)
{
    uint16_t group[SECTOR_IDS], finance[SECTOR_IDS];

    for (int i = 0; i < SECTOR_IDS; i++) {
        group[i] = m->sectors[i].group;
        finance[i] = m->sectors[i].finance;
    }
    put_function(b, "peer.close(x integer, y integer) RETURNS integer", &m->close[0][0],
                 (size_t)SECTOR_IDS * SECTOR_IDS, "x * 128 + y + 1");
    put_function(b, "peer.meets(x integer, y integer) RETURNS integer", &m->meets[0][0],
                 (size_t)ROLES * ROLES, "x * 16 + y + 1");
    put_function(b, "peer.sector_group(x integer) RETURNS integer", group, SECTOR_IDS, "x + 1");
    put_function(b, "peer.sector_finance(x integer) RETURNS integer", finance, SECTOR_IDS, "x + 1");
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
