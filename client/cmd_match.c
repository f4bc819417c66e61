#include "app.h"
#include "company_find.h"
#include "company_pages.h"
#include "company_view.h"
#include "labels.h"
#include "match_all.h"
#include "match_view.h"
#include "titles.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {"goods",         "services", "technology",
                                         "capital",       "training", "distribution",
                                         "joint-venture", "research", NULL};

static const char *const order_words[] = {"id", "needs", NULL};

static const struct option_entry options[] = {
    {"all", 0, NULL, NULL, "every published company, instead of one"},
    {"country", 0, "COUNTRY", country_words, "with --all: only companies of this country"},
    {"order", 0, "ORDER", order_words, "with --all: by id or by needs; the latter is faster"},
    {"limit", 'n', "N", NULL, "at most so many, up to 100 (10 unless given)"},
    {"min-score", 0, "SCORE", NULL, "only with at least this score, 0 to 100"},
    {"sector", 0, "CODE", NULL, "only partners with this sector; a group finds its leaves"},
    {"region", 0, "CODE", NULL, "only partners of this region (ISO 3166-2)"},
    {"kind", 0, "KIND", kind_words, "only where an offer of this kind meets a seek"},
    {"with-lang", 0, "CODE", NULL, "only partners who speak this language (ISO 639-3)"},
    {0},
};

static const struct column table_columns[] = {
    {.title = "#", .path = "rank", .right = true},
    {.title = "score", .path = "score", .right = true, .cell = cell_score, .tone = "1;32"},
    {.title = "company", .path = "company.name", .wide = true, .tone = "1"},
    {.title = "region", .path = "company.region"},
    {.title = "sectors", .path = "company.sectors", .wide = true},
    {.title = "language", .path = "language"},
    {.title = "why", .cell = cell_reason, .below = true},
};
/* What the table's columns are called in the language of the sentences. */
static const int table_labels[] = {
    -1, LABEL_SCORE, LABEL_COMPANY, LABEL_REGION, LABEL_SECTORS, LABEL_LANGUAGE, LABEL_WHY};
static const struct column data_columns[] = {
    {.title = "rank", .path = "rank"},
    {.title = "score", .path = "score"},
    {.title = "id", .path = "company.id"},
    {.title = "name", .path = "company.name"},
    {.title = "country", .path = "company.country"},
    {.title = "region", .path = "company.region"},
    {.title = "city", .path = "company.city"},
    {.title = "sectors", .path = "company.sectors"},
    {.title = "language", .path = "language"},
    {.title = "reason", .cell = cell_reason},
};
#define TABLE_COLUMNS (sizeof(table_columns) / sizeof(table_columns[0]))
#define DATA_COLUMNS (sizeof(data_columns) / sizeof(data_columns[0]))

/* 0 with *ret (-1: not given), or -1. */
static int read_score(const struct args *args, double *ret)
{
    const char *text = args_get(args, "min-score");
    char *end;

    *ret = -1;
    if (!text)
        return 0;
    *ret = strtod(text, &end);
    return end != text && *end == '\0' && *ret >= 0 && *ret <= 100 ? 0 : -1;
}

static json_t *match_params(const struct app *app, const struct args *args, const char *id,
                            int64_t limit, double score)
{
    json_t *params = json_pack("{s:s, s:I, s:s, s:{s:s*, s:s*, s:s*, s:s*}}", "id", id, "limit",
                               (json_int_t)limit, "lang", app->lang, "filter", "sector",
                               args_get(args, "sector"), "region", args_get(args, "region"), "kind",
                               args_get(args, "kind"), "lang", args_get(args, "with-lang"));

    if (params && score >= 0)
        json_object_set_new(params, "min_score", json_real(score));
    return params;
}

/* Takes what suits many companies; NULL as it is. */
static json_t *all_params(json_t *params)
{
    json_object_del(params, "id");
    return params;
}

/*
 * A company that was written a moment ago may not have reached the index: the seq of the newest
 * change, to wait for; -1 if it cannot be told.
 */
static json_int_t newest_seq(struct app *app)
{
    struct answer health = {0}, changes = {0};
    const json_t *seq, *list;
    json_t *params = NULL;
    json_int_t newest = -1;

    app_try(app, "system.health", NULL, &health);
    seq = json_path(health.result, "index.seq");
    if (json_is_integer(seq))
        params = json_pack("{s:I, s:i}", "since", json_integer_value(seq), "limit", 1000);
    if (params)
        app_try(app, "changes.list", params, &changes);
    list = json_object_get(changes.result, "changes");
    if (json_array_size(list) > 0)
        newest = json_integer_value(
            json_object_get(json_array_get(list, json_array_size(list) - 1), "seq"));
    else if (seq)
        newest = json_integer_value(seq);
    json_decref(params);
    answer_done(&changes);
    answer_done(&health);
    return newest;
}

