/* What the other rooms and threads may ask of a worker. */
#include "worker_private.h"

#include <event2/buffer.h>
#include <spean/tls.h>

#include <unistd.h>

int worker_post(struct worker *w, int type, void *data)
{
    const struct letter l = {.kind = LETTER_POST, .type = type, .data = data, .fd = -1};

    return mailbox_put(&w->mailbox, &l);
}

static int worker_take(struct worker *w, const struct letter *l, atomic_uint *counter)
{
    atomic_fetch_add(counter, 1);
    if (mailbox_put(&w->mailbox, l) == 0)
        return 0;
    atomic_fetch_sub(counter, 1);
    tls_unref(l->tls);
    close(l->fd);
    return -1;
}

int worker_adopt(struct worker *w, int fd, bool local)
{
    const struct letter l = {.kind = LETTER_ADOPT, .fd = fd, .local = local};

    return worker_take(w, &l, &w->shared->connections);
}

int worker_adopt_tls(struct worker *w, int fd, struct tls *tls)
{
    const struct letter l = {.kind = LETTER_ADOPT, .fd = fd, .tls = tls_ref(tls)};

    return worker_take(w, &l, &w->shared->connections);
}

void worker_refuse(struct worker *w, int fd, struct tls *tls)
{
    const struct letter l = {.kind = LETTER_REFUSE, .fd = fd, .tls = tls_ref(tls)};

    atomic_fetch_add_explicit(&w->shared->turned_away, 1, memory_order_relaxed);
    (void)worker_take(w, &l, &w->shared->refused);
}

void worker_set_tls(struct worker *w, struct tls *tls)
{
    const struct letter l = {.kind = LETTER_TLS, .fd = -1, .tls = tls_ref(tls)};

    if (mailbox_put(&w->mailbox, &l) != 0)
        tls_unref(tls);
}

void worker_drain(struct worker *w, uint64_t deadline_ms)
{
    atomic_store(&w->drain_ms, deadline_ms > 0 ? deadline_ms : 1);
    mailbox_wake(&w->mailbox);
}

void worker_set_limits(struct worker *w, const struct net_limits *limits)
{
    const struct letter l = {.kind = LETTER_LIMITS, .fd = -1, .limits = *limits};

    (void)mailbox_put(&w->mailbox, &l);
}

/* A connection that somebody may still speak of: dead ones are as good as gone. */
static struct conn *conn_find(struct worker *w, uint64_t id)
{
    struct conn *c = slot_table_find(&w->slots, id);

    return c == NULL || c->state == CONN_DEAD ? NULL : c;
}

static void conn_find_send(struct worker *w, uint64_t conn, const char *bytes, size_t len,
                           bool settle)
{
    const struct iovec whole = {.iov_base = (char *)(uintptr_t)bytes, .iov_len = len};
    struct conn *c = conn_find(w, conn);

    if (c != NULL)
        conn_send(c, &whole, 1, settle);
}

void worker_conn_send(struct worker *w, uint64_t conn, const char *bytes, size_t len)
{
    conn_find_send(w, conn, bytes, len, true);
}

void worker_conn_sendv(struct worker *w, uint64_t conn, const struct iovec *parts, size_t count)
{
    struct conn *c = conn_find(w, conn);

    if (c != NULL)
        conn_send(c, parts, count, true);
}

void worker_conn_notify(struct worker *w, uint64_t conn, const char *bytes, size_t len)
{
    conn_find_send(w, conn, bytes, len, false);
}

void worker_conn_done(struct worker *w, uint64_t conn)
{
    struct conn *c = conn_find(w, conn);

    if (c != NULL)
        conn_settle(c);
}

void worker_conn_close(struct worker *w, uint64_t conn)
{
    struct conn *c = conn_find(w, conn);

    if (c == NULL)
        return;
    c->closing = true;
    conn_finish(c);
    if (!c->busy)
        worker_queue(w, c);
}

void worker_conn_trust(struct worker *w, uint64_t conn, bool trusted)
{
    struct conn *c = conn_find(w, conn);

    if (c == NULL)
        return;
    c->trusted = trusted;
    conn_relimit(c);
}

void worker_conn_subscribe(struct worker *w, uint64_t conn, bool on)
{
    struct conn *c = conn_find(w, conn);

    if (c != NULL)
        c->subscribed = on;
}

size_t worker_conn_waiting(struct worker *w, uint64_t conn)
{
    struct conn *c = conn_find(w, conn);

    return c == NULL ? 0 : evbuffer_get_length(c->out);
}

void *worker_conn_user(struct worker *w, uint64_t conn)
{
    struct conn *c = conn_find(w, conn);

    return c == NULL ? NULL : c->user;
}
