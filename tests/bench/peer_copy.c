#include "generate_tables.h"
#include "peer.h"

#include <string.h>

#define GATHER 65536

static int copy_fail(struct peer_copy *c, const char *what)
{
    fprintf(stderr, "spean-bench-peer: %s: %s\n", what, PQerrorMessage(c->conn));
    return -1;
}

int peer_copy_begin(struct peer_copy *c, const char *conninfo, const char *table)
{
    char err[512], sql[128];
    PGresult *res;
    int rc = 0;

    buf_init(&c->rows, 1u << 24);
    c->conn = tables_connect(conninfo, err, sizeof err);
    if (!c->conn) {
        fprintf(stderr, "spean-bench-peer: %s\n", err);
        return -1;
    }
    snprintf(sql, sizeof sql, "COPY peer.%s FROM STDIN", table);
    res = PQexec(c->conn, sql);
    if (PQresultStatus(res) != PGRES_COPY_IN)
        rc = copy_fail(c, sql);
    PQclear(res);
    return rc;
}

int peer_copy_row(struct peer_copy *c)
{
    if (c->rows.failed)
        return -1;
    if (c->rows.len < GATHER)
        return 0;
    if (PQputCopyData(c->conn, c->rows.data, (int)c->rows.len) != 1)
        return copy_fail(c, "COPY");
    buf_reset(&c->rows);
    return 0;
}

int peer_copy_end(struct peer_copy *c)
{
    PGresult *res;
    int rc = 0;

    if (!c->conn)
        return -1;
    if ((c->rows.len > 0 && PQputCopyData(c->conn, c->rows.data, (int)c->rows.len) != 1) ||
        PQputCopyEnd(c->conn, NULL) != 1)
        rc = copy_fail(c, "COPY");
    while ((res = PQgetResult(c->conn)) != NULL) {
        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            rc = copy_fail(c, "COPY");
        PQclear(res);
    }
    PQfinish(c->conn);
    c->conn = NULL;
    buf_done(&c->rows);
    return rc;
}
