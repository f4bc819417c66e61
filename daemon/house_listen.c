#include "house_private.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static struct listener_options house_listener_options(struct house *h)
{
    return (struct listener_options){.base = h->base,
                                     .workers = h->workers,
                                     .worker_count = h->worker_count,
                                     .shared = h->shared,
                                     .max_connections = (unsigned)h->config->limits.connections,
                                     .log = h->o.log};
}

static int house_add(struct house *h, struct listener *l)
{
    if (l == NULL)
        return -1;
    h->listeners[h->listener_count++] = l;
    return 0;
}

/* The sockets of the service manager take the place of ours. */
static int house_inherit(struct house *h, int count, char *err, size_t errlen)
{
    const struct listener_options o = house_listener_options(h);

    if (count > LISTENERS_MAX) {
        snprintf(err, errlen, "more than %d sockets were handed over", LISTENERS_MAX);
        return -1;
    }
    for (int i = 0; i < count; i++) {
        int fd = SD_LISTEN_FDS_START + i;

        if (house_add(h, listener_new_fd(&o, fd)) != 0) {
            snprintf(err, errlen, "descriptor %d that was handed over is no listening socket", fd);
            return -1;
        }
        log_event(h->o.log, LOG_LEVEL_INFO, "listening", "inherited=%d port=%d", fd,
                  listener_port(h->listeners[h->listener_count - 1]));
    }
    return 0;
}

static int house_listen_tcp(struct house *h, char *err, size_t errlen)
{
    const struct listener_options o = house_listener_options(h);
    const char *address = h->config->listen.tcp;

    if (house_add(h, listener_new_tcp(&o, address, err, errlen)) != 0)
        return -1;
    log_event(h->o.log, LOG_LEVEL_INFO, "listening", "address=%.*s:%d",
              (int)(strrchr(address, ':') - address), address,
              listener_port(h->listeners[h->listener_count - 1]));
    return 0;
}

static int house_listen_unix(struct house *h, char *err, size_t errlen)
{
    const struct listener_options o = house_listener_options(h);
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

int house_listen(struct house *h, char *err, size_t errlen)
{
    int inherited = sd_listen_fds(1);

    if (inherited < 0) {
        snprintf(err, errlen, "the sockets handed over: %s", strerror(-inherited));
        return -1;
    }
    if (inherited > 0)
        return house_inherit(h, inherited, err, errlen);
    if (h->config->listen.tcp[0] == '\0' && h->config->listen.path[0] == '\0') {
        snprintf(err, errlen, "[listen] has neither tcp nor unix");
        return -1;
    }
    if (h->config->listen.tcp[0] != '\0' && house_listen_tcp(h, err, errlen) != 0)
        return -1;
    return h->config->listen.path[0] == '\0' ? 0 : house_listen_unix(h, err, errlen);
}
