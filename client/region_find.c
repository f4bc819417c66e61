#include "region_find.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mapping_table.h"

/* Words that say what the name beside them is; folded as text_fold writes them. Misspellings are
 * met in real lists. */
static const char *const province_after[] = {"province", "provinces", "prvince", "provice",
                                             "provine",  "prov",      "khet",    "capital",
                                             "ខេត្ត",     NULL};
static const char *const province_before[] = {
    "province of", "province de", "khet", "khaet", "krong", "reach theani", "ខេត្ត", "រាជធានី", NULL};
/* English puts the word after the name, Khmer before it. */
static const char *const smaller_after[] = {"village", "commune", "district", "market",  "pagoda",
                                            "bridge",  "street",  "road",     "highway", NULL};
static const char *const smaller_before[] = {"phum",  "khum", "sangkat", "sankat", "sk",
                                             "srok",  "sruk", "khan",    "ភូមិ",     "ឃុំ",
                                             "សង្កាត់", "ស្រុក",  "ខណ្ឌ",     NULL};

enum rank { RANK_NONE, RANK_SMALLER, RANK_TOWN, RANK_ALONE, RANK_PROVINCE };

static bool is_khmer(const char *s)
{
    return (unsigned char)s[0] == 0xE1 &&
           ((unsigned char)s[1] == 0x9E || (unsigned char)s[1] == 0x9F);
}

/* What stands after the word, or NULL if none of the words follows. */
static const char *follows(const char *at, const char *const *words)
{
    while (*at == ' ')
        at++;
    for (; *words != NULL; words++) {
        size_t n = strlen(*words);

        if (strncmp(at, *words, n) == 0 && (at[n] == '\0' || at[n] == ' ' || is_khmer(*words)))
            return at + n;
    }
    return NULL;
}

static bool precedes(const char *text, const char *at, const char *const *words)
{
    while (at > text && at[-1] == ' ')
        at--;
    for (; *words != NULL; words++) {
        size_t n = strlen(*words);

        if ((size_t)(at - text) >= n && strncmp(at - n, *words, n) == 0 &&
            (at - n == text || at[-(ptrdiff_t)n - 1] == ' ' || is_khmer(*words)))
            return true;
    }
    return false;
}

/* Khmer has no blanks between words, so a Khmer name may stand anywhere. */
static bool whole_word(const char *text, const char *at, const char *name, size_t len)
{
    if (is_khmer(name))
        return true;
    return (at == text || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ');
}

static enum rank rank_name(const char *text, const char *at, size_t len,
                           const struct table_row *row)
{
    const char *after = follows(at + len, smaller_after);

    if (strcmp(row->extra, "town") == 0)
        return RANK_TOWN;
    if (follows(at + len, province_after) != NULL || precedes(text, at, province_before))
        return RANK_PROVINCE;
    /* "Kampot Road" is a road, "Kampot, Road 4" is a town. */
    if (after != NULL && after[0] == ' ' && after[1] >= '0' && after[1] <= '9')
        after = NULL;
    if (after != NULL || precedes(text, at, smaller_before))
        return RANK_SMALLER;
    return RANK_ALONE;
}

const char *region_find(const struct table *places, const char *address, size_t len)
{
    char *text = fold_copy(address, len);
    const char *best = NULL;
    enum rank best_rank = RANK_SMALLER;
    const char *best_end = NULL;

    for (size_t i = 0; text != NULL && i < places->n; i++) {
        const struct table_row *row = &places->rows[i];
        size_t n = strlen(row->name);

        for (const char *at = text; n > 0 && (at = strstr(at, row->name)) != NULL; at++) {
            enum rank rank;

            if (!whole_word(text, at, row->name, n))
                continue;
            rank = rank_name(text, at, n, row);
            if (rank < best_rank || rank <= RANK_SMALLER ||
                (rank == best_rank && at + n <= best_end))
                continue;
            best = row->value;
            best_rank = rank;
            best_end = at + n;
        }
    }
    free(text);
    return best;
}
