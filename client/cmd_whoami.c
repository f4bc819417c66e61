#include "app.h"

static const struct column columns[] = {
    {.title = "principal", .path = "principal"},
    {.title = "role", .path = "role"},
};

static int run(struct app *app, const struct args *args)
{
    json_t *result;
    int r = app_call(app, "auth.whoami", json_object(), &result);

    (void)args;
    if (r != EXIT_DONE)
        return r;
    r = output_record(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]), result);
    json_decref(result);
    return app_flush(app, r);
}

const struct command command_whoami = {
    .noun = "whoami",
    .words = "",
    .summary = "Say who the server takes you for, and your role.",
    .run = run,
};
