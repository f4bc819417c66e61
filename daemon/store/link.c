#include "link_private.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS 1000 /* a server that has come back is found within about a second */

static void link_attempt(struct link *l);

void link_arm(struct link *l, uint64_t due_ms)
{
    if (due_ms == UINT64_MAX || (l->timer_ms && l->timer_ms <= due_ms))
        return;
    uint64_t now = clock_mono_ms();
    uint64_t left = due_ms > now ? due_ms - now : 1;
    struct timeval tv = {.tv_sec = (time_t)(left / 1000), .tv_usec = (left % 1000) * 1000};
    l->timer_ms = due_ms;
    if (event_add(l->timer, &tv))
        event_active(l->timer, EV_TIMEOUT, 1); /* no memory: too early, rather than never */
}

static void link_disarm(struct link *l)
{
    l->timer_ms = 0;
    event_del(l->timer);
}

/* Waits with jitter, so that many links do not come back in step, then twice as long. */
static void link_wait(struct link *l)
{
    l->random = l->random * 1664525u + 1013904223u;
    uint64_t span = l->wait_ms / 2 + 1;
    uint64_t wait = l->wait_ms - l->wait_ms / 4 + (l->random >> 8) % span;

    l->wait_ms = l->wait_ms * 2 < WAIT_MAX_MS ? l->wait_ms * 2 : WAIT_MAX_MS;
    if (l->wait_ms < l->o.retry_ms)
        l->wait_ms = l->o.retry_ms;
    l->state = LINK_WAITING;
    link_arm(l, clock_mono_ms() + wait);
}

/* A reason is logged once, not at each attempt. */
static void link_report(struct link *l, const char *why)
{
    char quoted[256];

    if (strcmp(l->reported, why) == 0)
        return;
    snprintf(l->reported, sizeof(l->reported), "%s", why);
    log_event(l->log, LOG_LEVEL_WARN, "store_down", "reason=%s",
              log_quote(quoted, sizeof(quoted), why, strlen(why)));
}

static void link_close(struct link *l)
{
    if (l->io)
        event_free(l->io);
    if (l->write)
        event_free(l->write);
    l->io = l->write = NULL;
    event_del(l->defer);
    l->breaking = l->doubted = l->silent = false;
    link_disarm(l);
    resolver_free(l->resolver);
    l->resolver = NULL;
    PQfinish(l->conn);
    l->conn = NULL;
}

/* The one way down. why may lie in the connection's memory. */
void link_drop(struct link *l, const char *why)
{
    char reason[sizeof(l->why)];
    bool was_ready = l->state == LINK_READY;

    snprintf(reason, sizeof(reason), "%s", why && why[0] ? why : "connection lost");
    reason[strcspn(reason, "\n")] = '\0';
    link_report(l, reason);
    l->state = LINK_WAITING; /* nothing can be sent from the callbacks below */
    link_close(l);
    link_abandon(l, clock_mono_ms());
    if (was_ready && l->callbacks.down)
        l->callbacks.down(l->ctx);
    link_wait(l);
}

static void link_deferred(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;

    (void)fd;
    (void)what;
    if (l->breaking)
        link_drop(l, l->why);
}

void link_break(struct link *l, const char *why)
{
    if (l->breaking || l->state == LINK_WAITING)
        return;
    l->breaking = true;
    snprintf(l->why, sizeof(l->why), "%s", why && why[0] ? why : "connection lost");
    event_active(l->defer, 0, 0);
}

void link_became_ready(struct link *l)
{
    l->state = LINK_READY;
    l->connects++;
    l->wait_ms = l->o.retry_ms;
    l->reported[0] = '\0';
    link_disarm(l);
    log_event(l->log, LOG_LEVEL_INFO, "store_up", "server_version=%d backend=%d",
              PQserverVersion(l->conn), PQbackendPID(l->conn));
    if (l->callbacks.up)
        l->callbacks.up(l->ctx);
}

size_t link_in_flight(const struct link *l)
{
    return l->used;
}

const char *link_server(const struct link *l)
{
    return l->server;
}

uint64_t link_connects(const struct link *l)
{
    return l->connects;
}

static void link_no_notice(void *ctx, const PGresult *res)
{
    (void)ctx;
    (void)res;
}

static void link_connected(struct link *l)
{
    int fd = PQsocket(l->conn);

    event_free(l->io);
    l->io = event_new(l->base, fd, EV_READ | EV_PERSIST, link_io, l);
    l->write = event_new(l->base, fd, EV_WRITE, link_io, l);
    PQsetNoticeReceiver(l->conn, link_no_notice, NULL);
    if (!l->io || !l->write || event_add(l->io, NULL) || PQsetnonblocking(l->conn, 1) ||
        PQenterPipelineMode(l->conn) != 1 || link_prepare(l) < 0) {
        link_drop(l, PQerrorMessage(l->conn));
        return;
    }
    l->state = LINK_PREPARING;
}

