#ifndef SPEAN_TEST_NET_WORLD_H
#define SPEAN_TEST_NET_WORLD_H

/*
 * A worker with a small handler, and blocking clients. The handler echoes a line, but:
 * "hold" waits for MESSAGE_RELEASE, "big N" answers N bytes, "push N" notifies N bytes, "bye"
 * closes after its answer, "silent" is settled without one, "trust" and "subscribe" do that and
 * echo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spean/clock.h>
#include <spean/net.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define WORLD_ORDER 4096
#define WORLD_HELD 1024

enum { MESSAGE_RELEASE = 100, MESSAGE_COUNT, MESSAGE_SEND_STALE, MESSAGE_FLOOD, MESSAGE_CLOSE };

struct world {
    struct net_shared *shared;
    struct worker *worker;
    struct net_limits limits;
    atomic_int opened, closed, lines, too_long, stranger, messages, what;
    atomic_size_t limit_seen, buffered_seen;
    /* The worker's thread only, or after it has been joined. */
    uint64_t held[WORLD_HELD];
    size_t held_count;
    char order[WORLD_ORDER]; /* first letters of the lines, as they came */
    size_t order_count;
    bool refuse;
    struct conn_peer peer; /* of the last one opened */
    uint64_t last;
    char marks[8]; /* conn_user values */
};

static inline int world_opened(void *ctx, uint64_t conn, const struct conn_peer *peer, void **user)
{
    struct world *x = ctx;

    x->peer = *peer;
    x->last = conn;
    *user = x->marks;
    if (x->refuse) {
        worker_conn_notify(x->worker, conn, "refused", 7);
        return -1;
    }
    atomic_fetch_add(&x->opened, 1);
    return 0;
}

static inline void world_bytes(struct world *x, uint64_t conn, size_t n, bool settles)
{
    char *bytes = malloc(n);

    assert_non_null(bytes);
    memset(bytes, 'b', n);
    if (settles)
        worker_conn_send(x->worker, conn, bytes, n);
    else
        worker_conn_notify(x->worker, conn, bytes, n);
    free(bytes);
}

static inline void world_line(void *ctx, uint64_t conn, void *user, const char *line, size_t len)
{
    struct world *x = ctx;

    (void)user;
    if (x->order_count < WORLD_ORDER)
        x->order[x->order_count++] = line[0];
    atomic_fetch_add(&x->lines, 1);
    if (len == 4 && memcmp(line, "hold", 4) == 0) {
        if (x->held_count < WORLD_HELD)
            x->held[x->held_count++] = conn;
        return;
    }
    if (len > 4 && memcmp(line, "big ", 4) == 0) {
        world_bytes(x, conn, (size_t)strtoul(line + 4, NULL, 10), true);
        return;
    }
    if (len > 5 && memcmp(line, "push ", 5) == 0) {
        for (int i = 0; i < 64; i++)
            world_bytes(x, conn, (size_t)strtoul(line + 5, NULL, 10), false);
        worker_conn_done(x->worker, conn);
        return;
    }
    if (len == 6 && memcmp(line, "silent", 6) == 0) {
        worker_conn_done(x->worker, conn);
        return;
    }
    if (len == 5 && memcmp(line, "trust", 5) == 0)
        worker_conn_trust(x->worker, conn, true);
    if (len == 9 && memcmp(line, "subscribe", 9) == 0)
        worker_conn_subscribe(x->worker, conn, true);
    worker_conn_send(x->worker, conn, line, len);
    if (len == 3 && memcmp(line, "bye", 3) == 0) {
        worker_conn_close(x->worker, conn);
        worker_conn_send(x->worker, conn, "never", 5);
    }
}

static inline void world_too_long(void *ctx, uint64_t conn, void *user, size_t limit)
{
    struct world *x = ctx;

    (void)user;
    atomic_fetch_add(&x->too_long, 1);
    atomic_store(&x->limit_seen, limit);
    worker_conn_send(x->worker, conn, "too long", 8);
}

static inline void world_stranger(void *ctx, uint64_t conn, void *user, int what)
{
    struct world *x = ctx;

    (void)user;
    atomic_fetch_add(&x->stranger, 1);
    atomic_store(&x->what, what);
    worker_conn_send(x->worker, conn, "stranger", 8);
}

static inline void world_closed(void *ctx, uint64_t conn, void *user)
{
    struct world *x = ctx;

    assert_ptr_equal(user, x->marks);
    assert_null(worker_conn_user(x->worker, conn));
    atomic_fetch_add(&x->closed, 1);
}

/* All that can be done to a connection, to one that is gone. */
static inline void world_stale(struct world *x, uint64_t conn)
{
    worker_conn_send(x->worker, conn, "stale", 5);
    worker_conn_notify(x->worker, conn, "stale", 5);
    worker_conn_done(x->worker, conn);
    worker_conn_trust(x->worker, conn, true);
    worker_conn_subscribe(x->worker, conn, true);
    assert_int_equal(worker_conn_waiting(x->worker, conn), 0);
    assert_null(worker_conn_user(x->worker, conn));
    worker_conn_close(x->worker, conn);
}

