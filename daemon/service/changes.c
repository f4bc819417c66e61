#include "nouns.h"
#include "request.h"

#include <spean/clock.h>
#include <spean/date.h>
#include <stdlib.h>
#include <string.h>

/* The change feed for clients: pages of it, and waiting for its next entry. */

struct changes {
    uint64_t since;
    char epoch[40]; /* "": any */
    int64_t limit;
    uint64_t wait_until_ms;
    uint64_t head;  /* of the database, when last looked at */
    uint64_t moves; /* service.moves at that time */
};

enum { SEQ, EPOCH, HEAD, TYPE, ID, VERSION, EXTERNALS, ORIGIN, AT };

static void changes_ask(struct request *r);

static void write_next(struct json_writer *w, const char *epoch, uint64_t seq)
{
    char next[72];

    snprintf(next, sizeof next, "%.36s:%llu", epoch, (unsigned long long)seq);
    jw_key_text(w, "next", next);
}

static void write_change(struct json_writer *w, const PGresult *res, int row)
{
    const char *externals = column(res, row, EXTERNALS);
    char stamp[STAMP_TEXT];

    jw_object(w);
    jw_key_int(w, "seq", column_int(res, row, SEQ));
    jw_key_text(w, "type", column(res, row, TYPE));
    jw_key_text(w, "id", column(res, row, ID));
    jw_key_int(w, "version", column_int(res, row, VERSION));
    jw_key(w, "external_ids");
    jw_raw(w, externals ? externals : "[]", externals ? strlen(externals) : 2);
    jw_key_text(w, "origin", column(res, row, ORIGIN));
    stamp_format(column_int(res, row, AT), stamp);
    jw_key_text(w, "at", stamp);
    jw_object_end(w);
}

static void changes_page(struct request *r, const PGresult *res)
{
    const struct changes *c = r->state;
    struct buf *out = request_buffer(r);
    size_t page = request_page(r);
    uint64_t last = c->since;
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, "changes");
    jw_array(&w);
    for (int row = 1; row < PQntuples(res) && (row == 1 || out->len < page); row++) {
        write_change(&w, res, row);
        last = (uint64_t)column_int(res, row, SEQ);
    }
    jw_array_end(&w);
    write_next(&w, c->epoch, last);
    jw_key(&w, "more");
    jw_bool(&w, last < c->head);
    jw_object_end(&w);
    request_result(r);
}

/* Nothing came while we waited. */
static void changes_nothing(struct request *r)
{
    const struct changes *c = r->state;
    struct json_writer w;

    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key(&w, "changes");
    jw_raw(&w, "[]", 2);
    write_next(&w, c->epoch, c->since);
    jw_key(&w, "more");
    jw_bool(&w, false);
    jw_object_end(&w);
    request_result(r);
}

static void changes_wait(struct request *r);

static void changes_woken(struct request *r)
{
    const struct changes *c = r->state;

    if (r->s->stopping)
        changes_nothing(r);
    else if (r->s->moves != c->moves)
        changes_ask(r);
    else
        changes_wait(r);
}

static void changes_wait(struct request *r)
{
    const struct changes *c = r->state;

    request_wait(r, WAKE_HEAD, c->wait_until_ms, changes_woken, changes_nothing);
}

static void changes_done(struct request *r, const struct store_result *result)
{
    struct changes *c = r->state;
    const char *epoch;

    if (request_store_failed(r, result))
        return;
    epoch = PQntuples(result->res) > 0 ? column(result->res, 0, EPOCH) : NULL;
    if (!epoch || strlen(epoch) >= sizeof c->epoch) {
        request_internal(r, "changes_head");
        return;
    }
    c->head = (uint64_t)column_int(result->res, 0, HEAD);
    if ((c->epoch[0] && strcmp(c->epoch, epoch) != 0) || c->since > c->head) {
        request_refuse(r, REASON_SINCE);
        return;
    }
    memcpy(c->epoch, epoch, strlen(epoch) + 1);
    if (PQntuples(result->res) > 1 || clock_mono_ms() >= c->wait_until_ms)
        changes_page(r, result->res);
    else
        changes_woken(r); /* it may have moved since the database looked */
}

/* Too many that wait may be woken at once for the pool: then wait on, unless nobody could come. */
static void changes_ask(struct request *r)
{
    struct changes *c = r->state;
    char since[24], limit[24];

    snprintf(since, sizeof since, "%llu", (unsigned long long)c->since);
    snprintf(limit, sizeof limit, "%lld", (long long)c->limit);
    const struct store_param params[] = {param_text(since), param_text(limit)};
    c->moves = r->s->moves;
    r->deadline_ms = clock_mono_ms() + r->s->o.request_ms;
    if (request_try(r, STMT_CHANGES_LIST, params, changes_done) == 0)
        return;
    if (c->epoch[0] && clock_mono_ms() < c->wait_until_ms)
        changes_wait(r);
    else
        request_refuse(r, pool_up(r->s->pool) ? REASON_OVERLOADED : REASON_DATABASE);
}

/* "EPOCH:SEQ" of an earlier `next`. */
static int since_parse(const char *text, struct changes *c)
{
    const char *colon = strchr(text, ':');
    char *end;

    if (!colon || colon - text != 36 || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strlen(colon + 1) < 1 || strlen(colon + 1) > 18)
        return -1;
    memcpy(c->epoch, text, 36);
    c->since = strtoull(colon + 1, &end, 10);
    return 0;
}

void changes_list(struct request *r)
{
    const json_t *since = param_value(r->params, "since");
    struct changes *c = calloc(1, sizeof *c);

    if (!c) {
        request_no_memory(r, "state");
        return;
    }
    r->state = c;
    r->state_free = free;
    c->limit = param_int(r->params, "limit", CHANGES_LIMIT_PRESET);
    c->wait_until_ms = r->started_ms + (uint64_t)param_int(r->params, "wait_s", 0) * 1000;
    if (json_is_integer(since) && json_integer_value(since) < 0) {
        request_bad_param(r, "since", "must not be negative");
        return;
    }
    if (json_is_integer(since))
        c->since = (uint64_t)json_integer_value(since);
    if (json_is_string(since) && since_parse(json_string_value(since), c)) {
        request_refuse(r, REASON_SINCE);
        return;
    }
    changes_ask(r);
}
