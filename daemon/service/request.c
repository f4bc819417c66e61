#include "request.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <stdlib.h>
#include <string.h>

/* ---- slots ---- */

static int slot_take(struct slots *slots, struct request *r)
{
    if (!slots->first_free) {
        if (slots->count == slots->cap) {
            uint32_t cap = slots->cap ? slots->cap * 2 : 64;
            struct slot *list = realloc(slots->list, cap * sizeof *list);
            if (!list)
                return -1;
            slots->list = list;
            slots->cap = cap;
        }
        /* Generations begin above 0, so no number of a slot is one of the service's own. */
        slots->list[slots->count] = (struct slot){.generation = 1};
        slots->first_free = ++slots->count;
    }
    r->slot = slots->first_free - 1;
    struct slot *slot = &slots->list[r->slot];
    slots->first_free = slot->next_free;
    slot->request = r;
    return 0;
}

static void slot_move(struct slots *slots, uint32_t at)
{
    if (++slots->list[at].generation == 0)
        slots->list[at].generation = 1;
}

static void slot_give(struct slots *slots, uint32_t at)
{
    slot_move(slots, at);
    slots->list[at].request = NULL;
    slots->list[at].next_free = slots->first_free;
    slots->first_free = at + 1;
}

void request_slots_done(struct slots *slots)
{
    free(slots->list);
    memset(slots, 0, sizeof *slots);
}

uint64_t request_number(const struct request *r)
{
    return (uint64_t)r->s->slots.list[r->slot].generation << 32 | r->slot;
}

struct request *request_find(struct service *s, uint64_t number)
{
    uint32_t at = (uint32_t)number;

    if (at >= s->slots.count || s->slots.list[at].generation != number >> 32)
        return NULL;
    return s->slots.list[at].request;
}

/* ---- one line ---- */

static void request_timer(evutil_socket_t fd, short what, void *arg)
{
    struct request *r = arg;

    (void)fd;
    (void)what;
    (r->on_timer ? r->on_timer : request_expired)(r);
}

/* Forgets everything of the present call that could still come back to it. */
static void call_end(struct request *r)
{
    slot_move(&r->s->slots, r->slot);
    event_del(&r->timer);
    if (r->bulky)
        r->session->bulky--;
    r->bulky = false;
    if (r->wakes)
        LIST_REMOVE(r, of_waiting);
    r->wakes = 0;
    if (r->state_free)
        r->state_free(r->state);
    r->state = NULL;
    r->state_free = NULL;
    r->on_wake = NULL;
    r->on_timer = NULL;
    r->on_store = NULL;
}

static void request_free(struct request *r)
{
    call_end(r);
    LIST_REMOVE(r, of_session);
    metrics_add(&r->s->metrics.requests, -1);
    slot_give(&r->s->slots, r->slot);
    rpc_doc_done(&r->doc);
    buf_done(&r->out);
    free(r);
}

void request_drop(struct request *r)
{
    request_free(r);
}

static void call_begin(struct request *r)
{
    r->call = &r->doc.calls[r->at];
    r->method = NULL;
    r->params = r->call->params;
    r->token_load = 0;
    r->guessed = false;
    r->answered = false;
    r->own_token = false;
    r->started_us = clock_mono_us();
    r->started_ms = r->started_us / 1000;
    r->deadline_ms = r->started_ms + r->s->o.request_ms;
    memset(&r->who, 0, sizeof r->who);
    if (r->doc.batch)
        snprintf(r->rid, sizeof r->rid, "%d-%llu-%llu.%zu", r->s->o.number,
                 (unsigned long long)r->session->number, (unsigned long long)r->line, r->at);
    else
        snprintf(r->rid, sizeof r->rid, "%d-%llu-%llu", r->s->o.number,
                 (unsigned long long)r->session->number, (unsigned long long)r->line);
}

static void request_finish(struct request *r)
{
    struct service *s = r->s;
    uint64_t conn = r->session->conn;
    struct buf out = r->out;
    bool direct = r->direct;

    if (r->doc.batch && out.len > 0)
        buf_addc(&out, ']');
    if (out.failed)
        log_event(s->o.log, LOG_LEVEL_ERROR, "answer_lost", "request=%s", r->rid);
    /* Sending may end the connection, and with it all of its requests. */
    memset(&r->out, 0, sizeof r->out);
    request_free(r);
    if (!out.failed && out.len > 0) {
        const struct iovec parts[] = {
            {.iov_base = out.data, .iov_len = out.len},
            {.iov_base = s->scratch.data, .iov_len = s->scratch.len},
            {.iov_base = (char *)(uintptr_t) "}", .iov_len = 1},
        };
        worker_conn_sendv(s->worker, conn, parts, direct ? 3 : 1);
    } else {
        worker_conn_done(s->worker, conn);
        if (out.failed) /* better no connection than one that waits for ever */
            worker_conn_close(s->worker, conn);
    }
    buf_done(&out);
}

static void request_go(struct request *r);

static void request_resume(struct request *r)
{
    r->on_timer = NULL;
    request_go(r);
}

