#include "conninfo.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * A lookup cannot be stopped, so the job belongs to both sides and goes with the last of them: the
 * thread may outlive its owner by as long as the resolver takes.
 */
struct job {
    atomic_int holders;
    int fd; /* an eventfd: readable when the thread is through */
    char *conninfo;
    struct targets targets; /* written by the thread before it says so */
    bool found;
    char err[160];
};

struct resolver {
    struct job *job;
    struct event *event;
    resolver_done *done;
    void *ctx;
};

static void job_leave(struct job *j)
{
    if (atomic_fetch_sub(&j->holders, 1) > 1)
        return;
    if (j->fd >= 0)
        close(j->fd);
    targets_done(&j->targets);
    free(j->conninfo);
    free(j);
}

static void *job_run(void *arg)
{
    struct job *j = arg;
    uint64_t one = 1;

    j->found = conninfo_resolve(j->conninfo, &j->targets, j->err, sizeof(j->err)) == 0;
    ssize_t n = write(j->fd, &one, sizeof(one)); /* an eventfd at 0 takes a 1 */
    (void)n;
    job_leave(j);
    return NULL;
}

static struct job *job_new(const char *conninfo)
{
    struct job *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    atomic_init(&j->holders, 1);
    j->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    j->conninfo = strdup(conninfo);
    if (j->fd < 0 || !j->conninfo) {
        job_leave(j);
        return NULL;
    }
    return j;
}

static int job_start(struct job *j)
{
    pthread_t thread;
    pthread_attr_t attr;

    if (pthread_attr_init(&attr))
        return -1;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&j->holders, 1);
    int code = pthread_create(&thread, &attr, job_run, j);
    pthread_attr_destroy(&attr);
    if (code)
        job_leave(j);
    return code ? -1 : 0;
}

static void resolver_ready(evutil_socket_t fd, short what, void *arg)
{
    struct resolver *r = arg;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return;
    event_del(r->event);
    r->done(r->ctx, r->job->found ? &r->job->targets : NULL, r->job->err);
}

struct resolver *resolver_start(struct event_base *base, const char *conninfo, resolver_done *done,
                                void *ctx)
{
    struct resolver *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->done = done;
    r->ctx = ctx;
    r->job = job_new(conninfo);
    if (r->job)
        r->event = event_new(base, r->job->fd, EV_READ | EV_PERSIST, resolver_ready, r);
    if (!r->event || event_add(r->event, NULL) || job_start(r->job) < 0) {
        resolver_free(r);
        return NULL;
    }
    return r;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    if (r->event)
        event_free(r->event);
    if (r->job)
        job_leave(r->job);
    free(r);
}
