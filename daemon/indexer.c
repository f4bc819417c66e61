#include "indexer_in.h"
#include "service/pack.h"

#include <jansson.h>
#include <malloc.h>
#include <spean/buf.h>
#include <spean/clock.h>
#include <spean/index.h>
#include <spean/json_reader.h>
#include <spean/log.h>
#include <spean/net.h>
#include <spean/service.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000

#define PROGRESS_ROWS 262144 /* so often a load says in the log how far it is, */
#define STATE_ROWS 32768     /* and so often to who asks */
#define HERE_MOST 1024       /* so few are built into an index without a thread */

static struct index_writer *writer_new(const struct indexer_options *o)
{
    struct index_writer *w = index_writer_new(o->model);

    if (w != NULL && index_writer_kernel(w, o->kernel) != 0) {
        index_writer_free(w);
        return NULL;
    }
    return w;
}

struct indexer *indexer_new(const struct indexer_options *o)
{
    struct indexer *x = calloc(1, sizeof *x);

    if (x == NULL)
        return NULL;
    x->o = *o;
    x->behind_since_ms = clock_mono_ms();
    buf_init(&x->packed, PACKED_MAX);
    x->writer = writer_new(o);
    if (x->writer == NULL) {
        indexer_free(x);
        return NULL;
    }
    return x;
}

void indexer_free(struct indexer *x)
{
    if (x == NULL)
        return;
    if (x->writer != NULL)
        (void)beside_end(x);
    index_writer_free(x->writer);
    index_load_free(x->load);
    index_unref(x->current);
    index_unref(x->retired);
    buf_done(&x->packed);
    free(x);
}

static void indexer_forget(struct indexer *x)
{
    if (x->writer != NULL)
        (void)beside_end(x);
    index_writer_free(x->writer);
    index_load_free(x->load);
    x->writer = NULL;
    x->load = NULL;
}

/*
 * There is no memory to go on. A daemon that serves goes on from the last snapshot, says that it is
 * behind, and tries again with every look at the database; one that starts can't be of use, and
 * ends.
 */
static void indexer_starve(struct indexer *x)
{
    if (x->published) {
        if (!x->starved)
            log_event(x->o.log, LOG_LEVEL_ERROR, "index_starved", "reason=no_memory seq=%llu",
                      (unsigned long long)x->stats.seq);
        x->starved = true;
        malloc_trim(0); /* what others have freed and malloc keeps for them */
        return;
    }
    indexer_forget(x);
    x->broken = true;
    log_event(x->o.log, LOG_LEVEL_ERROR, "index_broken", "reason=no_memory");
    x->o.broken(x->o.ctx);
}

/* Tells every worker what is known of the database. */
static void indexer_post_state(struct indexer *x)
{
    for (size_t i = 0; i < x->o.worker_count; i++) {
        struct service_state *state = calloc(1, sizeof *state);

        if (state == NULL)
            continue; /* the next look comes soon */
        state->database_up = x->up;
        state->database_seq = x->database_seq;
        memcpy(state->epoch, x->epoch, sizeof state->epoch);
        if (x->loading) {
            state->loading.phase = x->load != NULL ? SERVICE_READING : SERVICE_BUILDING;
            state->loading.companies = x->rows;
            state->loading.about = x->about;
        }
        if (worker_post(x->o.workers[i], SERVICE_STATE, state) != 0)
            free(state);
    }
}

/* What a load has given is gone for want of memory: it is not gone on with, but begun again. */
static void indexer_lose(struct indexer *x)
{
    indexer_forget(x);
    x->lost = true;
    indexer_starve(x);
}

static void indexer_reset(void *ctx, uint64_t about)
{
    struct indexer *x = ctx;

    if (x->broken)
        return;
    indexer_forget(x);
    x->rows = 0;
    x->about = about;
    x->loading = true;
    x->owed = false;
    x->writer = writer_new(&x->o);
    x->load = index_load_new();
    x->lost = false;
    if (x->writer == NULL || x->load == NULL) {
        indexer_lose(x);
        return;
    }
    x->stats.loads++;
    log_event(x->o.log, LOG_LEVEL_INFO, "index_loading", "about=%llu", (unsigned long long)about);
    indexer_post_state(x);
}

/* Packs a row that another version has packed, from its profile. 0, -1 on no memory, or -2: it is
 * no profile. */
