#include "link_private.h"

#include <spean/clock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flight *link_first(struct link *l)
{
    return l->used > 0 ? &l->flights[l->first] : NULL;
}

struct flight link_pop(struct link *l)
{
    struct flight f = l->flights[l->first];

    l->first = (l->first + 1) % l->size;
    l->used--;
    return f;
}

void link_push(struct link *l, enum flight_kind kind, uint64_t number, uint64_t deadline_ms)
{
    l->flights[(l->first + l->used) % l->size] =
        (struct flight){.kind = kind, .number = number, .deadline_ms = deadline_ms};
    l->used++;
}

uint64_t link_nearest(const struct link *l)
{
    uint64_t nearest = UINT64_MAX;

    for (size_t i = 0; i < l->used; i++) {
        const struct flight *f = &l->flights[(l->first + i) % l->size];
        if (f->kind >= FLIGHT_CHECK && f->deadline_ms < nearest)
            nearest = f->deadline_ms;
    }
    return nearest;
}

void link_abandon(struct link *l, uint64_t now_ms)
{
    l->copying = false;
    while (l->used > 0) {
        struct flight f = link_pop(l);
        struct store_result result = {.status =
                                          f.deadline_ms <= now_ms ? STORE_TIMEOUT : STORE_LOST};
        PQclear(f.res);
        if (f.kind >= FLIGHT_CALL)
            l->callbacks.done(l->ctx, f.number, &result);
    }
}

bool link_ready(const struct link *l)
{
    return l->state == LINK_READY && !l->breaking && !l->silent;
}

size_t link_room(const struct link *l)
{
    bool open = link_ready(l) && !l->copying && !l->doubted;

    return open && l->used < l->o.pipeline ? l->o.pipeline - l->used : 0;
}

/* Sends what libpq holds, as far as the socket takes it. */
int link_flush(struct link *l)
{
    int left = PQflush(l->conn);

    if (left < 0)
        return -1;
    return left > 0 ? event_add(l->write, NULL) : 0;
}

int link_send(struct link *l, size_t which, const struct store_param *params, uint64_t deadline_ms,
              uint64_t number)
{
    const struct store_statement *s = &l->o.statements[which];
    const char *values[STORE_PARAMS_MAX];
    int lengths[STORE_PARAMS_MAX], formats[STORE_PARAMS_MAX];

    if (which >= l->o.count || s->params > STORE_PARAMS_MAX || link_room(l) == 0)
        return -1;
    for (int i = 0; i < s->params; i++) {
        if (params[i].len > INT32_MAX)
            return -1;
        values[i] = params[i].value;
        lengths[i] = (int)params[i].len;
        formats[i] = params[i].binary;
    }
    if (PQsendQueryPrepared(l->conn, s->name, s->params, values, lengths, formats, l->o.binary) !=
        1) {
        link_break(l, PQerrorMessage(l->conn));
        return -1;
    }
    /* From here on it may reach the server, whatever follows. */
    link_push(l, FLIGHT_CALL, number, deadline_ms);
    link_arm(l, deadline_ms);
    if (PQpipelineSync(l->conn) != 1 || link_flush(l) < 0)
        link_break(l, PQerrorMessage(l->conn));
    return 0;
}

/* ---- preparing ---- */

