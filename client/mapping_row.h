#ifndef SPEAN_CLIENT_MAPPING_ROW_H
#define SPEAN_CLIENT_MAPPING_ROW_H

#include <jansson.h>
#include <stddef.h>

struct mapping;

/* Cells of a row to import (an object whose keys are written by import_key). */

/* The first of a directive's columns that says something, as one line of at most max code points.
 * Heap string, or NULL. */
char *row_text(const struct mapping *m, const char *section, const char *key, const json_t *row,
               size_t max);
/* All of a directive's columns as a list of heap lines, a NULL at the end: members of arrays, and
 * strings parted at the characters of seps. NULL on no memory. Free with row_list_free. */
char **row_list(const struct mapping *m, const char *section, const char *key, const json_t *row,
                const char *seps);
void row_list_free(char **list);
/* The text of any value: arrays and objects as their strings, parted by ". ". Heap, or NULL. */
char *value_text(const json_t *value);

/* Adds "..." to a list of sentences. 0 or -1. */
int note_add(json_t *notes, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
