#include "auth.h"
#include "match.h"

#include <spean/clock.h>
#include <spean/frame.h>
#include <spean/log.h>
#include <stdlib.h>
#include <string.h>

/* ---- from the worker ---- */

static int service_opened(void *ctx, uint64_t conn, const struct conn_peer *peer, void **ret_user)
{
    struct service *s = ctx;
    struct session *session = calloc(1, sizeof *session);

    if (!session)
        return -1;
    session->conn = conn;
    session->number = ++s->connections;
    LIST_INIT(&session->requests);
    guess_source_set(&session->source, peer);
    peer_principal(s, peer, &session->peer);
    session->peer_until_ms = peer->until_ms;
    if (session->peer.role != ROLE_NONE)
        worker_conn_trust(s->worker, conn, true);
    *ret_user = session;
    return 0;
}

void line_name(const struct service *s, const struct session *session, char out[RID_TEXT])
{
    snprintf(out, RID_TEXT, "%d-%llu-%llu", s->o.number, (unsigned long long)session->number,
             (unsigned long long)session->lines);
}

/* An error that belongs to no call. */
static void service_refuse_line(struct service *s, struct session *session, struct rpc_error *e)
{
    struct buf out;
    char rid[RID_TEXT];

    buf_init(&out, ANSWER_MAX);
    line_name(s, session, rid);
    if (rpc_write_error(&out, NULL, e, rid) == 0) {
        worker_conn_send(s->worker, session->conn, out.data, out.len);
    } else { /* better no connection than one that waits for ever */
        worker_conn_done(s->worker, session->conn);
        worker_conn_close(s->worker, session->conn);
    }
    buf_done(&out);
    rpc_error_done(e);
}

static void service_line(void *ctx, uint64_t conn, void *user, const char *line, size_t len)
{
    struct service *s = ctx;
    struct session *session = user;
    struct rpc_error e = {0};
    struct rpc_doc doc;

    session->lines++;
    if (match_again(s, session, line, len))
        return;
    if (rpc_parse(line, len, &s->o.limits, &doc, &e)) {
        service_refuse_line(s, session, &e);
        return;
    }
    s->line = (struct line_now){session, session->lines, line, len};
    if (request_start(s, session, &doc, len)) { /* no memory: not even for an answer */
        worker_conn_done(s->worker, conn);
        worker_conn_close(s->worker, conn);
    }
    s->line.session = NULL;
}

static void service_too_long(void *ctx, uint64_t conn, void *user, size_t limit)
{
    struct session *session = user;
    struct rpc_error e = {0};

    (void)conn;
    session->lines++;
    reason_set(&e, REASON_LINE_TOO_LONG);
    rpc_error_set(&e, e.code, reason_word(REASON_LINE_TOO_LONG),
                  "The line is longer than the %zu bytes allowed here", limit);
    service_refuse_line(ctx, session, &e);
}

static void service_stranger(void *ctx, uint64_t conn, void *user, int what)
{
    static const char *const names[] = {
        [STRANGER_NOT] = "something else",
        [STRANGER_HTTP] = "HTTP",
        [STRANGER_LSP] = "Content-Length headers",
        [STRANGER_TLS] = "TLS",
    };
    struct session *session = user;
    struct rpc_error e = {0};
    bool known = what > 0 && (size_t)what < sizeof names / sizeof names[0];

    (void)conn;
    session->lines++;
    reason_set(&e, REASON_NOT_JSON_RPC);
    rpc_error_set(&e, e.code, reason_word(REASON_NOT_JSON_RPC),
                  "This port speaks JSON-RPC 2.0, one JSON text a line; this looks like %s",
                  names[known ? what : 0]);
    service_refuse_line(ctx, session, &e);
}

static void service_closed(void *ctx, uint64_t conn, void *user)
{
    struct session *session = user;

    (void)ctx;
    (void)conn;
    while (!LIST_EMPTY(&session->requests))
        request_drop(LIST_FIRST(&session->requests));
    if (session->subscriptions)
        LIST_REMOVE(session, subscriber);
    free(session);
}

/* ---- what main tells ---- */

bool service_cut_off(struct service *s)
{
    if (pool_up(s->pool))
        s->was_up = true;
    return s->was_up && !pool_up(s->pool);
}

static void service_lag(struct service *s)
{
    bool level = s->index && s->state.database_up && index_seq(s->index) >= s->state.database_seq;

    if (level)
        s->lag_since_ms = 0;
    else if (!s->lag_since_ms)
        s->lag_since_ms = clock_mono_ms();
}

static void service_head(struct service *s, uint64_t seq)
{
    s->head = seq;
    s->moves++;
    requests_wake(s, WAKE_HEAD);
    subscribers_wake(s);
}

