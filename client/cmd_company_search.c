#include "app.h"
#include "company_pages.h"
#include "titles.h"

#include <spean/buf.h>

static const struct option_entry options[] = {
    {"country", 0, "COUNTRY", country_words, "only of this country"},
    {"limit", 'n', "N", NULL, "at most so many, up to 100 (20 unless given)"},
    {0},
};

static const struct column columns[] = {
    {.title = "name", .path = "name", .wide = true},
    {.title = "country", .path = "country"},
    {.title = "region", .path = "region"},
    {.title = "sectors", .path = "sectors", .wide = true},
    {.title = "rank", .path = "rank", .right = true},
    {.title = "id", .path = "id", .tone = "2"},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* The words are one text, so that a name needs no quotes. */
static json_t *search_params(const struct args *args, int64_t limit)
{
    const char *country = args_get(args, "country");
    json_t *params = NULL;
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; i < args->words; i++) {
        buf_adds(&text, i ? " " : "");
        buf_adds(&text, args->word[i]);
    }
    if (!text.failed)
        params = json_pack("{s:s, s:I, s:s*}", "text", text.data, "limit", (json_int_t)limit,
                           "country", country);
    buf_done(&text);
    return params;
}

static int run(struct app *app, const struct args *args)
{
    const json_t *list;
    struct printer *p;
    char err[200];
    int64_t limit;
    json_t *result;
    int r, failed = -1;

    if (args_int(args, "limit", 1, 100, 20, &limit, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    r = app_call(app, "company.search", search_params(args, limit), &result);
    if (r != EXIT_DONE)
        return r;
    list = json_object_get(result, "companies");
    p = printer_new(app->out, &app->style, columns, COLUMNS);
    for (size_t i = 0; p && i < json_array_size(list); i++)
        printer_add(p, json_array_get(list, i));
    if (p)
        failed = printer_end(p);
    if (json_array_size(list) == 0)
        app_say(app, "nothing found");
    json_decref(result);
    return app_flush(app, failed);
}

const struct command command_company_search = {
    .noun = "company",
    .verb = "search",
    .words = "TEXT...",
    .min = 1,
    .max = -1,
    .summary = "Find companies by a part of a name, in any script.",
    .help = "Accents, case and small typing slips do not matter. The best come first.\n",
    .options = options,
    .run = run,
};
