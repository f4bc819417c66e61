#ifndef SPEAN_CLIENT_MAPPING_FILE_H
#define SPEAN_CLIENT_MAPPING_FILE_H

#include <stddef.h>

struct table;
struct mapping; /* opaque: an import profile, read and checked; docs/IMPORT.md describes it */

/*
 * Reads conf/import/NAME.ini (path as found by mapping_find). Tables that it names lie beside it.
 * 0, or -1 with a message in err: unknown sections and keys are errors, so that a slip of the pen
 * does not silently leave a column out.
 */
int mapping_load(const char *path, struct mapping **ret, char *err, size_t errlen);
void mapping_free(struct mapping *m);

/*
 * Finds a profile: a name with "/" is a path; else NAME.ini in $SPEAN_IMPORT_DIR, in config_dir
 * (NULL: not looked at), beside the build tree's sources, in the installed data folder. Heap
 * string, or NULL with a message in err that says where it was looked for.
 */
char *mapping_find(const char *name, const char *config_dir, char *err, size_t errlen);

/* The text of a directive, or NULL. */
const char *mapping_text(const struct mapping *m, const char *section, const char *key);
/* Its list of column names as import_key writes them; *ret_n is 0 and NULL given if there is none.
 */
char *const *mapping_columns(const struct mapping *m, const char *section, const char *key,
                             size_t *ret_n);
/* The table that a directive names ([region] table), or that a section is ([values.region], key
 * NULL); NULL if there is none. */
const struct table *mapping_table(const struct mapping *m, const char *section, const char *key);

#endif
