#include "worker_private.h"

#include <event2/event.h>
#include <signal.h>
#include <spean/clock.h>
#include <spean/log.h>
#include <spean/tls.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_MAX_MS 1000 /* an idle worker's heartbeat */
#define TICK_MIN_MS 20
#define TICK_DRAIN_MS 50 /* while those who are owed nothing any more are waited for */

static void worker_beat(struct worker *w)
{
    atomic_store_explicit(&w->heartbeat, clock_mono_ms(), memory_order_relaxed);
}

void worker_queue(struct worker *w, struct conn *c)
{
    static const struct timeval now = {0, 0};

    if (c->queued)
        return;
    c->queued = true;
    TAILQ_INSERT_TAIL(&w->todo, c, todo);
    /* By a timer, so that the sockets are looked at between two turns. If it can't be set (no
     * memory), the next tick makes up for it. */
    if (!evtimer_pending(w->event_turn, NULL))
        (void)evtimer_add(w->event_turn, &now);
}

/* One turn: everybody who has something to do gets a share. */
static void worker_turn(struct worker *w)
{
    struct conn_list todo = TAILQ_HEAD_INITIALIZER(todo);
    struct conn *c;

    TAILQ_CONCAT(&todo, &w->todo, todo);
    while ((c = TAILQ_FIRST(&todo)) != NULL) {
        TAILQ_REMOVE(&todo, c, todo);
        c->queued = false;
        conn_turn(c);
    }
    worker_beat(w);
}

static void worker_on_turn(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    worker_turn(arg);
}

static struct conn *worker_largest(const struct worker *w)
{
    struct conn *largest = NULL;

    for (uint32_t i = 0; i < w->slots.size; i++) {
        struct conn *c = w->slots.all[i].conn;

        if (c != NULL && c->accounted > CONN_SMALL &&
            (largest == NULL || c->accounted > largest->accounted))
            largest = c;
    }
    return largest;
}

static bool worker_drop_largest(struct worker *w)
{
    struct conn *c = worker_largest(w);

    if (c == NULL)
        return false;
    log_event(w->log, LOG_LEVEL_WARN, "buffers_full", "dropped=%zu buffered=%zu limit=%zu",
              c->accounted, net_shared_buffered(w->shared), w->limits.buffers);
    atomic_fetch_add_explicit(&w->shared->dropped, 1, memory_order_relaxed);
    conn_drop(c);
    return true;
}

void worker_relieve(struct worker *w)
{
    while (net_shared_buffered(w->shared) > w->limits.buffers && worker_drop_largest(w))
        ;
}

/* A second of pressure that did not go by itself costs the largest connection its place: those that
 * are not read from could otherwise hold the budget for as long as they please. */
static void worker_on_tick(int fd, short what, void *arg)
{
    struct worker *w = arg;
    uint64_t now = clock_mono_ms();

    (void)fd;
    (void)what;
    for (uint32_t i = 0; i < w->slots.size; i++)
        if (w->slots.all[i].conn != NULL)
            conn_tick(w->slots.all[i].conn, now);
    if (net_shared_buffered(w->shared) > net_shared_high(w->limits.buffers))
        worker_drop_largest(w);
    worker_turn(w);
}

/* A quarter of the shortest limit, so that none is overdrawn by more. */
static int worker_set_tick(struct worker *w)
{
    uint64_t ms = TICK_MAX_MS;
    struct timeval tv;

    if (w->limits.idle_ms / 4 < ms)
        ms = w->limits.idle_ms / 4;
    if (w->limits.stall_ms / 4 < ms)
        ms = w->limits.stall_ms / 4;
    if (w->limits.anonymous_ms / 4 < ms)
        ms = w->limits.anonymous_ms / 4;
    if (ms < TICK_MIN_MS)
        ms = TICK_MIN_MS;
    if (w->draining && ms > TICK_DRAIN_MS)
        ms = TICK_DRAIN_MS;
    tv.tv_sec = (time_t)(ms / 1000);
    tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
    return event_add(w->event_tick, &tv);
}

void worker_left(struct worker *w)
{
    if (w->draining && w->slots.used == 0)
        event_base_loopbreak(w->base);
}

static void worker_on_drain_end(int fd, short what, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)what;
    log_event(w->log, LOG_LEVEL_WARN, "drain_cut", "worker=%d connections=%u", w->number,
              (unsigned)w->slots.used);
    event_base_loopbreak(w->base);
}

