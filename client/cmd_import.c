#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "company_view.h"
#include "import_form.h"
#include "import_run.h"
#include "import_source.h"
#include "mapping.h"
#include "mapping_file.h"
#include <spean/clock.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>

static const struct option_entry options[] = {
    {"profile", 'p', "NAME", NULL, "how columns and values of another program's file are read"},
    {"keep-ids", 0, NULL, NULL, "companies keep the ids that the file gives them (admin only)"},
    {"dry-run", 'n', NULL, NULL, "read, map and check, but send nothing; prints what would go"},
    {0},
};

struct import {
    struct import_run run;
    struct mapping *mapping; /* NULL: Spean's own form */
    struct import_source *source;
    struct printer *printer; /* of a dry run */
    bool dry;
};

/* A dry run has no server to ask: the form is checked, the codes of sectors and regions are not. */
static int dry_add(struct import *im, json_t *company, long line)
{
    struct profile_codes codes = {.today = clock_today()};
    struct rpc_error e = {0};
    json_t *whole = profile_merge(NULL, company, codes.today);
    const char *status = json_string_value(json_object_get(company, "status"));
    int code = EXIT_DONE;

    if (whole == NULL) {
        app_say(im->run.app, "out of memory");
        code = EXIT_FAILED;
    } else if (profile_patch_check(company, true, &e) < 0 || profile_check(whole, &codes, &e) < 0) {
        run_fail_fields(&im->run, line, e.fields, e.message);
    } else {
        im->run.sent++;
        im->run.drafts += status != NULL && strcmp(status, "draft") == 0;
        if (im->printer != NULL && printer_add(im->printer, company) < 0)
            code = EXIT_FAILED;
    }
    rpc_error_done(&e);
    json_decref(whole);
    json_decref(company);
    return code;
}

static int company_add(struct import *im, json_t *company, long line)
{
    if (im->dry)
        return dry_add(im, company, line);
    return run_add(&im->run, company, line);
}

static int mapped_add(struct import *im, const struct import_row *row)
{
    struct mapped mapped;
    int code = EXIT_DONE;

    if (mapping_apply(im->mapping, row->value, &mapped) < 0 ||
        run_notes(&im->run, mapped.notes) < 0) {
        app_say(im->run.app, "out of memory");
        code = EXIT_FAILED;
    } else if (mapped.skipped) {
        im->run.skipped++;
    } else if (mapped.problem[0] != '\0') {
        run_fail(&im->run, row->line, mapped.problem);
    } else {
        code = company_add(im, json_incref(mapped.company), row->line);
    }
    mapped_done(&mapped);
    return code;
}

static int form_add(struct import *im, const struct import_row *row)
{
    json_t *company = NULL;
    char err[200] = "out of memory";
    int r;

    if (!import_source_is_csv(im->source))
        return company_add(im, json_incref(row->value), row->line);
    r = import_form_read(row->value, &company, err, sizeof(err));
    if (r == 0)
        return company_add(im, company, row->line);
    if (r == 1) {
        run_fail(&im->run, row->line, err);
        return EXIT_DONE;
    }
    app_say(im->run.app, "%s", err);
    return EXIT_FAILED;
}

static int rows_import(struct import *im)
{
    const struct app *app = im->run.app;
    struct import_row row;
    char err[200];
    int code = EXIT_DONE, r = 0;

    while (code == EXIT_DONE && (r = import_source_next(im->source, &row, err, sizeof(err))) > 0) {
        im->run.rows++;
        if (row.problem[0] != '\0')
            run_fail(&im->run, row.line, row.problem);
        else
            code = im->mapping != NULL ? mapped_add(im, &row) : form_add(im, &row);
        import_row_done(&row);
        if (app->stop != NULL && *app->stop)
            code = EXIT_FAILED;
    }
    if (r < 0) {
        app_say(im->run.app, "%s", err);
        code = EXIT_FAILED;
    }
    return code;
}

static int import_open(struct import *im, struct app *app, const struct args *args)
{
    const char *profile = args_get(args, "profile");
    char err[2048], *path;
    int r;

    if (profile != NULL) {
        path = mapping_find(profile, app->config_dir, err, sizeof(err));
        r = path != NULL ? mapping_load(path, &im->mapping, err, sizeof(err)) : -1;
        free(path);
        if (r < 0)
            return app_usage(app, "%s", err);
    }
    if (import_source_open(args->word[0], profile != NULL ? IMPORT_KEYS_FOLDED : IMPORT_KEYS_RAW,
                           &im->source, err, sizeof(err)) < 0) {
        app_say(app, "%s", err);
        return EXIT_FAILED;
    }
    if (app->err_tty)
        app_say(app, "%s: %s", args->word[0], import_source_format(im->source));
    return EXIT_DONE;
}

/* All rows, then the sum. What was answered before something broke is said too. */
static int import_rows(struct import *im)
{
    int code = im->dry ? EXIT_DONE : run_begin(&im->run);

    if (code != EXIT_DONE)
        return code;
    code = rows_import(im);
    if (code == EXIT_DONE && !im->dry)
        code = run_finish(&im->run);
    progress_clear(&im->run.progress);
    run_summary(&im->run, im->dry);
    if (code != EXIT_DONE)
        app_say(im->run.app, "stopped before the end; to go on import the same file again: what is "
                             "in already stays as it is");
    else if (im->run.failed > 0)
        code = EXIT_FAILED;
    return code;
}

static int run(struct app *app, const struct args *args)
{
    struct style style = app->style;
    struct import im = {.dry = args_has(args, "dry-run")};
    int code = EXIT_FAILED;

    if (run_init(&im.run, app) < 0) {
        app_say(app, "out of memory");
        goto out;
    }
    im.run.keep_ids = args_has(args, "keep-ids");
    code = import_open(&im, app, args);
    if (code != EXIT_DONE)
        goto out;
    if (im.dry && args_has(args, "format")) {
        im.printer = printer_new(app->out, &style, company_columns, COMPANY_EXPORT_COLUMNS);
        code = im.printer != NULL ? EXIT_DONE : EXIT_FAILED;
    }
    if (code == EXIT_DONE)
        code = import_rows(&im);
    if (printer_end(im.printer) < 0 || app_flush(app, 0) != EXIT_DONE)
        code = EXIT_FAILED;
out:
    import_source_free(im.source);
    mapping_free(im.mapping);
    run_done(&im.run);
    return code;
}

const struct command command_import = {
    .noun = "import",
    .words = "FILE",
    .min = 1,
    .max = 1,
    .summary = "Bring companies in from an NDJSON or CSV file (\"-\": standard input).",
    .help =
        "NDJSON holds a profile a line; CSV has a column a profile field, as spean export writes\n"
        "it. For files of other programs name a --profile: ca-registry, facilities, salesforce,\n"
        "hubspot, or one of your own. UTF-8, UTF-16 and Windows-1252 are read; commas, semicolons\n"
        "and tabs part columns. A row that fails is reported with its line number, the others go\n"
        "in, and the exit code is 1. The same file again changes nothing.\n"
        "With --dry-run nothing is sent; add --format ndjson to see what would be.\n",
    .options = options,
    .run = run,
};
