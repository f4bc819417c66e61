#include "app.h"
#include "company_find.h"
#include "match_view.h"

#include <spean/buf.h>

#define TEXT_MAX (1024 * 1024)

static const struct column columns[] = {
    {.title = "factor", .path = "name"},
    {.title = "value", .path = "value"},
    {.title = "weight", .path = "weight"},
    {.title = "reason", .path = "reason"},
};

static int print_text(struct app *app, const char *name, const json_t *match)
{
    struct buf text;
    int r;

    buf_init(&text, TEXT_MAX);
    r = match_text(&text, &app->style, app->lang, name, match);
    if (r == 0 && fwrite(text.data, 1, text.len, app->out) != text.len)
        r = -1;
    buf_done(&text);
    return r;
}

static int print_factors(struct app *app, const json_t *match)
{
    const json_t *factors = json_object_get(match, "factors");
    struct printer *p =
        printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));

    for (size_t i = 0; p && i < json_array_size(factors); i++)
        printer_add(p, json_array_get(factors, i));
    return p ? printer_end(p) : -1;
}

static int explain_print(struct app *app, const char *name, const json_t *match)
{
    switch (app->style.format) {
    case FORMAT_TABLE:
    case FORMAT_PLAIN:
        return print_text(app, name, match);
    case FORMAT_CSV:
        return print_factors(app, match);
    case FORMAT_JSON:
    case FORMAT_NDJSON:
        break;
    }
    return output_json(app->out, &app->style, match);
}

static int run(struct app *app, const struct args *args)
{
    struct company_found a, b;
    json_t *match;
    int r = company_find(app, args->word[0], true, &a);

    if (r == EXIT_DONE)
        r = company_find(app, args->word[1], false, &b);
    if (r == EXIT_DONE)
        r = app_call(app, "match.explain",
                     json_pack("{s:s, s:s, s:s}", "a", a.id, "b", b.id, "lang", app->lang), &match);
    if (r != EXIT_DONE)
        return r;
    r = explain_print(app, a.name, match);
    json_decref(match);
    return app_flush(app, r);
}

const struct command command_explain = {
    .noun = "explain",
    .words = "COMPANY COMPANY",
    .min = 2,
    .max = 2,
    .summary = "Say how well two companies fit, and why.",
    .help =
        "Every factor with its sentence, also for a pair that would not be suggested, and then\n"
        "why not. --lang eng, fra or khm chooses the language of the sentences.\n",
    .run = run,
};
