#include "company.h"
#include "cursor.h"
#include "plan.h"
#include "request.h"

#include <spean/clock.h>
#include <spean/packed.h>
#include <stdlib.h>
#include <string.h>

/*
 * Writes: find, merge and check, and then one statement that writes all or nothing and says whether
 * the companies had moved meanwhile; if so, again from the start.
 */
enum { WRITES_MAX = 64 * 1024 * 1024, ERRORS_MARK = 200000, RETRY_MS = 100 };

struct write {
    struct service *s;
    struct plan plan;
    json_t *own;     /* the patch of archive and confirm */
    bool many;       /* company.upsertMany */
    const char *key; /* borrowed from params, or NULL */
    char digest[DIGEST_TEXT];
    struct buf answer; /* the result without its seq, which is known last */
    unsigned tries;
    bool has_turn;
    uint64_t lost_ms; /* a write was sent and its connection lost; 0: not */
};

static void write_find(struct request *r);
static void write_send(struct request *r);

static void write_free(void *state)
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

/* ---- the answer ---- */

/* A result's text is kept without seq, so that a replay gives the same: it is put in at the end. */
static void write_answer(struct request *r, const char *text, int64_t seq)
{
    struct buf *out = request_buffer(r);
    size_t len = strlen(text);

    if (len < 2 || text[len - 1] != '}') {
        request_internal(r, "kept_answer");
        return;
    }
    buf_add(out, text, len - 1);
    buf_addf(out, ",\"seq\":%lld}", (long long)seq);
    request_result(r);
}

static void write_replay(struct request *r, const char *digest, const char *answer, int64_t seq)
{
    const struct write *w = r->state;

    if (!digest || strcmp(digest, w->digest) != 0)
        request_refuse(r, REASON_KEY_REUSED);
    else if (!answer)
        request_internal(r, "kept_answer");
    else
        write_answer(r, answer, seq);
}

/* The error object of an item, as it would stand in an answer of its own. */
static int answer_error(struct json_writer *w, const struct rpc_error *e, const char *rid)
{
    struct buf line;
    json_t *answer = NULL, *error;

    buf_init(&line, ANSWER_MAX);
    if (rpc_write_error(&line, NULL, e, rid) == 0)
        answer = json_loadb(line.data, line.len, 0, NULL);
    error = json_object_get(answer, "error");
    if (w->out->len > ERRORS_MARK) /* so many that their details would not fit */
        json_object_del(json_object_get(error, "data"), "fields");
    jw_object(w);
    jw_key(w, "error");
    if (error)
        jw_json(w, error);
    else
        jw_null(w);
    jw_object_end(w);
    json_decref(answer);
    buf_done(&line);
    return error ? 0 : -1;
}

static void answer_item(struct json_writer *w, const struct plan *p, const struct plan_item *item)
{
    jw_object(w);
    jw_key_text(w, "id", p->subjects[item->subject].id);
    jw_key_int(w, "version", plan_version(p, item));
    if (p->rules.kind == PLAN_UPSERT) {
        jw_key(w, "created");
        jw_bool(w, item->created);
    }
    jw_object_end(w);
}

static int answer_make(struct request *r)
{
    struct write *w = r->state;
    struct json_writer jw;

    buf_reset(&w->answer);
    jw_init(&jw, &w->answer);
    if (!w->many) {
        answer_item(&jw, &w->plan, &w->plan.items[0]);
        return w->answer.failed ? -1 : 0;
    }
    jw_object(&jw);
    jw_key(&jw, "results");
    jw_array(&jw);
    for (size_t i = 0; i < w->plan.count; i++) {
        const struct plan_item *item = &w->plan.items[i];
        if (!item->error.code)
            answer_item(&jw, &w->plan, item);
        else if (answer_error(&jw, &item->error, r->rid))
            return -1;
    }
    jw_array_end(&jw);
    jw_object_end(&jw);
    return w->answer.failed ? -1 : 0;
}

/* ---- when it does not go well ---- */

static void write_start(struct request *r);

/* The first write may have been applied: with a key it is safe to do it all again, once the
 * database is back. */
static void write_again(struct request *r)
{
    const struct write *w = r->state;
    uint64_t now = clock_mono_ms();

    if (now >= w->lost_ms + UNAVAILABLE_MS || now >= r->deadline_ms)
        request_refuse(r, REASON_OUTCOME);
    else if (!pool_up(r->s->pool))
        request_wait(r, 0, now + RETRY_MS, NULL, write_again);
    else
        write_start(r);
}

