#ifndef SPEAN_CLIENT_IMPORT_FORM_H
#define SPEAN_CLIENT_IMPORT_FORM_H

#include <jansson.h>
#include <stddef.h>

/*
 * Spean's own CSV form, which `spean export --format csv` writes: a column a profile field.
 * Besides, names.khm, description.fra and the like are columns of their own. Lists are parted by
 * ",", ";" or "|"; languages are "khm fluent", external ids "system:id", texts "khm: ..." a line
 * each, offers and seeks "goods agro-industry.rice (hs 1006): ..." a line each; any of these may be
 * JSON instead. An apostrophe before = + - @ and tab, put there against formulas, is taken off.
 * Empty cells say nothing.
 */

/*
 * row: an object of strings by the header's names. 0 with a new profile in *ret, 1 with a problem
 * of this row in err, 2 with a problem of the whole file (a column that is no field), -1 on no
 * memory.
 */
int import_form_read(const json_t *row, json_t **ret, char *err, size_t errlen);

#endif
