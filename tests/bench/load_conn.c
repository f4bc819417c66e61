#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LOGIN_S 10 /* how long the answer to the login may take */

uint64_t load_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A connected socket, or -1. */
static int address_connect(const char *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(address, ':');
    struct addrinfo *found = NULL;
    char host[64];
    int one = 1, fd = -1;

    if (colon == NULL || (size_t)(colon - address) >= sizeof host)
        return -1;
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -1;
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (connect(fd, found->ai_addr, found->ai_addrlen) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* Logs in and waits for the answer. 0 or -1. */
static int conn_login(struct load_conn *c, const char *token)
{
    const struct timeval patience = {.tv_sec = LOGIN_S};
    char line[512];
    size_t len = 0;
    int n = snprintf(line, sizeof line,
                     "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"auth.login\",\"params\":"
                     "{\"token\":\"%s\"}}\n",
                     token);

    if (n < 0 || (size_t)n >= sizeof line || send(c->fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
        setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        return -1;
    while (len == 0 || line[len - 1] != '\n') {
        ssize_t got = recv(c->fd, line + len, sizeof line - 1 - len, 0);
        if (got <= 0 || len + (size_t)got >= sizeof line - 1)
            return -1;
        len += (size_t)got;
    }
    line[len] = '\0';
    return strstr(line, "\"result\"") != NULL ? 0 : -1;
}

int conn_start(struct load_conn *c, struct load *l, const char *address, const char *token,
               size_t first_request)
{
    *c = (struct load_conn){.load = l, .fd = address_connect(address), .next = first_request};
    c->sent = calloc(l->depth, sizeof *c->sent);
    if (c->fd < 0 || c->sent == NULL) {
        fprintf(stderr, "spean-load: no connection to %s\n", address);
        return -1;
    }
    if (token != NULL && conn_login(c, token) != 0) {
        fprintf(stderr, "spean-load: the token was not accepted\n");
        return -1;
    }
    return 0;
}

void conn_stop(struct load_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->sent);
    free(c->out);
    *c = (struct load_conn){.fd = -1};
}

/* Writes what waits. 0; -1: it is gone. */
static int conn_write(struct load_conn *c)
{
    ssize_t n =
        send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return -1;
    if (n > 0)
        c->out_at += (size_t)n;
    c->blocked = c->out_at < c->out_len;
    if (!c->blocked)
        c->out_at = c->out_len = 0;
    return 0;
}

static int out_room(struct load_conn *c, size_t len)
{
    if (c->out_len + len <= c->out_cap)
        return 0;
    size_t cap = (c->out_len + len) * 2;
    char *out = realloc(c->out, cap);
    if (out == NULL)
        return -1;
    c->out = out;
    c->out_cap = cap;
    return 0;
}

static int conn_ask(struct load_conn *c, uint64_t now)
{
    struct load *l = c->load;
    const struct load_request *r = &l->requests.list[c->next];
    char id[24];
    int n = 0;

    if (r->id_len > 0)
        n = snprintf(id, sizeof id, "%" PRIu64, ++l->next_id);
    if (n < 0 || out_room(c, r->len + sizeof id) != 0)
        return -1;
    char *to = c->out + c->out_len;
    memcpy(to, r->text, r->id_at);
    memcpy(to + r->id_at, id, (size_t)n);
    memcpy(to + r->id_at + n, r->text + r->id_at + r->id_len, r->len - r->id_at - r->id_len);
    c->out_len += r->len - r->id_len + (size_t)n;
    c->next = c->next + 1 == l->requests.count ? 0 : c->next + 1;
    c->sent[(c->first + c->under_way++) % l->depth] = now;
    return 0;
}

int conn_fill(struct load_conn *c)
{
    uint64_t now = load_now_ns();

    while (c->under_way < c->load->depth) {
        if (c->load->every_ns > 0 && c->due > now)
            break;
        if (conn_ask(c, c->load->every_ns > 0 ? c->due : now) != 0)
            return -1;
        c->due += c->load->every_ns;
    }
    return c->out_len > c->out_at ? conn_write(c) : 0;
}

/* An answer has come whole. */
static void conn_answered(struct load_conn *c, uint64_t now, size_t len)
{
    struct load *l = c->load;
    size_t known = len < sizeof c->start ? len : sizeof c->start;

    if (l->counting) {
        hist_add(&l->hist, now - c->sent[c->first]);
        l->answers++;
        l->bytes += len;
        if (memmem(c->start, known, "\"error\":", 8) != NULL) {
            if (l->errors++ == 0)
                fprintf(stderr, "spean-load: %.*s\n", (int)known, c->start);
        }
    }
    c->first = (c->first + 1) % l->depth;
    c->under_way--;
    c->seen = 0;
}

/* Parts what came into answers. -1: one that nobody asked for. */
static int conn_take(struct load_conn *c, const char *p, size_t len, uint64_t now)
{
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - p) + 1;

        if (c->seen < sizeof c->start)
            memcpy(c->start + c->seen, p,
                   n < sizeof c->start - c->seen ? n : sizeof c->start - c->seen);
        c->seen += n;
        if (end != NULL) {
            if (c->under_way == 0)
                return -1;
            conn_answered(c, now, c->seen);
        }
        p += n;
        len -= n;
    }
    return 0;
}

int conn_turn(struct load_conn *c)
{
    ssize_t n = recv(c->fd, c->load->scratch, sizeof c->load->scratch, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return -1;
    if (n > 0 && conn_take(c, c->load->scratch, (size_t)n, load_now_ns()) != 0)
        return -1;
    return conn_fill(c);
}
