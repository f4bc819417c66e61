#include "house_private.h"
#include "house_tls.h"
#include "indexer.h"
#include "monitor.h"
#include "wrote.h"

#include <event2/event.h>
#include <spean/clock.h>
#include <spean/packed.h>
#include <spean/tls.h>
#include <stdlib.h>

/* One worker and its service; see service.h for the order. 0 or -1. */
static int house_add_worker(struct house *h)
{
    const struct net_limits limits = config_net_limits(h->config);
    int number = (int)h->worker_count;
    struct service_options so = {.model = h->o.model,
                                 .limits = config_rpc_limits(h->config),
                                 .store = config_store_options(h->config),
                                 .request_ms = (uint64_t)h->config->limits.request,
                                 .idempotency_ms = (uint64_t)h->config->limits.idempotency,
                                 .answer_bytes = (size_t)h->config->daemon.answers,
                                 .staff_group = h->config->staff,
                                 .revocations = &h->revocations,
                                 .guesses = h->guesses,
                                 .wrote = wrote_put,
                                 .wrote_ctx = h->wrote,
                                 .log = h->o.log,
                                 .number = number};
    struct service *s = service_new(&so);
    struct worker_options wo = {.limits = &limits,
                                .shared = h->shared,
                                .log = h->o.log,
                                .callbacks = service_callbacks(),
                                .ctx = s,
                                .number = number};
    struct worker *w = s == NULL ? NULL : worker_new(&wo);

    if (w == NULL) {
        service_free(s);
        return -1;
    }
    h->workers[number] = w;
    h->services[number] = s;
    h->worker_count++;
    return service_attach(s, w);
}

static void house_on_ready(void *ctx, size_t companies)
{
    struct house *h = ctx;

    h->ready = true;
    log_event(h->o.log, LOG_LEVEL_INFO, "ready", "companies=%zu", companies);
    house_open_doors(h);
    house_notify("READY=1\nSTATUS=serving");
}

static void house_on_broken(void *ctx)
{
    struct house *h = ctx;

    h->failed = true;
    event_base_loopbreak(h->base);
}

static int house_follow(struct house *h)
{
    const struct indexer_options io = {.model = h->o.model,
                                       .workers = h->workers,
                                       .worker_count = h->worker_count,
                                       .kernel = h->config->kernel,
                                       .log = h->o.log,
                                       .base = h->base,
                                       .ready = house_on_ready,
                                       .broken = house_on_broken,
                                       .ctx = h};
    const struct feed_options fo = {.conninfo = h->config->database.conninfo,
                                    .read_conninfo = h->config->database.read_conninfo,
                                    .connect_ms = (uint64_t)h->config->database.connect,
                                    .retry_ms = (uint64_t)h->config->database.retry,
                                    .poll_ms = (uint64_t)h->config->database.poll,
                                    .pack_format = PACKED_FORMAT,
                                    .pack_model = model_version(h->o.model)};

    h->indexer = indexer_new(&io);
    if (h->indexer == NULL)
        return -1;
    h->feed = feed_new(h->base, &fo, h->o.log, indexer_callbacks(), h->indexer);
    return h->feed == NULL ? -1 : 0;
}

static void house_on_wrote(void *ctx, const struct feed_write *w)
{
    struct house *h = ctx;

    feed_wrote(h->feed, w);
}

static int house_build(struct house *h, char *err, size_t errlen)
{
    if (house_tls_load(h->config, &h->tls, err, errlen) != 0)
        return -1;
    snprintf(err, errlen, "no memory");
    h->base = loop_new(true);
    h->shared = net_shared_new();
    h->guesses =
        guesses_new((unsigned)h->config->limits.guesses, (uint64_t)h->config->limits.guess_window);
    h->wrote = h->base == NULL ? NULL : wrote_new(h->base, house_on_wrote, h);
    if (h->wrote == NULL || h->shared == NULL || h->guesses == NULL)
        return -1;
    for (int64_t i = 0; i < h->config->daemon.workers; i++)
        if (house_add_worker(h) != 0)
            return -1;
    if (house_signals_open(h) != 0 || house_follow(h) != 0)
        return -1;
    return house_listen(h, err, errlen);
}

int house_new(const struct house_options *o, struct house **ret, char *err, size_t errlen)
{
    struct house *h = calloc(1, sizeof *h);

    if (h == NULL) {
        snprintf(err, errlen, "no memory");
        config_free(o->config);
        return -1;
    }
    h->o = *o;
    h->config = o->config;
    h->started_wall_ms = clock_wall_ms();
    if (house_build(h, err, errlen) != 0) {
        house_free(h);
        return -1;
    }
    *ret = h;
    return 0;
}

static void house_stop_listening(struct house *h)
{
    if (h->event_open != NULL)
        event_free(h->event_open);
    h->event_open = NULL;
    while (h->listener_count > 0)
        listener_free(h->listeners[--h->listener_count]);
}

/* What is owed is answered, within the time that stopping may take. */
static void house_drain(struct house *h)
{
    uint64_t deadline = clock_mono_ms() + (uint64_t)h->config->daemon.shutdown;

    house_notify("STOPPING=1");
    house_stop_listening(h);
    for (size_t i = 0; i < h->worker_count; i++) {
        /* If this does not get there, those who wait are cut off at the deadline. */
        (void)worker_post(h->workers[i], SERVICE_STOP, NULL);
        worker_drain(h->workers[i], deadline);
    }
    for (size_t i = 0; i < h->worker_count; i++)
        worker_join(h->workers[i]);
}

int house_run(struct house *h)
{
    for (size_t i = 0; i < h->worker_count && !h->failed; i++)
        h->failed = worker_start(h->workers[i]) != 0;
    if (!h->failed && event_base_dispatch(h->base) < 0)
        h->failed = true;
    house_drain(h);
    log_event(h->o.log, LOG_LEVEL_INFO, "stopped", NULL);
    return h->failed ? -1 : 0;
}

void house_free(struct house *h)
{
    if (h == NULL)
        return;
    house_stop_listening(h);
    monitor_free(h->monitor);
    feed_free(h->feed);
    indexer_free(h->indexer);
    for (size_t i = 0; i < h->worker_count; i++) {
        worker_join(h->workers[i]);
        service_detach(h->services[i]);
        worker_free(h->workers[i]);
        service_free(h->services[i]);
    }
    house_signals_close(h);
    wrote_free(h->wrote);
    if (h->base != NULL)
        event_base_free(h->base);
    net_shared_free(h->shared);
    guesses_free(h->guesses);
    tls_unref(h->tls);
    config_free(h->live);
    config_free(h->config);
    free(h);
}
