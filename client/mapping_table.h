#ifndef SPEAN_CLIENT_MAPPING_TABLE_H
#define SPEAN_CLIENT_MAPPING_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A value table of an import profile, from a TSV file: names parted by "|", a value, and up to two
 * more fields. Names are compared without case, accents and punctuation (text_fold).
 */
#define TABLE_NAMES_MAX 20000
#define TABLE_BYTES_MAX ((size_t)4 << 20)

struct table_row {
    char *name;        /* folded */
    bool stem;         /* the name ended in "*" */
    const char *value; /* "-": known, and on purpose nothing */
    const char *extra, *extra2;
};

struct table {
    struct table_row *rows; /* by name */
    size_t n;
    size_t cap;
    char **texts; /* what the values point into */
    size_t texts_n;
};

/* Reads a file into an empty or a filled table. 0, or -1 with a message in err. */
int table_load(struct table *t, const char *path, char *err, size_t errlen);
/* Adds one name; value is copied. Call table_sort after the last. 0 or -1 (no memory, no text). */
int table_add(struct table *t, const char *name, const char *value);
/* Sorts; -1 with a message when a name stands there twice with different values. */
int table_sort(struct table *t, char *err, size_t errlen);
void table_done(struct table *t);

/* By a name as it comes; NULL if there is none. */
const struct table_row *table_find(const struct table *t, const char *name, size_t len);
/* By a name that is folded already. */
const struct table_row *table_find_folded(const struct table *t, const char *folded);

/* text_fold as a heap string; NULL on no memory or invalid text. */
char *fold_copy(const char *s, size_t len);

#endif
