#include "import_form.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import_form_in.h"
#include <spean/rpc.h>

enum cell_kind {
    CELL_TEXT,
    CELL_NUMBER,
    CELL_LIST,
    CELL_TEXTS,     /* an object language -> text */
    CELL_LANGUAGES, /* [{lang, level}] */
    CELL_EXTERNALS, /* [{system, id}] */
    CELL_NEEDS,     /* offers, seeks */
    CELL_JSON,
    CELL_IGNORED /* the server's own */
};

static const struct field {
    const char *name;
    enum cell_kind kind;
} fields[] = {
    {"id", CELL_TEXT},
    {"version", CELL_IGNORED},
    {"external_ids", CELL_EXTERNALS},
    {"country", CELL_TEXT},
    {"name", CELL_TEXT},
    {"names", CELL_TEXTS},
    {"region", CELL_TEXT},
    {"city", CELL_TEXT},
    {"website", CELL_TEXT},
    {"phone", CELL_TEXT},
    {"description", CELL_TEXTS},
    {"sectors", CELL_LIST},
    {"languages", CELL_LANGUAGES},
    {"offers", CELL_NEEDS},
    {"seeks", CELL_NEEDS},
    {"employees", CELL_NUMBER},
    {"founded", CELL_NUMBER},
    {"export_markets", CELL_LIST},
    {"certifications", CELL_LIST},
    {"verified", CELL_TEXT},
    {"status", CELL_TEXT},
    {"valid_until", CELL_TEXT},
    {"contacts", CELL_JSON},
    {"updated_at", CELL_IGNORED},
};

static const struct field *field_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strlen(fields[i].name) == len && strncasecmp(fields[i].name, name, len) == 0)
            return &fields[i];
    return NULL;
}

/* "description.fra": its field, and the language in *ret_lang. */
static const struct field *field_with_language(const char *column, const char **ret_lang)
{
    const char *dot = strchr(column, '.');
    const struct field *f = dot != NULL ? field_find(column, (size_t)(dot - column)) : NULL;

    if (f == NULL || f->kind != CELL_TEXTS || strlen(dot + 1) != 3)
        return NULL;
    *ret_lang = dot + 1;
    return f;
}

static json_t *number_parse(const char *s)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(s, &end, 10);
    if (errno != 0 || end == s || *end != '\0')
        return json_string(s); /* the check of the profile says what is wrong with it */
    return json_integer(n);
}

static json_t *json_parse(const char *s)
{
    static const struct rpc_limits limits = {.depth = 32, .elements = 32768, .batch = 1};
    struct rpc_error e = {0};
    json_t *value = rpc_parse_json(s, strlen(s), &limits, &e);

    rpc_error_done(&e);
    return value;
}

/* NULL: the cell is not of its form. */
static json_t *cell_parse(enum cell_kind kind, const char *s)
{
    if (kind != CELL_TEXT && kind != CELL_NUMBER && (*s == '[' || *s == '{'))
        return json_parse(s);
    switch (kind) {
    case CELL_NUMBER:
        return number_parse(s);
    case CELL_LIST:
        return form_list(s);
    case CELL_TEXTS:
        return form_texts(s);
    case CELL_LANGUAGES:
        return form_pairs(s, ' ', "lang", "level");
    case CELL_EXTERNALS:
        return form_pairs(s, ':', "system", "id");
    case CELL_NEEDS:
        return form_needs(s);
    case CELL_TEXT:
        return json_string(s);
    case CELL_JSON:
    case CELL_IGNORED:
        break;
    }
    return NULL;
}

static int language_set(json_t *company, const char *field, const char *lang, const char *text)
{
    json_t *texts = json_object_get(company, field);
    char lower[4] = {0};

    for (int i = 0; i < 3; i++)
        lower[i] = (char)(lang[i] | 0x20);
    if (texts == NULL) {
        texts = json_object();
        if (json_object_set_new(company, field, texts) < 0)
            return -1;
    }
    if (!json_is_object(texts))
        return -1;
    return json_object_set_new(texts, lower, json_string(text));
}

static int cell_set(json_t *company, const char *column, const char *s, char *err, size_t errlen)
{
    const char *lang = NULL;
    const struct field *f = field_find(column, strlen(column));
    json_t *value;

    if (s[0] == '\'' && s[1] != '\0' && strchr("=+-@\t\r", s[1]) != NULL)
        s++;
    if (f == NULL)
        f = field_with_language(column, &lang);
    if (f == NULL) {
        snprintf(err, errlen,
                 "column \"%.60s\" is no field of a profile; for files of other programs name a "
                 "--profile",
                 column);
        return 2;
    }
    if (f->kind == CELL_IGNORED)
        return 0;
    if (lang != NULL)
        return language_set(company, f->name, lang, s);
    value = cell_parse(f->kind, s);
    if (value == NULL) {
        snprintf(err, errlen, "%s: \"%.80s\" is not of the form of its column", f->name, s);
        return 1;
    }
    return json_object_set_new(company, f->name, value);
}

int import_form_read(const json_t *row, json_t **ret, char *err, size_t errlen)
{
    json_t *company = json_object(), *value;
    const char *column;
    int r = company != NULL ? 0 : -1;

    if (r < 0)
        return r;
    json_object_foreach((json_t *)(uintptr_t)row, column, value)
    {
        if (json_string_length(value) == 0)
            continue;
        r = cell_set(company, column, json_string_value(value), err, errlen);
        if (r != 0)
            break;
    }
    if (r != 0) {
        json_decref(company);
        return r;
    }
    *ret = company;
    return 0;
}
