#include "app.h"

static const struct column columns[] = {
    {.title = "name", .path = "name", .wide = true, .tone = "1"},
    {.title = "role", .path = "role"},
    {.title = "created", .path = "created_at"},
    {.title = "by", .path = "created_by", .wide = true},
    {.title = "expires", .path = "expires_at"},
    {.title = "revoked", .path = "revoked"},
    {.title = "id", .path = "id", .tone = "2"},
};

static int run(struct app *app, const struct args *args)
{
    struct printer *p =
        printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    json_t *next = NULL, *page;
    int r = EXIT_FAILED, failed = 0;

    (void)args;
    if (!p) {
        app_say(app, "no memory");
        return EXIT_FAILED;
    }
    do {
        r = app_call(app, "token.list", next ? json_pack("{s:O}", "cursor", next) : json_object(),
                     &page);
        json_decref(next);
        next = NULL;
        if (r != EXIT_DONE)
            break;
        const json_t *list = json_object_get(page, "tokens");
        for (size_t i = 0; failed == 0 && i < json_array_size(list); i++)
            failed = printer_add(p, json_array_get(list, i));
        if (json_is_string(json_object_get(page, "next")) && json_array_size(list) > 0)
            next = json_incref(json_object_get(page, "next"));
        json_decref(page);
    } while (next && failed == 0);
    json_decref(next);
    failed = printer_end(p) < 0 ? -1 : failed;
    return r == EXIT_DONE ? app_flush(app, failed) : r;
}

const struct command command_token_list = {
    .noun = "token",
    .verb = "list",
    .words = "",
    .summary = "List all tokens, without their secrets.",
    .run = run,
};
