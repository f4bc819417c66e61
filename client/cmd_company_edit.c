#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/file.h>

#include "app.h"
#include "company_find.h"
#include "edit.h"
#include "editor.h"

static const struct option_entry options[] = {
    {"new", 0, NULL, NULL, "a new company, from a template"},
    {"file", 0, "FILE", NULL, "no editor: send this JSON (a merge patch; -: standard input)"},
    {"if-version", 0, "N", NULL, "with --file: only if the profile still has this version"},
    {0},
};

static const char template[] =
    "{\"country\":\"KH\",\"name\":\"\",\"names\":{\"khm\":\"\",\"fra\":\"\",\"eng\":\"\"},"
    "\"region\":\"\",\"city\":\"\",\"website\":\"\",\"phone\":\"\","
    "\"description\":{\"eng\":\"\",\"khm\":\"\",\"fra\":\"\"},\"sectors\":[],"
    "\"languages\":[{\"lang\":\"khm\",\"level\":\"fluent\"}],\"offers\":[],\"seeks\":[],"
    "\"employees\":null,\"founded\":null,\"export_markets\":[],\"certifications\":[],"
    "\"status\":\"draft\",\"contacts\":[],\"external_ids\":[]}";

/* The whole of standard input, up to max bytes; NUL-terminated. 0 or a negative errno. */
static int read_stdin(size_t max, char **ret_text, size_t *ret_len)
{
    struct buf b;
    int r = 0;

    buf_init(&b, max);
    for (;;) {
        char chunk[8192];
        size_t n = fread(chunk, 1, sizeof(chunk), stdin);

        if (n == 0)
            break;
        if (buf_add(&b, chunk, n) < 0) {
            r = -EFBIG;
            break;
        }
    }
    if (r == 0 && ferror(stdin))
        r = -EIO;
    if (r == 0 && buf_add(&b, "", 0) == 0)
        *ret_text = buf_take(&b, ret_len);
    buf_done(&b);
    return r;
}

static int edit_file(struct edit *e, const char *file)
{
    struct answer a = {0};
    char *text = NULL, err[320];
    json_t *patch;
    size_t len = 0;
    int r = strcmp(file, "-") == 0 ? read_stdin(EDITOR_MAX, &text, &len)
                                   : file_read(file, EDITOR_MAX, &text, &len);

    if (r < 0) {
        app_say(e->app, "cannot read %s: %s", file, strerror(-r));
        return EXIT_FAILED;
    }
    patch = edit_parse(text ? text : "", len, err, sizeof(err));
    free(text);
    if (!patch) {
        app_say(e->app, "%s: %s", file, err);
        return EXIT_FAILED;
    }
    r = edit_send(e, patch, &a);
    if (r == EXIT_DONE)
        r = edit_done(e, a.result);
    else if (a.message[0])
        app_fail(e->app, &a);
    answer_done(&a);
    json_decref(patch);
    return r;
}

/* What the server gives itself is no matter of editing. */
static int edit_fetch(struct edit *e)
{
    int r = app_call(e->app, "company.get", json_pack("{s:s}", "id", e->id), &e->before);

    if (r != EXIT_DONE)
        return r;
    if (!json_is_object(e->before)) {
        app_say(e->app, "the server sent no profile");
        return EXIT_FAILED;
    }
    e->version = json_integer_value(json_object_get(e->before, "version"));
    json_object_del(e->before, "id");
    json_object_del(e->before, "version");
    json_object_del(e->before, "updated_at");
    return EXIT_DONE;
}

static int edit_new(struct edit *e, const char *file)
{
    e->create = true;
    if (file)
        return edit_file(e, file);
    e->before = json_loads(template, 0, NULL);
    if (!e->before) {
        app_say(e->app, "no memory");
        return EXIT_FAILED;
    }
    return edit_interactive(e);
}

static int edit_company(struct edit *e, const char *word, const char *file)
{
    struct company_found found;
    int r = company_find(e->app, word, false, &found);

    if (r != EXIT_DONE)
        return r;
    snprintf(e->id, sizeof(e->id), "%s", found.id);
    if (file)
        return edit_file(e, file);
    r = edit_fetch(e);
    return r == EXIT_DONE ? edit_interactive(e) : r;
}

static int run(struct app *app, const struct args *args)
{
    struct edit e = {.app = app};
    const char *file = args_get(args, "file");
    char err[200];
    int r;

    if (args_int(args, "if-version", 0, INT64_MAX, -1, &e.version, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    if (args_has(args, "new") != (args->words == 0))
        return app_usage(app, "it takes either COMPANY or --new");
    r = args->words ? edit_company(&e, args->word[0], file) : edit_new(&e, file);
    json_decref(e.before);
    return r;
}

const struct command command_company_edit = {
    .noun = "company",
    .verb = "edit",
    .words = "[COMPANY]",
    .min = 0,
    .max = 1,
    .summary = "Change a company's profile in your editor, or make a new one.",
    .help =
        "Opens $VISUAL or $EDITOR on the profile as JSON and sends what changed, unless somebody\n"
        "else changed the profile meanwhile. What the server refuses is shown, and you may edit\n"
        "again. A member taken out is cleared. With --file nothing is asked: FILE is a JSON Merge\n"
        "Patch (RFC 7396), members that are absent stay as they are.\n",
    .options = options,
    .run = run,
};
