#include "company_pages.h"
#include "company_view.h"

static const struct option_entry options[] = {
    {"country", 0, "COUNTRY", country_words, "only of this country"},
    {"sector", 0, "CODE", NULL, "only with this sector; a group finds its leaves"},
    {"region", 0, "CODE", NULL, "only of this region (ISO 3166-2)"},
    {"status", 0, "STATUS", status_words, "only with this status"},
    {"updated-after", 0, "TIME", NULL, "only changed after this time (RFC 3339)"},
    {"contacts", 0, NULL, NULL, "with the contacts, which are personal data (not CSV)"},
    {"raw", 0, NULL, NULL, "CSV: leave cells that a spreadsheet would run as formulas as they are"},
    {0},
};

/* A table is not for taking away: what is not said is NDJSON. */
static int export_format(struct app *app, const struct args *args)
{
    if (!args_has(args, "format"))
        app->style.format = FORMAT_NDJSON;
    return app->style.format == FORMAT_TABLE || app->style.format == FORMAT_PLAIN ? -1 : 0;
}

static int run(struct app *app, const struct args *args)
{
    struct pages p = {.columns = company_columns, .n = COMPANY_EXPORT_COLUMNS, .progress = true};
    struct style style = app->style;
    int r;

    if (export_format(app, args) < 0)
        return app_usage(app, "an export is ndjson, csv or json");
    p.contacts = args_has(args, "contacts");
    if (p.contacts && app->style.format == FORMAT_CSV)
        return app_usage(app, "CSV has no contacts");
    app->style.raw = args_has(args, "raw");
    r = pages_print(app, pages_filter(args), &p);
    app->style = style;
    if (r == EXIT_DONE && app->err_tty)
        app_say(app, "%llu companies", (unsigned long long)p.printed);
    return r;
}

const struct command command_export = {
    .noun = "export",
    .words = "",
    .summary = "Write all companies out as NDJSON (or CSV: --format csv).",
    .help =
        "Every field of each profile but the contacts, which are personal data: these come only\n"
        "with --contacts. NDJSON is exact and spean import reads it. CSV is for spreadsheets: "
        "lists\n"
        "are joined in one cell, and a cell that a spreadsheet would run as a formula gets a\n"
        "leading apostrophe unless --raw is given.\n",
    .options = options,
    .run = run,
};
