#ifndef SPEAN_CLIENT_IMPORT_FORM_IN_H
#define SPEAN_CLIENT_IMPORT_FORM_IN_H

#include <jansson.h>

/* Cells of Spean's own CSV form that hold more than one value (import_form.h). New value, or NULL
 * when the cell is not of the form. */

json_t *form_list(const char *s);
/* "khm fluent, eng working" and "crm:17": what stands before and after the first `between`. */
json_t *form_pairs(const char *s, char between, const char *before, const char *after);
/* "khm: ..." a line each; a line that begins otherwise goes on with the one before. */
json_t *form_texts(const char *s);
/* "goods agro-industry.rice (hs 1006, 1005): text" a line each, the same way. */
json_t *form_needs(const char *s);

#endif
