#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/file.h>
#include <spean/json_writer.h>
#include <spean/rpc.h>

#include "app.h"
#include "ask.h"
#include "company_touch.h"
#include "editor.h"
#include "json_diff.h"

static const struct rpc_limits text_limits = {.depth = 32, .elements = 32768, .batch = 1};

json_t *edit_parse(const char *text, size_t len, char *err, size_t errlen)
{
    struct rpc_error e = {0};
    json_error_t where;
    json_t *value = rpc_parse_json(text, len, &text_limits, &e);

    if (!value) {
        /* jansson knows the line; what it has no fault with our limits do. */
        json_t *again = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
        if (again)
            snprintf(err, errlen, "%s", e.message[0] ? e.message : "too large or too deep");
        else
            snprintf(err, errlen, "line %d: %s", where.line, where.text);
        json_decref(again);
    } else if (!json_is_object(value)) {
        snprintf(err, errlen, "a profile is a JSON object");
        json_decref(value);
        value = NULL;
    }
    rpc_error_done(&e);
    return value;
}

int edit_send(struct edit *e, const json_t *patch, struct answer *ret)
{
    json_t *company = json_copy((json_t *)(uintptr_t)patch), *params;
    int r;

    if (company && e->id[0])
        json_object_set_new(company, "id", json_string(e->id));
    params = company ? json_pack("{s:o}", "company", company) : NULL;
    if (!params) {
        app_say(e->app, "no memory");
        *ret = (struct answer){.kind = ANSWER_LOST};
        return EXIT_FAILED;
    }
    if (e->create)
        json_object_set_new(params, "if_version", json_integer(0));
    else if (e->version >= 0)
        json_object_set_new(params, "if_version", json_integer(e->version));
    r = app_try(e->app, "company.upsert", params, ret);
    json_decref(params);
    return r;
}

int edit_done(struct edit *e, const json_t *result)
{
    static const struct column columns[] = {
        {.title = "id", .path = "id"},
        {.title = "version", .path = "version", .right = true},
        {.title = "seq", .path = "seq", .right = true},
    };
    struct app *app = e->app;
    const char *id = json_string_value(json_object_get(result, "id"));
    struct printer *p =
        printer_new(app->out, &app->style, columns, sizeof(columns) / sizeof(columns[0]));
    int r = p ? printer_add(p, result) : -1;

    if (id)
        company_settle(app, id, json_integer_value(json_object_get(result, "seq")));
    return app_flush(app, printer_end(p) < 0 ? -1 : r);
}

/* ---- in the editor ---- */

enum outcome { OUTCOME_END, OUTCOME_AGAIN };

/* Somebody there to ask? */
static bool ask_again(struct app *app)
{
    char answer = '\n';

    return ask_possible(app) && ask(app, "Edit again? [Y/n] ", &answer) == 0 && answer != 'n';
}

/* Sends what was written. *ret_code is the exit code so far. */
static enum outcome edit_take(struct edit *e, const json_t *after, int *ret_code)
{
    json_t *patch = e->create ? json_deep_copy(after) : json_diff(e->before, after);
    struct answer a = {0};

    if (e->create)
        json_prune(patch);
    if (json_object_size(patch) == 0 || json_equal(e->before, (json_t *)(uintptr_t)after)) {
        app_say(e->app, "nothing changed, nothing was sent");
        *ret_code = EXIT_DONE;
        json_decref(patch);
        return OUTCOME_END;
    }
    *ret_code = edit_send(e, patch, &a);
    if (*ret_code == EXIT_DONE)
        *ret_code = edit_done(e, a.result);
    else if (a.message[0])
        app_fail(e->app, &a);
    json_decref(patch);
    answer_done(&a);
    return a.code == RPC_INVALID || a.code == RPC_INVALID_PARAMS ? OUTCOME_AGAIN : OUTCOME_END;
}

static bool blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Once through the editor. */
static enum outcome edit_round(struct edit *e, const char *path, int *ret_code)
{
    struct app *app = e->app;
    enum outcome outcome = OUTCOME_AGAIN;
    char err[320], *text;
    json_t *after;
    size_t len;

    *ret_code = EXIT_FAILED;
    if (editor_run(path, err, sizeof(err)) < 0) {
        app_say(app, "%s; nothing was sent", err);
        return OUTCOME_END;
    }
    if (file_read(path, EDITOR_MAX, &text, &len) < 0) {
        app_say(app, "cannot read %s", path);
        return OUTCOME_END;
    }
    if (blank(text)) {
        app_say(app, "given up, nothing was sent");
        unlink(path);
        outcome = OUTCOME_END;
    } else {
        after = edit_parse(text, len, err, sizeof(err));
        if (after)
            outcome = edit_take(e, after, ret_code);
        else
            app_say(app, "%s", err);
        json_decref(after);
    }
    free(text);
    return outcome;
}

int edit_interactive(struct edit *e)
{
    char path[EDITOR_PATH], err[320] = "no memory";
    int code = EXIT_FAILED, r;
    struct buf text;

    buf_init(&text, SIZE_MAX);
    r = jw_dump(&text, e->before, JSON_INDENT(2));
    if (r == 0)
        r = editor_file(text.data, path, err, sizeof(err));
    buf_done(&text);
    if (r < 0) {
        app_say(e->app, "%s", err);
        return EXIT_FAILED;
    }
    if (e->app->err_tty)
        app_say(e->app, "save and leave the editor to send; empty the file to give up");
    while (edit_round(e, path, &code) == OUTCOME_AGAIN && ask_again(e->app))
        ;
    if (code == EXIT_DONE)
        unlink(path);
    else if (access(path, F_OK) == 0)
        app_say(e->app, "what you wrote is kept in %s", path);
    return code;
}