static inline void world_message(void *ctx, int type, void *data)
{
    struct world *x = ctx;

    if (type == MESSAGE_RELEASE) {
        for (size_t i = 0; i < x->held_count; i++)
            worker_conn_send(x->worker, x->held[i], "released", 8);
        x->held_count = 0;
    }
    if (type == MESSAGE_FLOOD) { /* 300,000 bytes to everybody who waits */
        for (size_t i = 0; i < x->held_count; i++)
            world_bytes(x, x->held[i], 300000, true);
        x->held_count = 0;
        atomic_store(&x->buffered_seen, net_shared_buffered(x->shared));
    }
    if (type == MESSAGE_SEND_STALE)
        world_stale(x, *(uint64_t *)data);
    if (type == MESSAGE_CLOSE)
        worker_conn_close(x->worker, *(uint64_t *)data);
    atomic_fetch_add(&x->messages, 1);
}

static const struct worker_callbacks world_callbacks = {
    .opened = world_opened,
    .line = world_line,
    .too_long = world_too_long,
    .stranger = world_stranger,
    .closed = world_closed,
    .message = world_message,
};

static inline struct net_limits world_limits(void)
{
    return (struct net_limits){.line = 1 << 20,
                               .line_anonymous = 1000,
                               .output = 1 << 20,
                               .output_mark = 1 << 18,
                               .buffers = 64 << 20,
                               .in_flight = 64,
                               .connections = 100,
                               .turn = 16,
                               .idle_ms = 60000,
                               .stall_ms = 60000,
                               .anonymous_ms = 60000};
}

/* Not started yet. */
static inline struct world *world_new(const struct net_limits *limits)
{
    struct world *x = calloc(1, sizeof *x);
    struct worker_options o = {0};

    assert_non_null(x);
    signal(SIGPIPE, SIG_IGN);
    x->limits = *limits;
    x->shared = net_shared_new();
    assert_non_null(x->shared);
    o.limits = limits;
    o.shared = x->shared;
    o.callbacks = &world_callbacks;
    o.ctx = x;
    x->worker = worker_new(&o);
    assert_non_null(x->worker);
    return x;
}

static inline struct world *world_start(const struct net_limits *limits)
{
    struct world *x = world_new(limits);

    assert_int_equal(worker_start(x->worker), 0);
    return x;
}

/* Every end checks that nothing is left over. */
static inline void world_end(struct world *x)
{
    worker_drain(x->worker, clock_mono_ms() + 5000);
    worker_join(x->worker);
    assert_int_equal(atomic_load(&x->opened), atomic_load(&x->closed));
    assert_int_equal(net_shared_connections(x->shared), 0);
    assert_int_equal(net_shared_buffered(x->shared), 0);
    worker_free(x->worker);
    net_shared_free(x->shared);
    free(x);
}

/* Waits for a condition, a minute at most. */
#define wait_until(condition)                                                                      \
    do {                                                                                           \
        const struct timespec moment = {0, 1000000};                                               \
        int patience = 60000;                                                                      \
                                                                                                   \
        while (!(condition) && patience-- > 0)                                                     \
            nanosleep(&moment, NULL);                                                              \
        assert_true(condition);                                                                    \
    } while (0)

/* The worker has done `n` more turns over its mailbox: what it was going to do by itself is done.
 */
static inline void world_settle(struct world *x)
{
    for (int i = 0; i < 3; i++) {
        int before = atomic_load(&x->messages);

        assert_int_equal(worker_post(x->worker, MESSAGE_COUNT, NULL), 0);
        wait_until(atomic_load(&x->messages) > before);
    }
}

static inline void client_patience(int fd)
{
    const struct timeval tv = {60, 0};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv), 0);
}

/* A client's end; the other end is given to the worker when `adopt` is called. */
static inline int client_pair(int *ret_server)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    client_patience(fds[0]);
    *ret_server = fds[1];
    return fds[0];
}

static inline int client_new(struct world *x)
{
    int server, client = client_pair(&server);

    assert_int_equal(worker_adopt(x->worker, server, true), 0);
    return client;
}

static inline void client_write(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 &&
            errno == EINTR) /* it was stopped and goes on: a socket with a time limit says so */
            continue;
        assert_true(n > 0);
        bytes += n;
        len -= (size_t)n;
    }
}

static inline void client_say(int fd, const char *text)
{
    client_write(fd, text, strlen(text));
}

/* One line without its LF; the length, or -1 at the end of input. */
static inline ssize_t client_line(int fd, char *line, size_t size)
{
    size_t len = 0;
    bool ended = false;

    while (!ended) {
        char part[65536], *lf;
        ssize_t n = recv(fd, part, sizeof part, MSG_PEEK);

        if (n == 0)
            return -1;
        assert_true(n > 0);
        lf = memchr(part, '\n', (size_t)n);
        ended = lf != NULL;
        if (ended)
            n = lf - part;
        assert_true(len + (size_t)n < size);
        memcpy(line + len, part, (size_t)n);
        len += (size_t)n;
        assert_int_equal(recv(fd, part, (size_t)n + ended, 0), n + ended);
    }
    line[len] = '\0';
    return (ssize_t)len;
}

/* One that has spoken before the worker gets it, so that no limit of time can pass before that. */
static inline int client_new_saying(struct world *x, const char *text)
{
    int server, client = client_pair(&server);

    client_say(client, text);
    assert_int_equal(worker_adopt(x->worker, server, true), 0);
    return client;
}

static inline void client_expect(int fd, const char *line)
{
    char got[4096];

    assert_true(client_line(fd, got, sizeof got) >= 0);
    assert_string_equal(got, line);
}

/* The other side has closed; a reset counts when `reset` is set. */
static inline void client_expect_end(int fd, bool reset)
{
    char bytes[4096];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        assert_true(reset);
    assert_true(n == 0 || (reset && errno == ECONNRESET)); /* and not: nothing for a minute */
}

#endif
