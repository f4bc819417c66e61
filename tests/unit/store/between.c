#include "between.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS 16 /* connections at a time */
#define MESSAGE_MAX (1 << 26)

struct pair {
    struct between *between;
    struct bufferevent *client, *server;
};

struct between {
    struct event_base *base;
    struct evconnlistener *listener;
    struct sockaddr_un here, there;
    char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
    between_fn *change;
    void *ctx;
    struct pair pairs[PAIRS];
};

static void pair_close(struct pair *p)
{
    if (p->client)
        bufferevent_free(p->client);
    if (p->server)
        bufferevent_free(p->server);
    p->client = p->server = NULL;
}

static void on_client(struct bufferevent *from, void *arg)
{
    struct pair *p = arg;

    bufferevent_read_buffer(from, bufferevent_get_output(p->server));
}

void between_say(struct buf *out, char type, const void *body, size_t len)
{
    uint32_t n = htonl((uint32_t)len + 4);

    buf_addc(out, type);
    buf_add(out, &n, sizeof(n));
    buf_add(out, body, len);
}

/* One whole message, or false. */
static bool hand_on(struct pair *p, struct evbuffer *from, struct evbuffer *to)
{
    unsigned char head[5];
    uint32_t n;
    struct buf out;

    if (evbuffer_copyout(from, head, sizeof(head)) < (ev_ssize_t)sizeof(head))
        return false;
    memcpy(&n, head + 1, sizeof(n));
    size_t len = 1 + (size_t)ntohl(n);
    if (len < sizeof(head) || evbuffer_get_length(from) < len)
        return false;
    const char *all = (const char *)evbuffer_pullup(from, (ev_ssize_t)len);
    buf_init(&out, MESSAGE_MAX);
    if (!all || !p->between->change(p->between->ctx, all[0], all + 5, len - 5, &out))
        evbuffer_add(to, all, all ? len : 0);
    else
        evbuffer_add(to, out.data, out.len);
    evbuffer_drain(from, len);
    buf_done(&out);
    return true;
}

static void on_server(struct bufferevent *from, void *arg)
{
    struct pair *p = arg;

    while (hand_on(p, bufferevent_get_input(from), bufferevent_get_output(p->client)))
        continue;
}

static void on_end(struct bufferevent *ev, short what, void *arg)
{
    (void)ev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        pair_close(arg);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *peer, int len, void *arg)
{
    struct between *b = arg;
    struct pair *p = b->pairs;

    (void)listener;
    (void)peer;
    (void)len;
    while (p < b->pairs + PAIRS && p->client)
        p++;
    if (p == b->pairs + PAIRS) {
        close(fd);
        return;
    }
    p->between = b;
    p->client = bufferevent_socket_new(b->base, fd, BEV_OPT_CLOSE_ON_FREE);
    p->server = bufferevent_socket_new(b->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!p->client || !p->server ||
        bufferevent_socket_connect(p->server, (struct sockaddr *)&b->there, sizeof(b->there)) < 0) {
        pair_close(p);
        return;
    }
    bufferevent_setcb(p->client, on_client, NULL, on_end, p);
    bufferevent_setcb(p->server, on_server, NULL, on_end, p);
    bufferevent_enable(p->client, EV_READ | EV_WRITE);
    bufferevent_enable(p->server, EV_READ | EV_WRITE);
}

struct between *between_new(struct event_base *base, const char *dir, const char *where,
                            between_fn *change, void *ctx)
{
    struct between *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->base = base;
    b->change = change;
    b->ctx = ctx;
    b->here.sun_family = b->there.sun_family = AF_UNIX;
    snprintf(b->dir, sizeof(b->dir), "%s", dir);
    int n = snprintf(b->here.sun_path, sizeof(b->here.sun_path), "%s/.s.PGSQL.5432", dir);
    int m = snprintf(b->there.sun_path, sizeof(b->there.sun_path), "%s", where);
    if (n < (int)sizeof(b->here.sun_path) && m < (int)sizeof(b->there.sun_path) &&
        mkdir(dir, 0700) == 0)
        b->listener = evconnlistener_new_bind(base, on_connection, b, LEV_OPT_CLOSE_ON_FREE, -1,
                                              (struct sockaddr *)&b->here, sizeof(b->here));
    if (!b->listener) {
        between_free(b);
        return NULL;
    }
    return b;
}

void between_free(struct between *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < PAIRS; i++)
        pair_close(&b->pairs[i]);
    if (b->listener) {
        evconnlistener_free(b->listener);
        unlink(b->here.sun_path);
        rmdir(b->dir);
    }
    free(b);
}