static void service_take_index(struct service *s, struct index *index)
{
    struct index *old = s->index;

    s->index = index;
    if (old && !index_same_writer(old, index))
        answers_flush(s->answers);
    match_retail(s);
    service_lag(s);
    requests_wake(s, WAKE_INDEX);
    if (index_seq(index) > s->head)
        service_head(s, index_seq(index));
    index_unref(old);
}

static void service_take_state(struct service *s, struct service_state *state)
{
    bool other = strcmp(state->epoch, s->state.epoch) != 0;
    bool away = s->state.database_up && !state->database_up;

    s->state = *state;
    free(state);
    if (away) /* the feed has noticed; its own connections may not have */
        pool_doubt(s->pool);
    service_lag(s);
    if (other) /* another history: its numbers may be smaller */
        s->notified_seq = 0;
    if (other || s->state.database_seq > s->head)
        service_head(s, s->state.database_seq);
}

static void service_message(void *ctx, int type, void *data)
{
    struct service *s = ctx;

    switch ((enum service_message)type) {
    case SERVICE_INDEX:
        service_take_index(s, data);
        break;
    case SERVICE_TOKENS:
        auth_refresh(s);
        break;
    case SERVICE_STATE:
        service_take_state(s, data);
        break;
    case SERVICE_LIMITS:
        memcpy(&s->o.limits, data, sizeof s->o.limits);
        answers_flush_lines(s->answers);
        free(data);
        break;
    case SERVICE_STOP:
        s->stopping = true;
        requests_wake(s, WAKE_HEAD | WAKE_INDEX);
        break;
    }
}

const struct worker_callbacks *service_callbacks(void)
{
    static const struct worker_callbacks callbacks = {
        .opened = service_opened,
        .line = service_line,
        .too_long = service_too_long,
        .stranger = service_stranger,
        .closed = service_closed,
        .message = service_message,
    };

    return &callbacks;
}

/* ---- life ---- */

static bool code_sector(const void *ctx, const char *code, size_t len)
{
    return model_sector(ctx, code, len) != 0;
}

static bool code_region(const void *ctx, const char *country, const char *code, size_t len)
{
    int id = model_region(ctx, code, len);

    if (id == 0)
        return false;
    return strcmp(country, model_region_country(ctx, id) == COUNTRY_KH ? "KH" : "CA") == 0;
}

struct service *service_new(const struct service_options *o)
{
    struct service *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->room = index_room_new();
    if (!s->room) {
        free(s);
        return NULL;
    }
    s->o = *o;
    s->codes =
        (struct profile_codes){.ctx = o->model, .sector = code_sector, .region = code_region};
    s->started_ms = clock_mono_ms();
    s->lag_since_ms = s->started_ms;
    LIST_INIT(&s->waiting);
    LIST_INIT(&s->subscribers);
    buf_init(&s->scratch, ANSWER_MAX);
    s->answers = answers_new(o->answer_bytes);
    if (!s->answers) {
        service_free(s);
        return NULL;
    }
    return s;
}

static void service_store_done(void *ctx, uint64_t number, const struct store_result *result)
{
    if (number == TOKENS_NUMBER)
        auth_loaded(ctx, result);
    else
        request_store_done(ctx, number, result);
}

int service_attach(struct service *s, struct worker *w)
{
    s->worker = w;
    s->base = worker_base(w);
    s->auth.timer = evtimer_new(s->base, auth_timer, s);
    s->notify_timer = evtimer_new(s->base, subscribers_timer, s);
    s->metrics_timer = event_new(s->base, -1, EV_PERSIST, metrics_sample, s);
    if (!s->auth.timer || !s->notify_timer || !s->metrics_timer ||
        metrics_start(s->metrics_timer) != 0)
        goto fail;
    s->pool = pool_new(s->base, &s->o.store, s->o.log, store_statements, STMT_COUNT,
                       service_store_done, s);
    if (!s->pool)
        goto fail;
    auth_refresh(s);
    return 0;
fail:
    service_detach(s);
    return -1;
}

void service_detach(struct service *s)
{
    struct pool *pool = s->pool;

    /* The connections are gone, and their requests with them: what is still in flight comes back
     * from here and finds nobody to tell. */
    s->worker = NULL;
    pool_free(pool);
    s->pool = NULL;
    if (s->auth.timer)
        event_free(s->auth.timer);
    if (s->notify_timer)
        event_free(s->notify_timer);
    if (s->metrics_timer)
        event_free(s->metrics_timer);
    s->auth.timer = NULL;
    s->notify_timer = NULL;
    s->metrics_timer = NULL;
}

void service_free(struct service *s)
{
    if (!s)
        return;
    request_slots_done(&s->slots);
    tokens_done(&s->auth.tokens);
    index_unref(s->index);
    answers_free(s->answers);
    index_room_free(s->room);
    buf_done(&s->scratch);
    free(s);
}
