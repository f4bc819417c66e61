#include "socket.h"
#include "worker_private.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <fcntl.h>
#include <spean/clock.h>
#include <spean/log.h>
#include <spean/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_TURN 64      /* sockets accepted in one turn of the loop */
#define ACCEPT_PAUSE_MS 250 /* without descriptors or memory: at most so long, and at least */
#define ACCEPT_AGAIN_MS 10
#define ACCEPT_TOLD_MS 1000 /* between two lines of the log about it */
#define REFUSED_MAX 64      /* told that there is no place, at a time */
#define LOCAL_SPARE 16      /* places that only the unix socket has: the admin gets in */

struct listener {
    struct listener_options o;
    int fd;
    int reserve; /* a descriptor to give up when there are no more, or -1 */
    bool local;
    bool moved;       /* somebody was accepted since the last pause */
    bool told;        /* the log says that it is paused */
    uint64_t told_ms; /* when it last said anything of it */
    unsigned pause_ms;
    size_t next; /* worker whose turn it is */
    struct event *event_accept, *event_resume;
    struct socket_file file;
};

static int reserve_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void listener_hand_over(struct listener *l, int fd)
{
    struct worker *w = l->o.workers[l->next];
    unsigned max = l->o.max_connections + (l->local ? LOCAL_SPARE : 0);

    l->next = (l->next + 1) % l->o.worker_count;
    if (net_shared_connections(l->o.shared) < max)
        (void)(l->o.tls != NULL ? worker_adopt_tls(w, fd, l->o.tls)
                                : worker_adopt(w, fd, l->local));
    else if (atomic_load(&l->o.shared->refused) < REFUSED_MAX)
        worker_refuse(w, fd, l->o.tls);
    else {
        atomic_fetch_add_explicit(&l->o.shared->turned_away, 1, memory_order_relaxed);
        close(fd);
    }
}

/* Whoever looks into the log needs one line a second at most, however often it goes to and fro. */
static void listener_tell(struct listener *l, bool paused, int why)
{
    uint64_t now = clock_mono_ms();

    if (l->told == paused || (l->told_ms && now - l->told_ms < ACCEPT_TOLD_MS))
        return;
    l->told = paused;
    l->told_ms = now;
    if (paused)
        log_event(l->o.log, LOG_LEVEL_ERROR, "accept_paused", "error=\"%s\" connections=%u",
                  strerror(why), net_shared_connections(l->o.shared));
    else
        log_event(l->o.log, LOG_LEVEL_INFO, "accept_resumed", "connections=%u",
                  net_shared_connections(l->o.shared));
}

/* A listening socket stays readable while nobody can be accepted: looked at again and again, it
 * would take the whole processor. The reserve lets the first in the queue go rather than wait.
 * While there is coming and going the pauses are short, so that a long queue gets through. */
static void listener_pause(struct listener *l, int why)
{
    struct timeval pause = {0, 0};

    if (l->reserve >= 0) {
        int fd;

        close(l->reserve);
        fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        l->reserve = reserve_open();
    }
    listener_tell(l, true, why);
    l->pause_ms = l->moved ? ACCEPT_AGAIN_MS : l->pause_ms * 2;
    if (l->pause_ms > ACCEPT_PAUSE_MS)
        l->pause_ms = ACCEPT_PAUSE_MS;
    l->moved = false;
    pause.tv_usec = (suseconds_t)l->pause_ms * 1000;
    /* Without a timer to come back by, rather looked at again and again. */
    if (event_add(l->event_resume, &pause) == 0)
        event_del(l->event_accept);
}

static void listener_on_resume(int fd, short what, void *arg)
{
    struct listener *l = arg;

    (void)fd;
    (void)what;
    if (l->reserve < 0)
        l->reserve = reserve_open();
    if (event_add(l->event_accept, NULL) != 0)
        listener_pause(l, errno);
}

static bool accept_error_passes(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED: /* and what accept(2) hands on of the network's errors */
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case ENONET:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static void listener_on_accept(int listening, short what, void *arg)
{
    struct listener *l = arg;

    (void)what;
    for (int i = 0; i < ACCEPT_TURN; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0 && accept_error_passes(errno))
            continue;
        if (fd < 0) {
            listener_pause(l, errno);
            return;
        }
        listener_tell(l, false, 0);
        l->moved = true;
        listener_hand_over(l, fd);
    }
}

static int listener_equip(struct listener *l)
{
    int on = 0, family = AF_UNSPEC;
    socklen_t len = sizeof on;

    if (getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) != 0 || !on)
        return -1;
    len = sizeof family;
    if (getsockopt(l->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0)
        return -1;
    l->local = family == AF_UNIX;
    if (evutil_make_socket_nonblocking(l->fd) != 0 || evutil_make_socket_closeonexec(l->fd) != 0)
        return -1;
    l->event_accept = event_new(l->o.base, l->fd, EV_READ | EV_PERSIST, listener_on_accept, l);
    l->event_resume = event_new(l->o.base, -1, 0, listener_on_resume, l);
    if (l->event_accept == NULL || l->event_resume == NULL)
        return -1;
    return event_add(l->event_accept, NULL);
}

struct listener *listener_new_fd(const struct listener_options *o, int fd)
{
    struct listener *l = calloc(1, sizeof *l);

    if (l == NULL) {
        close(fd);
        return NULL;
    }
    l->o = *o;
    (void)tls_ref(l->o.tls);
    l->fd = fd;
    l->pause_ms = ACCEPT_AGAIN_MS;
    l->reserve = reserve_open();
    if (listener_equip(l) != 0) {
        listener_free(l);
        return NULL;
    }
    return l;
}

static struct listener *listener_new_own(const struct listener_options *o, int fd, char *err,
                                         size_t errlen)
{
    struct listener *l;

    if (fd < 0)
        return NULL;
    l = listener_new_fd(o, fd);
    if (l == NULL)
        snprintf(err, errlen, "no memory");
    return l;
}

struct listener *listener_new_tcp(const struct listener_options *o, const char *address, char *err,
                                  size_t errlen)
{
    return listener_new_own(o, socket_listen_tcp(address, err, errlen), err, errlen);
}

struct listener *listener_new_unix(const struct listener_options *o, const char *path, mode_t mode,
                                   char *err, size_t errlen)
{
    struct socket_file file;
    int fd = socket_listen_unix(path, mode, &file, err, errlen);
    struct listener *l = listener_new_own(o, fd, err, errlen);

    if (l != NULL)
        l->file = file;
    else if (fd >= 0)
        socket_file_remove(&file);
    return l;
}

void listener_free(struct listener *l)
{
    if (l == NULL)
        return;
    if (l->event_accept != NULL)
        event_free(l->event_accept);
    if (l->event_resume != NULL)
        event_free(l->event_resume);
    socket_file_remove(&l->file);
    tls_unref(l->o.tls);
    close(l->fd);
    if (l->reserve >= 0)
        close(l->reserve);
    free(l);
}

int listener_port(const struct listener *l)
{
    return socket_port(l->fd);
}

void listener_set_max(struct listener *l, unsigned max_connections)
{
    l->o.max_connections = max_connections;
}

void listener_set_tls(struct listener *l, struct tls *tls)
{
    if (l->o.tls == NULL)
        return;
    tls_unref(l->o.tls);
    l->o.tls = tls_ref(tls);
}

bool listener_is_tls(const struct listener *l)
{
    return l->o.tls != NULL;
}

void listener_hold(struct listener *l)
{
    event_del(l->event_accept);
}

int listener_release(struct listener *l)
{
    return event_add(l->event_accept, NULL);
}
