#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <spean/net.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int fail(char *err, size_t errlen, const char *where, const char *what, int error)
{
    snprintf(err, errlen, "%s: %s: %s", where, what, strerror(error));
    return -1;
}

/* Gives the descriptor back, or closes it and says what went wrong. */
static int socket_bind(int fd, const struct sockaddr *addr, socklen_t len, const char *where,
                       char *err, size_t errlen)
{
    if (bind(fd, addr, len) == 0)
        return fd;
    fail(err, errlen, where, "can't bind", errno);
    close(fd);
    return -1;
}

static int socket_listen(int fd, const char *where, char *err, size_t errlen)
{
    if (listen(fd, BACKLOG) == 0)
        return fd;
    fail(err, errlen, where, "can't listen", errno);
    close(fd);
    return -1;
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int port_parse(const char *text, in_port_t *ret)
{
    size_t len = strlen(text);
    unsigned long port;

    if (len < 1 || len > 5 || strspn(text, "0123456789") != len)
        return -1;
    port = strtoul(text, NULL, 10);
    if (port > 65535)
        return -1;
    *ret = htons((in_port_t)port);
    return 0;
}

/* Numeric only: nothing here waits for a name server. The length of the address, or 0. */
static socklen_t address_parse(const char *text, union address *ret)
{
    const char *colon = strrchr(text, ':');
    bool v6 = text[0] == '[';
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    char host[64];

    memset(ret, 0, sizeof *ret);
    if (len == 0 || len >= sizeof host || (v6 && text[len - 1] != ']'))
        return 0;
    memcpy(host, text + v6, len - 2 * v6);
    host[len - 2 * v6] = '\0';
    ret->any.sa_family = v6 ? AF_INET6 : AF_INET;
    if (port_parse(colon + 1, v6 ? &ret->v6.sin6_port : &ret->v4.sin_port) != 0)
        return 0;
    if (v6)
        return inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1 ? sizeof ret->v6 : 0;
    return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1 ? sizeof ret->v4 : 0;
}

static bool address_is_loopback(const union address *a)
{
    return a->any.sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr)
                                        : ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

int net_address_check(const char *text, bool *ret_loopback)
{
    union address a;

    if (address_parse(text, &a) == 0)
        return -1;
    *ret_loopback = address_is_loopback(&a);
    return 0;
}

bool net_socket_remote(int fd)
{
    union address a;
    socklen_t len = sizeof a;

    memset(&a, 0, sizeof a);
    if (getsockname(fd, &a.any, &len) != 0)
        return true;
    if (a.any.sa_family == AF_UNIX)
        return false;
    return (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6) || !address_is_loopback(&a);
}

int socket_listen_tcp(const char *address, char *err, size_t errlen)
{
    union address addr;
    socklen_t len = address_parse(address, &addr);
    int on = 1, fd;

    if (len == 0) {
        snprintf(err, errlen, "%s: not a numeric address with a port", address);
        return -1;
    }
    fd = socket(addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(err, errlen, address, "no socket", errno);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (addr.any.sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)) {
        fail(err, errlen, address, "can't set up the socket", errno);
        close(fd);
        return -1;
    }
    fd = socket_bind(fd, &addr.any, len, address, err, errlen);
    return fd < 0 ? -1 : socket_listen(fd, address, err, errlen);
}

int net_listen_tcp(const char *address, char *err, size_t errlen)
{
    return socket_listen_tcp(address, err, errlen);
}

/* 0: the path is free now; -1: somebody listens there, or it is no socket. */
static int path_clear(const struct sockaddr_un *addr, char *err, size_t errlen)
{
    struct stat st;
    int fd, error;

    if (lstat(addr->sun_path, &st) != 0)
        return errno == ENOENT ? 0 : fail(err, errlen, addr->sun_path, "can't look", errno);
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(err, errlen, "%s: there is a file that is no socket", addr->sun_path);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(err, errlen, addr->sun_path, "no socket", errno);
    error = connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 ? 0 : errno;
    close(fd);
    if (error != ECONNREFUSED) { /* EAGAIN: it listens and is busy */
        snprintf(err, errlen, "%s: another server listens there", addr->sun_path);
        return -1;
    }
    if (unlink(addr->sun_path) != 0 && errno != ENOENT)
        return fail(err, errlen, addr->sun_path, "can't remove the dead socket", errno);
    return 0;
}

int socket_listen_unix(const char *path, mode_t mode, struct socket_file *ret, char *err,
                       size_t errlen)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct socket_file file = {0};
    struct stat st;
    int fd;

    if (path[0] != '/' || strlen(path) >= sizeof addr.sun_path) {
        snprintf(err, errlen, "%s: not an absolute path of at most %zu bytes", path,
                 sizeof addr.sun_path - 1);
        return -1;
    }
    strcpy(addr.sun_path, path);
    strcpy(file.path, path);
    if (path_clear(&addr, err, errlen) != 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(err, errlen, path, "no socket", errno);
    fd = socket_bind(fd, (const struct sockaddr *)&addr, sizeof addr, path, err, errlen);
    if (fd < 0)
        return -1;
    /* Nobody can connect before listen, so the mode is in force from the first moment. */
    if (chmod(path, mode) != 0 || stat(path, &st) != 0) {
        fail(err, errlen, path, "can't set its mode", errno);
        close(fd);
        (void)unlink(path);
        return -1;
    }
    file.device = st.st_dev;
    file.inode = st.st_ino;
    fd = socket_listen(fd, path, err, errlen);
    if (fd < 0)
        socket_file_remove(&file);
    else
        *ret = file;
    return fd;
}

void socket_file_remove(struct socket_file *f)
{
    struct stat st;

    if (f->path[0] != '\0' && lstat(f->path, &st) == 0 && st.st_dev == f->device &&
        st.st_ino == f->inode)
        (void)unlink(f->path);
    f->path[0] = '\0';
}

int socket_port(int fd)
{
    union address a;
    socklen_t len = sizeof a;

    memset(&a, 0, sizeof a);
    if (getsockname(fd, &a.any, &len) != 0)
        return 0;
    if (a.any.sa_family == AF_INET)
        return ntohs(a.v4.sin_port);
    return a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port) : 0;
}
