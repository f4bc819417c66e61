#include "link.h"

#include <event2/event.h>
#include <spean/clock.h>
#include <stdlib.h>
#include <string.h>

/* What the server may take at most, should a client's deadline be lost: then it gives up itself. */
#define STATEMENT_TIMEOUT "30s"
#define SIGN_MS 500 /* in which a server in doubt has to give a sign of life */

/* A statement that waits for a place on a connection, with a copy of its parameters behind it. */
struct waiting {
    size_t which;
    uint64_t number;
    uint64_t deadline_ms;
    struct store_param params[STORE_PARAMS_MAX];
    char bytes[];
};

struct pool {
    unsigned count, queue;
    struct link **links;
    const struct store_statement *statements;
    size_t statement_count;
    store_done *done;
    void *ctx;

    struct waiting **waiting; /* ring */
    size_t first, used;
    struct event *timer; /* the nearest deadline of what waits */
    uint64_t timer_ms;   /* 0: not set */
    bool closing;
};

static struct waiting *waiting_new(size_t which, const struct store_param *params, int count,
                                   uint64_t deadline_ms, uint64_t number)
{
    size_t bytes = 0;

    for (int i = 0; i < count; i++)
        bytes +=
            params[i].value ? (params[i].binary ? params[i].len : strlen(params[i].value) + 1) : 0;
    struct waiting *w = malloc(sizeof(*w) + bytes);
    if (!w)
        return NULL;
    *w = (struct waiting){.which = which, .number = number, .deadline_ms = deadline_ms};
    char *place = w->bytes;
    for (int i = 0; i < count; i++) {
        w->params[i] = params[i];
        if (!params[i].value)
            continue;
        size_t len = params[i].binary ? params[i].len : strlen(params[i].value) + 1;
        memcpy(place, params[i].value, len);
        w->params[i].value = place;
        place += len;
    }
    return w;
}

/* The connection that would take a statement and has the least to do; NULL if none would. */
static struct link *pool_best(const struct pool *p)
{
    struct link *best = NULL;
    size_t most = 0;

    for (unsigned i = 0; i < p->count; i++) {
        size_t room = link_room(p->links[i]);
        if (room > most) {
            most = room;
            best = p->links[i];
        }
    }
    return best;
}

static struct waiting *pool_shift(struct pool *p)
{
    struct waiting *w = p->waiting[p->first];

    p->first = (p->first + 1) % p->queue;
    p->used--;
    return w;
}

/* Gives a statement back that was never sent. */
static void pool_refuse(struct pool *p, struct waiting *w)
{
    struct store_result result = {.status = STORE_UNAVAILABLE};
    uint64_t number = w->number;

    free(w);
    p->done(p->ctx, number, &result);
}

static void pool_arm(struct pool *p, uint64_t due_ms)
{
    if (p->timer_ms && p->timer_ms <= due_ms)
        return;
    uint64_t now = clock_mono_ms();
    uint64_t left = due_ms > now ? due_ms - now : 1;
    struct timeval tv = {.tv_sec = (time_t)(left / 1000), .tv_usec = (left % 1000) * 1000};
    p->timer_ms = due_ms;
    if (event_add(p->timer, &tv))
        event_active(p->timer, EV_TIMEOUT, 1); /* no memory: too early, rather than never */
}

/* Sends what waits, as far as there is room. */
static void pool_dispatch(struct pool *p)
{
    struct link *l;

    while (p->used > 0 && (l = pool_best(p))) {
        struct waiting *w = pool_shift(p);
        if (link_send(l, w->which, w->params, w->deadline_ms, w->number) < 0)
            pool_refuse(p, w);
        else
            free(w);
    }
    /* With no connection left nothing is going to move: what waits is told at once. */
    while (p->used > 0 && !pool_up(p))
        pool_refuse(p, pool_shift(p));
}

