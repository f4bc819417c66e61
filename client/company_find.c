#include "company_find.h"

#include <stdio.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#include "app.h"

/* As company.search ranks: an exact name gets 1, one that holds the text 0.75 and more. */
#define RANK_EXACT 0.9995
#define RANK_HOLDS 0.75
#define CANDIDATES 20
#define FOLD_MAX 8192
#define CANDIDATES_SHOWN 10

enum company_word company_word(const char *text, size_t *ret_system)
{
    uint8_t id[IDENT_BYTES];
    size_t system = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "._-");

    if (ident_parse(text, strlen(text), id) == 0)
        return WORD_ID;
    /* "Acme: Rice" is a name, "salesforce:0015g" an id. */
    if (system > 0 && text[system] == ':' && text[system + 1] != '\0' && text[system + 1] != ' ') {
        *ret_system = system;
        return WORD_EXTERNAL;
    }
    return WORD_NAME;
}

static int found_take(struct app *app, const json_t *record, struct company_found *ret)
{
    const char *id = json_string_value(json_object_get(record, "id"));
    const char *name = json_string_value(json_object_get(record, "name"));
    uint8_t bytes[IDENT_BYTES];

    if (!id || ident_parse(id, strlen(id), bytes) < 0) {
        app_say(app, "the server named a company without an id");
        return EXIT_FAILED;
    }
    ident_format(bytes, ret->id);
    snprintf(ret->name, sizeof(ret->name), "%s", name ? name : id);
    return EXIT_DONE;
}

/* Asks for the name alone: contacts that nobody wants to see are not read. */
static int find_get(struct app *app, json_t *params, struct company_found *ret)
{
    json_t *profile;
    int r = app_call(app, "company.get", params, &profile);

    if (r != EXIT_DONE)
        return r;
    r = found_take(app, profile, ret);
    json_decref(profile);
    return r;
}

static double rank_of(const json_t *candidate)
{
    return json_number_value(json_object_get(candidate, "rank"));
}

/* Equal but for case, accents and punctuation? An archived company's rank does not say so. */
static bool same_name(const json_t *candidate, const char *text)
{
    const char *name = json_string_value(json_object_get(candidate, "name"));
    struct buf a, b;
    bool same;

    buf_init(&a, FOLD_MAX);
    buf_init(&b, FOLD_MAX);
    same = name && text_fold(&a, name, strlen(name)) == 0 &&
           text_fold(&b, text, strlen(text)) == 0 && a.len > 0 && a.len == b.len &&
           memcmp(a.data, b.data, a.len) == 0;
    buf_done(&a);
    buf_done(&b);
    return same;
}

/* From what is surely meant to what only resembles it. */
enum tier { TIER_EXACT, TIER_SAME, TIER_HOLDS, TIER_ANY, TIER_COUNT };

static bool in_tier(const json_t *candidate, const char *text, enum tier tier)
{
    switch (tier) {
    case TIER_EXACT:
        return rank_of(candidate) >= RANK_EXACT;
    case TIER_SAME:
        return same_name(candidate, text);
    case TIER_HOLDS:
        return rank_of(candidate) >= RANK_HOLDS;
    default:
        return true;
    }
}

/* The one candidate of the first tier that has any; NULL if it has several. */
static const json_t *choose(const json_t *list, const char *text, bool *ret_exact)
{
    for (int tier = TIER_EXACT; tier < TIER_COUNT; tier++) {
        const json_t *one = NULL;
        size_t n = 0;

        for (size_t i = 0; i < json_array_size(list); i++)
            if (in_tier(json_array_get(list, i), text, (enum tier)tier)) {
                one = json_array_get(list, i);
                n++;
            }
        *ret_exact = tier <= TIER_SAME;
        if (n > 0)
            return n == 1 ? one : NULL;
    }
    return NULL;
}

static void list_candidates(struct app *app, const char *text, const json_t *list)
{
    size_t n = json_array_size(list);

    app_say(app, "\"%s\" may mean several companies; say which by its id:", text);
    for (size_t i = 0; i < n && i < CANDIDATES_SHOWN; i++) {
        const json_t *c = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(c, "id"));
        const char *name = json_string_value(json_object_get(c, "name"));
        const char *region = json_string_value(json_object_get(c, "region"));

        app_say(app, "  %s  %s%s%s", id ? id : "?", name ? name : "?", region ? ", " : "",
                region ? region : "");
    }
    if (n > CANDIDATES_SHOWN)
        app_say(app, "  ... and more: spean company search");
}

static int find_name(struct app *app, const char *text, struct company_found *ret)
{
    const json_t *list, *one;
    json_t *result;
    bool exact;
    int r = app_call(app, "company.search",
                     json_pack("{s:s, s:i}", "text", text, "limit", CANDIDATES), &result);

    if (r != EXIT_DONE)
        return r;
    list = json_object_get(result, "companies");
    one = choose(list, text, &exact);
    if (json_array_size(list) == 0) {
        app_say(app, "no company is named \"%s\"", text);
        r = EXIT_NOT_FOUND;
    } else if (!one) {
        list_candidates(app, text, list);
        r = EXIT_FAILED;
    } else {
        r = found_take(app, one, ret);
        if (r == EXIT_DONE && !exact)
            app_say(app, "taking \"%s\" for %s", text, ret->name);
    }
    json_decref(result);
    return r;
}

int company_find(struct app *app, const char *text, bool want_name, struct company_found *ret)
{
    size_t system = 0;

    *ret = (struct company_found){0};
    switch (company_word(text, &system)) {
    case WORD_ID:
        if (want_name)
            return find_get(app, json_pack("{s:s, s:[s]}", "id", text, "fields", "name"), ret);
        snprintf(ret->id, sizeof(ret->id), "%s", text);
        return EXIT_DONE;
    case WORD_EXTERNAL:
        return find_get(app,
                        json_pack("{s:{s:s%, s:s}, s:[s]}", "external_id", "system", text, system,
                                  "id", text + system + 1, "fields", "name"),
                        ret);
    case WORD_NAME:
        break;
    }
    if (*text == '\0')
        return app_usage(app, "a company must be named");
    return find_name(app, text, ret);
}
