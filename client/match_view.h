#ifndef SPEAN_CLIENT_MATCH_VIEW_H
#define SPEAN_CLIENT_MATCH_VIEW_H

#include "output.h"

/* How matches look. */

/* The sentence of the factor that counted most, of a whole match. */
int cell_reason(struct buf *out, const json_t *value, const json_t *record);

/* A bar for 0..100, so many columns wide. 0 or -1. */
int bar(struct buf *out, double value, size_t columns);

/*
 * A match of match.explain as text to read, with the words around it in lang: scores, then each
 * factor with its sentence, and why it would not be suggested. name: of the company asked about.
 * 0 or -1.
 */
int match_text(struct buf *out, const struct style *style, const char *lang, const char *name,
               const json_t *match);

#endif
