#include "app.h"

#include <spean/buf.h>

/* 93784 as "1 d 2 h 3 min". */
static int cell_duration(struct buf *out, const json_t *value, const json_t *record)
{
    json_int_t s = json_integer_value(value);

    (void)record;
    if (!json_is_integer(value))
        return 0;
    if (s >= 86400)
        buf_addf(out, "%lld d ", (long long)(s / 86400));
    if (s >= 3600)
        buf_addf(out, "%lld h ", (long long)(s % 86400 / 3600));
    if (s >= 60)
        buf_addf(out, "%lld min", (long long)(s % 3600 / 60));
    else
        buf_addf(out, "%lld s", (long long)s);
    return out->failed ? -1 : 0;
}

static int cell_ms(struct buf *out, const json_t *value, const json_t *record)
{
    (void)record;
    return json_is_integer(value) ? buf_addf(out, "%lld ms", (long long)json_integer_value(value))
                                  : 0;
}

static const struct column columns[] = {
    {.title = "server", .path = "server"},
    {.title = "version", .path = "version"},
    {.title = "protocol", .path = "protocol"},
    {.title = "status", .path = "status", .tone = "1"},
    {.title = "database", .path = "database"},
    {.title = "companies", .path = "index.companies"},
    {.title = "seq", .path = "index.seq"},
    {.title = "index lag", .path = "index.lag_ms", .cell = cell_ms},
    {.title = "up for", .path = "uptime_s", .cell = cell_duration},
};

/* Version, which anybody may ask, and health in one record. */
static int run(struct app *app, const struct args *args)
{
    json_t *version, *health;
    int r = app_call(app, "system.version", json_object(), &version);

    (void)args;
    if (r != EXIT_DONE)
        return r;
    r = app_call(app, "system.health", json_object(), &health);
    if (r == EXIT_DONE) {
        json_object_set_new(health, "server", json_string(app->server));
        json_object_set(health, "version", json_object_get(version, "version"));
        json_object_set(health, "protocol", json_object_get(version, "protocol"));
        r = output_record(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]),
                          health);
        r = app_flush(app, r);
        json_decref(health);
    }
    json_decref(version);
    return r;
}

const struct command command_status = {
    .noun = "status",
    .words = "",
    .summary = "Say how the server, its database and its index are.",
    .run = run,
};
