#include "app.h"

static const char *const role_words[] = {"viewer", "staff", "admin", "integration", NULL};

static const struct option_entry options[] = {
    {"role", 'r', "ROLE", role_words, "what it may do (needed)"},
    {"expires", 0, "DATE", NULL, "its last day, or a time (RFC 3339); never unless given"},
    {0},
};

/* The token alone on stdout, so that a script can keep it; the rest is a message. */
static int print_token(struct app *app, const char *name, const json_t *result)
{
    static const struct column columns[] = {{.title = "token", .path = "token"}};
    const char *id = json_string_value(json_object_get(result, "id"));

    if (app->style.format == FORMAT_JSON || app->style.format == FORMAT_NDJSON)
        return output_json(app->out, &app->style, result);
    app_say(app, "token of %s, id %s; it is shown this once:", name, id ? id : "?");
    if (app->style.format == FORMAT_CSV)
        return output_record(app->out, &app->style, columns, 1, result);
    const struct style plain = {.format = FORMAT_PLAIN};
    struct printer *p = printer_new(app->out, &plain, columns, 1);
    int r = p ? printer_add(p, result) : -1;
    return printer_end(p) < 0 ? -1 : r;
}

static int run(struct app *app, const struct args *args)
{
    const char *role = args_get(args, "role"), *name = args->word[0];
    json_t *result;
    int r;

    if (!role)
        return app_usage(app, "--role is needed: viewer, staff, admin or integration");
    r = app_call(app, "token.create",
                 json_pack("{s:s, s:s, s:s*}", "name", name, "role", role, "expires",
                           args_get(args, "expires")),
                 &result);
    if (r != EXIT_DONE)
        return r;
    r = print_token(app, name, result);
    json_decref(result);
    return app_flush(app, r);
}

const struct command command_token_create = {
    .noun = "token",
    .verb = "create",
    .words = "NAME",
    .min = 1,
    .max = 1,
    .summary = "Make an access token; it is shown this once.",
    .help = "NAME is whoever will use it: the change list names it as the origin.\n",
    .options = options,
    .run = run,
};
