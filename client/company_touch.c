#include "company_touch.h"

#include "app.h"
#include "company_find.h"

#include <spean/buf.h>

const struct option_entry touch_options[] = {
    {"if-version", 0, "N", NULL, "only if the profile still has this version"},
    {0},
};

static const struct column columns[] = {
    {.title = "id", .path = "id"},
    {.title = "version", .path = "version", .right = true},
    {.title = "seq", .path = "seq", .right = true},
};

void company_settle(struct app *app, const char *id, json_int_t seq)
{
    json_t *params = json_pack("{s:s, s:i, s:I}", "id", id, "limit", 1, "min_seq", seq);
    struct answer a = {0};

    if (params)
        app_try(app, "match.list", params, &a);
    json_decref(params);
    answer_done(&a);
}

static int touch_one(struct app *app, const char *word, const char *method, json_int_t version,
                     const char *done, struct printer *p)
{
    struct company_found found;
    json_t *params, *result;
    int r = company_find(app, word, true, &found);

    if (r != EXIT_DONE)
        return r;
    params = json_pack("{s:s}", "id", found.id);
    if (params && version >= 0)
        json_object_set_new(params, "if_version", json_integer(version));
    r = app_call(app, method, params, &result);
    if (r != EXIT_DONE)
        return r;
    company_settle(app, found.id, json_integer_value(json_object_get(result, "seq")));
    app_say(app, "%s: %s", found.name, done);
    if (printer_add(p, result) < 0)
        r = EXIT_FAILED;
    json_decref(result);
    return r;
}

int company_touch(struct app *app, const struct args *args, const char *method, const char *done)
{
    struct printer *p;
    int64_t version;
    char err[200];
    int r, first = EXIT_DONE;

    if (args_int(args, "if-version", 1, INT64_MAX, -1, &version, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    p = printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    if (!p) {
        app_say(app, "no memory");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < args->words; i++) {
        r = touch_one(app, args->word[i], method, version, done, p);
        if (first == EXIT_DONE)
            first = r;
        if (r == EXIT_NO_CONNECTION || (app->stop && *app->stop))
            break;
    }
    r = app_flush(app, printer_end(p));
    return first != EXIT_DONE ? first : r;
}