/* match.list; params are taken over. Exit code as app_call. */
static int match_call(struct app *app, json_t *params, json_t **ret)
{
    struct answer a = {0};
    json_int_t seq;

    if (params && app_try(app, "match.list", params, &a) == EXIT_NOT_FOUND) {
        seq = newest_seq(app);
        if (seq >= 0)
            json_object_set_new(params, "min_seq", json_integer(seq));
    }
    if (a.kind == ANSWER_RESULT && a.result) {
        *ret = json_incref(a.result);
        answer_done(&a);
        json_decref(params);
        return EXIT_DONE;
    }
    answer_done(&a);
    return app_call(app, "match.list", params, ret);
}

static int print_data(struct app *app, const json_t *list)
{
    struct printer *p = printer_new(app->out, &app->style, data_columns, DATA_COLUMNS);

    for (size_t i = 0; p && i < json_array_size(list); i++)
        printer_add(p, json_array_get(list, i));
    return p ? printer_end(p) : -1;
}

/* Codes are named as people do where people look. */
static int print_table(struct app *app, const json_t *list)
{
    json_t *titles = json_array_size(list) > 0 ? titles_load(app) : NULL;
    struct column columns[TABLE_COLUMNS];
    struct printer *p;

    memcpy(columns, table_columns, sizeof(columns));
    for (size_t i = 0; i < TABLE_COLUMNS; i++)
        if (table_labels[i] >= 0)
            columns[i].title = label_text(app->lang, (enum label)table_labels[i]);
    p = printer_new(app->out, &app->style, columns, TABLE_COLUMNS);
    for (size_t i = 0; p && i < json_array_size(list); i++) {
        json_t *match = json_array_get(list, i), *company = json_object_get(match, "company");

        titles_put(titles, company, "region");
        titles_put(titles, company, "sectors");
        printer_add(p, match);
    }
    json_decref(titles);
    return p ? printer_end(p) : -1;
}

static int match_print(struct app *app, const json_t *result)
{
    const json_t *list = json_object_get(result, "matches");

    if (app->style.format == FORMAT_JSON)
        return output_json(app->out, &app->style, result);
    for (size_t i = 0; app->style.format != FORMAT_NDJSON && i < json_array_size(list); i++)
        json_object_set_new(json_array_get(list, i), "rank", json_integer((json_int_t)i + 1));
    if (app->style.format == FORMAT_TABLE)
        return print_table(app, list);
    return print_data(app, list);
}

static void match_say(struct app *app, const json_t *result)
{
    const char *name = json_string_value(json_path(result, "company.name"));
    size_t n = json_array_size(json_object_get(result, "matches"));

    if (n == 0)
        app_say(app, "no partners for %s: is the profile published, with offers or seeks?",
                name ? name : "it");
    else if (app->style.format == FORMAT_TABLE)
        app_say(app, "%zu %s %s", n, label_text(app->lang, LABEL_BEST), name ? name : "?");
}

/* What is not said is NDJSON: nobody reads the partners of thousands in a table. */
static int run_all(struct app *app, const struct args *args, int64_t limit, double score)
{
    const char *order = args_get(args, "order");

    if (args->words > 0)
        return app_usage(app, "--all is for every company: name none");
    if (!args_has(args, "format"))
        app->style.format = FORMAT_NDJSON;
    if (app->style.format == FORMAT_TABLE || app->style.format == FORMAT_PLAIN)
        return app_usage(app, "all matches are ndjson, json or csv");
    return match_all_print(app, all_params(match_params(app, args, "", limit, score)),
                           args_get(args, "country"), order && strcmp(order, "needs") == 0);
}

static int run(struct app *app, const struct args *args)
{
    struct company_found found;
    struct style style = app->style;
    char err[200];
    int64_t limit;
    json_t *result;
    double score;
    int r;

    if (args_int(args, "limit", 1, 100, 10, &limit, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    if (read_score(args, &score) < 0)
        return app_usage(app, "--min-score must be a number from 0 to 100");
    if (args_has(args, "all")) {
        r = run_all(app, args, limit, score);
        app->style = style; /* the shell goes on with its own */
        return r;
    }
    if (args->words == 0)
        return app_usage(app, "which company? --all means every one");
    if (args_has(args, "country") || args_has(args, "order"))
        return app_usage(app, "--country and --order go with --all");
    r = company_find(app, args->word[0], false, &found);
    if (r == EXIT_DONE)
        r = match_call(app, match_params(app, args, found.id, limit, score), &result);
    if (r != EXIT_DONE)
        return r;
    match_say(app, result);
    r = match_print(app, result);
    json_decref(result);
    return app_flush(app, r);
}

const struct command command_match = {
    .noun = "match",
    .words = "COMPANY | --all",
    .min = 0,
    .max = 1,
    .summary = "Suggest partners of the other country for a company.",
    .help =
        "The best come first; each with the sentence that counted most. spean explain says all\n"
        "of them for one pair. With --all, the partners of every published company: an object\n"
        "for each as NDJSON or JSON, a row for each pair as CSV; made for exports. In the order\n"
        "of needs, companies that changed meanwhile come once more at the end: what stands last\n"
        "counts.\n",
    .options = options,
    .run = run,
};
