#include "company_view.h"

#include <spean/buf.h>

static const char *member(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));

    return s ? s : "";
}

int cell_score(struct buf *out, const json_t *value, const json_t *record)
{
    (void)record;
    return json_is_number(value) ? buf_addf(out, "%.1f", json_number_value(value)) : 0;
}

int cell_languages(struct buf *out, const json_t *value, const json_t *record)
{
    (void)record;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *l = json_array_get(value, i);

        buf_addf(out, "%s%s %s", i ? ", " : "", member(l, "lang"), member(l, "level"));
    }
    return out->failed ? -1 : 0;
}

static int cell_externals(struct buf *out, const json_t *value, const json_t *record)
{
    (void)record;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *e = json_array_get(value, i);

        buf_addf(out, "%s%s:%s", i ? ", " : "", member(e, "system"), member(e, "id"));
    }
    return out->failed ? -1 : 0;
}

/* {lang: text}: a line each. */
static int cell_texts(struct buf *out, const json_t *value, const json_t *record)
{
    const char *lang;
    json_t *text;
    bool first = true;

    (void)record;
    json_object_foreach((json_t *)(uintptr_t)value, lang, text)
    {
        buf_addf(out, "%s%s: ", first ? "" : "\n", lang);
        if (cell_text(out, text) < 0)
            return -1;
        first = false;
    }
    return out->failed ? -1 : 0;
}

/* "goods agro-industry.rice (hs 1006): text", a line each. */
static int cell_needs(struct buf *out, const json_t *value, const json_t *record)
{
    (void)record;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *n = json_array_get(value, i), *hs = json_object_get(n, "hs");

        buf_addf(out, "%s%s %s", i ? "\n" : "", member(n, "kind"), member(n, "sector"));
        if (json_array_size(hs) > 0) {
            buf_adds(out, " (hs ");
            cell_text(out, hs);
            buf_addc(out, ')');
        }
        if (*member(n, "text"))
            buf_addf(out, ": %s", member(n, "text"));
    }
    return out->failed ? -1 : 0;
}

static int cell_contacts(struct buf *out, const json_t *value, const json_t *record)
{
    static const char *const members[] = {"role", "email", "phone"};

    (void)record;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *c = json_array_get(value, i), *langs = json_object_get(c, "languages");

        buf_addf(out, "%s%s", i ? "\n" : "", member(c, "name"));
        for (size_t k = 0; k < 3; k++)
            if (*member(c, members[k]))
                buf_addf(out, ", %s", member(c, members[k]));
        if (json_array_size(langs) > 0) {
            buf_adds(out, ", ");
            cell_text(out, langs);
        }
    }
    return out->failed ? -1 : 0;
}

const struct column company_list_columns[] = {
    {.title = "name", .path = "name", .wide = true},
    {.title = "country", .path = "country"},
    {.title = "region", .path = "region"},
    {.title = "sectors", .path = "sectors", .wide = true},
    {.title = "status", .path = "status"},
    {.title = "valid_until", .path = "valid_until"},
    {.title = "id", .path = "id", .tone = "2"},
};
const size_t company_list_column_count =
    sizeof(company_list_columns) / sizeof(company_list_columns[0]);

const struct column company_table_columns[] = {
    {.title = "name", .path = "name", .wide = true, .tone = "1"},
    {.title = "region", .path = "region"},
    {.title = "sectors", .path = "sectors", .wide = true},
    {.title = "status", .path = "status"},
    {.title = "id", .path = "id", .tone = "2"},
};
const size_t company_table_column_count =
    sizeof(company_table_columns) / sizeof(company_table_columns[0]);

const struct column company_columns[] = {
    {.title = "id", .path = "id"},
    {.title = "version", .path = "version"},
    {.title = "external_ids", .path = "external_ids", .cell = cell_externals},
    {.title = "country", .path = "country"},
    {.title = "name", .path = "name", .tone = "1"},
    {.title = "names", .path = "names", .cell = cell_texts, .lines = true},
    {.title = "region", .path = "region"},
    {.title = "city", .path = "city"},
    {.title = "website", .path = "website"},
    {.title = "phone", .path = "phone"},
    {.title = "description", .path = "description", .cell = cell_texts, .lines = true},
    {.title = "sectors", .path = "sectors"},
    {.title = "languages", .path = "languages", .cell = cell_languages},
    {.title = "offers", .path = "offers", .cell = cell_needs, .lines = true},
    {.title = "seeks", .path = "seeks", .cell = cell_needs, .lines = true},
    {.title = "employees", .path = "employees"},
    {.title = "founded", .path = "founded"},
    {.title = "export_markets", .path = "export_markets"},
    {.title = "certifications", .path = "certifications"},
    {.title = "verified", .path = "verified"},
    {.title = "status", .path = "status"},
    {.title = "valid_until", .path = "valid_until"},
    {.title = "updated_at", .path = "updated_at"},
    {.title = "contacts", .path = "contacts", .cell = cell_contacts, .lines = true},
};
const size_t company_column_count = sizeof(company_columns) / sizeof(company_columns[0]);
