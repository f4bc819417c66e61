#include "match_all.h"

#include <string.h>

#include "company_pages.h"
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

static int page_print(struct walk *w, const json_t *page)
{
    const json_t *list = json_object_get(page, "companies");
    int r = 0;

    for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);

        r = w->app->style.format == FORMAT_CSV ? pairs_print(w, entry)
                                               : printer_add(w->printer, entry);
        w->done++;
    }
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

int match_all_print(struct app *app, json_t *params, const char *country)
{
    struct walk w = {.app = app};
    int r = EXIT_DONE;

    w.printer = printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    if (!params || !w.printer) {
        app_say(app, "no memory, or what was given is not valid text");
        r = EXIT_FAILED;
    }
    progress_start(&w.progress, app->err, app->err_tty, "matching", 0);
    for (size_t i = 0; r == EXIT_DONE && w.failed == 0 && country_words[i]; i++)
        if (!country || strcmp(country, country_words[i]) == 0)
            r = country_walk(&w, params, country_words[i]);
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
