#ifndef SPEAN_TEST_NET_PLACE_H
#define SPEAN_TEST_NET_PLACE_H

#include "world.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/un.h>

/* A world whose listeners live on a loop that the test turns by hand. */
struct place {
    struct world *x;
    struct event_base *base;
    struct listener_options o;
    char dir[64];
    char path[96];
};

static inline void place_open(struct place *p, const struct net_limits *limits, struct log *log)
{
    memset(p, 0, sizeof *p);
    p->x = world_start(limits);
    p->base = event_base_new();
    assert_non_null(p->base);
    p->o.base = p->base;
    p->o.workers = &p->x->worker;
    p->o.worker_count = 1;
    p->o.shared = p->x->shared;
    p->o.max_connections = limits->connections;
    p->o.log = log;
    strcpy(p->dir, "/tmp/spean-listener-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/s", p->dir);
}

static inline void place_close(struct place *p)
{
    event_base_free(p->base);
    (void)unlink(p->path);
    assert_int_equal(rmdir(p->dir), 0);
    world_end(p->x);
}

static inline void place_turn(struct place *p)
{
    assert_true(event_base_loop(p->base, EVLOOP_NONBLOCK) >= 0);
}

static inline int dial_tcp(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    client_patience(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline int dial_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    client_patience(fd);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline void echo(struct place *p, int fd)
{
    int before = atomic_load(&p->x->lines);

    client_say(fd, "hello\n");
    wait_until((place_turn(p), atomic_load(&p->x->lines) > before));
    client_expect(fd, "hello");
}

#endif
