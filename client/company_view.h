#ifndef SPEAN_CLIENT_COMPANY_VIEW_H
#define SPEAN_CLIENT_COMPANY_VIEW_H

#include <stddef.h>

#include "output.h"

/* How companies look in tables, records and CSV. */

extern const struct column company_list_columns[];
extern const size_t company_list_column_count;
/* Fewer, for a screen. */
extern const struct column company_table_columns[];
extern const size_t company_table_column_count;
/* Every field, for one company and for export; the contacts come last. */
extern const struct column company_columns[];
extern const size_t company_column_count;
#define COMPANY_EXPORT_COLUMNS (company_column_count - 1) /* without the contacts */

/* [{lang, level}] as "khm fluent, eng working". */
int cell_languages(struct buf *out, const json_t *value, const json_t *record);
/* A number with one decimal. */
int cell_score(struct buf *out, const json_t *value, const json_t *record);

#endif
