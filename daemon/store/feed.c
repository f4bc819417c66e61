#include "feed_private.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 3000  /* a server that takes longer to tell its counter counts as lost */
#define PAGE_MS 60000 /* a page of changes */
#define SERVER_TIMEOUT "60s"

int feed_send_on(struct feed *f, struct link *l, enum feed_statement which)
{
    char number[24], limit[16], format[16];
    struct store_param params[4] = {
        {.value = number}, {.value = limit}, {.value = format}, {.value = f->pack_model}};

    snprintf(number, sizeof(number), "%llu", (unsigned long long)f->seq);
    snprintf(limit, sizeof(limit), "%d", FEED_PAGE);
    snprintf(format, sizeof(format), "%d", f->o.pack_format);
    if (which == FEED_REWOUND) {
        params[0].value = f->epoch;
        params[1].value = number;
    }
    f->state = FEED_BUSY;
    f->busy_ms = clock_mono_ms();
    f->late = false;
    f->asked = f->seq;
    return link_send(l, which, params, clock_mono_ms() + (which == FEED_FOLLOW ? PAGE_MS : LOOK_MS),
                     which);
}

void feed_send(struct feed *f, enum feed_statement which)
{
    if (feed_send_on(f, f->link, which) < 0)
        link_break(f->link, "a statement of the change feed could not be sent");
}

void feed_rest(struct feed *f)
{
    f->state = FEED_IDLE;
    if (!f->again)
        return;
    f->again = false;
    feed_send(f, FEED_HEAD);
}

static void feed_look(struct feed *f)
{
    if (f->state == FEED_IDLE)
        feed_send(f, FEED_HEAD);
    else
        f->again = true;
}

static void feed_lost_history(struct feed *f, const char *why, uint64_t seen)
{
    log_event(f->log, LOG_LEVEL_WARN, "feed_history_lost", "reason=%s seq=%llu seen=%llu", why,
              (unsigned long long)f->seq, (unsigned long long)seen);
    f->loaded = f->loading = false;
    f->reader_skip = true;
}

static bool feed_follows(const struct feed *f, const char *epoch)
{
    return f->loaded && strcmp(f->epoch, epoch) == 0;
}

/* The counter has been seen: what to do next. */
static void feed_on_head(struct feed *f, struct feed_head *h)
{
    /* A write of our own may have been told of since it was asked for. */
    if (feed_follows(f, h->epoch) && h->seq >= f->asked && h->seq < f->seq)
        h->seq = f->seq;
    if (f->callbacks.state(f->ctx, true, h->seq) < 0)
        f->loaded = f->loading = false;
    if (!f->tokens_known || f->token_version != h->token_version) {
        f->tokens_known = true;
        f->token_version = h->token_version;
        f->callbacks.tokens(f->ctx, h->token_version);
    }
    bool same = feed_follows(f, h->epoch);
    if (same && h->seq < f->seq) {
        /* What other daemons and clients have seen after it is gone: make it known, then load. */
        feed_lost_history(f, "counter_went_back", h->seq);
        f->again = true;
        feed_send(f, FEED_REWOUND);
        return;
    }
    f->head = h->seq;
    if (!same) {
        f->loaded = false; /* by this history nothing is known */
        if (!feed_reader_begin(f, h->epoch))
            feed_load(f);
    } else if (h->seq > f->seq) {
        feed_send(f, FEED_FOLLOW);
    } else {
        feed_rest(f);
    }
}

/* What was not taken is read again with the next look, not at once: there is no memory now. */
int feed_starve(struct feed *f)
{
    f->again = false;
    feed_rest(f);
    return 0;
}

void feed_level(struct feed *f)
{
    if (f->head < f->seq)
        f->head = f->seq;
    f->callbacks.caught_up(f->ctx, f->seq, f->epoch);
    f->callbacks.state(f->ctx, true, f->head);
}

static int feed_on_follow(struct feed *f, const PGresult *res)
{
    struct feed_page page;

    if (f->late)
        f->callbacks.state(f->ctx, true, f->head);
    f->late = false;
    if (feed_read_span(res, &page) < 0)
        return -1;
    if (page.rows == 0 || strcmp(page.epoch, f->epoch) != 0 || page.first != f->asked + 1) {
        /* seq has no gaps: what is missing has been taken out of the table. */
        if (page.rows > 0 ? page.first != f->asked + 1 : f->head > f->seq)
            feed_lost_history(f, "changes_missing", page.first);
        f->again = true;
        feed_rest(f);
        return 0;
    }
    /* Unless writes of our own have told of all of it meanwhile. */
    bool news = page.last > f->seq;
    int rc = news ? feed_read_changes(f, res) : 0;
    if (rc == FEED_NO_MEMORY)
        return feed_starve(f);
    if (rc < 0)
        return -1;
    if (news)
        f->seq = page.last;
    f->head = page.head > f->seq ? page.head : f->seq;
    if (f->seq < f->head) {
        feed_send(f, FEED_FOLLOW);
        return 0;
    }
    if (news)
        feed_level(f);
    feed_rest(f);
    return 0;
}

static int feed_on_result(struct feed *f, enum feed_statement which, const PGresult *res)
{
    struct feed_head head;

    switch (which) {
    case FEED_HEAD:
        if (feed_read_head(res, &head) < 0)
            return -1;
        feed_on_head(f, &head);
        return 0;
    case FEED_LOAD:
        return feed_loaded(f);
    case FEED_FOLLOW:
        return feed_on_follow(f, res);
    case FEED_REWOUND:
        feed_rest(f);
        return 0;
    default: /* FEED_LISTEN: FEED_HEAD is behind it */
        return 0;
    }
}

