#include "link_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <spean/clock.h>

#include "address.h"

int socket_wait(int fd, short events, uint64_t deadline_ms, const volatile sig_atomic_t *stop)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        uint64_t now = clock_mono_ms(), left = deadline_ms > now ? deadline_ms - now : 0;
        int r;

        if (stop && *stop) {
            errno = EINTR;
            return -1;
        }
        r = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (r > 0)
            return p.revents;
        if (r < 0 && errno != EINTR)
            return -1;
        if (r == 0 && left <= INT_MAX)
            return 0;
    }
}

/* A connect under way: 0 once connected, or -1 with errno. */
static int connect_finish(int fd, uint64_t deadline_ms, const volatile sig_atomic_t *stop)
{
    int failed = 0, seen = socket_wait(fd, POLLOUT, deadline_ms, stop);
    socklen_t len = sizeof(failed);

    if (seen < 0)
        return -1;
    if (seen == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
        return -1;
    errno = failed;
    return failed ? -1 : 0;
}

static int connect_to(int family, const void *name, socklen_t len, uint64_t deadline_ms,
                      const volatile sig_atomic_t *stop)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), saved;

    if (fd < 0)
        return -1;
    if (connect(fd, name, len) == 0)
        return fd;
    if (errno == EINPROGRESS && connect_finish(fd, deadline_ms, stop) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int connect_unix(const struct address *where, uint64_t deadline_ms,
                        const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd;

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", where->path);
    fd = connect_to(AF_UNIX, &name, sizeof(name), deadline_ms, stop);
    if (fd < 0)
        snprintf(err, errlen, "cannot connect to unix:%s: %s", where->path, strerror(errno));
    return fd;
}

/* Every address that the name has, in turn. */
static int connect_tcp(const struct address *where, uint64_t deadline_ms,
                       const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *all;
    int failed, fd = -1, on = 1;

    failed = getaddrinfo(where->host, where->port, &hints, &all);
    if (failed == EAI_NONAME || failed == EAI_ADDRFAMILY) {
        hints.ai_flags = 0; /* a machine with loopback only still knows its own addresses */
        failed = getaddrinfo(where->host, where->port, &hints, &all);
    }
    if (failed) {
        snprintf(err, errlen, "cannot find the host %.200s: %s", where->host, gai_strerror(failed));
        return -1;
    }
    for (struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
        fd = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen, deadline_ms, stop);
    if (fd < 0)
        snprintf(err, errlen, "cannot connect to %.200s port %s: %s", where->host, where->port,
                 strerror(errno));
    else
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    freeaddrinfo(all);
    return fd;
}

int socket_connect(const struct address *where, uint64_t deadline_ms,
                   const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
    switch (where->kind) {
    case ADDRESS_UNIX:
        return connect_unix(where, deadline_ms, stop, err, errlen);
    case ADDRESS_TCP:
    case ADDRESS_TLS: /* what comes next is secure.c's */
        break;
    }
    return connect_tcp(where, deadline_ms, stop, err, errlen);
}
