#include "app.h"
#include "ask.h"
#include "company_find.h"
#include "company_touch.h"

static const struct option_entry options[] = {
    {"yes", 'y', NULL, NULL, "do not ask"},
    {0},
};

static const struct column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "erased", .path = "erased"},
    {.title = "seq", .path = "seq", .right = true},
};

static bool erase_sure(struct app *app, const struct company_found *found)
{
    char answer = 'n';

    app_say(app, "%s (%s) will be gone for good, its contacts too", found->name, found->id);
    return ask(app, "Erase it? [y/N] ", &answer) == 0 && answer == 'y';
}

static int erase_one(struct app *app, const char *word, bool sure, struct printer *p)
{
    struct company_found found;
    json_t *result;
    int r = company_find(app, word, true, &found);

    if (r != EXIT_DONE)
        return r;
    if (!sure && !erase_sure(app, &found)) {
        app_say(app, "%s: kept", found.name);
        return EXIT_FAILED;
    }
    r = app_call(app, "company.erase", json_pack("{s:s}", "id", found.id), &result);
    if (r != EXIT_DONE)
        return r;
    company_settle(app, found.id, json_integer_value(json_object_get(result, "seq")));
    app_say(app, "%s: erased", found.name);
    if (printer_add(p, result) < 0)
        r = EXIT_FAILED;
    json_decref(result);
    return r;
}

static int run(struct app *app, const struct args *args)
{
    bool sure = args_has(args, "yes");
    int r, first = EXIT_DONE;
    struct printer *p;

    if (!sure && !ask_possible(app))
        return app_usage(app, "nobody can be asked here: erase with --yes");
    p = printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    if (!p) {
        app_say(app, "no memory");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < args->words; i++) {
        r = erase_one(app, args->word[i], sure, p);
        if (first == EXIT_DONE)
            first = r;
        if (r == EXIT_NO_CONNECTION || (app->stop && *app->stop))
            break;
    }
    r = app_flush(app, printer_end(p));
    return first != EXIT_DONE ? first : r;
}

const struct command command_company_erase = {
    .noun = "company",
    .verb = "erase",
    .words = "COMPANY...",
    .min = 1,
    .max = -1,
    .summary = "Take companies away for good, with all that is stored of them.",
    .help =
        "Asks first, unless --yes is given; without a terminal --yes is needed. What stays is\n"
        "the company's id in the change feed and in the audit. To set a company aside and keep\n"
        "it, use company archive.\n",
    .options = options,
    .run = run,
};
