#include "company_pages.h"

#include <string.h>

#include "progress.h"

/* What a daemon gives at most at once; it may give fewer. */
#define PAGE 200

const char *const country_words[] = {"KH", "CA", NULL};
const char *const status_words[] = {"draft", "published", "paused", "archived", NULL};

json_t *pages_filter(const struct args *args)
{
    static const char *const names[][2] = {{"country", "country"},
                                           {"sector", "sector"},
                                           {"region", "region"},
                                           {"status", "status"},
                                           {"updated-after", "updated_after"}};
    json_t *filter = json_object();

    for (size_t i = 0; filter && i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = args_get(args, names[i][0]);

        if (value && json_object_set_new(filter, names[i][1], json_string(value)) < 0) {
            json_decref(filter);
            return NULL;
        }
    }
    return filter;
}

/* Asks for the page after `next` (NULL: the first). */
static int page_ask(struct app *app, const json_t *filter, const struct pages *p, json_t *next,
                    json_t **ret)
{
    uint64_t left = p->limit ? p->limit - p->printed : PAGE;
    json_t *params = json_copy((json_t *)(uintptr_t)filter);

    if (params && next)
        json_object_set(params, "cursor", next);
    if (params)
        json_object_set_new(params, "limit", json_integer((json_int_t)(left < PAGE ? left : PAGE)));
    return app_call(app, "company.list", params, ret);
}

/* One company, whole if contacts are wanted: they are in no list. Exit code; *ret_failed -1: the
 * output failed. */
static int company_print(struct app *app, const struct pages *p, struct printer *printer,
                         json_t *company, int *ret_failed)
{
    json_t *whole = NULL, *params;
    int r;

    if (!p->contacts) {
        *ret_failed = printer_add(printer, company);
        return EXIT_DONE;
    }
    params = json_pack("{s:O}", "id", json_object_get(company, "id"));
    r = app_call(app, "company.get", params, &whole);
    if (r == EXIT_DONE)
        *ret_failed = printer_add(printer, whole);
    json_decref(whole);
    return r;
}

/* Exit code; *ret_failed -1: the output failed. */
static int page_print(struct app *app, struct pages *p, struct printer *printer,
                      const json_t *companies, int *ret_failed)
{
    int r = EXIT_DONE;

    for (size_t i = 0; i < json_array_size(companies); i++) {
        r = company_print(app, p, printer, json_array_get(companies, i), ret_failed);
        if (r != EXIT_DONE || *ret_failed < 0)
            break;
        p->printed++;
    }
    return r;
}

static int pages_loop(struct app *app, const json_t *filter, struct pages *p,
                      struct printer *printer, int *ret_failed)
{
    struct progress progress;
    json_t *next = NULL, *page;
    int r;

    progress_start(&progress, app->err, p->progress && app->err_tty, "exporting", 0);
    do {
        r = page_ask(app, filter, p, next, &page);
        json_decref(next);
        next = NULL;
        if (r != EXIT_DONE)
            break;
        r = page_print(app, p, printer, json_object_get(page, "companies"), ret_failed);
        /* A page that is empty and yet not the last would ask for ever. */
        if (json_is_string(json_object_get(page, "next")) &&
            json_array_size(json_object_get(page, "companies")) > 0)
            next = json_incref(json_object_get(page, "next"));
        json_decref(page);
        progress_update(&progress, p->printed, "companies");
    } while (next && r == EXIT_DONE && *ret_failed == 0 &&
             (p->limit == 0 || p->printed < p->limit));
    p->more = next != NULL;
    json_decref(next);
    progress_clear(&progress);
    return r;
}

int pages_print(struct app *app, json_t *filter, struct pages *p)
{
    struct printer *printer = printer_new(app->out, &app->style, p->columns, p->n);
    int r = EXIT_FAILED, failed = 0;

    if (filter && printer)
        r = pages_loop(app, filter, p, printer, &failed);
    else
        app_say(app, "no memory, or what was given is not valid text");
    json_decref(filter);
    if (r == EXIT_DONE) {
        failed = printer_end(printer) < 0 ? -1 : failed;
        return app_flush(app, failed);
    }
    printer_end(printer);
    fflush(app->out);
    return r;
}
