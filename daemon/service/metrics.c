#include "metrics.h"
#include "request.h"

#include <spean/clock.h>
#include <spean/params.h>
#include <string.h>

#define SAMPLE_APART_US 500000

static const unsigned metrics_bounds[METRICS_BUCKETS - 1] = {
    100,   250,    500,    1000,   2500,    5000,    10000,  25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000}; /* us */

_Static_assert(REASON_COUNT <= METRICS_REASONS, "every reason has its counter");

static size_t result_place(const struct rpc_error *e)
{
    size_t count;
    const struct rpc_code_info *codes = rpc_codes(&count);

    if (!e)
        return 0;
    for (size_t i = 0; i < count && i + 1 < METRICS_RESULTS; i++)
        if (codes[i].code == e->code)
            return i + 1;
    return METRICS_RESULTS - 1;
}

/* A refusal is counted under its word too: a wrong token is another thing than none. */
static void metrics_refusal(struct metrics *m, const struct rpc_error *e)
{
    for (int i = 0; i < REASON_COUNT; i++)
        if (strcmp(reason_word((enum reason)i), e->reason) == 0) {
            metrics_add(&m->refused[i], 1);
            return;
        }
}

void metrics_call(const struct request *r, const struct rpc_error *e)
{
    struct metrics *m = &r->s->metrics;
    size_t method = r->method ? (size_t)(r->method - methods) + 1 : 0, bucket = 0;
    uint64_t us;

    if (method >= METRICS_METHODS)
        method = 0;
    metrics_add(&m->calls[method][result_place(e)], 1);
    if (e && (e->code == RPC_UNAUTHENTICATED || e->code == RPC_FORBIDDEN))
        metrics_refusal(m, e);
    /* How long a client chose to wait says nothing about the server. */
    if (r->method && (r->method->flags & METHOD_BULKY) && param_int(r->params, "wait_s", 0) > 0)
        return;
    us = clock_mono_us() - r->started_us;
    while (bucket < METRICS_BUCKETS - 1 && us > metrics_bounds[bucket])
        bucket++;
    metrics_add(&m->latency[method][bucket], 1);
    metrics_add(&m->latency_us[method], (int64_t)us);
}

void metrics_again(struct metrics *m)
{
    if (m->match_list == 0)
        m->match_list = (size_t)(method_find("match.list") - methods) + 1;
    metrics_add(&m->calls[m->match_list][0], 1);
    metrics_add(&m->latency[m->match_list][0], 1);
    metrics_add(&m->again, 1);
}

int metrics_start(struct event *timer)
{
    static const struct timeval apart = {0, SAMPLE_APART_US};

    return event_add(timer, &apart);
}

static void metrics_set(metric *m, uint64_t value)
{
    atomic_store_explicit(m, (int64_t)value, memory_order_relaxed);
}

void metrics_sample(evutil_socket_t fd, short what, void *arg)
{
    struct service *s = arg;
    struct metrics *m = &s->metrics;
    struct pool_stats pool = pool_stats(s->pool);
    struct session *session;
    uint64_t subscribers = 0;

    (void)fd;
    (void)what;
    for (session = LIST_FIRST(&s->subscribers); session; session = LIST_NEXT(session, subscriber))
        subscribers++;
    metrics_set(&m->subscribers, subscribers);
    metrics_set(&m->queued, pool.queued);
    metrics_set(&m->in_flight, pool.in_flight);
    metrics_set(&m->connections, pool.connections);
    metrics_set(&m->ready, pool.ready);
    metrics_set(&m->connects, pool.connects);
    metrics_set(&m->index_seq, s->index ? index_seq(s->index) : 0);
}

/* ---- the reader ---- */

/* A counter of all services together, named by its place in struct metrics. */
struct reader {
    struct service *const *services;
    size_t count;
    struct buf *out;
};

static int64_t read_sum(const struct reader *r, size_t place)
{
    int64_t sum = 0;

    for (size_t i = 0; i < r->count; i++) {
        const char *at = (const char *)&r->services[i]->metrics + place;

        sum += atomic_load_explicit((const metric *)(const void *)at, memory_order_relaxed);
    }
    return sum;
}

#define SUM(r, member) read_sum(r, offsetof(struct metrics, member))
#define PLACE(member, i, j)                                                                        \
    (offsetof(struct metrics, member) +                                                            \
     ((i) * (sizeof((struct metrics *)0)->member[0] / sizeof(metric)) + (j)) * sizeof(metric))

static const char *method_name(size_t place)
{
    return place == 0 ? "-" : methods[place - 1].name;
}

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_one(const struct reader *r, const char *name, const char *type, const char *help,
                      int64_t value)
{
    write_head(r->out, name, type, help);
    buf_addf(r->out, "%s %lld\n", name, (long long)value);
}

