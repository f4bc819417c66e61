#include "house_private.h"
#include "house_tls.h"

#include <event2/event.h>
#include <signal.h>
#include <spean/clock.h>
#include <spean/tls.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

void house_notify(const char *state)
{
    (void)sd_notify(0, state); /* nobody listens: fine */
}

static void note_change(void *ctx, const struct opt *o, bool live)
{
    struct house *h = ctx;

    if (!live)
        log_event(h->o.log, LOG_LEVEL_WARN, "reload_needs_restart", "option=%s.%s", o->section,
                  o->name);
}

/* All workers get the new limits. */
static void house_post_limits(struct house *h, const struct config *c)
{
    const struct net_limits net = config_net_limits(c);

    for (size_t i = 0; i < h->worker_count; i++) {
        struct rpc_limits *rpc = malloc(sizeof *rpc);

        worker_set_limits(h->workers[i], &net);
        if (rpc == NULL) {
            log_event(h->o.log, LOG_LEVEL_ERROR, "no_memory", "worker=%zu", i);
            continue;
        }
        *rpc = config_rpc_limits(c);
        if (worker_post(h->workers[i], SERVICE_LIMITS, rpc) != 0)
            free(rpc);
    }
    guesses_set(h->guesses, (unsigned)c->limits.guesses, (uint64_t)c->limits.guess_window);
    for (size_t i = 0; i < h->listener_count; i++)
        listener_set_max(h->listeners[i], net.connections);
}

/* Configuration and certificates, or neither. */
static int house_load_again(struct house *h, struct config **ret, struct tls **ret_tls, char *err,
                            size_t errlen)
{
    if (config_load(h->o.path, h->o.settings, h->o.setting_count, ret, err, errlen) != 0)
        return -1;
    if (house_tls_load(*ret, ret_tls, err, errlen) != 0)
        return -1;
    for (size_t i = 0; i < h->listener_count; i++)
        if (*ret_tls == NULL && listener_is_tls(h->listeners[i])) {
            snprintf(err, errlen, "[tls] certificate: a listener needs it");
            return -1;
        }
    return 0;
}

static void house_take_tls(struct house *h, struct tls *tls)
{
    for (size_t i = 0; i < h->listener_count; i++)
        listener_set_tls(h->listeners[i], tls);
    for (size_t i = 0; i < h->worker_count; i++)
        worker_set_tls(h->workers[i], tls);
    tls_unref(h->tls);
    h->tls = tls;
}

void house_reload(struct house *h)
{
    struct config *c = NULL;
    struct tls *tls = NULL;
    char err[512], quoted[600], state[64];

    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)clock_mono_ms() * 1000);
    house_notify(state);
    if (house_load_again(h, &c, &tls, err, sizeof err) != 0) {
        config_free(c);
        tls_unref(tls);
        log_event(h->o.log, LOG_LEVEL_ERROR, "reload_refused", "error=%s",
                  log_quote(quoted, sizeof quoted, err, strlen(err)));
    } else {
        config_compare(h->config, c, note_change, h);
        house_post_limits(h, c);
        house_take_tls(h, tls);
        log_set_level(h->o.log, c->level);
        config_free(h->live);
        h->live = c;
        log_event(h->o.log, LOG_LEVEL_INFO, "reloaded", NULL);
    }
    house_notify(h->ready ? "READY=1" : "STATUS=loading the index");
}

static void house_on_stop(int signal_number, short what, void *arg)
{
    struct house *h = arg;

    (void)what;
    log_event(h->o.log, LOG_LEVEL_INFO, "stopping", "signal=%d", signal_number);
    event_base_loopbreak(h->base);
}

static void house_on_hup(int signal_number, short what, void *arg)
{
    (void)signal_number;
    (void)what;
    house_reload(arg);
}

/* The whole process is as alive as its slowest worker. */
static void house_on_watchdog(int fd, short what, void *arg)
{
    struct house *h = arg;
    uint64_t now = clock_mono_ms();
    bool stalled = false;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < h->worker_count; i++) {
        uint64_t beat = worker_heartbeat(h->workers[i]);

        if (now > beat && now - beat > h->watchdog_ms) {
            stalled = true;
            if (!h->stalled)
                log_event(h->o.log, LOG_LEVEL_ERROR, "worker_stalled", "worker=%zu silent_ms=%llu",
                          i, (unsigned long long)(now - beat));
        }
    }
    h->stalled = stalled;
    if (!stalled)
        house_notify("WATCHDOG=1");
}

static int house_watchdog_open(struct house *h)
{
    uint64_t usec = 0;
    struct timeval tv;

    if (sd_watchdog_enabled(0, &usec) <= 0)
        return 0;
    h->watchdog_ms = usec / 1000;
    tv.tv_sec = (time_t)(usec / 3 / 1000000);
    tv.tv_usec = (suseconds_t)(usec / 3 % 1000000);
    h->event_watchdog = event_new(h->base, -1, EV_PERSIST, house_on_watchdog, h);
    return h->event_watchdog == NULL ? -1 : event_add(h->event_watchdog, &tv);
}

static struct event *house_signal(struct house *h, int number, event_callback_fn handler)
{
    struct event *e = evsignal_new(h->base, number, handler, h);

    if (e != NULL && event_add(e, NULL) == 0)
        return e;
    if (e != NULL)
        event_free(e);
    return NULL;
}

int house_signals_open(struct house *h)
{
    h->event_term = house_signal(h, SIGTERM, house_on_stop);
    h->event_int = house_signal(h, SIGINT, house_on_stop);
    h->event_hup = house_signal(h, SIGHUP, house_on_hup);
    if (h->event_term == NULL || h->event_int == NULL || h->event_hup == NULL)
        return -1;
    return house_watchdog_open(h);
}

void house_signals_close(struct house *h)
{
    struct event *events[] = {h->event_term, h->event_int, h->event_hup, h->event_watchdog};

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i] != NULL)
            event_free(events[i]);
    h->event_term = h->event_int = h->event_hup = h->event_watchdog = NULL;
}