static void pool_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pool *p = arg;
    uint64_t now = clock_mono_ms(), nearest = UINT64_MAX;
    size_t count = p->used;

    (void)fd;
    (void)what;
    p->timer_ms = 0;
    for (size_t i = 0; i < count && p->used > 0; i++) { /* once around, in order */
        struct waiting *w = pool_shift(p);
        if (w->deadline_ms <= now) {
            pool_refuse(p, w);
            continue;
        }
        if (w->deadline_ms < nearest)
            nearest = w->deadline_ms;
        p->waiting[(p->first + p->used++) % p->queue] = w;
    }
    if (nearest != UINT64_MAX)
        pool_arm(p, nearest);
}

static void pool_link_done(void *ctx, uint64_t number, const struct store_result *result)
{
    struct pool *p = ctx;

    p->done(p->ctx, number, result);
    if (!p->closing)
        pool_dispatch(p);
}

static void pool_link_changed(void *ctx)
{
    struct pool *p = ctx;

    if (!p->closing)
        pool_dispatch(p);
}

static const struct link_callbacks pool_links = {.up = pool_link_changed,
                                                 .down = pool_link_changed,
                                                 .changed = pool_link_changed,
                                                 .done = pool_link_done};

struct pool *pool_new(struct event_base *base, const struct store_options *o, struct log *log,
                      const struct store_statement *statements, size_t count, store_done *done,
                      void *ctx)
{
    struct link_options lo = {
        .conninfo = o->conninfo,
        .connect_ms = o->connect_ms,
        .retry_ms = o->retry_ms,
        .pipeline = o->pipeline > 0 ? o->pipeline : 1,
        .statements = statements,
        .count = count,
        /* Plans are kept, made perhaps when the tables were empty: none may scan a whole table. */
        .settings = {"statement_timeout", STATEMENT_TIMEOUT, "enable_seqscan", "off", "jit", "off"},
    };
    struct pool *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->queue = o->queue > 0 ? o->queue : 1;
    p->statements = statements;
    p->statement_count = count;
    p->done = done;
    p->ctx = ctx;
    p->links = calloc(o->connections > 0 ? o->connections : 1, sizeof(struct link *));
    p->waiting = calloc(p->queue, sizeof(struct waiting *));
    p->timer = evtimer_new(base, pool_timer, p);
    if (!p->links || !p->waiting || !p->timer)
        goto fail;
    while (p->count < o->connections) {
        p->links[p->count] = link_new(base, &lo, log, &pool_links, p);
        if (!p->links[p->count])
            goto fail;
        p->count++;
    }
    return p;
fail:
    pool_free(p);
    return NULL;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    p->closing = true;
    for (unsigned i = 0; i < p->count; i++)
        link_free(p->links[i]);
    p->count = 0; /* nothing more can be run from the callbacks below */
    while (p->used > 0)
        pool_refuse(p, pool_shift(p));
    if (p->timer)
        event_free(p->timer);
    free(p->links);
    free(p->waiting);
    free(p);
}

int pool_run(struct pool *p, size_t which, const struct store_param *params, uint64_t deadline_ms,
             uint64_t number)
{
    if (p->closing || which >= p->statement_count || !pool_up(p))
        return -1;
    struct link *l = p->used == 0 ? pool_best(p) : NULL;
    if (l)
        return link_send(l, which, params, deadline_ms, number);
    if (p->used >= p->queue)
        return -1;
    struct waiting *w =
        waiting_new(which, params, p->statements[which].params, deadline_ms, number);
    if (!w)
        return -1;
    p->waiting[(p->first + p->used++) % p->queue] = w;
    pool_arm(p, deadline_ms);
    return 0;
}

bool pool_up(const struct pool *p)
{
    for (unsigned i = 0; i < p->count; i++)
        if (link_ready(p->links[i]))
            return true;
    return false;
}

void pool_doubt(struct pool *p)
{
    for (unsigned i = 0; i < p->count; i++)
        link_doubt(p->links[i], SIGN_MS);
}

size_t pool_queued(const struct pool *p)
{
    return p->used;
}

struct pool_stats pool_stats(const struct pool *p)
{
    struct pool_stats stats = {.connections = p->count, .queued = p->used};

    for (unsigned i = 0; i < p->count; i++) {
        stats.ready += link_ready(p->links[i]);
        stats.in_flight += link_in_flight(p->links[i]);
        stats.connects += link_connects(p->links[i]);
    }
    return stats;
}
