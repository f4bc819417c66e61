#ifndef SPEAN_SERVICE_METRICS_H
#define SPEAN_SERVICE_METRICS_H

#include <event2/util.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct request;
struct rpc_error;

/*
 * What one service counts. Its worker alone writes; anybody may read at any time, so the numbers
 * are atomics, which costs nothing where there is one writer.
 */
#define METRICS_METHODS 40 /* the first: what is no method */
#define METRICS_RESULTS 20 /* the first: done; then as rpc_codes has them */
#define METRICS_BUCKETS 16 /* of metrics_bounds, and all above */
#define METRICS_REASONS 40

typedef atomic_int_least64_t metric;

struct metrics {
    metric calls[METRICS_METHODS][METRICS_RESULTS];
    metric latency[METRICS_METHODS][METRICS_BUCKETS];
    metric latency_us[METRICS_METHODS];
    metric refused[METRICS_REASONS]; /* by enum reason: -32010 and -32011 */
    metric requests;                 /* lines under way */
    metric again;                    /* calls of match.list answered by an answer that was kept */
    size_t match_list;               /* its place in calls and latency; 0: not looked up yet */
    /* samples */
    metric subscribers, queued, in_flight, connections, ready, connects, index_seq;
};

/* For the one writer. */
static inline void metrics_add(metric *m, int64_t by)
{
    atomic_store_explicit(m, atomic_load_explicit(m, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

/* The present call of r is answered. e NULL: with a result. */
void metrics_call(const struct request *r, const struct rpc_error *e);
/* match.list is answered in no time at all: not even the clock is asked. */
void metrics_again(struct metrics *m);
/* Looks at what is not counted as it happens. 0 or -1. */
int metrics_start(struct event *timer);
void metrics_sample(evutil_socket_t fd, short what, void *arg);

#endif