static int link_query(struct link *l, enum flight_kind kind, const char *sql, uint64_t deadline_ms)
{
    if (PQsendQueryParams(l->conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1 ||
        PQpipelineSync(l->conn) != 1)
        return -1;
    link_push(l, kind, 0, deadline_ms);
    return 0;
}

void link_doubt(struct link *l, uint64_t ms)
{
    uint64_t deadline = clock_mono_ms() + ms;

    if (!link_ready(l) || l->copying || l->doubted)
        return;
    l->doubted = true;
    l->doubt_ms = deadline;
    if (l->used == 0 && (link_query(l, FLIGHT_CHECK, "SELECT", deadline) < 0 || link_flush(l) < 0))
        link_break(l, PQerrorMessage(l->conn));
    else
        link_arm(l, deadline);
}

void link_look(struct link *l, uint64_t now_ms)
{
    link_arm(l, link_nearest(l));
    if (!l->doubted || l->silent)
        return;
    if (l->doubt_ms > now_ms) {
        link_arm(l, l->doubt_ms);
        return;
    }
    l->silent = true;
    if (l->callbacks.changed)
        l->callbacks.changed(l->ctx);
}

static int link_settings(struct link *l)
{
    char sql[1024] = "SELECT true";
    size_t len = strlen(sql);

    for (const char *const *s = l->o.settings; s[0]; s += 2) {
        int n =
            snprintf(sql + len, sizeof(sql) - len, ", set_config('%s', '%s', false)", s[0], s[1]);
        if (n < 0 || (size_t)n >= sizeof(sql) - len)
            return -1;
        len += (size_t)n;
    }
    return link_query(l, FLIGHT_SETUP, sql, UINT64_MAX);
}

/* With it, the server: by the microsecond in which it was started, no two are the same. */
static const char schema_sql[] =
    "SELECT version, oldest_daemon,"
    " (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint"
    " FROM spean.schema_version";

int link_prepare(struct link *l)
{
    /* A backend whose client is gone stops working for it. Not every platform can tell. */
    if (link_query(l, FLIGHT_TRY,
                   "SELECT set_config('client_connection_check_interval', '1s', false)",
                   UINT64_MAX) < 0 ||
        link_settings(l) < 0 || link_query(l, FLIGHT_SCHEMA, schema_sql, UINT64_MAX) < 0)
        return -1;
    for (size_t i = 0; i < l->o.count; i++) {
        const struct store_statement *s = &l->o.statements[i];
        if (PQsendPrepare(l->conn, s->name, s->sql, s->params, NULL) != 1 ||
            PQpipelineSync(l->conn) != 1)
            return -1;
        link_push(l, FLIGHT_SETUP, i, UINT64_MAX);
    }
    return link_flush(l);
}

/* Whether this program can work with the schema; false with the reason, which is told to whom it
 * concerns when no waiting helps. */
static bool link_schema_fits(struct link *l, const PGresult *res, char *why, size_t size)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (state && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0)) {
        snprintf(why, size, "the database has no schema of Spean: run speand --migrate");
        return false;
    }
    if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1) {
        snprintf(why, size, "the schema's version cannot be read: %s", PQresultErrorMessage(res));
        return false;
    }
    snprintf(l->server, sizeof(l->server), "%s", PQgetvalue(res, 0, 2));
    int version = atoi(PQgetvalue(res, 0, 0)), oldest = atoi(PQgetvalue(res, 0, 1));
    if (oldest <= STORE_SCHEMA && version >= STORE_SCHEMA)
        return true;
    if (version < STORE_SCHEMA) {
        snprintf(why, size,
                 "the schema has version %d, this program needs %d: run speand "
                 "--migrate",
                 version, STORE_SCHEMA);
        return false;
    }
    snprintf(why, size, "the schema has version %d, this program knows %d: use a newer one",
             version, STORE_SCHEMA);
    if (l->callbacks.outdated)
        l->callbacks.outdated(l->ctx);
    return false;
}

/* ---- results ---- */

void link_deliver(struct link *l, const struct flight *f)
{
    ExecStatusType status = PQresultStatus(f->res);
    struct store_result result = {.status = STORE_OK, .res = f->res, .server = l->server};

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const char *state = PQresultErrorField(f->res, PG_DIAG_SQLSTATE);
        /* Without a state the server has not refused it: libpq had no memory for its result, and it
         * may well be committed. */
        result.status = state ? STORE_SQL : STORE_LOST;
        snprintf(result.sqlstate, sizeof(result.sqlstate), "%s", state ? state : "");
        if (!state)
            link_break(l, PQresultErrorMessage(f->res));
        /* The schema has moved on beneath what was prepared, or that is gone. */
        if (strcmp(result.sqlstate, "0A000") == 0 || strcmp(result.sqlstate, "26000") == 0)
            link_break(l, PQresultErrorMessage(f->res));
    }
    l->callbacks.done(l->ctx, f->number, &result);
}