static int indexer_pack(struct indexer *x, const struct feed_row *row)
{
    bool no_memory;
    json_t *doc = jr_parse(row->doc, row->doc_len, JSON_REJECT_DUPLICATES, NULL, &no_memory);
    int ret;

    buf_reset(&x->packed);
    if (doc == NULL)
        return no_memory ? -1 : -2;
    ret = pack_profile(x->o.model, doc, row->id, (int32_t)(row->updated_ms / DAY_MS), &x->packed);
    json_decref(doc);
    return ret;
}

/* 0, or -1: no memory, and nothing has changed. */
static int indexer_refuse(struct indexer *x, const struct feed_row *row)
{
    char id[IDENT_TEXT];

    if (x->load == NULL && index_writer_remove(x->writer, row->id) != 0)
        return -1;

    ident_format(row->id, id);
    x->stats.refused++;
    log_event(x->o.log, LOG_LEVEL_ERROR, "index_row_refused", "id=%s version=%lld", id,
              (long long)row->version);
    return 0;
}

static void indexer_progress(struct indexer *x)
{
    if (++x->rows % STATE_ROWS != 0)
        return;
    indexer_post_state(x);
    if (x->rows % PROGRESS_ROWS == 0)
        log_event(x->o.log, LOG_LEVEL_INFO, "index_loading", "companies=%llu about=%llu",
                  (unsigned long long)x->rows, (unsigned long long)x->about);
}

/* 0, or -1: no memory, and nothing has changed. */
static int indexer_take(struct indexer *x, const struct feed_row *row)
{
    const void *bytes = row->packed;
    size_t len = row->packed_len;
    int put;

    if (row->packed == NULL && row->doc == NULL) /* gone: never in a load */
        return x->load == NULL ? index_writer_remove(x->writer, row->id) : 0;
    put = row->doc != NULL ? indexer_pack(x, row) : 0;
    if (put == 0 && row->doc != NULL) {
        bytes = x->packed.data;
        len = x->packed.len;
    }
    if (put == 0)
        put = x->load != NULL ? index_load_put(x->load, bytes, len)
                              : index_writer_put(x->writer, bytes, len);
    return put == -2 ? indexer_refuse(x, row) : put;
}

static int indexer_row(void *ctx, const struct feed_row *row)
{
    struct indexer *x = ctx;

    if (x->broken || x->lost)
        return 0;
    if (indexer_take(x, row) != 0) {
        indexer_starve(x);
        return x->broken ? 0 : -1;
    }
    if (x->load != NULL)
        indexer_progress(x);
    return 0;
}

static void indexer_look_at_lag(struct indexer *x)
{
    if (x->up && x->published && x->stats.seq >= x->database_seq)
        x->behind_since_ms = 0;
    else if (x->behind_since_ms == 0)
        x->behind_since_ms = clock_mono_ms();
}

/* A snapshot of what the writer knows, to every worker. */
static void indexer_publish(struct indexer *x)
{
    uint64_t began_us = clock_mono_us();
    struct index *ix = index_writer_publish(x->writer, x->seq);

    x->owed = ix == NULL;
    if (ix == NULL) {
        indexer_starve(x);
        return;
    }
    indexer_post_state(x);
    for (size_t i = 0; i < x->o.worker_count; i++) {
        if (worker_post(x->o.workers[i], SERVICE_INDEX, index_ref(ix)) == 0)
            continue;
        index_unref(ix);
        x->owed = true; /* it would stay behind until the next change */
    }
    if (x->starved && !x->owed) {
        x->starved = false;
        log_event(x->o.log, LOG_LEVEL_INFO, "index_fed", "seq=%llu", (unsigned long long)x->seq);
    }
    log_event(x->o.log, LOG_LEVEL_DEBUG, "index_published", "seq=%llu companies=%zu",
              (unsigned long long)x->seq, index_count(ix));
    if (!x->published)
        x->o.ready(x->o.ctx, index_count(ix));
    x->published = true;
    x->stats.seq = x->seq;
    x->stats.companies = index_count(ix);
    x->stats.publishes++;
    x->stats.publish_us += clock_mono_us() - began_us;
    indexer_look_at_lag(x);
    index_unref(x->retired);
    x->retired = x->current;
    x->current = ix;
}

