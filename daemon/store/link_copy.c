#include "link_private.h"

#include <spean/clock.h>

/*
 * A COPY out of the server. It can't be done in pipeline mode, so that the connection leaves that
 * while nothing else is under way and comes back when all has been read. All statements are sent as
 * one query: one transaction, which is over with it, come what may.
 */

#define READS 32 /* of the socket at most in one turn of the loop: others have theirs, too */

int link_copy(struct link *l, const char *sql, const struct link_copy_callbacks *callbacks,
              uint64_t still_ms, uint64_t number)
{
    uint64_t deadline_ms = clock_mono_ms() + still_ms;

    if (!link_ready(l) || l->used > 0)
        return -1;
    if (PQexitPipelineMode(l->conn) != 1 || PQsendQuery(l->conn, sql) != 1) {
        link_break(l, PQerrorMessage(l->conn));
        return -1;
    }
    l->copy = *callbacks;
    l->copying = true;
    l->copy_out = false;
    l->copy_still_ms = still_ms;
    link_push(l, FLIGHT_COPY, number, deadline_ms);
    link_arm(l, deadline_ms);
    if (link_flush(l) < 0)
        link_break(l, PQerrorMessage(l->conn));
    return 0;
}

static bool copy_failed(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_OUT;
}

/* Nothing more comes: what is told is the last result, or the first that was an error. */
static int copy_land(struct link *l)
{
    struct flight landed = link_pop(l);

    l->copying = false;
    if (PQenterPipelineMode(l->conn) != 1)
        link_break(l, PQerrorMessage(l->conn));
    link_deliver(l, &landed);
    PQclear(landed.res);
    return l->breaking ? -1 : 1;
}

/* The result of a statement; NULL after the last. 1, or -1 if the connection is of no use. */
static int copy_result(struct link *l)
{
    struct flight *f = link_first(l);
    PGresult *res = PQgetResult(l->conn);

    if (PQstatus(l->conn) == CONNECTION_BAD) {
        PQclear(res);
        return -1;
    }
    if (!res)
        return copy_land(l);
    if (PQresultStatus(res) == PGRES_TUPLES_OK && l->copy.head(l->ctx, res) < 0)
        link_break(l, "a load began with what makes no sense");
    l->copy_out = PQresultStatus(res) == PGRES_COPY_OUT;
    if (f->res && copy_failed(f->res)) {
        PQclear(res);
    } else {
        PQclear(f->res);
        f->res = res;
    }
    return l->breaking ? -1 : 1;
}

/* A piece of the stream. 1, 0 if more has to be read first, or -1. */
static int copy_piece(struct link *l)
{
    char *piece;
    int len = PQgetCopyData(l->conn, &piece, 1);

    if (len > 0) {
        if (l->copy.piece(l->ctx, piece, (size_t)len) < 0)
            link_break(l, "a load gave what makes no sense");
        PQfreemem(piece);
    }
    l->copy_out = len >= 0; /* at its end, and after an error, a result follows */
    if (len < -1 || l->breaking)
        return -1;
    return len != 0;
}

/* What has been read. How much that was, or -1 if the connection is of no use. */
static int copy_take_all(struct link *l)
{
    int count = 0, taken = 1;

    while (l->copying && taken > 0) {
        taken = l->copy_out ? copy_piece(l) : PQisBusy(l->conn) ? 0 : copy_result(l);
        if (taken < 0)
            return -1;
        count += taken;
    }
    return count;
}

int link_copy_io(struct link *l)
{
    for (int reads = 0; l->copying; reads++) {
        int taken = copy_take_all(l);
        if (taken < 0)
            return -1;
        if (taken == 0 || reads == READS || !l->copying)
            break;
        link_first(l)->deadline_ms = clock_mono_ms() + l->copy_still_ms;
        if (PQconsumeInput(l->conn) != 1)
            return -1;
    }
    return 0;
}
