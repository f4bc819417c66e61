#ifndef SPEAN_CLIENT_IMPORT_SOURCE_H
#define SPEAN_CLIENT_IMPORT_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Rows of a file to import, one at a time whatever its size: NDJSON (.ndjson, .jsonl, .json, or
 * text that begins with "{") or CSV, in the encodings of encoding.h. "-" is standard input, which
 * is first put aside in a temporary file.
 */
#define IMPORT_LINE_MAX ((size_t)1 << 20)

struct import_source; /* opaque */

struct import_row {
    long line;         /* where it begins, from 1 */
    json_t *value;     /* owned: an object; CSV cells are strings. NULL when problem is set */
    char problem[200]; /* "" or why this row can't be read; the next ones can */
};

/* How keys of a row are written: as found (CSV headers trimmed), or import_key of them. */
enum import_keys { IMPORT_KEYS_RAW, IMPORT_KEYS_FOLDED };

/* 0 with *ret to free, or -1 with a message in err. */
int import_source_open(const char *path, enum import_keys keys, struct import_source **ret,
                       char *err, size_t errlen);
void import_source_free(struct import_source *s);
/* "CSV (;), CP1252" and the like, for messages. */
const char *import_source_format(const struct import_source *s);
bool import_source_is_csv(const struct import_source *s);
/* 1: a row in *ret (free with import_row_done); 0: the end; -1 with err: the file can't be read on.
 */
int import_source_next(struct import_source *s, struct import_row *ret, char *err, size_t errlen);
void import_row_done(struct import_row *row);

/*
 * A column name without case, accents, blanks and punctuation: "Company Name", "company_name" and
 * "CompanyName" are one. Heap string, NULL on no memory or invalid text.
 */
char *import_key(const char *name, size_t len);

#endif