/* A snapshot that no worker holds any more goes here, where nobody waits: one that was a whole
 * index takes a while. */
static void indexer_tidy(struct indexer *x)
{
    index_unref(x->retired);
    x->retired = NULL;
    if (x->trim)
        malloc_trim(0); /* what loading took besides: malloc would keep it */
    x->trim = false;
}

static void indexer_loaded(struct indexer *x)
{
    x->loading = false;
    x->trim = true;
    indexer_publish(x);
}

/* The new base is built: what came meanwhile stands above it. */
static void indexer_built(struct indexer *x)
{
    if (beside_end(x) != 0 && x->loading) {
        indexer_lose(x);
        return;
    }
    if (x->loading)
        indexer_loaded(x);
    else
        indexer_publish(x);
}

/* All has been read. */
static void indexer_build(struct indexer *x)
{
    size_t count = index_load_count(x->load);
    struct index_rebuild *work = index_load_begin(x->writer, x->load);

    x->owed = work == NULL;
    if (work == NULL) {
        indexer_starve(x);
        return;
    }
    x->load = NULL;
    indexer_post_state(x);
    log_event(x->o.log, LOG_LEVEL_INFO, "index_building", "companies=%zu", count);
    if (count > HERE_MOST && beside_run(x, work, indexer_built))
        return; /* nothing to be searched yet; indexer_built goes on */
    index_rebuild_run(work);
    if (index_rebuild_end(x->writer, work) != 0)
        indexer_lose(x);
    else
        indexer_loaded(x);
}

static void indexer_caught_up(void *ctx, uint64_t seq, const char *epoch)
{
    struct indexer *x = ctx;

    if (x->broken || x->lost)
        return;
    if (strcmp(x->epoch, epoch) != 0 || x->database_seq < seq)
        x->database_seq = seq; /* another history may count from less */
    snprintf(x->epoch, sizeof x->epoch, "%s", epoch);
    x->seq = seq;
    if (x->load != NULL) {
        indexer_build(x);
        return;
    }
    (void)beside_start(x, indexer_built);
    if (!x->loading)
        indexer_publish(x);
}

static void indexer_tokens(void *ctx, uint64_t token_version)
{
    struct indexer *x = ctx;

    (void)token_version;
    x->owed_tokens = false;
    for (size_t i = 0; i < x->o.worker_count; i++)
        if (worker_post(x->o.workers[i], SERVICE_TOKENS, NULL) != 0)
            x->owed_tokens = true; /* a revoked token must not live on */
}

static int indexer_state(void *ctx, bool up, uint64_t database_seq)
{
    struct indexer *x = ctx;

    if (up != x->up)
        log_event(x->o.log, up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
                  up ? "database_up" : "database_down", "seq=%llu",
                  (unsigned long long)(up ? database_seq : x->database_seq));
    x->up = up;
    if (up) /* unknown while it is away: what was seen last holds */
        x->database_seq = database_seq;
    if (!x->loading)
        indexer_tidy(x);
    indexer_look_at_lag(x);
    indexer_post_state(x);
    if (!up || x->broken)
        return 0;
    if (x->owed_tokens)
        indexer_tokens(x, 0);
    if (x->owed)
        indexer_caught_up(x, x->seq, x->epoch);
    return x->lost ? -1 : 0;
}

struct indexer_stats indexer_stats(const struct indexer *x)
{
    struct indexer_stats stats = x->stats;

    stats.published = x->published;
    stats.up = x->up;
    stats.database_seq = x->database_seq;
    stats.lag_ms = x->behind_since_ms == 0 ? 0 : clock_mono_ms() - x->behind_since_ms;
    return stats;
}

/* A daemon that serves goes on from memory, and says that it is cut off; one that starts ends. */
static void indexer_outdated(void *ctx)
{
    struct indexer *x = ctx;

    if (x->published)
        return;
    log_event(x->o.log, LOG_LEVEL_ERROR, "schema_too_new", "known=%d", STORE_SCHEMA);
    x->o.broken(x->o.ctx);
}

const struct feed_callbacks *indexer_callbacks(void)
{
    static const struct feed_callbacks callbacks = {
        .reset = indexer_reset,
        .row = indexer_row,
        .caught_up = indexer_caught_up,
        .state = indexer_state,
        .tokens = indexer_tokens,
        .outdated = indexer_outdated,
    };

    return &callbacks;
}