/* A statement is through: its sync has come. False if the connection is of no use. */
static bool link_landed(struct link *l, struct flight *f)
{
    ExecStatusType status = PQresultStatus(f->res);
    char why[sizeof(l->why)];

    l->doubted = l->silent = false;
    if (f->kind == FLIGHT_CALL) {
        link_deliver(l, f);
    } else if (f->kind == FLIGHT_CHECK) {
        if (l->callbacks.changed)
            l->callbacks.changed(l->ctx);
    } else if (f->kind == FLIGHT_SCHEMA && !link_schema_fits(l, f->res, why, sizeof(why))) {
        link_break(l, why);
    } else if (f->kind == FLIGHT_SETUP && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        snprintf(why, sizeof(why), "cannot prepare: %s", PQresultErrorMessage(f->res));
        link_break(l, why);
    }
    if (l->state == LINK_PREPARING && l->used == 0 && !l->breaking)
        link_became_ready(l);
    return !l->breaking;
}

/*
 * Takes one result off the pipeline. Each statement gives a result, a NULL, and the result of its
 * sync; an error at the sync is one more result and NULL. The statement's own is only kept until
 * then: the transaction commits at the sync. Returns 1 for a result, 0 for a NULL, -1 if the
 * connection is of no use.
 */
static int link_take(struct link *l)
{
    struct flight *f = link_first(l);
    PGresult *res = PQgetResult(l->conn);

    if (!res)
        return 0;
    if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
        PQclear(res);
        if (!f->res)
            return -1;
        struct flight landed = link_pop(l);
        bool fine = link_landed(l, &landed);
        PQclear(landed.res);
        return fine ? 1 : -1;
    }
    PQclear(f->res);
    f->res = res;
    /* The last words of a connection are no answer: what they end may or may not be committed. */
    return PQstatus(l->conn) == CONNECTION_BAD ? -1 : 1;
}

static void link_notifies(struct link *l)
{
    PGnotify *n;

    while ((n = PQnotifies(l->conn))) {
        if (l->callbacks.notify && l->state == LINK_READY)
            l->callbacks.notify(l->ctx, n);
        PQfreemem(n);
    }
}

/* Takes what has been read. -1 if the connection is of no use. */
static int link_take_all(struct link *l)
{
    /* Between two results there is a NULL, now and then two; several mean that nothing is left. */
    for (int nulls = 0; l->used > 0 && !l->copying && nulls < 4 && !PQisBusy(l->conn);) {
        int taken = link_take(l);
        if (taken < 0)
            return -1;
        nulls = taken > 0 ? 0 : nulls + 1;
    }
    return 0;
}

/*
 * Where libpq (15) has no memory for the result of a sync, or for a notification, it notes so and
 * waits for bytes that have come already. Then nothing comes any more, unless the connection ends.
 */
static bool link_starved(const struct link *l)
{
    return l->used > 0 && PQisBusy(l->conn) && strstr(PQerrorMessage(l->conn), "out of memory");
}

void link_io(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;

    (void)fd;
    if (l->breaking)
        return;
    /* Read while there is something to write, too: else both sides wait for the other to read. */
    bool alive = PQconsumeInput(l->conn) == 1;
    bool sound = (l->copying ? link_copy_io(l) : link_take_all(l)) == 0;
    if (l->breaking)
        return; /* link_deferred follows */
    link_notifies(l);
    if (!alive || !sound || link_starved(l) || PQstatus(l->conn) == CONNECTION_BAD)
        link_drop(l, PQerrorMessage(l->conn));
    else if ((what & EV_WRITE) && link_flush(l) < 0)
        link_drop(l, PQerrorMessage(l->conn));
}
