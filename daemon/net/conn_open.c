#include "worker_private.h"

#include <arpa/inet.h>
#include <event2/util.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spean/buf.h>
#include <spean/clock.h>
#include <spean/ident.h>
#include <spean/rpc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A peer that went without a word is noticed within so long: it is asked after a third of it, given
 * up after half of it, and if something was sent to it just then, after as much again. The kernel
 * takes its time beyond that when the link is down. Best effort: a socket without still works. */
static void socket_tune(int fd, uint64_t dead_peer_ms)
{
    int seconds =
        dead_peer_ms / 1000 < INT_MAX / 1000 ? (int)(dead_peer_ms / 1000) : INT_MAX / 1000;
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, seconds / 3},
        {IPPROTO_TCP, TCP_KEEPINTVL, seconds / 12 > 0 ? seconds / 12 : 1},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000 / 2},
    };
    size_t count = seconds > 2 ? sizeof options / sizeof *options : 1;

    for (size_t i = 0; i < count; i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof options[i].value);
}

static int peer_local(int fd, struct conn_peer *peer)
{
    struct ucred who;
    socklen_t len = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return -1;
    peer->local = true;
    peer->uid = who.uid;
    peer->gid = who.gid;
    peer->pid = who.pid;
    snprintf(peer->address, sizeof peer->address, "unix");
    return 0;
}

int conn_peer_address(int fd, struct conn_peer *peer)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    socklen_t len = sizeof a;
    char host[INET6_ADDRSTRLEN];

    peer->uid = (uid_t)-1;
    peer->gid = (gid_t)-1;
    memset(&a, 0, sizeof a);
    if (getpeername(fd, &a.any, &len) != 0)
        return -1;
    if (a.any.sa_family == AF_INET && inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host)) {
        snprintf(peer->address, sizeof peer->address, "%s:%u", host, ntohs(a.v4.sin_port));
        memset(peer->ip + 10, 0xff, 2);
        memcpy(peer->ip + 12, &a.v4.sin_addr, 4);
    } else if (a.any.sa_family == AF_INET6 &&
               inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host)) {
        snprintf(peer->address, sizeof peer->address, "[%s]:%u", host, ntohs(a.v6.sin6_port));
        memcpy(peer->ip, &a.v6.sin6_addr, sizeof peer->ip);
    } else {
        return -1;
    }
    return 0;
}

void conn_announce(struct conn *c, const struct conn_peer *peer)
{
    struct worker *w = c->worker;

    c->busy = true;
    if (w->callbacks->opened(w->ctx, c->id, peer, &c->user) == 0) {
        c->announced = true;
        atomic_fetch_add_explicit(&w->shared->opened, 1, memory_order_relaxed);
    } else {
        c->closing = true;
        conn_finish(c);
    }
    c->busy = false;
}

/* One whose handshake can't begin is gone. */
static struct conn *conn_new_tls(struct worker *w, int fd, bool counted, struct tls *tls)
{
    struct conn *c = conn_new(w, fd, counted);

    if (c == NULL || tls == NULL || conn_tls_begin(c, tls) == 0)
        return c;
    conn_free(c);
    return NULL;
}

void conn_open(struct worker *w, int fd, bool local, struct tls *tls)
{
    struct conn_peer peer = {0};
    struct conn *c;

    if (w->draining || evutil_make_socket_nonblocking(fd) != 0 ||
        (local ? peer_local(fd, &peer) : conn_peer_address(fd, &peer)) != 0) {
        close(fd);
        atomic_fetch_sub(&w->shared->connections, 1);
        return;
    }
    if (!local)
        socket_tune(fd, w->limits.dead_peer_ms);
    c = conn_new_tls(w, fd, true, tls);
    if (c == NULL)
        return;
    if (tls == NULL)
        conn_announce(c, &peer);
    conn_flush(c);
    conn_review(c);
}

/* The one answer that this room gives by itself. */
static void refusal_write(struct buf *out)
{
    uint8_t id[IDENT_BYTES];
    char request_id[IDENT_TEXT] = "";
    struct rpc_error e = {0};

    if (ident_make(id, clock_wall_ms()) == 0)
        ident_format(id, request_id);
    rpc_error_set(&e, RPC_UNAVAILABLE, RPC_CROWDED, "Too many connections, try later");
    (void)rpc_write_error(out, NULL, &e, request_id);
    rpc_error_done(&e);
}

void conn_refuse(struct worker *w, int fd, struct tls *tls)
{
    struct conn *c;
    struct buf line;

    if (evutil_make_socket_nonblocking(fd) != 0) {
        close(fd);
        atomic_fetch_sub(&w->shared->refused, 1);
        return;
    }
    c = conn_new_tls(w, fd, false, tls);
    if (c == NULL)
        return;
    buf_init(&line, 1024);
    refusal_write(&line);
    if (!line.failed && line.len > 0)
        conn_send(c, &(struct iovec){.iov_base = line.data, .iov_len = line.len}, 1, false);
    buf_done(&line);
    conn_finish(c);
    c->deadline_ms = clock_mono_ms() + CONN_LINGER_MS;
    conn_flush(c);
    conn_review(c);
}
