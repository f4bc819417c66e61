#include "company_pages.h"
#include "company_view.h"

#define LIST_PRESET 100

static const struct option_entry options[] = {
    {"country", 0, "COUNTRY", country_words, "only of this country"},
    {"sector", 0, "CODE", NULL, "only with this sector; a group finds its leaves"},
    {"region", 0, "CODE", NULL, "only of this region (ISO 3166-2)"},
    {"status", 0, "STATUS", status_words, "only with this status"},
    {"updated-after", 0, "TIME", NULL, "only changed after this time (RFC 3339)"},
    {"limit", 'n', "N", NULL, "at most so many (100 unless given)"},
    {"all", 'a', NULL, NULL, "all of them, however many"},
    {0},
};

static int run(struct app *app, const struct args *args)
{
    struct pages p = {.columns = company_list_columns, .n = company_list_column_count};
    char err[200];
    int64_t limit;
    int r;

    if (args_int(args, "limit", 1, INT64_MAX, LIST_PRESET, &limit, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    if (app->style.format == FORMAT_TABLE) {
        p.columns = company_table_columns;
        p.n = company_table_column_count;
    }
    p.limit = args_has(args, "all") ? 0 : (uint64_t)limit;
    r = pages_print(app, pages_filter(args), &p);
    if (r == EXIT_DONE && p.more)
        app_say(app, "there are more: --limit N or --all");
    else if (r == EXIT_DONE && p.printed == 0)
        app_say(app, "no companies");
    return r;
}

const struct command command_company_list = {
    .noun = "company",
    .verb = "list",
    .words = "",
    .summary = "List companies, of every status unless told.",
    .options = options,
    .run = run,
};
