#include "feed_private.h"

#include <spean/clock.h>
#include <spean/ident.h>
#include <spean/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A whole load is one COPY in its binary form, of one snapshot: the counter as it stands in there
 * says up to which change the companies have been given, so that the changes after it are all that
 * is missing, and none is told twice. It goes through the table as it lies there, since an order
 * would cost several times as much. What is cut off begins anew.
 */

#define STILL_MS 60000            /* a server that gives nothing for so long counts as lost */
#define ROW_MAX ((size_t)8 << 20) /* a company with its profile takes far less */

enum { COL_ID, COL_PACKED, COL_VERSION, COL_DOC, COL_UPDATED, COLS };

/* Of companies that another version has packed, the profile and its day come with it. */
#define PACKED_ELSEWHERE "CASE WHEN c.pack_format <> %d OR c.pack_model <> '%s' THEN "
static const char script[] =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
    "SET LOCAL statement_timeout = '1h';" /* of all of it; see STILL_MS */
    "SET LOCAL enable_seqscan = on;"
    "SELECT epoch, seq, (SELECT reltuples::bigint FROM pg_catalog.pg_class"
    " WHERE oid = 'spean.company'::pg_catalog.regclass) FROM spean.feed;"
    "COPY (SELECT c.id, c.packed, c.version, " PACKED_ELSEWHERE "c.doc::text END,"
    " " PACKED_ELSEWHERE "spean.epoch_ms(c.updated_at) END FROM spean.company c)"
    " TO STDOUT (FORMAT binary)";

static int on_row(void *ctx, const struct copy_field *field)
{
    struct feed *f = ctx;
    struct feed_row row = {.id = (const uint8_t *)field[COL_ID].bytes,
                           .packed = field[COL_PACKED].bytes,
                           .packed_len = field[COL_PACKED].len,
                           .doc = field[COL_DOC].bytes,
                           .doc_len = field[COL_DOC].len};

    if (!row.id || field[COL_ID].len != FEED_UUID || !row.packed ||
        copy_field_int8(&field[COL_VERSION], &row.version) < 0)
        return -1;
    if (row.doc && copy_field_int8(&field[COL_UPDATED], &row.updated_ms) < 0)
        return -1;
    if (!f->load.starved)
        f->load.starved = f->callbacks.row(f->ctx, &row) != 0;
    f->load.rows++;
    return 0;
}

int feed_load_open(struct feed *f)
{
    const char *model = f->pack_model;
    char sql[sizeof(script) + 160];
    int n = snprintf(sql, sizeof(sql), script, f->o.pack_format, model, f->o.pack_format, model);

    /* A model's version is a word of letters and digits; anything else has no place in there. */
    if (strpbrk(model, "'\\") || n < 0 || (size_t)n >= sizeof(sql))
        return -1;
    copy_stream_init(&f->load.stream, COLS, ROW_MAX, on_row, f);
    f->load.sql = strdup(sql);
    return f->load.sql ? 0 : -1;
}

void feed_load_close(struct feed *f)
{
    copy_stream_reset(&f->load.stream);
    free(f->load.sql);
}

/* The state of the database that the snapshot shows. */
static int load_head(struct feed *f, const PGresult *res)
{
    if (PQntuples(res) != 1 || PQnfields(res) != 3)
        return -1;
    const char *epoch = PQgetvalue(res, 0, 0);
    uint64_t seq = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
    int64_t about = strtoll(PQgetvalue(res, 0, 2), NULL, 10);

    if (strlen(epoch) >= sizeof(f->epoch) || (f->via_reader && strcmp(epoch, f->reader_epoch) != 0))
        return -1;
    log_event(f->log, LOG_LEVEL_INFO, "feed_load", "epoch=%s seq=%llu source=%s", epoch,
              (unsigned long long)seq, f->via_reader ? "read_conninfo" : "conninfo");
    f->reader_skip = false;
    f->reader_since_ms = 0;
    f->loaded = false;
    f->loading = true;
    f->seq = f->head = seq;
    snprintf(f->epoch, sizeof(f->epoch), "%s", epoch);
    f->callbacks.reset(f->ctx, about > 0 ? (uint64_t)about : 0);
    return 0;
}

/* ---- the connection ---- */

static int on_head(void *ctx, const PGresult *res)
{
    return load_head(ctx, res);
}

static int on_piece(void *ctx, const char *bytes, size_t len)
{
    struct feed *f = ctx;

    /* Its beginning was refused, or its turn is over: the primary was lost. */
    return f->loading ? copy_stream_add(&f->load.stream, bytes, len) : -1;
}

int feed_load_on(struct feed *f, struct link *l)
{
    static const struct link_copy_callbacks callbacks = {.head = on_head, .piece = on_piece};

    copy_stream_reset(&f->load.stream);
    f->load.starved = false;
    f->load.rows = 0;
    f->load.since_ms = clock_mono_ms();
    f->loading = false; /* not before its head has come */
    f->state = FEED_BUSY;
    return link_copy(l, f->load.sql, &callbacks, STILL_MS, FEED_LOAD);
}

void feed_load(struct feed *f)
{
    f->via_reader = false;
    if (feed_load_on(f, f->link) < 0)
        link_break(f->link, "a load could not be begun");
}

int feed_loaded(struct feed *f)
{
    if (!f->loading || !copy_stream_whole(&f->load.stream))
        return -1;
    copy_stream_reset(&f->load.stream);
    f->loading = f->via_reader = false;
    if (f->load.starved)
        return feed_starve(f);
    f->loaded = true;
    log_event(f->log, LOG_LEVEL_INFO, "feed_loaded", "epoch=%s seq=%llu companies=%llu ms=%llu",
              f->epoch, (unsigned long long)f->seq, (unsigned long long)f->load.rows,
              (unsigned long long)(clock_mono_ms() - f->load.since_ms));
    f->callbacks.caught_up(f->ctx, f->seq, f->epoch);
    f->again = true; /* the load took its time */
    feed_rest(f);
    return 0;
}
