#include "app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/rpc.h>
#include <spean/text.h>

#include "address.h"

#define SAY_MAX (16 * 1024)

static void say(struct app *app, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

static void say(struct app *app, const char *fmt, va_list args)
{
    struct buf line;
    char *text;
    int n = vasprintf(&text, fmt, args);

    if (n < 0)
        return;
    buf_init(&line, SAY_MAX);
    text_escape(&line, text, (size_t)n < SAY_MAX / 8 ? (size_t)n : SAY_MAX / 8);
    fflush(app->out);
    fprintf(app->err, "spean: %s\n", line.data ? line.data : "");
    buf_done(&line);
    free(text);
}

void app_say(struct app *app, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(app, fmt, args);
    va_end(args);
}

int app_usage(struct app *app, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(app, fmt, args);
    va_end(args);
    return EXIT_USAGE;
}

int answer_exit(const struct answer *a)
{
    switch (a->kind) {
    case ANSWER_RESULT:
        return EXIT_DONE;
    case ANSWER_LOST:
        return EXIT_NO_CONNECTION;
    case ANSWER_ERROR:
        break;
    }
    switch (a->code) {
    case RPC_UNAUTHENTICATED:
    case RPC_FORBIDDEN:
        return EXIT_NOT_ALLOWED;
    case RPC_NOT_FOUND:
        return EXIT_NOT_FOUND;
    default:
        return EXIT_FAILED;
    }
}

int app_fail(struct app *app, const struct answer *a)
{
    const json_t *fields = json_object_get(json_object_get(a->error, "data"), "fields");

    if (app->stop && *app->stop)
        return EXIT_FAILED; /* whoever pressed Ctrl-C knows */
    if (a->kind == ANSWER_ERROR && a->reason[0])
        app_say(app, "%s (%s)", a->message, a->reason);
    else
        app_say(app, "%s", a->message);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *f = json_array_get(fields, i);
        const char *field = json_string_value(json_object_get(f, "field"));
        const char *problem = json_string_value(json_object_get(f, "problem"));

        app_say(app, "  %s %s", field ? field : "?", problem ? problem : "is refused");
    }
    return answer_exit(a);
}

static int app_login(struct app *app)
{
    json_t *params = json_pack("{s:s}", "token", app->token);
    struct answer a;
    int r;

    if (!params) {
        app_say(app, "the token is not valid text");
        return EXIT_USAGE;
    }
    link_call(app->link, "auth.login", params, app->timeout_ms, &a);
    json_decref(params);
    r = a.kind == ANSWER_RESULT ? EXIT_DONE : app_fail(app, &a);
    answer_done(&a);
    return r;
}

int app_connect(struct app *app)
{
    struct address where;
    char err[320];
    int r = EXIT_DONE;

    if (app->link)
        return EXIT_DONE;
    if (address_parse(app->server, &where, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    where.ca_file = app->ca_file;
    where.certificate = app->certificate;
    where.key = app->key;
    app->link = link_open(&where, app->timeout_ms, app->stop, err, sizeof(err));
    if (!app->link) {
        app_say(app, "%s", err);
        return EXIT_NO_CONNECTION;
    }
    if (app->token)
        r = app_login(app);
    if (r != EXIT_DONE)
        app_disconnect(app);
    return r;
}

void app_disconnect(struct app *app)
{
    link_close(app->link);
    app->link = NULL;
}

int app_try(struct app *app, const char *method, const json_t *params, struct answer *ret)
{
    int r;

    *ret = (struct answer){.kind = ANSWER_LOST};
    r = app_connect(app);
    if (r != EXIT_DONE)
        return r;
    link_call(app->link, method, params, app->timeout_ms, ret);
    if (ret->kind == ANSWER_LOST)
        app_disconnect(app); /* the next call of a shell begins anew */
    return answer_exit(ret);
}

int app_call(struct app *app, const char *method, json_t *params, json_t **ret_result)
{
    struct answer a = {0};
    int r;

    if (!params) {
        app_say(app, "no memory, or what was given is not valid text");
        return EXIT_FAILED;
    }
    r = app_try(app, method, params, &a);
    json_decref(params);
    if (a.kind == ANSWER_RESULT)
        *ret_result = json_incref(a.result);
    else if (a.kind == ANSWER_ERROR || a.message[0])
        r = app_fail(app, &a);
    answer_done(&a);
    return r;
}

int app_flush(struct app *app, int failed)
{
    errno = 0;
    if (fflush(app->out) == 0 && !ferror(app->out) && failed == 0)
        return EXIT_DONE;
    app_say(app, "the output could not be written%s%s", errno ? ": " : "",
            errno ? strerror(errno) : "");
    clearerr(app->out);
    return EXIT_FAILED;
}

void app_done(struct app *app)
{
    app_disconnect(app);
    if (app->token)
        explicit_bzero(app->token, strlen(app->token));
    free(app->server);
    free(app->token);
    free(app->config_dir);
    free(app->ca_file);
    free(app->certificate);
    free(app->key);
    app->server = app->token = app->config_dir = NULL;
    app->ca_file = app->certificate = app->key = NULL;
    app->loaded = false;
}
