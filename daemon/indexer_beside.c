#include "indexer_in.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <spean/index.h>
#include <spean/log.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The loader thread: it builds a new base of the index while this one goes on. For the first one,
 * when no worker has anything to do yet, it takes another to help. */

struct beside {
    struct index_rebuild *work;
    bool base;
    bool both; /* with a second thread: nobody is being answered yet */
    pthread_t thread;
    int fd; /* the thread makes it readable when it is done */
    struct event *event;
    void (*done)(struct indexer *x);
};

static void *beside_half(void *ctx)
{
    struct beside *b = ctx;

    index_rebuild_half(b->work, 0);
    return NULL;
}

static void *beside_main(void *ctx)
{
    struct beside *b = ctx;
    uint64_t one = 1;
    pthread_t other;
    bool both;

    index_rebuild_prepare(b->work);
    both = b->both && pthread_create(&other, NULL, beside_half, b) == 0; /* signals: as this one */
    if (!both)
        index_rebuild_half(b->work, 0);
    index_rebuild_half(b->work, 1);
    if (both)
        pthread_join(other, NULL);
    if (write(b->fd, &one, sizeof one) != (ssize_t)sizeof one)
        return b; /* an eventfd takes its first write */
    return NULL;
}

static void beside_event(evutil_socket_t fd, short what, void *arg)
{
    struct indexer *x = arg;

    (void)fd;
    (void)what;
    x->beside->done(x);
}

/* Signals are the main thread's. */
static int thread_start(struct beside *b)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    rc = pthread_create(&b->thread, NULL, beside_main, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : -1;
}

static void beside_free(struct beside *b)
{
    if (b->event != NULL)
        event_free(b->event);
    if (b->fd >= 0)
        close(b->fd);
    free(b);
}

/* Layers in between are of no interest to an admin. */
static enum log_level beside_level(const struct beside *b)
{
    return b->base ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

bool beside_run(struct indexer *x, struct index_rebuild *work, void (*done)(struct indexer *x))
{
    struct beside *b = x->o.base == NULL ? NULL : calloc(1, sizeof *b);

    if (b == NULL)
        return false;
    b->work = work;
    b->done = done;
    b->base = index_rebuild_is_base(work);
    b->both = !x->published;
    b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    b->event = b->fd < 0 ? NULL : event_new(x->o.base, b->fd, EV_READ, beside_event, x);
    if (b->event == NULL || event_add(b->event, NULL) != 0 || thread_start(b) != 0) {
        beside_free(b);
        return false;
    }
    x->beside = b;
    log_event(x->o.log, beside_level(b), "index_rebuild", "state=begun");
    return true;
}

bool beside_start(struct indexer *x, void (*done)(struct indexer *x))
{
    struct index_rebuild *work;

    if (x->beside != NULL || x->o.base == NULL)
        return x->beside != NULL;
    work = index_rebuild_begin(x->writer);
    if (work == NULL)
        return false;
    if (beside_run(x, work, done))
        return true;
    index_rebuild_run(work); /* it takes its time here */
    if (index_rebuild_end(x->writer, work) != 0)
        log_event(x->o.log, LOG_LEVEL_WARN, "index_rebuild", "state=failed reason=no_memory");
    return false;
}

int beside_end(struct indexer *x)
{
    struct beside *b = x->beside;
    int rc;

    if (b == NULL)
        return 0;
    pthread_join(b->thread, NULL);
    rc = index_rebuild_end(x->writer, b->work);
    x->beside = NULL;
    log_event(x->o.log, rc == 0 ? beside_level(b) : LOG_LEVEL_WARN, "index_rebuild", "state=%s",
              rc == 0 ? "done" : "failed");
    beside_free(b);
    return rc;
}
