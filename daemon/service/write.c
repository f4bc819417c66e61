#include "write.h"

#include <spean/clock.h>
#include <spean/packed.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRITES_MAX = 64 * 1024 * 1024,           /* bytes of what is written by one statement */
    RETRY_MS = 100,                          /* between looks at a database that is away */
    LOST_MS = UNAVAILABLE_MS - 3 * RETRY_MS, /* for finding out what became of a lost write */
    SLICE = 50                               /* patches applied in one turn of the loop */
};

static void write_find(struct request *r);

void write_free(void *state)
{
    struct write *w = state;
    struct service *s = w->s;
    bool had_turn = w->has_turn;

    plan_done(&w->plan);
    json_decref(w->own);
    buf_done(&w->answer);
    free(w);
    if (had_turn) {
        s->turn_taken = false;
        requests_wake(s, WAKE_TURN);
    }
}

/* ---- when it does not go well ---- */

/* The first write may have been applied: with a key it is safe to do it all again, once the
 * database is back. */
static void write_again(struct request *r)
{
    uint64_t now = clock_mono_ms();

    if (now >= r->deadline_ms)
        request_refuse(r, REASON_OUTCOME);
    else if (!pool_up(r->s->pool))
        request_wait(r, 0, now + RETRY_MS, NULL, write_again);
    else
        write_start(r);
}

static void write_lost(struct request *r, enum store_status status)
{
    struct write *w = r->state;

    if (!w->lost_ms) {
        w->lost_ms = clock_mono_ms();
        /* Also for a look that is under way when the time ends: a server that has just come back
         * may be slow to answer it. */
        if (r->deadline_ms > w->lost_ms + LOST_MS)
            r->deadline_ms = w->lost_ms + LOST_MS;
    }
    if (w->key && status != STORE_TIMEOUT)
        write_again(r);
    else
        request_refuse(r, REASON_OUTCOME);
}

/* A statement of a write failed before the write itself was sent in this round. */
static void write_failed(struct request *r, const struct store_result *result)
{
    const struct write *w = r->state;

    if (w->lost_ms && result->status != STORE_SQL)
        write_lost(r, result->status);
    else
        request_store_failed(r, result);
}

/* Nothing is written in this round; what was lost before stays unknown. */
static void write_no_memory(struct request *r, const char *what)
{
    const struct write *w = r->state;

    if (w->lost_ms)
        request_unknown(r);
    else
        request_no_memory(r, what);
}

/* Runs a statement of the write; what was lost before stays unknown whatever comes now. */
static void write_run(struct request *r, enum statement which, const struct store_param *params,
                      bool writes,
                      void (*done)(struct request *r, const struct store_result *result))
{
    const struct write *w = r->state;

    if (request_try(r, which, params, done) == 0) {
        if (writes || w->lost_ms)
            r->on_timer = request_unknown;
        return;
    }
    if (w->lost_ms)
        request_wait(r, 0, clock_mono_ms() + RETRY_MS, NULL, write_again);
    else
        request_refuse(r, pool_up(r->s->pool) ? REASON_OVERLOADED : REASON_DATABASE);
}

static bool sqlstate_moved(const char *sqlstate)
{
    return strcmp(sqlstate, "SP001") == 0 || strcmp(sqlstate, "40001") == 0 ||
           strcmp(sqlstate, "40P01") == 0;
}

/*
 * Writes that were in each other's way are tried again one at a time: all at once, only one of them
 * would get through in each round, and the last of many never.
 */
static void write_turn(struct request *r)
{
    struct write *w = r->state;

    if (!w->has_turn && r->s->turn_taken) {
        request_wait(r, WAKE_TURN, r->deadline_ms, write_turn,
                     w->lost_ms ? request_unknown : request_expired);
        return;
    }
    w->has_turn = true;
    r->s->turn_taken = true;
    write_find(r);
}

static void write_sql(struct request *r, const struct store_result *result)
{
    struct write *w = r->state;

    if (!sqlstate_moved(result->sqlstate))
        request_store_failed(r, result);
    else if (++w->tries >= WRITE_TRIES)
        request_refuse(r, REASON_CONTENTION);
    else
        write_turn(r);
}

/* ---- the steps ---- */

static void write_done(struct request *r, const struct store_result *result)
{
    enum { SEQ, AT, REPLAY, KEPT_DIGEST, KEPT_ANSWER, KEPT_SEQ, EPOCH };
    const struct write *w = r->state;
    const PGresult *res = result->res;

    switch (result->status) {
    case STORE_LOST:
    case STORE_TIMEOUT:
        write_lost(r, result->status);
        return;
    case STORE_UNAVAILABLE:
        write_failed(r, result);
        return;
    case STORE_SQL:
        write_sql(r, result);
        return;
    case STORE_OK:
        break;
    }
    if (PQntuples(res) != 1) {
        request_internal(r, "write_rows");
    } else if (strcmp(PQgetvalue(res, 0, REPLAY), "t") == 0) {
        write_replay(r, column(res, 0, KEPT_DIGEST), column(res, 0, KEPT_ANSWER),
                     column_int(res, 0, KEPT_SEQ));
    } else {
        write_tell(r, column_int(res, 0, SEQ), column_int(res, 0, AT), column(res, 0, EPOCH),
                   result->server);
        write_answer(r, w->answer.data, column_int(res, 0, SEQ));
    }
}

