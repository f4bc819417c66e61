#include "app.h"
#include "company_find.h"

#define AUDIT_PRESET 100
/* What a daemon gives at most at once; it may give fewer. */
#define AUDIT_PAGE 1000

static const char *const action_words[] = {"contacts_read", "company_erased", "token_created",
                                           "token_revoked", NULL};

static const struct option_entry options[] = {
    {"company", 0, "COMPANY", NULL, "only what concerns this company; an erased one by its id"},
    {"principal", 0, "NAME", NULL, "only what this principal did"},
    {"action", 0, "ACTION", action_words, "only of this kind"},
    {"since", 0, "TIME", NULL, "only from this time on (RFC 3339)"},
    {"limit", 'n', "N", NULL, "at most so many (100 unless given)"},
    {"all", 'a', NULL, NULL, "all of them, however many"},
    {0},
};

static const struct column columns[] = {
    {.title = "at", .path = "at"},
    {.title = "action", .path = "action", .tone = "1"},
    {.title = "principal", .path = "principal", .wide = true},
    {.title = "role", .path = "role"},
    {.title = "company", .path = "company"},
    {.title = "token", .path = "token"},
    {.title = "request", .path = "request_id", .tone = "2"},
};

/* Filters of the call, or NULL with *ret_code set and the message said. */
static json_t *audit_filter(struct app *app, const struct args *args, int *ret_code)
{
    const char *company = args_get(args, "company");
    struct company_found found = {0};
    json_t *filter;

    *ret_code = company ? company_find(app, company, false, &found) : EXIT_DONE;
    if (*ret_code != EXIT_DONE)
        return NULL;
    filter = json_pack("{s:s*, s:s*, s:s*, s:s*}", "company", company ? found.id : NULL,
                       "principal", args_get(args, "principal"), "action", args_get(args, "action"),
                       "since", args_get(args, "since"));
    if (!filter)
        *ret_code = app_usage(app, "what was given is not valid text");
    return filter;
}

/* All pages, up to `limit` entries. Moves *ret_more when there are others. */
static int audit_pages(struct app *app, json_t *params, struct printer *p, int64_t limit,
                       bool *ret_more)
{
    int64_t left = limit;
    json_t *page;
    int r;

    do {
        const json_t *list, *next;

        json_object_set_new(params, "limit", json_integer(left < AUDIT_PAGE ? left : AUDIT_PAGE));
        r = app_call(app, "audit.list", json_incref(params), &page);
        if (r != EXIT_DONE)
            return r;
        list = json_object_get(page, "entries");
        next = json_object_get(page, "next");
        for (size_t i = 0; r == EXIT_DONE && i < json_array_size(list); i++)
            if (printer_add(p, json_array_get(list, i)) < 0)
                r = EXIT_FAILED;
        left -= (int64_t)json_array_size(list);
        *ret_more = json_is_string(next) && json_array_size(list) > 0;
        json_object_set(params, "cursor", (json_t *)(uintptr_t)next);
        json_decref(page);
    } while (r == EXIT_DONE && *ret_more && left > 0);
    return r;
}

static int run(struct app *app, const struct args *args)
{
    struct printer *p;
    json_t *params;
    bool more = false;
    int64_t limit;
    char err[200];
    int r, failed;

    if (args_int(args, "limit", 1, INT64_MAX, AUDIT_PRESET, &limit, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    params = audit_filter(app, args, &r);
    if (!params)
        return r;
    p = printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    if (p)
        r = audit_pages(app, params, p, args_has(args, "all") ? INT64_MAX : limit, &more);
    else
        r = EXIT_FAILED;
    json_decref(params);
    failed = printer_end(p) < 0 || !p ? -1 : 0;
    if (r != EXIT_DONE)
        return r;
    r = app_flush(app, failed);
    if (r == EXIT_DONE && more)
        app_say(app, "there are more: --limit N or --all");
    return r;
}

const struct command command_audit = {
    .noun = "audit",
    .words = "",
    .summary = "List who read contacts, erased companies, made and revoked tokens.",
    .help = "The newest come first. The list can only grow: nobody can change or delete an entry\n"
            "through Spean.\n",
    .options = options,
    .run = run,
};
