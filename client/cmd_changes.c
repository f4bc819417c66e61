#include "app.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_PAGE 500
/* How long the daemon may hold the question: below its own most, and an answer's patience. */
#define CHANGES_WAIT_S 20

static const struct option_entry options[] = {
    {"follow", 'F', NULL, NULL, "go on: print each change as it happens, until Ctrl-C"},
    {"since", 0, "POSITION", NULL, "what came after this seq or position (see below)"},
    {"new", 0, NULL, NULL, "only what happens from now on"},
    {0},
};

static int cell_externals(struct buf *out, const json_t *value, const json_t *record)
{
    json_t *first = json_array_get(value, 0);
    const char *system = json_string_value(json_object_get(first, "system"));
    const char *id = json_string_value(json_object_get(first, "id"));
    json_t *text = system && id ? json_sprintf("%s:%s", system, id) : NULL;
    int r = cell_text(out, text);

    (void)record;
    json_decref(text);
    return r;
}

static const struct column columns[] = {
    {.title = "seq", .path = "seq", .right = true},
    {.title = "at", .path = "at"},
    {.title = "type", .path = "type"},
    {.title = "id", .path = "id"},
    {.title = "version", .path = "version", .right = true},
    {.title = "external id", .path = "external_ids", .cell = cell_externals, .wide = true},
    {.title = "origin", .path = "origin", .wide = true},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A seq is a number; what an earlier answer called next is a text. New value, or NULL. */
static json_t *since_value(const char *text)
{
    size_t len = strlen(text);

    if (len > 0 && len <= 18 && strspn(text, "0123456789") == len)
        return json_integer(strtoll(text, NULL, 10));
    return json_string(text);
}

static json_t *changes_params(json_t *since, bool wait)
{
    json_t *params = json_pack("{s:i}", "limit", CHANGES_PAGE);

    if (params && since)
        json_object_set(params, "since", since);
    if (params && wait)
        json_object_set_new(params, "wait_s", json_integer(CHANGES_WAIT_S));
    return params;
}

static int changes_print(struct printer *p, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (printer_add(p, json_array_get(list, i)) < 0)
            return -1;
    return 0;
}

/* All pages up to the end, and beyond it when following. *since moves along. */
static int changes_loop(struct app *app, json_t **since, bool follow, bool silent)
{
    struct printer *p = NULL;
    bool more = true, behind = true;
    int r = EXIT_DONE, failed = 0;

    while (r == EXIT_DONE && failed == 0 && (more || follow)) {
        const json_t *list;
        json_t *page;

        r = app_call(app, "changes.list", changes_params(*since, follow && !behind), &page);
        if (r != EXIT_DONE)
            break;
        list = json_object_get(page, "changes");
        more = json_is_true(json_object_get(page, "more")) && json_array_size(list) > 0;
        behind = more;
        if (!p && !silent)
            p = printer_new(app->out, &app->style, columns, COLUMNS);
        if (p)
            failed = changes_print(p, list);
        if (follow && json_array_size(list) > 0 && fflush(app->out) != 0)
            failed = -1;
        json_decref(*since);
        *since = json_incref(json_object_get(page, "next"));
        json_decref(page);
    }
    failed = printer_end(p) < 0 ? -1 : failed;
    return failed < 0 ? app_flush(app, failed) : r;
}

static int follow(struct app *app, json_t **since)
{
    struct style style = app->style;
    uint64_t timeout = app->timeout_ms;
    int r;

    /* Lines must come as they happen: neither a list that ends nor widths of what is to come. */
    if (app->style.format == FORMAT_TABLE)
        app->style.format = FORMAT_PLAIN;
    if (app->style.format == FORMAT_JSON)
        app->style.format = FORMAT_NDJSON;
    if (app->timeout_ms < (CHANGES_WAIT_S + 5) * 1000)
        app->timeout_ms = (CHANGES_WAIT_S + 5) * 1000;
    r = changes_loop(app, since, true, false);
    app->style = style;
    app->timeout_ms = timeout;
    return r;
}

static int run(struct app *app, const struct args *args)
{
    const char *text = args_get(args, "since");
    json_t *since = text ? since_value(text) : NULL;
    const char *next;
    int r = EXIT_DONE;

    if (text && !since)
        return app_usage(app, "--since is not valid text");
    if (args_has(args, "new"))
        r = changes_loop(app, &since, false, true);
    if (r == EXIT_DONE && args_has(args, "follow"))
        r = follow(app, &since);
    else if (r == EXIT_DONE && !args_has(args, "new"))
        r = changes_loop(app, &since, false, false);
    next = json_string_value(since);
    if (r == EXIT_DONE && next)
        app_say(app, "next: --since %s", next);
    json_decref(since);
    return r == EXIT_DONE ? app_flush(app, 0) : r;
}

const struct command command_changes = {
    .noun = "changes",
    .words = "",
    .summary = "List what changed, in the order of the changes.",
    .help =
        "From the oldest change unless --since or --new is given. POSITION is a seq, or the\n"
        "position that was said at the end of an earlier run, which also notices a database\n"
        "that was restored since. With --follow every change is one line of text (or of JSON).\n",
    .options = options,
    .run = run,
};