static void link_connect_io(evutil_socket_t fd, short what, void *arg);

/* libpq may change sockets between two looks, so the event is made anew each time. */
static void link_watch(struct link *l, short what)
{
    if (l->io)
        event_free(l->io);
    l->io = event_new(l->base, PQsocket(l->conn), what, link_connect_io, l);
    if (!l->io || event_add(l->io, NULL))
        link_drop(l, "no memory for an event");
}

static void link_connect_io(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;

    (void)fd;
    (void)what;
    switch (PQconnectPoll(l->conn)) {
    case PGRES_POLLING_READING:
        link_watch(l, EV_READ);
        break;
    case PGRES_POLLING_WRITING:
        link_watch(l, EV_WRITE);
        break;
    case PGRES_POLLING_OK:
        link_connected(l);
        break;
    default:
        /* libpq asks no further host once one has answered, say that it has no such database, or
         * not yet: the next attempt begins with another. */
        l->turn++;
        link_drop(l, PQerrorMessage(l->conn));
    }
}

static void link_connect(struct link *l, const struct targets *t)
{
    l->state = LINK_CONNECTING;
    l->conn = conninfo_start(l->conninfo, t);
    if (!l->conn)
        link_drop(l, "no memory for a connection");
    else if (PQstatus(l->conn) == CONNECTION_BAD)
        link_drop(l, PQerrorMessage(l->conn));
    else
        link_watch(l, EV_WRITE);
}

static void link_resolved(void *ctx, const struct targets *t, const char *err)
{
    struct link *l = ctx;

    struct targets turned = {0};

    if (!t) {
        link_drop(l, err);
    } else if (targets_turn(t, l->turn, &turned) < 0) {
        link_drop(l, "no memory for addresses");
    } else {
        link_connect(l, &turned);
        targets_done(&turned);
    }
}

static void link_attempt(struct link *l)
{
    l->connect_deadline_ms = clock_mono_ms() + l->o.connect_ms;
    link_arm(l, l->connect_deadline_ms);
    if (!conninfo_has_targets(l->conninfo)) {
        link_connect(l, NULL);
        return;
    }
    l->state = LINK_RESOLVING;
    l->resolver = resolver_start(l->base, l->conninfo, link_resolved, l);
    if (!l->resolver)
        link_drop(l, "no thread to look host names up");
}

/* libpq goes on to the next host when one refuses, but waits for ever for one that hangs. */
static void link_late(struct link *l)
{
    l->turn++;
    link_drop(l, "no connection within the time allowed");
}

static void link_timer(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;
    uint64_t now = clock_mono_ms();
    uint64_t due = l->timer_ms;

    (void)fd;
    (void)what;
    l->timer_ms = 0;
    if (now < due) { /* the loop's clock is coarser than ours */
        link_arm(l, due);
        return;
    }
    if (l->state == LINK_WAITING)
        link_attempt(l);
    else if (l->state != LINK_READY)
        link_late(l);
    else if (link_nearest(l) <= now)
        link_drop(l, "no answer within the time allowed");
    else
        link_look(l, now);
}

struct link *link_new(struct event_base *base, const struct link_options *o, struct log *log,
                      const struct link_callbacks *callbacks, void *ctx)
{
    struct link *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->base = base;
    l->o = *o;
    l->o.conninfo = NULL;
    if (l->o.retry_ms == 0)
        l->o.retry_ms = 1;
    l->wait_ms = l->o.retry_ms;
    l->log = log;
    l->callbacks = *callbacks;
    l->ctx = ctx;
    l->random = (uint32_t)((uintptr_t)l >> 4) ^ (uint32_t)clock_mono_ms();
    l->size = o->pipeline > o->count + 4 ? o->pipeline : o->count + 4;
    l->conninfo = strdup(o->conninfo);
    l->flights = calloc(l->size, sizeof(*l->flights));
    l->timer = evtimer_new(base, link_timer, l);
    l->defer = event_new(base, -1, 0, link_deferred, l);
    if (!l->conninfo || !l->flights || !l->timer || !l->defer) {
        link_free(l);
        return NULL;
    }
    link_arm(l, clock_mono_ms()); /* the first attempt comes from the loop, not from here */
    return l;
}

void link_free(struct link *l)
{
    if (!l)
        return;
    l->state = LINK_WAITING;
    if (l->timer && l->defer)
        link_close(l);
    if (l->flights)
        link_abandon(l, clock_mono_ms());
    if (l->timer)
        event_free(l->timer);
    if (l->defer)
        event_free(l->defer);
    free(l->flights);
    free(l->conninfo);
    free(l);
}
