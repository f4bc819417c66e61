#include "feed_private.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <stdio.h>
#include <string.h>

/*
 * A whole load reads much, and a standby can give it. It is taken as the standby has it, from the
 * number that the standby itself has reached; the changes after that come from the primary, as
 * always. Whatever goes wrong there, the primary takes over: it is never behind a standby.
 */

#define READER_WAIT_MS 3000 /* that a load waits for it to come up */

bool feed_reader_begin(struct feed *f, const char *epoch)
{
    uint64_t now = clock_mono_ms();

    if (!f->reader || f->reader_skip)
        return false;
    if (f->reader_since_ms == 0)
        f->reader_since_ms = now;
    if (!link_ready(f->reader) || link_in_flight(f->reader) > 0) {
        if (now - f->reader_since_ms >= READER_WAIT_MS)
            return false;
        feed_rest(f); /* the next look at the counter asks again */
        return true;
    }
    snprintf(f->reader_epoch, sizeof(f->reader_epoch), "%s", epoch);
    f->via_reader = feed_send_on(f, f->reader, FEED_HEAD) == 0;
    return f->via_reader;
}

/* The primary takes over. */
static void feed_reader_leave(struct feed *f, const char *why)
{
    log_event(f->log, LOG_LEVEL_WARN, "feed_reader_left", "reason=%s", why);
    feed_load(f);
}

static void feed_reader_head(struct feed *f, const PGresult *res)
{
    struct feed_head head;

    if (feed_read_head(res, &head) < 0)
        feed_reader_leave(f, "nonsense");
    else if (strcmp(head.epoch, f->reader_epoch) != 0)
        feed_reader_leave(f, "other_history");
    else if (feed_load_on(f, f->reader) < 0)
        feed_reader_leave(f, "lost");
}

static void feed_reader_done(void *ctx, uint64_t number, const struct store_result *result)
{
    struct feed *f = ctx;

    if (!f->via_reader)
        return; /* the primary was lost meanwhile, and with it the load from here */
    if (result->status != STORE_OK)
        feed_reader_leave(f, result->status == STORE_SQL ? result->sqlstate : "lost");
    else if (number == FEED_HEAD)
        feed_reader_head(f, result->res);
    else if (feed_loaded(f) < 0)
        feed_reader_leave(f, "nonsense");
}

int feed_reader_open(struct feed *f, struct event_base *base, const struct link_options *o)
{
    static const struct link_callbacks callbacks = {.done = feed_reader_done};
    struct link_options lo = *o;

    if (!f->o.read_conninfo || !f->o.read_conninfo[0])
        return 0;
    lo.conninfo = f->o.read_conninfo;
    f->reader = link_new(base, &lo, f->log, &callbacks, f);
    return f->reader ? 0 : -1;
}
