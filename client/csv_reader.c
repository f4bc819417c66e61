#include "csv_reader.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>

/* libcsv's name for "inside a field" (libcsv.c); with `quoted` it tells an open quote at the end.
 */
#define LIBCSV_FIELD_BEGUN 2

struct csv_reader {
    struct csv_parser parser;
    csv_record_fn fn;
    void *ctx;
    struct buf text; /* the record's fields, each with its NUL */
    size_t starts[CSV_FIELDS_MAX];
    size_t lens[CSV_FIELDS_MAX];
    size_t n;
    const char *fields[CSV_FIELDS_MAX];
    const char *problem;
    size_t pending;   /* bytes fed since the last record ended */
    long line;        /* of the next byte */
    long record_line; /* where the present record began */
    bool fresh;       /* no byte of the present record seen yet */
    bool after_cr;
    int status; /* sticky */
};

static void field_add(void *field, size_t len, void *ctx)
{
    struct csv_reader *r = ctx;

    if (r->problem != NULL || r->status != 0)
        return;
    if (r->n == CSV_FIELDS_MAX) {
        r->problem = "more than 1024 columns";
        return;
    }
    r->starts[r->n] = r->text.len;
    r->lens[r->n] = len;
    if (buf_add(&r->text, field != NULL ? field : "", len) < 0 || buf_addc(&r->text, '\0') < 0) {
        r->problem = "longer than 1 MiB";
        return;
    }
    r->n++;
}

static void record_add(int end, void *ctx)
{
    struct csv_reader *r = ctx;
    struct csv_record record = {.line = r->record_line, .n = r->n, .lens = r->lens};

    (void)end;
    for (size_t i = 0; i < r->n; i++)
        r->fields[i] = r->text.data + r->starts[i];
    record.fields = r->fields;
    record.problem = r->problem;
    if (r->status == 0)
        r->status = r->fn(r->ctx, &record);
    buf_reset(&r->text);
    r->n = 0;
    r->problem = NULL;
    r->pending = 0;
    r->fresh = true;
}

struct csv_reader *csv_reader_new(char delimiter, csv_record_fn fn, void *ctx)
{
    struct csv_reader *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    if (csv_init(&r->parser, 0) != 0) {
        free(r);
        return NULL;
    }
    csv_set_delim(&r->parser, (unsigned char)delimiter);
    buf_init(&r->text, CSV_RECORD_MAX);
    r->fn = fn;
    r->ctx = ctx;
    r->line = 1;
    r->fresh = true;
    return r;
}

void csv_reader_free(struct csv_reader *r)
{
    if (r == NULL)
        return;
    csv_free(&r->parser);
    buf_done(&r->text);
    free(r);
}

/* A quote that is never closed would take the rest of the file into one field. */
static int reader_overflow(struct csv_reader *r)
{
    r->problem = "longer than 1 MiB; is a quote left open?";
    record_add(0, r);
    return r->status != 0 ? r->status : -EFBIG;
}

/* One stretch without a line end inside, or a line end alone. */
static int reader_stretch(struct csv_reader *r, const char *text, size_t len)
{
    r->pending += len;
    if (r->pending > CSV_RECORD_MAX)
        return reader_overflow(r);
    if (csv_parse(&r->parser, text, len, field_add, record_add, r) != len)
        return -ENOMEM;
    return r->status;
}

int csv_reader_feed(struct csv_reader *r, const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && r->status == 0) {
        size_t stop = at;

        if (text[at] == '\n' || text[at] == '\r') {
            if (text[at] == '\r' || !r->after_cr)
                r->line++;
            r->after_cr = text[at] == '\r';
            r->status = reader_stretch(r, text + at, 1);
            at++;
            continue;
        }
        while (stop < len && text[stop] != '\n' && text[stop] != '\r')
            stop++;
        if (r->fresh)
            r->record_line = r->line;
        r->fresh = false;
        r->after_cr = false;
        r->status = reader_stretch(r, text + at, stop - at);
        at = stop;
    }
    return r->status;
}

int csv_reader_end(struct csv_reader *r)
{
    if (r->status != 0)
        return r->status;
    if (r->parser.quoted && r->parser.pstate == LIBCSV_FIELD_BEGUN)
        r->problem = "a quote is left open";
    if (csv_fini(&r->parser, field_add, record_add, r) != 0)
        r->status = -ENOMEM;
    return r->status;
}

char csv_delimiter(const char *text, size_t len)
{
    static const char known[] = ",;\t|";
    size_t counts[sizeof(known) - 1] = {0}, best = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        const char *hit;

        if (text[i] == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (text[i] == '\n' || text[i] == '\r')
            break;
        hit = text[i] != '\0' ? strchr(known, text[i]) : NULL;
        if (hit != NULL)
            counts[hit - known]++;
    }
    for (size_t i = 1; i < sizeof(known) - 1; i++)
        if (counts[i] > counts[best])
            best = i;
    return known[best];
}
