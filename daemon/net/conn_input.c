#include "worker_private.h"

#include <errno.h>
#include <event2/buffer.h>
#include <spean/clock.h>
#include <string.h>
#include <sys/socket.h>

#define STRANGER_LOOK 256 /* bytes of a line that tell who is there */

bool conn_full(const struct conn *c)
{
    const struct net_limits *limits = &c->worker->limits;

    return c->in_flight >= limits->in_flight || evbuffer_get_length(c->out) > limits->output_mark ||
           (c->accounted > CONN_SMALL &&
            net_shared_buffered(c->worker->shared) > net_shared_high(limits->buffers));
}

/* Reads once into the worker's scratch space. -1: nothing to go on with. */
static int conn_read(struct conn *c)
{
    struct worker *w = c->worker;
    bool open = c->state == CONN_OPEN;
    size_t most = open && evbuffer_get_length(c->in) == 0 ? CONN_READ : sizeof w->scratch;
    ssize_t n =
        c->ssl != NULL ? conn_tls_recv(c, w->scratch, most) : recv(c->fd, w->scratch, most, 0);

    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_drop(c);
        return -1;
    }
    if (n == 0)
        c->eof = true;
    else if (open && evbuffer_add(c->in, w->scratch, (size_t)n) != 0) {
        conn_drop(c);
        return -1;
    }
    return 0;
}

void conn_on_readable(int fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (conn_tls_shaking(c)) {
        conn_tls_shake(c);
        conn_flush(c); /* what a connection beyond the limit is told */
        conn_review(c);
        return;
    }
    if (conn_read(c) != 0) {
        if (c->ssl_write)
            conn_review(c);
        return;
    }
    if (c->state == CONN_OPEN) {
        c->more = true;
        conn_lines(c);
        conn_flush(c);
    }
    conn_review(c);
}

/* Looks at what has not been looked at yet, chunk by chunk as it lies. */
static enum frame_result conn_scan(struct conn *c, size_t *ret_len)
{
    while (c->frame.seen < evbuffer_get_length(c->in)) {
        struct evbuffer_iovec v[8];
        struct evbuffer_ptr at;
        int n;

        if (evbuffer_ptr_set(c->in, &at, c->frame.seen, EVBUFFER_PTR_SET) != 0)
            return FRAME_MORE;
        n = evbuffer_peek(c->in, -1, &at, v, 8);
        for (int i = 0; i < n && i < 8; i++) {
            enum frame_result r = frame_scan(&c->frame, v[i].iov_base, v[i].iov_len, ret_len);

            if (r != FRAME_MORE)
                return r;
        }
    }
    return FRAME_MORE;
}

/* Hands one line of len bytes up and takes `whole` bytes (the line and its end) off the input. */
static void conn_line(struct conn *c, size_t len, size_t whole)
{
    struct worker *w = c->worker;
    char *line = (char *)evbuffer_pullup(c->in, (ev_ssize_t)len);

    if (len > 0 && line == NULL) { /* no memory: rather no connection than a lost request */
        conn_drop(c);
        return;
    }
    if (len > 0)
        len = frame_trim(line, len);
    if (len > 0) { /* empty lines are passed over */
        c->lines++;
        c->in_flight++;
        c->active_ms = clock_mono_ms();
        c->busy = true;
        w->callbacks->line(w->ctx, c->id, c->user, line, len);
        c->busy = false;
    }
    evbuffer_drain(c->in, whole);
}

/* After the callback has said what there is to say, nothing more is read. */
static void conn_end(struct conn *c, unsigned owed)
{
    c->busy = false;
    c->in_flight = owed; /* the refusal answers no request */
    c->lines++;
    conn_finish(c);
}

static void conn_too_long(struct conn *c)
{
    struct worker *w = c->worker;
    unsigned owed = c->in_flight;

    c->busy = true;
    w->callbacks->too_long(w->ctx, c->id, c->user, c->frame.limit);
    conn_end(c, owed);
}

/*
 * Looks at the beginning of the next line, which for TLS has no end. True: it was a stranger's;
 * what was asked before is still answered.
 */
static bool conn_stranger(struct conn *c)
{
    struct worker *w = c->worker;
    size_t len = evbuffer_get_length(c->in);
    unsigned owed = c->in_flight;
    enum frame_stranger what;
    const char *line = len == 0 ? NULL : (const char *)evbuffer_pullup(c->in, 1);
    const char *end;

    if (line == NULL || *line == '{' || *line == '[') /* a call: nothing more to look at */
        return false;
    if (len > STRANGER_LOOK)
        len = STRANGER_LOOK;
    line = (const char *)evbuffer_pullup(c->in, (ev_ssize_t)len);
    if (line == NULL)
        return false;
    end = memchr(line, '\n', len);
    what = frame_stranger(line, end == NULL ? len : (size_t)(end - line));
    if (what == STRANGER_NOT)
        return false;
    c->busy = true;
    w->callbacks->stranger(w->ctx, c->id, c->user, what);
    conn_end(c, owed);
    return true;
}

/* What is there is all there will be: a last line may lack its LF. */
static void conn_last(struct conn *c)
{
    size_t len = evbuffer_get_length(c->in);

    if (len > 0 && !c->cut)
        conn_line(c, len, len);
    conn_finish(c);
}

void conn_lines(struct conn *c)
{
    unsigned turn = c->worker->limits.turn;

    while (c->state == CONN_OPEN && c->more && !conn_full(c) && turn-- > 0) {
        size_t len = 0;

        if (conn_stranger(c))
            break;
        switch (conn_scan(c, &len)) {
        case FRAME_LINE:
            conn_line(c, len, len + 1);
            break;
        case FRAME_TOO_LONG:
            conn_too_long(c);
            break;
        case FRAME_MORE:
            c->more = false;
            if (c->eof)
                conn_last(c);
            break;
        }
    }
    if (c->state != CONN_OPEN)
        evbuffer_drain(c->in, evbuffer_get_length(c->in));
}
