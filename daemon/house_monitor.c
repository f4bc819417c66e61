/* What those who watch are told: the house's own numbers, and the answers to "alive?", "ready?". */
#include "house_private.h"
#include "indexer.h"
#include "monitor.h"

#include <dirent.h>
#include <inttypes.h>
#include <spean/buf.h>
#include <spean/clock.h>
#include <spean/model.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#define SILENT_MS 10000 /* a worker that has not turned for so long is not alive */

static void put(struct buf *out, const char *name, const char *type, const char *help, double value)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

static void write_net(const struct house *h, struct buf *out)
{
    struct net_counters n = net_shared_counters(h->shared);

    put(out, "spean_connections", "gauge", "Connections of clients.",
        net_shared_connections(h->shared));
    put(out, "spean_connections_max", "gauge", "How many there may be.",
        (double)(h->live == NULL ? h->config : h->live)->limits.connections);
    put(out, "spean_connections_opened_total", "counter", "Connections accepted.",
        (double)n.opened);
    put(out, "spean_connections_refused_total", "counter", "Connections beyond the limit.",
        (double)n.turned_away);
    put(out, "spean_connections_dropped_total", "counter",
        "Connections dropped because they did not read, or held too much.", (double)n.dropped);
    put(out, "spean_buffered_bytes", "gauge", "Bytes in the buffers of all connections.",
        (double)net_shared_buffered(h->shared));
    put(out, "spean_tls_handshakes_total", "counter", "TLS handshakes that succeeded.",
        (double)n.tls_done);
    put(out, "spean_tls_failures_total", "counter", "TLS handshakes that failed.",
        (double)n.tls_failed);
}

static void write_index(const struct house *h, struct buf *out)
{
    struct indexer_stats x = indexer_stats(h->indexer);

    put(out, "spean_index_companies", "gauge", "Companies in the index.", (double)x.companies);
    put(out, "spean_index_seq", "gauge", "Change that the index has reached.", (double)x.seq);
    put(out, "spean_database_seq", "gauge", "Change that the database has reached, as last seen.",
        (double)x.database_seq);
    put(out, "spean_index_lag_changes", "gauge", "Changes that the index lacks.",
        x.database_seq > x.seq ? (double)(x.database_seq - x.seq) : 0);
    put(out, "spean_index_lag_seconds", "gauge",
        "For how long the index has been behind the database, or the database away.",
        (double)x.lag_ms / 1000);
    put(out, "spean_database_up", "gauge", "Whether the change feed reaches the database.", x.up);
    put(out, "spean_index_loads_total", "counter", "Times that everything was loaded anew.",
        (double)x.loads);
    put(out, "spean_index_publishes_total", "counter", "Snapshots made.", (double)x.publishes);
    put(out, "spean_index_publish_seconds_total", "counter", "Time that making them took.",
        (double)x.publish_us / 1e6);
    put(out, "spean_index_rows_refused_total", "counter", "Rows that could not be indexed.",
        (double)x.refused);
}

static unsigned open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    if (dir == NULL)
        return 0;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n > 3 ? n - 3 : 0; /* ".", ".." and dir itself */
}

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long size, resident = 0;

    if (f == NULL)
        return 0;
    if (fscanf(f, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void write_process(const struct house *h, struct buf *out)
{
    struct rlimit files = {0};
    struct rusage used = {0};

    (void)getrlimit(RLIMIT_NOFILE, &files);
    (void)getrusage(RUSAGE_SELF, &used);
    put(out, "process_cpu_seconds_total", "counter", "Processor time, user and system.",
        seconds(used.ru_utime) + seconds(used.ru_stime));
    put(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    put(out, "process_open_fds", "gauge", "Open descriptors.", open_descriptors());
    put(out, "process_max_fds", "gauge", "How many there may be.", (double)files.rlim_cur);
    put(out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
        (double)h->started_wall_ms / 1000);
    buf_addf(out,
             "# HELP spean_build_info Version of the program and of the model.\n"
             "# TYPE spean_build_info gauge\n"
             "spean_build_info{version=\"%s\",model=\"%s\"} 1\n",
             SPEAN_VERSION, model_version(h->o.model));
}

/* Milliseconds since worker i turned last. */
static uint64_t silence_ms(const struct house *h, size_t i, uint64_t now)
{
    uint64_t beat = worker_heartbeat(h->workers[i]);

    return now > beat ? now - beat : 0;
}

static void write_workers(const struct house *h, struct buf *out)
{
    uint64_t now = clock_mono_ms();

    buf_adds(out, "# HELP spean_worker_silent_seconds Time since a worker's loop last turned.\n"
                  "# TYPE spean_worker_silent_seconds gauge\n");
    for (size_t i = 0; i < h->worker_count; i++)
        buf_addf(out, "spean_worker_silent_seconds{worker=\"%zu\"} %.3f\n", i,
                 (double)silence_ms(h, i, now) / 1000);
}

static void house_metrics(void *ctx, struct buf *out)
{
    const struct house *h = ctx;

    write_net(h, out);
    write_index(h, out);
    write_workers(h, out);
    service_metrics_write(h->services, h->worker_count, out);
    write_process(h, out);
}

static bool house_is_healthy(void *ctx, struct buf *out)
{
    const struct house *h = ctx;
    uint64_t now = clock_mono_ms();

    for (size_t i = 0; i < h->worker_count; i++)
        if (silence_ms(h, i, now) > SILENT_MS) {
            buf_addf(out, "worker %zu has not turned for %" PRIu64 " ms\n", i,
                     silence_ms(h, i, now));
            return false;
        }
    buf_adds(out, "ok\n");
    return true;
}

static bool house_is_ready(void *ctx, struct buf *out)
{
    const struct house *h = ctx;
    struct indexer_stats x = indexer_stats(h->indexer);

    if (!x.published)
        buf_adds(out, "the index is loading\n");
    else if (x.lag_ms > (uint64_t)h->config->metrics.ready_lag)
        buf_addf(out, "%s for %" PRIu64 " ms\n",
                 x.up ? "the index has been behind" : "the database has been away", x.lag_ms);
    else
        return house_is_healthy(ctx, out);
    return false;
}

int house_watch(struct house *h, int fd, char *err, size_t errlen)
{
    static const struct monitor_callbacks callbacks = {
        .metrics = house_metrics, .healthy = house_is_healthy, .ready = house_is_ready};

    if (h->monitor != NULL || net_socket_remote(fd)) {
        snprintf(err, errlen, "%s",
                 h->monitor != NULL ? "there are two sockets for metrics"
                                    : "the socket for metrics is not a loopback or unix one");
        close(fd);
        return -1;
    }
    h->monitor = monitor_new(h->base, fd, &callbacks, h);
    if (h->monitor == NULL) {
        snprintf(err, errlen, "metrics can't be served");
        return -1;
    }
    return 0;
}
