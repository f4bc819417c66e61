#include "worker_private.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <spean/clock.h>
#include <spean/log.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void conn_on_writable(int fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (c->ssl_write) { /* what TLS has to say before it can go on */
        c->ssl_write = false;
        conn_on_readable(fd, what, arg);
        return;
    }
    conn_flush(c);
    if (c->state == CONN_OPEN)
        conn_lines(c);
    conn_flush(c);
    conn_review(c);
}

/* Everything of a connection that can fail; 0 or -1. */
static int conn_equip(struct conn *c)
{
    struct worker *w = c->worker;

    c->in = evbuffer_new();
    c->out = evbuffer_new();
    c->event_read = event_new(w->base, c->fd, EV_READ | EV_PERSIST, conn_on_readable, c);
    c->event_write = event_new(w->base, c->fd, EV_WRITE | EV_PERSIST, conn_on_writable, c);
    if (c->in == NULL || c->out == NULL || c->event_read == NULL || c->event_write == NULL)
        return -1;
    c->id = slot_table_add(&w->slots, c);
    return c->id == 0 ? -1 : 0;
}

struct conn *conn_new(struct worker *w, int fd, bool counted)
{
    struct conn *c = calloc(1, sizeof *c);

    if (c == NULL) {
        close(fd);
        atomic_fetch_sub(counted ? &w->shared->connections : &w->shared->refused, 1);
        return NULL;
    }
    c->worker = w;
    c->fd = fd;
    c->counted = counted;
    c->active_ms = clock_mono_ms();
    frame_init(&c->frame, w->limits.line_anonymous);
    if (conn_equip(c) != 0) {
        conn_free(c);
        return NULL;
    }
    return c;
}

void conn_free(struct conn *c)
{
    struct worker *w = c->worker;

    conn_drop(c);
    slot_table_remove(&w->slots, c->id);
    atomic_fetch_sub(c->counted ? &w->shared->connections : &w->shared->refused, 1);
    if (c->queued)
        TAILQ_REMOVE(&w->todo, c, todo);
    if (c->announced)
        w->callbacks->closed(w->ctx, c->id, c->user);
    if (c->event_read != NULL)
        event_free(c->event_read);
    if (c->event_write != NULL)
        event_free(c->event_write);
    if (c->in != NULL)
        evbuffer_free(c->in);
    if (c->out != NULL)
        evbuffer_free(c->out);
    free(c);
    worker_left(w);
}

void conn_turn(struct conn *c)
{
    if (c->state == CONN_DEAD) {
        conn_free(c);
        return;
    }
    conn_flush(c);
    conn_lines(c);
    conn_flush(c);
    conn_review(c);
}

void conn_flush(struct conn *c)
{
    int n;

    if (c->state == CONN_DEAD || conn_tls_shaking(c) || evbuffer_get_length(c->out) == 0)
        return;
    n = c->ssl != NULL ? conn_tls_send(c) : evbuffer_write(c->out, c->fd);
    if (n > 0)
        c->taken_ms = clock_mono_ms();
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        conn_drop(c);
}

void conn_account(struct conn *c)
{
    struct worker *w = c->worker;
    size_t total, held;

    if (c->state == CONN_DEAD)
        return;
    held = evbuffer_get_length(c->in) + evbuffer_get_length(c->out);
    if (held > c->accounted) {
        size_t grown = held - c->accounted;

        c->accounted = held;
        total = atomic_fetch_add(&w->shared->buffered, grown) + grown;
        if (total > w->limits.buffers)
            worker_relieve(w);
    } else if (held < c->accounted) {
        atomic_fetch_sub(&w->shared->buffered, c->accounted - held);
        c->accounted = held;
    }
}

void conn_settle(struct conn *c)
{
    if (c->state == CONN_DEAD)
        return;
    if (c->in_flight > 0)
        c->in_flight--;
    c->active_ms = clock_mono_ms();
    if (!c->busy)
        worker_queue(c->worker, c);
}

/* Drops one that did not take what it was sent. */
static void conn_drop_guilty(struct conn *c)
{
    atomic_fetch_add_explicit(&c->worker->shared->dropped, 1, memory_order_relaxed);
    conn_drop(c);
}

/* True if there is room for len bytes more; drops a client that does not read. */
static bool conn_has_room(struct conn *c, size_t len)
{
    size_t limit = c->worker->limits.output;
    size_t waiting = evbuffer_get_length(c->out);

    if (waiting == 0 || waiting + len <= limit)
        return true;
    conn_flush(c); /* perhaps it has read meanwhile */
    if (c->state == CONN_DEAD)
        return false;
    /* One answer alone always has room: its size is the service's business. */
    waiting = evbuffer_get_length(c->out);
    if (waiting == 0 || waiting + len <= limit)
        return true;
    log_event(c->worker->log, LOG_LEVEL_INFO, "slow_reader_dropped", "waiting=%zu limit=%zu",
              waiting, limit);
    conn_drop_guilty(c);
    return false;
}

/* All parts and an LF, in one piece. 0, or -1 and nothing was added. */
static int conn_put(struct conn *c, const struct iovec *parts, size_t count, size_t len)
{
    struct evbuffer_iovec room;
    char *to;

    if (evbuffer_reserve_space(c->out, (ev_ssize_t)len, &room, 1) != 1)
        return -1;
    to = room.iov_base;
    for (size_t i = 0; i < count; i++) {
        memcpy(to, parts[i].iov_base, parts[i].iov_len);
        to += parts[i].iov_len;
    }
    *to = '\n';
    room.iov_len = len;
    return evbuffer_commit_space(c->out, &room, 1);
}