static void write_send(struct request *r)
{
    struct write *w = r->state;
    char keep[24], format[16];
    struct buf writes;

    buf_init(&writes, WRITES_MAX);
    if (plan_writes(&w->plan, &writes)) {
        if (writes.failed && !writes.no_memory)
            request_refuse(r, REASON_WRITE_TOO_LARGE);
        else
            write_no_memory(r, "writes");
        goto out;
    }
    if (write_answer_make(r)) {
        write_no_memory(r, "answer");
        goto out;
    }
    snprintf(keep, sizeof keep, "%llu", (unsigned long long)r->s->o.idempotency_ms);
    snprintf(format, sizeof format, "%d", PACKED_FORMAT);
    const struct store_param params[] = {
        {.value = writes.data, .len = writes.len},
        param_text(r->who.name),
        param_text(w->key),
        param_text(w->key ? w->digest : NULL),
        param_text(w->key ? w->answer.data : NULL),
        param_text(keep),
        param_text(format),
        param_text(model_version(r->s->o.model)),
    };
    write_run(r, STMT_COMPANY_WRITE, params, true, write_done);
out:
    buf_done(&writes);
}

static void write_plan(struct request *r)
{
    struct write *w = r->state;
    uint64_t now = clock_mono_ms();
    int more = plan_make(&w->plan, SLICE);

    if (more < 0)
        write_no_memory(r, "plan");
    else if (more && now >= r->deadline_ms)
        (w->lost_ms ? request_unknown : request_expired)(r);
    else if (more) /* the next turn of the loop */
        request_wait(r, 0, now, NULL, write_plan);
    else if (!w->many && w->plan.items[0].error.code)
        request_error(r, &w->plan.items[0].error);
    else
        write_send(r);
}

static void erased_done(struct request *r, const struct store_result *result)
{
    struct write *w = r->state;

    if (result->status != STORE_OK) {
        write_failed(r, result);
        return;
    }
    for (int row = 0; row < PQntuples(result->res); row++) {
        const char *id = column(result->res, row, 0);
        if (id && plan_erased(&w->plan, id)) {
            write_no_memory(r, "erased");
            return;
        }
    }
    write_plan(r);
}

/* Companies that ids make have to be new ones. */
static void write_look_for_erased(struct request *r)
{
    struct write *w = r->state;
    struct buf refs;
    size_t count;

    buf_init(&refs, WRITES_MAX);
    if (plan_refs(&w->plan, &refs, &count)) {
        write_no_memory(r, "refs");
        goto out;
    }
    const struct store_param params[] = {{.value = refs.data, .len = refs.len}};
    write_run(r, STMT_COMPANY_ERASED, params, false, erased_done);
out:
    buf_done(&refs);
}

static void find_done(struct request *r, const struct store_result *result)
{
    enum { ORD, ID, VERSION, DOC, UPDATED };
    struct write *w = r->state;
    const PGresult *res = result->res;

    if (result->status != STORE_OK) {
        write_failed(r, result);
        return;
    }
    for (int row = 0; row < PQntuples(res); row++) {
        const char *id = column(res, row, ID), *doc = column(res, row, DOC);
        int found = id && doc ? plan_found(&w->plan, id, column_int(res, row, VERSION), doc) : -2;
        if (found == 0)
            continue;
        if (found == -1)
            write_no_memory(r, "found");
        else
            request_internal(r, "found");
        return;
    }
    if (w->plan.rules.keep_ids)
        write_look_for_erased(r);
    else
        write_plan(r);
}

static void write_find(struct request *r)
{
    struct write *w = r->state;
    struct buf refs;
    size_t count;

    buf_init(&refs, WRITES_MAX);
    if (plan_reset(&w->plan) || plan_refs(&w->plan, &refs, &count)) {
        write_no_memory(r, "refs");
        goto out;
    }
    if (count == 0) {
        write_plan(r);
        goto out;
    }
    const struct store_param params[] = {{.value = refs.data, .len = refs.len}};
    write_run(r, STMT_COMPANY_FIND, params, false, find_done);
out:
    buf_done(&refs);
}

static void key_done(struct request *r, const struct store_result *result)
{
    enum { KEPT_DIGEST, KEPT_ANSWER, KEPT_SEQ };

    if (result->status != STORE_OK)
        write_failed(r, result);
    else if (PQntuples(result->res) > 0)
        write_replay(r, column(result->res, 0, KEPT_DIGEST), column(result->res, 0, KEPT_ANSWER),
                     column_int(result->res, 0, KEPT_SEQ));
    else
        write_find(r);
}

void write_start(struct request *r)
{
    const struct write *w = r->state;
    const struct store_param params[] = {param_text(r->who.name), param_text(w->key)};

    if (w->key)
        write_run(r, STMT_IDEMPOTENCY_FIND, params, false, key_done);
    else
        write_find(r);
}