/* Runs calls until one has to wait or all are answered. A long batch stops now and then, so that
 * the worker's other connections get their turn. */
static void request_go(struct request *r)
{
    uint64_t began_ms = clock_mono_ms();

    r->running = true;
    while (r->at < r->doc.count) {
        if (clock_mono_ms() - began_ms >= BATCH_SLICE_MS) {
            r->running = false;
            r->on_timer = request_resume;
            timer_set(&r->timer, 0);
            return;
        }
        call_begin(r);
        call_run(r);
        if (!r->answered) {
            r->running = false;
            return;
        }
        r->at++;
    }
    request_finish(r);
}

int request_start(struct service *s, struct session *session, struct rpc_doc *doc, size_t len)
{
    struct request *r = calloc(1, sizeof *r);

    if (!r)
        goto fail;
    r->s = s;
    r->session = session;
    if (slot_take(&s->slots, r))
        goto fail;
    r->doc = *doc;
    r->line = session->lines;
    buf_init(&r->out, ANSWER_MAX + 64 * 1024 + len); /* ids come back, however long */
    evtimer_assign(&r->timer, s->base, request_timer, r);
    LIST_INSERT_HEAD(&session->requests, r, of_session);
    metrics_add(&s->metrics.requests, 1);
    request_go(r);
    return 0;
fail:
    free(r);
    rpc_doc_done(doc);
    return -1;
}

/* ---- answers ---- */

struct buf *request_buffer(struct request *r)
{
    struct buf *b = &r->s->scratch;

    buf_reset(b);
    b->max = r->out.len < ANSWER_MAX ? ANSWER_MAX - r->out.len : 0;
    return b;
}

size_t request_page(const struct request *r)
{
    size_t room = r->out.len < ANSWER_MAX ? ANSWER_MAX - r->out.len : 0;

    return room < ANSWER_PAGE ? room : ANSWER_PAGE;
}

void call_log(struct service *s, const char *method, int code, uint64_t ms, const char *rid,
              const struct principal *who)
{
    char name[128];

    log_event(s->o.log, LOG_LEVEL_DEBUG, "call",
              "method=%s code=%d ms=%llu request=%s principal=%s", method, code,
              (unsigned long long)ms, rid,
              log_quote(name, sizeof name, who->name, strlen(who->name)));
}

/* The one way out. e NULL: the result stands in the scratch buffer. */
static void request_answer(struct request *r, const struct rpc_error *e)
{
    const struct buf *b = &r->s->scratch;

    if (log_wants(r->s->o.log, LOG_LEVEL_DEBUG))
        call_log(r->s, r->method ? r->method->name : "-", e ? e->code : 0,
                 clock_mono_ms() - r->started_ms, r->rid, &r->who);
    metrics_call(r, e);
    /* A notification is never answered; what is no call at all always is. */
    if (r->call->id || r->call->error.code) {
        if (r->doc.batch)
            buf_addc(&r->out, r->out.len == 0 ? '[' : ',');
        if (e)
            rpc_write_error(&r->out, r->call->id, e, r->rid);
        else if (r->doc.batch)
            rpc_write_result(&r->out, r->call->id, b->data, b->len);
        else /* what may be long is copied once, into the connection's output */
            r->direct = rpc_write_head(&r->out, r->call->id) == 0;
    }
    call_end(r);
    r->answered = true;
    if (!r->running) {
        r->at++;
        request_go(r);
    }
}

void request_result(struct request *r)
{
    if (!r->s->scratch.failed)
        request_answer(r, NULL);
    else if (r->s->scratch.no_memory)
        request_no_memory(r, "answer");
    else
        request_refuse(r, REASON_ANSWER_TOO_LARGE);
}

void request_error(struct request *r, struct rpc_error *e)
{
    struct rpc_error own = *e; /* the caller's may live in the state that goes */

    memset(e, 0, sizeof *e);
    request_answer(r, &own);
    rpc_error_done(&own);
}

void request_refuse(struct request *r, enum reason why)
{
    struct rpc_error e = {0};

    reason_set(&e, why);
    request_error(r, &e);
}

void request_bad_param(struct request *r, const char *field, const char *problem)
{
    struct rpc_error e = {0};

    rpc_error_field(&e, RPC_INVALID_PARAMS, field, problem);
    request_error(r, &e);
}

void request_internal(struct request *r, const char *what)
{
    struct rpc_error e = {0};

    log_event(r->s->o.log, LOG_LEVEL_ERROR, "internal_error", "request=%s method=%s what=%s",
              r->rid, r->method ? r->method->name : "-", what);
    rpc_error_set(&e, RPC_INTERNAL, NULL, NULL);
    request_error(r, &e);
}

void request_no_memory(struct request *r, const char *what)
{
    log_event(r->s->o.log, LOG_LEVEL_ERROR, "no_memory", "request=%s method=%s what=%s", r->rid,
              r->method ? r->method->name : "-", what);
    request_refuse(r, REASON_NO_MEMORY);
}
