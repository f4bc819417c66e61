#ifndef SPEAN_MONITOR_H
#define SPEAN_MONITOR_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct event_base;

/*
 * HTTP for those who watch: /metrics, /healthz and /readyz, by libmicrohttpd in the loop of the
 * base. It has no thread.
 */
struct monitor;

struct monitor_callbacks {
    /* Each writes the body. */
    void (*metrics)(void *ctx, struct buf *out);
    bool (*healthy)(void *ctx, struct buf *out); /* false: 503 */
    bool (*ready)(void *ctx, struct buf *out);
};

/* fd: a listening socket, owned from now on whatever comes. NULL on failure. */
struct monitor *monitor_new(struct event_base *base, int fd, const struct monitor_callbacks *c,
                            void *ctx);
void monitor_free(struct monitor *m); /* closes everything */

#endif
