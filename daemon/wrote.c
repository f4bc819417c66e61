#include "wrote.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WROTE_MOST 64 /* that wait */

struct wrote {
    _Atomic(struct feed_write *) newest; /* the others behind it, each older than the one before */
    atomic_uint count;
    int fd; /* an eventfd: something waits */
    struct event *event;
    void (*take)(void *ctx, const struct feed_write *w);
    void *ctx;
};

/* All that wait, the oldest first. */
static struct feed_write *wrote_all(struct wrote *x)
{
    struct feed_write *w = atomic_exchange(&x->newest, NULL), *oldest = NULL;

    while (w != NULL) {
        struct feed_write *older = w->next;

        w->next = oldest;
        oldest = w;
        w = older;
    }
    return oldest;
}

static void wrote_event(evutil_socket_t fd, short what, void *arg)
{
    struct wrote *x = arg;
    uint64_t times;

    (void)what;
    /* Before they are taken: whoever puts the first one after that wakes this again. */
    if (read(fd, &times, sizeof times) < 0)
        return;
    for (struct feed_write *w = wrote_all(x), *next; w != NULL; w = next) {
        next = w->next;
        x->take(x->ctx, w);
        free(w);
        atomic_fetch_sub(&x->count, 1);
    }
}

struct wrote *wrote_new(struct event_base *base,
                        void (*take)(void *ctx, const struct feed_write *w), void *ctx)
{
    struct wrote *x = calloc(1, sizeof *x);

    if (x == NULL)
        return NULL;
    x->take = take;
    x->ctx = ctx;
    x->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    x->event = x->fd < 0 ? NULL : event_new(base, x->fd, EV_READ | EV_PERSIST, wrote_event, x);
    if (x->event == NULL || event_add(x->event, NULL) != 0) {
        wrote_free(x);
        return NULL;
    }
    return x;
}

void wrote_free(struct wrote *x)
{
    if (x == NULL)
        return;
    for (struct feed_write *w = wrote_all(x), *next; w != NULL; w = next) {
        next = w->next;
        free(w);
    }
    if (x->event != NULL)
        event_free(x->event);
    if (x->fd >= 0)
        close(x->fd);
    free(x);
}

void wrote_put(void *wrote, struct feed_write *w)
{
    struct wrote *x = wrote;
    const uint64_t one = 1;

    if (atomic_fetch_add(&x->count, 1) >= WROTE_MOST) {
        atomic_fetch_sub(&x->count, 1);
        free(w);
        return;
    }
    w->next = atomic_load(&x->newest);
    while (!atomic_compare_exchange_weak(&x->newest, &w->next, w))
        ;
    /* An eventfd takes another one unless it is full of them: then it is readable all the same. */
    if (write(x->fd, &one, sizeof one) < 0)
        return;
}
