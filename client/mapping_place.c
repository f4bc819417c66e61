#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mapping_file.h"
#include "mapping_in.h"
#include "mapping_row.h"
#include "mapping_table.h"
#include "region_find.h"

/* Countries, regions and markets of a row. */

#define CELL_MAX 1000

/* In the section's inline values, then in its table; NULL: unknown. */
static const char *value_find(const struct mapping *m, const char *values, const char *section,
                              const char *name)
{
    const struct table *inline_values = mapping_table(m, values, NULL);
    const struct table *table = mapping_table(m, section, "table");
    const struct table_row *row = NULL;

    if (inline_values != NULL)
        row = table_find(inline_values, name, strlen(name));
    if (row == NULL && table != NULL)
        row = table_find(table, name, strlen(name));
    return row != NULL ? row->value : NULL;
}

/* Does a list "KH, CA" have the code? */
static bool list_has(const char *list, const char *code)
{
    while (*list != '\0') {
        size_t n;

        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n == strlen(code) && strncasecmp(list, code, n) == 0)
            return true;
        list += n;
    }
    return false;
}

int step_country(struct step *s)
{
    const char *only = mapping_text(s->m, "country", "only");
    const char *set = mapping_text(s->m, "set", "country");
    char *text = row_text(s->m, "columns", "country", s->row, CELL_MAX);
    const char *code = text != NULL ? value_find(s->m, "values.country", "country", text) : set;
    int r = 0;

    if (code == NULL && text == NULL)
        snprintf(s->ret->problem, sizeof(s->ret->problem), "country: the row has none");
    else if (code == NULL)
        snprintf(s->ret->problem, sizeof(s->ret->problem), "country: \"%.60s\" is not known", text);
    else if (only != NULL && !list_has(only, code))
        s->ret->skipped = true;
    else if (strcmp(code, "KH") != 0 && strcmp(code, "CA") != 0)
        snprintf(s->ret->problem, sizeof(s->ret->problem),
                 "country: %.8s is neither Cambodia nor Canada", code);
    else
        r = json_object_set_new(s->ret->company, "country", json_string(code));
    s->country = json_string_value(json_object_get(s->ret->company, "country"));
    free(text);
    return r;
}

static bool region_fits(const char *code, const char *country)
{
    return code != NULL && strncmp(code, country, 2) == 0 && code[2] == '-';
}

/* A name by the tables, or what the address says. */
static const char *region_of(struct step *s, const char *name)
{
    const struct table *places = mapping_table(s->m, "region", "places");
    const char *code = NULL;
    size_t n;
    char *const *columns = mapping_columns(s->m, "region", "find_in", &n);

    if (name != NULL)
        code = value_find(s->m, "values.region", "region", name);
    for (size_t i = 0; places != NULL && !region_fits(code, s->country) && i < n; i++) {
        char *text = value_text(json_object_get(s->row, columns[i]));

        code = text != NULL ? region_find(places, text, strlen(text)) : NULL;
        free(text);
    }
    return region_fits(code, s->country) ? code : NULL;
}

int step_region(struct step *s)
{
    char *name = row_text(s->m, "columns", "region", s->row, CELL_MAX);
    const char *code = region_of(s, name);
    size_t n;
    int r = 0;

    if (code != NULL)
        r = json_object_set_new(s->ret->company, "region", json_string(code));
    else if (name != NULL)
        r = note_add(s->ret->notes, "no region for \"%.60s\"", name);
    else if (mapping_columns(s->m, "region", "find_in", &n) != NULL)
        r = note_add(s->ret->notes, "no region found in the address");
    free(name);
    return r;
}

static bool markets_have(const json_t *markets, const char *code)
{
    const json_t *have;
    size_t i;

    json_array_foreach(markets, i, have)
    {
        if (strcmp(json_string_value(have), code) == 0)
            return true;
    }
    return false;
}

/*
 * "GE/US" is a name of two countries: Georgia among states of the US is the state. before: the code
 * of the name that stood before it.
 */
static int market_add(struct step *s, json_t *markets, const char *codes, char before[3])
{
    char code[3] = "";

    if (strcmp(codes, "-") == 0)
        return 0;
    memcpy(code, codes, strlen(codes) >= 2 ? 2 : 0);
    if (codes[2] == '/' && before[0] != '\0' && strncmp(codes + 3, before, 2) == 0)
        memcpy(code, codes + 3, 2);
    memcpy(before, code, 3);
    if (code[0] == '\0' || strcmp(code, s->country) == 0 || markets_have(markets, code))
        return 0;
    return json_array_append_new(markets, json_string(code));
}

/* Names such as "Korea, Republic of" hold a comma; lists in one cell are parted by it. */
static int market_split(struct step *s, json_t *markets, char *text, char before[3])
{
    char *save = NULL;

    for (char *part = strtok_r(text, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
        const char *codes;

        part += strspn(part, " ");
        if (*part == '\0')
            continue;
        codes = value_find(s->m, "values.country", "export_markets", part);
        if (codes == NULL) {
            if (note_add(s->ret->notes, "no market for \"%.60s\"", part) < 0)
                return -1;
        } else if (market_add(s, markets, codes, before) < 0) {
            return -1;
        }
    }
    return 0;
}

int step_markets(struct step *s)
{
    char **names = row_list(s->m, "columns", "export_markets", s->row, "|;\n");
    json_t *markets = json_array();
    char before[3] = "";
    int r = names != NULL && markets != NULL ? 0 : -1;

    for (size_t i = 0; r == 0 && names[i] != NULL; i++) {
        const char *codes = value_find(s->m, "values.country", "export_markets", names[i]);

        if (codes != NULL)
            r = market_add(s, markets, codes, before);
        else
            r = market_split(s, markets, names[i], before);
    }
    if (r == 0 && json_array_size(markets) > 0)
        r = json_object_set(s->ret->company, "export_markets", markets);
    row_list_free(names);
    json_decref(markets);
    return r;
}
