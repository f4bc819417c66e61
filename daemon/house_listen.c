#include "house_private.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static struct listener_options house_listener_options(struct house *h, struct tls *tls)
{
    return (struct listener_options){.base = h->base,
                                     .workers = h->workers,
                                     .worker_count = h->worker_count,
                                     .shared = h->shared,
                                     .max_connections = (unsigned)h->config->limits.connections,
                                     .tls = tls,
                                     .log = h->o.log};
}

static int house_add(struct house *h, struct listener *l)
{
    if (l == NULL)
        return -1;
    h->listeners[h->listener_count++] = l;
    return 0;
}

#define DOORS_HELD_MS 5000 /* a database that is away must not keep the admin from asking why */

void house_open_doors(struct house *h)
{
    if (h->event_open == NULL)
        return;
    event_free(h->event_open);
    h->event_open = NULL;
    for (size_t i = 0; i < h->listener_count; i++)
        if (listener_release(h->listeners[i]) != 0)
            log_event(h->o.log, LOG_LEVEL_ERROR, "accept_failed", "error=\"%s\"", strerror(errno));
}

static void house_on_open(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    house_open_doors(arg);
}

/* Over a restart clients wait in the queue of the sockets, rather than be told that the index is
 * being loaded. */
static int house_hold_doors(struct house *h)
{
    static const struct timeval due = {DOORS_HELD_MS / 1000, DOORS_HELD_MS % 1000 * 1000};

    h->event_open = event_new(h->base, -1, 0, house_on_open, h);
    if (h->event_open == NULL || event_add(h->event_open, &due) != 0)
        return -1;
    for (size_t i = 0; i < h->listener_count; i++)
        listener_hold(h->listeners[i]);
    return 0;
}

/* One socket of the service manager: TLS if it is named so (FileDescriptorName=tls). */
static int house_inherit_one(struct house *h, int fd, const char *name, char *err, size_t errlen)
{
    bool wants_tls = strcmp(name, "tls") == 0;
    const struct listener_options o = house_listener_options(h, wants_tls ? h->tls : NULL);

    if (strcmp(name, "metrics") == 0)
        return house_watch(h, fd, err, errlen);
    if (wants_tls && h->tls == NULL) {
        snprintf(err, errlen, "descriptor %d is for TLS, and [tls] certificate is not set", fd);
        return -1;
    }
    if (!wants_tls && !h->config->listen.remote && net_socket_remote(fd)) {
        snprintf(
            err, errlen,
            "descriptor %d listens on an address that is not a loopback one, unencrypted: name "
            "the socket tls, or, if something else encrypts it, set "
            "insecure_remote_without_tls = yes",
            fd);
        return -1;
    }
    if (house_add(h, listener_new_fd(&o, fd)) != 0) {
        snprintf(err, errlen, "descriptor %d that was handed over is no listening socket", fd);
        return -1;
    }
    log_event(h->o.log, LOG_LEVEL_INFO, "listening", "inherited=%d port=%d tls=%d", fd,
              listener_port(h->listeners[h->listener_count - 1]), wants_tls);
    return 0;
}

/* The sockets of the service manager take the place of ours. */
static int house_inherit(struct house *h, int count, char **names, char *err, size_t errlen)
{
    if (count > LISTENERS_MAX) {
        snprintf(err, errlen, "more than %d sockets were handed over", LISTENERS_MAX);
        return -1;
    }
    for (int i = 0; i < count; i++)
        if (house_inherit_one(h, SD_LISTEN_FDS_START + i, names[i], err, errlen) != 0)
            return -1;
    if (house_hold_doors(h) != 0) {
        snprintf(err, errlen, "no memory");
        return -1;
    }
    return 0;
}

static int house_listen_tcp(struct house *h, const char *address, struct tls *tls, char *err,
                            size_t errlen)
{
    const struct listener_options o = house_listener_options(h, tls);

    if (house_add(h, listener_new_tcp(&o, address, err, errlen)) != 0)
        return -1;
    log_event(h->o.log, LOG_LEVEL_INFO, "listening", "address=%.*s:%d tls=%d",
              (int)(strrchr(address, ':') - address), address,
              listener_port(h->listeners[h->listener_count - 1]), tls != NULL);
    return 0;
}

static int house_listen_unix(struct house *h, char *err, size_t errlen)
{
    const struct listener_options o = house_listener_options(h, NULL);
    const char *path = h->config->listen.path;
    char quoted[256];

    if (house_add(h, listener_new_unix(&o, path, h->config->mode, err, errlen)) != 0)
        return -1;
    /* So that a mode such as 0660 lets the staff in. */
    if (h->config->staff != (gid_t)-1 && chown(path, (uid_t)-1, h->config->staff) != 0) {
        snprintf(err, errlen, "%s: can't give it to the staff group: %s", path, strerror(errno));
        return -1;
    }
    log_event(h->o.log, LOG_LEVEL_INFO, "listening", "unix=%s",
              log_quote(quoted, sizeof quoted, path, strlen(path)));
    return 0;
}

static int house_listen_metrics(struct house *h, char *err, size_t errlen)
{
    int fd;

    if (h->config->metrics.listen[0] == '\0' || h->monitor != NULL)
        return 0;
    fd = net_listen_tcp(h->config->metrics.listen, err, errlen);
    return fd < 0 ? -1 : house_watch(h, fd, err, errlen);
}

static int house_listen_own(struct house *h, char *err, size_t errlen)
{
    const char *tcp = h->config->listen.tcp, *tls = h->config->listen.tls;

    if (tcp[0] == '\0' && tls[0] == '\0' && h->config->listen.path[0] == '\0') {
        snprintf(err, errlen, "[listen] has none of tcp, tls and unix");
        return -1;
    }
    if (tcp[0] != '\0' && house_listen_tcp(h, tcp, NULL, err, errlen) != 0)
        return -1;
    if (tls[0] != '\0' && house_listen_tcp(h, tls, h->tls, err, errlen) != 0)
        return -1;
    return h->config->listen.path[0] == '\0' ? 0 : house_listen_unix(h, err, errlen);
}

int house_listen(struct house *h, char *err, size_t errlen)
{
    char **names = NULL;
    int inherited = sd_listen_fds_with_names(1, &names), ret;

    if (inherited < 0) {
        snprintf(err, errlen, "the sockets handed over: %s", strerror(-inherited));
        return -1;
    }
    ret = inherited == 0 ? house_listen_own(h, err, errlen)
                         : house_inherit(h, inherited, names, err, errlen);
    if (ret == 0)
        ret = house_listen_metrics(h, err, errlen);
    for (int i = 0; i < inherited; i++)
        free(names[i]);
    free(names);
    return ret;
}
