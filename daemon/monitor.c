#include "monitor.h"

#include <event2/event.h>
#include <event2/util.h>
#include <microhttpd.h>
#include <spean/buf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define IDLE_S 15
#define MEMORY_MAX 32768 /* bytes of a connection, so of a request's head */
#define BODY_MAX ((size_t)1024 * 1024)

struct monitor {
    struct monitor_callbacks callbacks;
    void *ctx;
    struct MHD_Daemon *http;
    struct event *io, *timer; /* libmicrohttpd's epoll descriptor, and its next deadline */
};

static enum MHD_Result monitor_send(struct MHD_Connection *c, unsigned status, const char *type,
                                    struct buf *body)
{
    enum MHD_ResponseMemoryMode copy = MHD_RESPMEM_MUST_COPY;
    struct MHD_Response *r =
        body->failed ? NULL : MHD_create_response_from_buffer(body->len, body->data, copy);
    enum MHD_Result sent = MHD_NO;

    if (r == NULL)
        return MHD_NO; /* the connection is closed */
    if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
        MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
        (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
        sent = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return sent;
}

/* Status and body for a path. */
static unsigned monitor_answer(struct monitor *m, const char *path, const char **ret_type,
                               struct buf *body)
{
    if (strcmp(path, "/metrics") == 0) {
        *ret_type = "text/plain; version=0.0.4; charset=utf-8";
        m->callbacks.metrics(m->ctx, body);
        return MHD_HTTP_OK;
    }
    if (strcmp(path, "/healthz") == 0)
        return m->callbacks.healthy(m->ctx, body) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    if (strcmp(path, "/readyz") == 0)
        return m->callbacks.ready(m->ctx, body) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    buf_adds(body, "There are /metrics, /healthz and /readyz.\n");
    return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result monitor_on_request(void *ctx, struct MHD_Connection *c, const char *path,
                                          const char *method, const char *version,
                                          const char *upload, size_t *upload_size, void **state)
{
    const char *type = "text/plain; charset=utf-8";
    unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;
    enum MHD_Result sent;
    struct buf body;

    (void)version;
    (void)upload;
    (void)upload_size;
    (void)state;
    buf_init(&body, BODY_MAX);
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        status = monitor_answer(ctx, path, &type, &body);
    else
        buf_adds(&body, "Only GET and HEAD.\n");
    sent = monitor_send(c, status, type, &body);
    buf_done(&body);
    return sent;
}

/* After each turn of libmicrohttpd: when it wants the next one, though nothing comes. */
static void monitor_arm(struct monitor *m)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    struct timeval tv;

    if (MHD_get_timeout(m->http, &ms) != MHD_YES) {
        event_del(m->timer);
        return;
    }
    tv.tv_sec = (time_t)(ms / 1000);
    tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
    if (event_add(m->timer, &tv) != 0)
        event_active(m->timer, EV_TIMEOUT, 1); /* no memory: too early, rather than never */
}

static void monitor_turn(evutil_socket_t fd, short what, void *arg)
{
    struct monitor *m = arg;

    (void)fd;
    (void)what;
    (void)MHD_run(m->http);
    monitor_arm(m);
}

static int monitor_start(struct monitor *m, struct event_base *base, int fd)
{
    const union MHD_DaemonInfo *info;

    m->http = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, monitor_on_request, m, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX, MHD_OPTION_END);
    if (m->http == NULL) {
        close(fd);
        return -1;
    }
    info = MHD_get_daemon_info(m->http, MHD_DAEMON_INFO_EPOLL_FD);
    m->timer = event_new(base, -1, 0, monitor_turn, m);
    m->io = info == NULL ? NULL
                         : event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, monitor_turn, m);
    return m->timer == NULL || m->io == NULL ? -1 : event_add(m->io, NULL);
}

struct monitor *monitor_new(struct event_base *base, int fd, const struct monitor_callbacks *c,
                            void *ctx)
{
    struct monitor *m = calloc(1, sizeof *m);

    if (m == NULL || evutil_make_socket_nonblocking(fd) != 0) {
        free(m);
        close(fd);
        return NULL;
    }
    m->callbacks = *c;
    m->ctx = ctx;
    if (monitor_start(m, base, fd) != 0) {
        monitor_free(m);
        return NULL;
    }
    return m;
}

void monitor_free(struct monitor *m)
{
    if (m == NULL)
        return;
    if (m->io != NULL)
        event_free(m->io);
    if (m->timer != NULL)
        event_free(m->timer);
    if (m->http != NULL)
        MHD_stop_daemon(m->http);
    free(m);
}
