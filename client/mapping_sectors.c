#include "mapping_sectors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mapping_file.h"
#include "mapping_row.h"
#include "mapping_table.h"

/* Weights of the columns that words are looked for in: the first is the name, the last free text.
 */
#define WEIGHT_FIRST 3
#define HITS_MAX 3     /* of one phrase in one column */
#define SCORE_ENOUGH 3 /* once in the name, or thrice in the text */
#define CANDIDATES_MAX 128

static int sector_add(json_t *sectors, const char *code)
{
    size_t i;
    const json_t *have;

    if (json_array_size(sectors) >= SECTORS_MAX)
        return 0;
    json_array_foreach(sectors, i, have)
    {
        size_t n = strlen(code);

        /* The group of one that stands there already says nothing more. */
        if (strncmp(json_string_value(have), code, n) == 0 &&
            (json_string_value(have)[n] == '\0' || json_string_value(have)[n] == '.'))
            return 0;
    }
    return json_array_append_new(sectors, json_string(code));
}

/* The table's row for the longest prefix of a code of digits. */
static const struct table_row *prefix_find(const struct table *t, const char *code)
{
    char digits[8];
    size_t n = strspn(code, "0123456789");

    if (n >= sizeof(digits))
        n = sizeof(digits) - 1;
    memcpy(digits, code, n);
    for (; n >= 2; n--) {
        const struct table_row *row;

        digits[n] = '\0';
        row = table_find_folded(t, digits);
        if (row != NULL)
            return row;
    }
    return NULL;
}

/* Is the sector in one of the groups "digital,ai" ("*": any)? */
static bool group_allows(const char *groups, const char *sector)
{
    if (strcmp(groups, "*") == 0)
        return true;
    while (*groups != '\0') {
        size_t n = strcspn(groups, ",");

        if (strncmp(groups, sector, n) == 0 && (sector[n] == '\0' || sector[n] == '.'))
            return true;
        groups += n + (groups[n] == ',');
    }
    return false;
}

static int phrase_hits(const char *text, const struct table_row *phrase)
{
    size_t n = strlen(phrase->name);
    int hits = 0;

    for (const char *at = text; n > 0 && hits < HITS_MAX && (at = strstr(at, phrase->name)) != NULL;
         at += n) {
        bool begins = at == text || at[-1] == ' ';
        bool ends = phrase->stem || at[n] == '\0' || at[n] == ' ';

        hits += begins && ends;
    }
    return hits;
}

struct candidate {
    const char *sector;
    int score;
};

static void candidate_score(struct candidate *list, size_t *n, const char *sector, int score)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(list[i].sector, sector) == 0) {
            list[i].score += score;
            return;
        }
    }
    if (*n < CANDIDATES_MAX)
        list[(*n)++] = (struct candidate){sector, score};
}

/* The sector that the row's words speak of most, or NULL. */
static const char *words_decide(const struct mapping *m, const json_t *row, const char *groups,
                                const char *enough)
{
    const struct table *words = mapping_table(m, "sectors", "keywords_table");
    struct candidate list[CANDIDATES_MAX];
    size_t n = 0, columns_n;
    char *const *columns = mapping_columns(m, "sectors", "keywords_in", &columns_n);
    const struct candidate *best = NULL;
    int least = enough[0] != '\0' ? atoi(enough) : SCORE_ENOUGH;

    for (size_t c = 0; words != NULL && c < columns_n; c++) {
        char *raw = value_text(json_object_get(row, columns[c]));
        char *text = raw != NULL ? fold_copy(raw, strlen(raw)) : NULL;
        int weight = c >= WEIGHT_FIRST ? 1 : WEIGHT_FIRST - (int)c;

        free(raw);
        for (size_t i = 0; text != NULL && i < words->n; i++) {
            const struct table_row *w = &words->rows[i];
            int hits = group_allows(groups, w->value) ? phrase_hits(text, w) : 0;
            int strength = w->extra[0] != '\0' ? atoi(w->extra) : 1;

            if (hits > 0)
                candidate_score(list, &n, w->value, hits * weight * strength);
        }
        free(text);
    }
    for (size_t i = 0; i < n; i++)
        if (list[i].score >= least && (best == NULL || list[i].score > best->score))
            best = &list[i];
    return best != NULL ? best->sector : NULL;
}

static bool decisive(const struct table_row *row)
{
    return row != NULL && strcmp(row->value, "-") != 0 && row->extra[0] == '\0';
}

/* One code: words where it is too general, then the table. */
static int code_map(const struct mapping *m, const json_t *row, const struct table_row *entry,
                    json_t *sectors)
{
    const char *words = NULL;

    if (entry->extra[0] != '\0')
        words = words_decide(m, row, entry->extra, entry->extra2);
    if (words != NULL && sector_add(sectors, words) < 0)
        return -1;
    if (strcmp(entry->value, "-") != 0)
        return sector_add(sectors, entry->value);
    return 0;
}

static int naics_map(const struct mapping *m, const json_t *row, json_t *sectors, json_t *notes)
{
    const struct table *t = mapping_table(m, "sectors", "naics_table");
    char *code = row_text(m, "sectors", "naics", row, 200);
    char **others = row_list(m, "sectors", "naics_alternate", row, "|;");
    const struct table_row *entry = code != NULL && t != NULL ? prefix_find(t, code) : NULL;
    int r = others != NULL ? 0 : -1;

    if (r == 0 && entry != NULL)
        r = code_map(m, row, entry, sectors);
    if (r == 0 && entry == NULL) {
        const char *words = words_decide(m, row, "*", "");

        if (words != NULL)
            r = sector_add(sectors, words);
    }
    for (size_t i = 0; r == 0 && t != NULL && others[i] != NULL; i++) {
        const struct table_row *other = prefix_find(t, others[i]);

        if (decisive(other))
            r = sector_add(sectors, other->value);
    }
    if (r == 0 && json_array_size(sectors) == 0)
        r = code != NULL ? note_add(notes, "no sector for NAICS %.80s", code)
                         : note_add(notes, "no sector: the row has no NAICS code");
    free(code);
    row_list_free(others);
    return r;
}

/* Values of a column: our own codes, or names that the profile's tables know. */
static int values_map(const struct mapping *m, const json_t *row, json_t *sectors, json_t *notes)
{
    const struct table *tables[] = {mapping_table(m, "values.sectors", NULL),
                                    mapping_table(m, "sectors", "table")};
    char **values = row_list(m, "columns", "sectors", row, "|;");
    int r = values != NULL ? 0 : -1;

    for (size_t i = 0; r == 0 && values[i] != NULL; i++) {
        const struct table_row *found = NULL;

        for (size_t t = 0; found == NULL && t < 2; t++)
            if (tables[t] != NULL)
                found = table_find(tables[t], values[i], strlen(values[i]));
        if (found == NULL || strcmp(found->value, "-") == 0)
            r = note_add(notes, "no sector for \"%.100s\"", values[i]);
        else
            r = sector_add(sectors, found->value);
    }
    row_list_free(values);
    return r;
}

int sectors_map(const struct mapping *m, const json_t *row, json_t *ret_sectors, json_t *notes)
{
    const char *set = mapping_text(m, "set", "sectors");
    size_t n;

    if (set != NULL)
        return sector_add(ret_sectors, set);
    if (values_map(m, row, ret_sectors, notes) < 0)
        return -1;
    if (mapping_columns(m, "sectors", "naics", &n) != NULL)
        return naics_map(m, row, ret_sectors, notes);
    return 0;
}