/* When it has been asked for: no new lines; whoever is owed nothing leaves at once. */
static void worker_look_drain(struct worker *w)
{
    uint64_t now = clock_mono_ms(), deadline = atomic_load(&w->drain_ms);
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timeval tv = {(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};

    if (w->draining || deadline == 0)
        return;
    w->draining = true;
    for (uint32_t i = 0; i < w->slots.size; i++) {
        struct conn *c = w->slots.all[i].conn;

        if (c == NULL || c->state == CONN_DEAD)
            continue;
        conn_retire(c);
    }
    worker_set_tick(w);
    if (w->slots.used == 0 || event_add(w->event_drain, &tv) != 0)
        event_base_loopbreak(w->base);
}

static void worker_relimit(struct worker *w, const struct net_limits *limits)
{
    w->limits = *limits;
    for (uint32_t i = 0; i < w->slots.size; i++)
        if (w->slots.all[i].conn != NULL)
            conn_relimit(w->slots.all[i].conn);
    (void)worker_set_tick(w); /* it is pending: to move it needs no memory */
}

static void worker_read_letter(struct worker *w, const struct letter *l)
{
    switch (l->kind) {
    case LETTER_POST:
        w->callbacks->message(w->ctx, l->type, l->data);
        break;
    case LETTER_ADOPT:
        conn_open(w, l->fd, l->local, l->tls);
        break;
    case LETTER_REFUSE:
        conn_refuse(w, l->fd, l->tls);
        break;
    case LETTER_LIMITS:
        worker_relimit(w, &l->limits);
        break;
    case LETTER_TLS:
        for (uint32_t i = 0; i < w->slots.size; i++)
            if (w->slots.all[i].conn != NULL)
                conn_tls_review(w->slots.all[i].conn, l->tls);
        break;
    }
    tls_unref(l->tls);
}

static void worker_read_letters(struct worker *w, struct letter *l)
{
    while (l != NULL) {
        struct letter *next = l->next;

        worker_read_letter(w, l);
        free(l);
        l = next;
    }
}

static void worker_on_mail(int fd, short what, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)what;
    worker_read_letters(w, mailbox_take(&w->mailbox));
    worker_look_drain(w); /* after the letters that were there before it */
    worker_beat(w);
}

/* After the loop: nothing more is accepted, what was posted is handed over, everybody leaves. */
static void worker_end(struct worker *w)
{
    if (w->ended)
        return;
    w->ended = true;
    w->draining = true; /* sockets still in the mailbox are closed */
    worker_read_letters(w, mailbox_close(&w->mailbox));
    for (uint32_t i = 0; i < w->slots.size; i++)
        if (w->slots.all[i].conn != NULL)
            conn_free(w->slots.all[i].conn);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;

    worker_beat(w);
    if (event_base_dispatch(w->base) < 0)
        log_event(w->log, LOG_LEVEL_ERROR, "loop_failed", "worker=%d", w->number);
    worker_end(w);
    return NULL;
}

static int worker_equip(struct worker *w)
{
    /* The base is one thread's: no locks, and other threads come through the mailbox. */
    w->base = loop_new(false);
    if (w->base == NULL)
        return -1;
    w->event_mail = event_new(w->base, w->mailbox.fd, EV_READ | EV_PERSIST, worker_on_mail, w);
    w->event_turn = event_new(w->base, -1, 0, worker_on_turn, w);
    w->event_tick = event_new(w->base, -1, EV_PERSIST, worker_on_tick, w);
    w->event_drain = event_new(w->base, -1, 0, worker_on_drain_end, w);
    if (w->event_mail == NULL || w->event_turn == NULL || w->event_tick == NULL ||
        w->event_drain == NULL || event_add(w->event_mail, NULL) != 0)
        return -1;
    return worker_set_tick(w);
}

struct worker *worker_new(const struct worker_options *o)
{
    struct worker *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    if (mailbox_init(&w->mailbox) != 0) {
        free(w);
        return NULL;
    }
    w->limits = *o->limits;
    w->shared = o->shared;
    w->log = o->log;
    w->callbacks = o->callbacks;
    w->ctx = o->ctx;
    w->number = o->number;
    slot_table_init(&w->slots);
    TAILQ_INIT(&w->todo);
    worker_beat(w);
    if (worker_equip(w) != 0) {
        w->ended = true;
        worker_free(w);
        return NULL;
    }
    return w;
}

void worker_free(struct worker *w)
{
    struct event *events[4];

    if (w == NULL)
        return;
    worker_join(w);
    events[0] = w->event_mail;
    events[1] = w->event_turn;
    events[2] = w->event_tick;
    events[3] = w->event_drain;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i] != NULL)
            event_free(events[i]);
    if (w->base != NULL)
        event_base_free(w->base);
    slot_table_done(&w->slots);
    mailbox_done(&w->mailbox);
    free(w);
}

struct event_base *worker_base(struct worker *w)
{
    return w->base;
}

int worker_start(struct worker *w)
{
    char name[16];
    sigset_t all, before;
    int failed;

    /* Signals are the main thread's; a write to a closed socket must not kill. */
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    failed = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return -1;
    snprintf(name, sizeof name, "worker-%d", w->number);
    (void)pthread_setname_np(w->thread, name);
    w->running = true;
    return 0;
}

void worker_join(struct worker *w)
{
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
    worker_end(w); /* one that never ran */
}

uint64_t worker_heartbeat(const struct worker *w)
{
    return atomic_load_explicit(&w->heartbeat, memory_order_relaxed);
}