static void write_calls(const struct reader *r)
{
    size_t count;
    const struct rpc_code_info *codes = rpc_codes(&count);

    write_head(r->out, "spean_requests_total", "counter", "Calls answered, by method and result.");
    for (size_t m = 0; m == 0 || (m < METRICS_METHODS && methods[m - 1].name); m++)
        for (size_t i = 0; i < METRICS_RESULTS; i++) {
            int64_t n = read_sum(r, PLACE(calls, m, i));

            if (n > 0 || (i == 0 && m > 0)) /* a counter should be there before it first moves */
                buf_addf(r->out, "spean_requests_total{method=\"%s\",result=\"%s\"} %lld\n",
                         method_name(m),
                         i == 0          ? "ok"
                         : i - 1 < count ? codes[i - 1].reason
                                         : "other",
                         (long long)n);
        }
}

static void write_latency_of(const struct reader *r, size_t m)
{
    const char *name = method_name(m);
    int64_t so_far = 0;

    for (size_t b = 0; b < METRICS_BUCKETS; b++) {
        so_far += read_sum(r, PLACE(latency, m, b));
        if (b < METRICS_BUCKETS - 1)
            buf_addf(r->out,
                     "spean_request_duration_seconds_bucket{method=\"%s\",le=\"%g\"} %lld\n", name,
                     metrics_bounds[b] / 1e6, (long long)so_far);
        else
            buf_addf(r->out,
                     "spean_request_duration_seconds_bucket{method=\"%s\",le=\"+Inf\"} %lld\n",
                     name, (long long)so_far);
    }
    buf_addf(r->out,
             "spean_request_duration_seconds_sum{method=\"%s\"} %.6f\n"
             "spean_request_duration_seconds_count{method=\"%s\"} %lld\n",
             name, (double)read_sum(r, PLACE(latency_us, m, 0)) / 1e6, name, (long long)so_far);
}

static void write_refused(const struct reader *r)
{
    write_head(r->out, "spean_auth_failures_total", "counter",
               "Calls refused for who made them, by reason.");
    for (int i = 0; i < REASON_COUNT; i++) {
        struct rpc_error e = {0};

        reason_set(&e, (enum reason)i);
        if (e.code == RPC_UNAUTHENTICATED || e.code == RPC_FORBIDDEN)
            buf_addf(r->out, "spean_auth_failures_total{reason=\"%s\"} %lld\n",
                     reason_word((enum reason)i),
                     (long long)read_sum(r, PLACE(refused, (size_t)i, 0)));
        rpc_error_done(&e);
    }
}

static void write_pools(const struct reader *r)
{
    write_one(r, "spean_database_connections", "gauge", "Connections that the pools should have.",
              SUM(r, connections));
    write_one(r, "spean_database_connections_ready", "gauge", "Those that are up.", SUM(r, ready));
    write_one(r, "spean_database_connects_total", "counter", "Connections that came up.",
              SUM(r, connects));
    write_one(r, "spean_database_statements", "gauge", "Statements sent and not answered yet.",
              SUM(r, in_flight));
    write_one(r, "spean_database_queue", "gauge", "Statements that wait for a connection.",
              SUM(r, queued));
}

/* Matches may come from any worker, so the slowest counts. */
static int64_t slowest_seq(const struct reader *r)
{
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < r->count; i++) {
        int64_t seq =
            atomic_load_explicit(&r->services[i]->metrics.index_seq, memory_order_relaxed);

        if (seq < least)
            least = seq;
    }
    return r->count == 0 ? 0 : least;
}

void service_metrics_write(struct service *const *services, size_t count, struct buf *out)
{
    const struct reader r = {.services = services, .count = count, .out = out};

    write_calls(&r);
    write_head(out, "spean_request_duration_seconds", "histogram",
               "From a call's start to its answer; long-polls are not in it.");
    for (size_t m = 0; m == 0 || (m < METRICS_METHODS && methods[m - 1].name); m++)
        write_latency_of(&r, m);
    write_refused(&r);
    write_one(&r, "spean_matches_kept_total", "counter",
              "Calls of match.list answered by an answer that had been kept.", SUM(&r, again));
    write_one(&r, "spean_requests_in_flight", "gauge", "Lines that are being worked on.",
              SUM(&r, requests));
    write_one(&r, "spean_subscribers", "gauge", "Connections that wait for changes.",
              SUM(&r, subscribers));
    write_pools(&r);
    write_one(&r, "spean_worker_index_seq", "gauge",
              "Change that the index of the slowest worker has reached.", slowest_seq(&r));
}