void conn_send(struct conn *c, const struct iovec *parts, size_t count, bool settle)
{
    size_t len = 1;

    if (c->state == CONN_DEAD || c->state == CONN_LINGERING || c->closing)
        return;
    for (size_t i = 0; i < count; i++)
        len += parts[i].iov_len;
    if (!conn_has_room(c, len))
        return;
    if (evbuffer_get_length(c->out) == 0)
        c->taken_ms = clock_mono_ms();
    if (conn_put(c, parts, count, len) != 0) {
        conn_drop(c); /* an answer must not be missing between others */
        return;
    }
    conn_account(c);
    if (settle)
        conn_settle(c);
    else if (!c->busy)
        worker_queue(c->worker, c);
}

void conn_finish(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    c->state = CONN_FINISHING;
    c->more = false;
    c->deadline_ms = clock_mono_ms() + CONN_FINISH_MS;
    if (!c->busy) {
        evbuffer_drain(c->in, evbuffer_get_length(c->in));
        worker_queue(c->worker, c);
    }
}

/* For how long a client is waited for that has got everything, and may not have read it. */
static uint64_t conn_linger_end(const struct conn *c)
{
    return clock_mono_ms() + (c->worker->draining ? CONN_PART_MS : CONN_LINGER_MS);
}

void conn_retire(struct conn *c)
{
    if (c->state == CONN_LINGERING && conn_linger_end(c) < c->deadline_ms)
        c->deadline_ms = conn_linger_end(c);
    c->curt = c->state == CONN_OPEN && c->in_flight == 0 && evbuffer_get_length(c->in) == 0 &&
              evbuffer_get_length(c->out) == 0;
    conn_finish(c);
}

void conn_drop(struct conn *c)
{
    struct worker *w = c->worker;

    if (c->state == CONN_DEAD)
        return;
    c->state = CONN_DEAD;
    if (c->reading)
        event_del(c->event_read);
    if (c->writing)
        event_del(c->event_write);
    c->reading = c->writing = false;
    conn_tls_free(c);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->out != NULL)
        evbuffer_drain(c->out, evbuffer_get_length(c->out));
    /* The input stays: a handler may be looking at its line. It goes with the next turn. */
    atomic_fetch_sub(&w->shared->buffered, c->accounted);
    c->accounted = 0;
    if (c->id != 0)
        worker_queue(w, c);
}

/* Something waits for the client, and it has not taken a byte of it for too long. */
static bool conn_stalled(const struct conn *c, uint64_t now_ms)
{
    return evbuffer_get_length(c->out) > 0 && now_ms > c->taken_ms &&
           now_ms - c->taken_ms >= c->worker->limits.stall_ms;
}

/* Nothing is owed to it, and it has sent no whole line for longer than it may. */
static bool conn_idle(const struct conn *c, uint64_t now_ms)
{
    const struct net_limits *limits = &c->worker->limits;
    uint64_t quiet = now_ms > c->active_ms ? now_ms - c->active_ms : 0;

    if (c->in_flight > 0 || c->subscribed)
        return false;
    return quiet >= (c->trusted ? limits->idle_ms : limits->anonymous_ms);
}

void conn_tick(struct conn *c, uint64_t now_ms)
{
    switch (c->state) {
    case CONN_OPEN:
        if (conn_idle(c, now_ms))
            conn_drop(c);
        else if (conn_stalled(c, now_ms))
            conn_drop_guilty(c);
        else
            conn_review(c); /* the pressure on the buffers may be gone */
        break;
    case CONN_FINISHING:
    case CONN_LINGERING:
        if (now_ms >= c->deadline_ms)
            conn_drop(c);
        break;
    case CONN_DEAD:
        break;
    }
}

void conn_relimit(struct conn *c)
{
    const struct net_limits *limits = &c->worker->limits;

    c->frame.limit = c->trusted ? limits->line : limits->line_anonymous;
    if (!c->busy && c->state != CONN_DEAD)
        worker_queue(c->worker, c);
}

/* Adds or removes an event; false when the kernel refuses, which costs the connection its life. */
static bool conn_want(struct conn *c, struct event *event, bool *is, bool want)
{
    if (*is == want)
        return true;
    if ((want ? event_add(event, NULL) : event_del(event)) != 0) {
        conn_drop(c);
        return false;
    }
    *is = want;
    return true;
}

/* All that was to be said is with the kernel. */
static void conn_part(struct conn *c)
{
    conn_tls_bye(c);
    if (c->eof || c->curt || shutdown(c->fd, SHUT_WR) != 0) {
        conn_drop(c);
        return;
    }
    /* Closing with unread input would make a reset that overtakes our last words. */
    c->state = CONN_LINGERING;
    c->deadline_ms = conn_linger_end(c);
}

void conn_review(struct conn *c)
{
    bool full, out;

    conn_account(c);
    if (c->state == CONN_DEAD)
        return;
    if (c->state == CONN_FINISHING && (c->in_flight == 0 || c->closing) &&
        evbuffer_get_length(c->out) == 0)
        conn_part(c);
    if (c->state == CONN_LINGERING && c->eof)
        conn_drop(c);
    if (c->state == CONN_DEAD)
        return;
    full = c->state == CONN_OPEN && conn_full(c);
    out = c->ssl_write || (evbuffer_get_length(c->out) > 0 && !conn_tls_shaking(c));
    if (!conn_want(c, c->event_write, &c->writing, out) ||
        !conn_want(c, c->event_read, &c->reading, !c->eof && !full && !c->more))
        return;
    if (c->more && !full)
        worker_queue(c->worker, c);
}
