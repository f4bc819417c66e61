#include <event2/event.h>
#include <event2/event_struct.h>
#include <spean/net.h>
#include <stdlib.h>

/*
 * libevent keeps pending timers in a heap that grows by doubling and never shrinks. A timer for
 * which it can't grow is lost, and a persistent one, which is added anew each time it has fired,
 * for ever. So it grows here, while a failure can still be told.
 */
#define TIMERS 1024

static void never(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* 0 or -1 on no memory. */
static int timers_reserve(struct event_base *base)
{
    static const struct timeval late = {3600, 0};
    struct event *timers = calloc(TIMERS, sizeof *timers);
    int n = 0, rc = timers ? 0 : -1;

    for (; rc == 0 && n < TIMERS; n++)
        rc = evtimer_assign(&timers[n], base, never, NULL) == 0 ? event_add(&timers[n], &late) : -1;
    while (n-- > 0)
        event_del(&timers[n]);
    free(timers);
    return rc;
}

struct event_base *loop_new(bool locks)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    if (!locks)
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    if (base == NULL || timers_reserve(base) == 0)
        return base;
    event_base_free(base);
    return NULL;
}