static void write_lost(struct request *r, enum store_status status)
{
    struct write *w = r->state;

    if (!w->lost_ms)
        w->lost_ms = clock_mono_ms();
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
    enum { SEQ, AT, REPLAY, KEPT_DIGEST, KEPT_ANSWER, KEPT_SEQ };
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
    if (PQntuples(res) != 1)
        request_internal(r, "write_rows");
    else if (strcmp(PQgetvalue(res, 0, REPLAY), "t") == 0)
        write_replay(r, column(res, 0, KEPT_DIGEST), column(res, 0, KEPT_ANSWER),
                     column_int(res, 0, KEPT_SEQ));
    else
        write_answer(r, w->answer.data, column_int(res, 0, SEQ));
}

static void write_send(struct request *r)
{
    struct write *w = r->state;
    char keep[24], format[16];
    struct buf writes;

    buf_init(&writes, WRITES_MAX);
    if (plan_writes(&w->plan, &writes)) {
        request_refuse(r, REASON_WRITE_TOO_LARGE);
        goto out;
    }
    if (answer_make(r)) {
        request_internal(r, "answer");
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

    if (plan_make(&w->plan))
        request_internal(r, "plan");
    else if (!w->many && w->plan.items[0].error.code)
        request_error(r, &w->plan.items[0].error);
    else
        write_send(r);
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
        if (id && doc && plan_found(&w->plan, id, column_int(res, row, VERSION), doc) == 0)
            continue;
        request_internal(r, "found");
        return;
    }
    write_plan(r);
}

static void write_find(struct request *r)
{
    struct write *w = r->state;
    struct buf refs;
    size_t count;

    buf_init(&refs, WRITES_MAX);
    if (plan_reset(&w->plan) || plan_refs(&w->plan, &refs, &count)) {
        request_internal(r, "refs");
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

static void write_start(struct request *r)
{
    const struct write *w = r->state;
    const struct store_param params[] = {param_text(r->who.name), param_text(w->key)};

    if (w->key)
        write_run(r, STMT_IDEMPOTENCY_FIND, params, false, key_done);
    else
        write_find(r);
}

/* ---- the methods ---- */

/* A write of `count` patches; NULL when the call was answered. */
static struct write *write_new(struct request *r, enum plan_kind kind, size_t count)
{
    static const char *const without[] = {"idempotency_key", NULL};
    struct write *w = calloc(1, sizeof *w);
    uint8_t digest[DIGEST_BYTES];
    struct plan_rules rules = {
        .kind = kind,
        .model = r->s->o.model,
        .codes = r->s->codes,
        .may_verify = (r->who.role & (ROLE_STAFF | ROLE_ADMIN)) != 0,
        .if_version = param_int(r->params, "if_version", -1),
        .now_ms = clock_wall_ms(),
        .today = clock_today(),
    };

    rules.codes.today = rules.today;
    if (!w)
        goto fail;
    w->s = r->s;
    r->state = w;
    r->state_free = write_free;
    buf_init(&w->answer, ANSWER_MAX);
    w->key = param_string(r->params, "idempotency_key", NULL);
    if (plan_init(&w->plan, &rules, count))
        goto fail;
    if (w->key) {
        if (call_digest(r->method->name, r->params, without, digest))
            goto fail;
        digest_format(digest, w->digest);
    }
    return w;
fail:
    request_internal(r, "memory");
    return NULL;
}

void company_upsert(struct request *r)
{
    struct write *w = write_new(r, PLAN_UPSERT, 1);

    if (!w)
        return;
    plan_patch(&w->plan, 0, param_value(r->params, "company"));
    if (w->plan.items[0].bad_form)
        request_error(r, &w->plan.items[0].error);
    else
        write_start(r);
}

void company_upsert_many(struct request *r)
{
    const json_t *companies = param_value(r->params, "companies");
    struct write *w = write_new(r, PLAN_UPSERT, json_array_size(companies));

    if (!w)
        return;
    w->many = true;
    for (size_t i = 0; i < w->plan.count; i++)
        plan_patch(&w->plan, i, json_array_get(companies, i));
    write_start(r);
}

static void write_own(struct request *r, enum plan_kind kind)
{
    struct write *w = write_new(r, kind, 1);

    if (!w)
        return;
    w->own = json_pack("{s:O}", "id", param_value(r->params, "id"));
    if (!w->own) {
        request_internal(r, "memory");
        return;
    }
    plan_patch(&w->plan, 0, w->own);
    if (w->plan.items[0].bad_form)
        request_error(r, &w->plan.items[0].error);
    else
        write_start(r);
}

void company_archive(struct request *r)
{
    write_own(r, PLAN_ARCHIVE);
}

void company_confirm(struct request *r)
{
    write_own(r, PLAN_CONFIRM);
}
