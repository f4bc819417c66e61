#include "match_all.h"

#include <string.h>

#include "company_pages.h"
#include "match_late.h"
#include "match_view.h"
#include "progress.h"

static const struct column columns[] = {
    {.title = "for_id", .path = "for.id"},
    {.title = "for_name", .path = "for.name"},
    {.title = "for_country", .path = "for.country"},
    {.title = "rank", .path = "rank"},
    {.title = "score", .path = "score"},
    {.title = "id", .path = "company.id"},
    {.title = "name", .path = "company.name"},
    {.title = "country", .path = "company.country"},
    {.title = "region", .path = "company.region"},
    {.title = "city", .path = "company.city"},
    {.title = "sectors", .path = "company.sectors"},
    {.title = "language", .path = "language"},
    {.title = "reason", .cell = cell_reason},
};

/* Walking through the pages of both countries. */
struct walk {
    struct app *app;
    struct printer *printer;
    struct progress progress;
    uint64_t done; /* companies */
    int failed;    /* the output */
};

/* A row for each of a company's matches. 0 or -1. */
static int pairs_print(struct walk *w, json_t *entry)
{
    json_t *list = json_object_get(entry, "matches"), *company = json_object_get(entry, "company");

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *match = json_array_get(list, i);

        if (json_object_set(match, "for", company) < 0 ||
            json_object_set_new(match, "rank", json_integer((json_int_t)i + 1)) < 0 ||
            printer_add(w->printer, match) < 0)
            return -1;
    }
    return 0;
}

static int entry_print(struct walk *w, json_t *entry)
{
    w->done++;
    return w->app->style.format == FORMAT_CSV ? pairs_print(w, entry)
                                              : printer_add(w->printer, entry);
}

static int page_print(struct walk *w, const json_t *page)
{
    const json_t *list = json_object_get(page, "companies");
    int r = 0;

    for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
        r = entry_print(w, json_array_get(list, i));
    return r;
}

/* All companies of a country; params: a copy is completed. Exit code. */
static int country_walk(struct walk *w, const json_t *params, const char *country)
{
    json_t *next = NULL, *page;
    int r;

    do {
        json_t *call = json_copy((json_t *)(uintptr_t)params);

        if (call && next)
            json_object_set(call, "cursor", next);
        if (call)
            json_object_set_new(call, "country", json_string(country));
        json_decref(next);
        next = NULL;
        r = app_call(w->app, "match.all", call, &page);
        if (r != EXIT_DONE)
            return r;
        w->failed = page_print(w, page);
        /* A page that is empty and yet not the last would ask for ever. */
        if (json_is_string(json_object_get(page, "next")) &&
            json_array_size(json_object_get(page, "companies")) > 0)
            next = json_incref(json_object_get(page, "next"));
        json_decref(page);
        progress_update(&w->progress, w->done, "companies");
    } while (next && w->failed == 0);
    json_decref(next);
    return EXIT_DONE;
}

/* Those that changed while the pages were read. Exit code. */
static int late_walk(struct walk *w, struct late *late, const json_t *params, const char *country)
{
    json_t *entry;
    int r = late_read(w->app, late);

    while (r == EXIT_DONE && w->failed == 0) {
        r = late_next(w->app, late, params, country, &entry);
        if (r != EXIT_DONE || !entry)
            break;
        w->failed = entry_print(w, entry);
        json_decref(entry);
        progress_update(&w->progress, w->done, "companies");
    }
    return r;
}

/* All that is asked for; params as for match.list. Exit code. */
static int all_walk(struct walk *w, json_t *params, const char *country, bool by_needs)
{
    struct late late = {0};
    json_t *call = by_needs ? json_copy(params) : json_incref(params);
    int r = by_needs ? late_begin(w->app, &late) : EXIT_DONE;

    if (by_needs && (!call || json_object_set_new(call, "order", json_string("needs")) < 0)) {
        app_say(w->app, "no memory");
        r = EXIT_FAILED;
    }
    for (size_t i = 0; r == EXIT_DONE && w->failed == 0 && country_words[i]; i++)
        if (!country || strcmp(country, country_words[i]) == 0)
            r = country_walk(w, call, country_words[i]);
    if (by_needs && r == EXIT_DONE && w->failed == 0)
        r = late_walk(w, &late, params, country);
    json_decref(call);
    late_done(&late);
    return r;
}

int match_all_print(struct app *app, json_t *params, const char *country, bool by_needs)
{
    struct walk w = {.app = app};
    int r = EXIT_DONE;

    w.printer = printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    if (!params || !w.printer) {
        app_say(app, "no memory, or what was given is not valid text");
        r = EXIT_FAILED;
    }
    progress_start(&w.progress, app->err, app->err_tty, "matching", 0);
    if (r == EXIT_DONE)
        r = all_walk(&w, params, country, by_needs);
    progress_clear(&w.progress);
    json_decref(params);
    if (r != EXIT_DONE) {
        printer_end(w.printer);
        fflush(app->out);
        return r;
    }
    if (printer_end(w.printer) < 0)
        w.failed = -1;
    r = app_flush(app, w.failed);
    if (r == EXIT_DONE && app->err_tty)
        app_say(app, "%llu companies", (unsigned long long)w.done);
    return r;
}
