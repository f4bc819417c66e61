#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "import_run.h"
#include <spean/buf.h>

/* What an import says: rows that failed, what could not be mapped, and the sum of it. */

void run_fail(struct import_run *r, long line, const char *problem)
{
    progress_clear(&r->progress);
    if (r->failed < IMPORT_FAILURES_SHOWN)
        app_say(r->app, "line %ld: %s", line, problem);
    else if (r->failed == IMPORT_FAILURES_SHOWN)
        app_say(r->app, "more rows fail; they are counted only");
    r->failed++;
}

void run_fail_fields(struct import_run *r, long line, const json_t *fields, const char *message)
{
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *f = json_array_get(fields, i);
        const char *field = json_string_value(json_object_get(f, "field"));
        const char *problem = json_string_value(json_object_get(f, "problem"));

        buf_addf(&text, "%s%s %s", i > 0 ? "; " : "", field != NULL ? field : "?",
                 problem != NULL ? problem : "is refused");
    }
    run_fail(r, line, text.len > 0 ? text.data : message);
    buf_done(&text);
}

int run_notes(struct import_run *r, const json_t *notes)
{
    const json_t *note;
    size_t i;

    json_array_foreach(notes, i, note)
    {
        const char *text = json_string_value(note);
        json_t *count = json_object_get(r->notes, text);

        if (count != NULL) {
            json_integer_set(count, json_integer_value(count) + 1);
            continue;
        }
        if (json_object_size(r->notes) >= IMPORT_NOTES_KEPT) {
            r->notes_dropped = true;
            continue;
        }
        if (json_object_set_new(r->notes, text, json_integer(1)) < 0)
            return -1;
    }
    return 0;
}

struct note {
    const char *text;
    json_int_t count;
};

static int note_compare(const void *a, const void *b)
{
    const struct note *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->text, y->text);
}

static void notes_say(struct import_run *r)
{
    size_t n = json_object_size(r->notes), i = 0;
    struct note *list = n > 0 ? calloc(n, sizeof(*list)) : NULL;
    const char *text;
    json_t *count;

    if (list == NULL)
        return;
    json_object_foreach(r->notes, text, count)
    {
        list[i++] = (struct note){text, json_integer_value(count)};
    }
    qsort(list, n, sizeof(*list), note_compare);
    for (i = 0; i < n && i < IMPORT_NOTES_SHOWN; i++)
        app_say(r->app, "  %s: %" JSON_INTEGER_FORMAT " row%s", list[i].text, list[i].count,
                list[i].count == 1 ? "" : "s");
    if (n > IMPORT_NOTES_SHOWN || r->notes_dropped)
        app_say(r->app, "  and %zu notes more%s", n > i ? n - i : 0,
                r->notes_dropped ? " (not all were kept)" : "");
    free(list);
}

void run_summary(struct import_run *r, bool dry)
{
    struct buf line;

    buf_init(&line, 1024);
    buf_addf(&line, "%" PRIu64 " row%s: ", r->rows, r->rows == 1 ? "" : "s");
    if (dry)
        buf_addf(&line, "%" PRIu64 " would be sent", r->sent);
    else
        buf_addf(&line, "%" PRIu64 " created, %" PRIu64 " updated, %" PRIu64 " unchanged",
                 r->created, r->updated, r->unchanged);
    buf_addf(&line, ", %" PRIu64 " failed", r->failed);
    if (r->drafts > 0)
        buf_addf(&line, "; %" PRIu64 " draft%s", r->drafts, r->drafts == 1 ? "" : "s");
    if (r->skipped > 0)
        buf_addf(&line, "; %" PRIu64 " skipped", r->skipped);
    app_say(r->app, "%s", line.data != NULL ? line.data : "done");
    buf_done(&line);
    notes_say(r);
}