/* Refused by the server: said once; the timer tries again. */
static void feed_refused(struct feed *f, enum feed_statement which,
                         const struct store_result *result)
{
    if (f->refused != (int)which)
        log_event(f->log, LOG_LEVEL_ERROR, "feed_refused", "statement=%s sqlstate=%s",
                  which == FEED_LOAD ? "feed_load" : feed_statements[which].name, result->sqlstate);
    f->refused = (int)which;
    if (which == FEED_LOAD)
        f->loading = false;
    f->callbacks.state(f->ctx, false, f->head);
    f->again = which == FEED_REWOUND; /* on a standby it cannot be written: load all the same */
    if (which != FEED_LISTEN)
        feed_rest(f);
}

static void feed_done(void *ctx, uint64_t number, const struct store_result *result)
{
    struct feed *f = ctx;
    enum feed_statement which = (enum feed_statement)number;

    if (result->status == STORE_SQL) {
        feed_refused(f, which, result);
        return;
    }
    if (result->status != STORE_OK)
        return; /* feed_down follows */
    if (f->refused == (int)which)
        f->refused = -1;
    if (feed_on_result(f, which, result->res) < 0) {
        f->loaded = f->loading = false;
        link_break(f->link, "the change feed gave a result that makes no sense");
    }
}

static void feed_up(void *ctx)
{
    struct feed *f = ctx;

    f->again = false;
    feed_send(f, FEED_LISTEN); /* first: what is committed from here on makes itself heard */
    feed_send(f, FEED_HEAD);
    if (event_add(f->timer,
                  &(struct timeval){.tv_sec = (time_t)(f->o.poll_ms / 1000),
                                    .tv_usec = (suseconds_t)(f->o.poll_ms % 1000) * 1000}))
        link_break(f->link, "no memory for a timer");
}

static void feed_down(void *ctx)
{
    struct feed *f = ctx;

    f->state = FEED_OFF;
    f->late = false;
    f->loading = false; /* it begins anew once the primary is back */
    if (f->via_reader)
        link_break(f->reader, "the primary was lost while all was loaded from here");
    f->via_reader = false;
    event_del(f->timer);
    f->callbacks.state(f->ctx, false, f->head);
}

/* A hint: with the counter in it, the changes can be read at once. */
void feed_heard(struct feed *f, uint64_t seq)
{
    if (f->state == FEED_IDLE && f->loaded && seq > f->seq)
        feed_send(f, FEED_FOLLOW);
    else if (f->state == FEED_BUSY || !f->loaded || seq == 0)
        feed_look(f);
}

static void feed_notify(void *ctx, const PGnotify *n)
{
    feed_heard(ctx, strtoull(n->extra, NULL, 10));
}

/* A page may take its time, but who waits for the database should know that it does not answer. */
static void feed_timer(evutil_socket_t fd, short what, void *arg)
{
    struct feed *f = arg;

    (void)fd;
    (void)what;
    if (f->state == FEED_IDLE) {
        feed_send(f, FEED_HEAD);
    } else if (!f->late && !f->loading && clock_mono_ms() >= f->busy_ms + LOOK_MS) {
        f->late = true;
        f->callbacks.state(f->ctx, false, f->head);
    }
}

static void feed_outdated(void *ctx)
{
    struct feed *f = ctx;

    if (f->callbacks.outdated)
        f->callbacks.outdated(f->ctx);
}

static const struct link_callbacks feed_links = {.up = feed_up,
                                                 .down = feed_down,
                                                 .done = feed_done,
                                                 .notify = feed_notify,
                                                 .outdated = feed_outdated};

struct feed *feed_new(struct event_base *base, const struct feed_options *o, struct log *log,
                      const struct feed_callbacks *callbacks, void *ctx)
{
    /* Planning a page anew would take as long as reading a small one. With nothing else left, it
     * always is a walk along the two primary keys. See pool_new for the rest. */
    struct link_options lo = {
        .conninfo = o->conninfo,
        .connect_ms = o->connect_ms,
        .retry_ms = o->retry_ms,
        .pipeline = 4,
        .statements = feed_statements,
        .count = FEED_COUNT,
        .binary = true,
        .settings = {"statement_timeout", SERVER_TIMEOUT, "enable_seqscan", "off",
                     "enable_hashjoin", "off", "enable_mergejoin", "off", "enable_bitmapscan",
                     "off", "plan_cache_mode", "force_generic_plan", "jit", "off", NULL},
    };
    struct feed *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->log = log;
    f->o = *o;
    if (f->o.poll_ms == 0)
        f->o.poll_ms = 500;
    f->callbacks = *callbacks;
    f->ctx = ctx;
    f->refused = -1;
    f->pack_model = strdup(o->pack_model);
    f->timer = event_new(base, -1, EV_PERSIST, feed_timer, f);
    if (f->pack_model && f->timer && feed_load_open(f) == 0)
        f->link = link_new(base, &lo, log, &feed_links, f);
    if (!f->link || feed_reader_open(f, base, &lo) < 0) {
        feed_free(f);
        return NULL;
    }
    return f;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    link_free(f->reader);
    link_free(f->link);
    if (f->timer)
        event_free(f->timer);
    feed_load_close(f);
    free(f->pack_model);
    free(f);
}
