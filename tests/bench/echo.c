#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The least that a libevent server of lines can do: for each line that comes it sends the same
 * bytes, without copying them. It keeps nothing of what it reads, answers all lines of a read in
 * one write, and asks for writability only when the socket is full. What spean's daemon is measured
 * against.
 */

static const char usage[] =
    "usage: spean-echo --port P --answer FILE\n"
    "\n"
    "Listens on 127.0.0.1, prints the port, and answers each line with the bytes of FILE.\n"
    "\n"
    "    --port P        0: a free one\n"
    "    --answer FILE   the answer; an LF is added if it does not end in one\n";

#define ANSWER_MAX (16 << 20)
#define READ_BYTES 65536
#define OUTPUT_MARK (4 << 20) /* bytes waiting above which nothing more is read */

struct server {
    struct event_base *base;
    char *answer;
    size_t len;
    char scratch[READ_BYTES];
};

struct client {
    struct server *server;
    int fd;
    struct evbuffer *out;
    struct event *read, *write;
    bool writing, paused;
};

static void client_free(struct client *c)
{
    if (c->read != NULL)
        event_free(c->read);
    if (c->write != NULL)
        event_free(c->write);
    if (c->out != NULL)
        evbuffer_free(c->out);
    close(c->fd);
    free(c);
}

/* Writes what it can, and waits for what it can't. -1: the connection is gone. */
static int client_flush(struct client *c)
{
    if (evbuffer_get_length(c->out) > 0 && evbuffer_write(c->out, c->fd) < 0 && errno != EAGAIN) {
        client_free(c);
        return -1;
    }
    bool left = evbuffer_get_length(c->out) > 0;
    if (left != c->writing && (left ? event_add(c->write, NULL) : event_del(c->write)) == 0)
        c->writing = left;
    bool pause = evbuffer_get_length(c->out) > OUTPUT_MARK;
    if (pause != c->paused && (pause ? event_del(c->read) : event_add(c->read, NULL)) == 0)
        c->paused = pause;
    return 0;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    client_flush(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;
    struct server *s = c->server;
    ssize_t n = recv(fd, s->scratch, sizeof s->scratch, 0);

    (void)what;
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            client_free(c);
        return;
    }
    const char *end = s->scratch + n;
    for (const char *p = s->scratch; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        if (evbuffer_add_reference(c->out, s->answer, s->len, NULL, NULL) != 0) {
            client_free(c);
            return;
        }
    client_flush(c);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    int one = 1, taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *c = taken < 0 ? NULL : calloc(1, sizeof *c);

    (void)what;
    if (c == NULL) {
        if (taken >= 0)
            close(taken);
        return;
    }
    *c = (struct client){.server = s, .fd = taken, .out = evbuffer_new()};
    c->read = event_new(s->base, taken, EV_READ | EV_PERSIST, on_readable, c);
    c->write = event_new(s->base, taken, EV_WRITE | EV_PERSIST, on_writable, c);
    if (c->out == NULL || c->read == NULL || c->write == NULL || event_add(c->read, NULL) != 0 ||
        setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        client_free(c);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    event_base_loopbreak(arg);
}

/* The whole file, with an LF at its end. 0 or -1. */
static int answer_read(const char *path, struct server *s)
{
    FILE *f = fopen(path, "rb");
    int rc = -1;

    s->answer = malloc(ANSWER_MAX + 1);
    if (f == NULL || s->answer == NULL)
        goto out;
    s->len = fread(s->answer, 1, ANSWER_MAX, f);
    if (ferror(f) || !feof(f))
        goto out;
    if (s->len == 0 || s->answer[s->len - 1] != '\n')
        s->answer[s->len++] = '\n';
    rc = 0;
out:
    if (rc != 0)
        fprintf(stderr, "spean-echo: %s can't be read\n", path);
    if (f != NULL)
        fclose(f);
    return rc;
}

/* A listening socket on the loopback; -1 and it was said why. */
static int listen_at(int port, int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof a;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
        perror("spean-echo");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static int serve(struct server *s, int fd, int port)
{
    struct event *accepting, *term, *interrupt;
    int rc = -1;

    s->base = event_base_new();
    if (s->base == NULL)
        return -1;
    accepting = event_new(s->base, fd, EV_READ | EV_PERSIST, on_accept, s);
    term = evsignal_new(s->base, SIGTERM, on_signal, s->base);
    interrupt = evsignal_new(s->base, SIGINT, on_signal, s->base);
    if (accepting != NULL && term != NULL && interrupt != NULL && event_add(accepting, NULL) == 0 &&
        event_add(term, NULL) == 0 && event_add(interrupt, NULL) == 0) {
        printf("%d\n", port);
        fflush(stdout);
        rc = event_base_dispatch(s->base);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"answer", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static struct server server;
    const char *path = NULL;
    int which, port = -1, fd;

    while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (which == 'p')
            port = atoi(optarg);
        else if (which == 'a')
            path = optarg;
        else {
            fputs(usage, which == 'h' ? stdout : stderr);
            return which == 'h' ? 0 : 2;
        }
    }
    if (path == NULL || port < 0 || port > 65535 || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (answer_read(path, &server) != 0 || (fd = listen_at(port, &port)) < 0)
        return 1;
    return serve(&server, fd, port) < 0;
}
