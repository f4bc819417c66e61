#ifndef SPEAN_CLIENT_MAPPING_TEXT_H
#define SPEAN_CLIENT_MAPPING_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of foreign files, as people write them. */

/*
 * A head count: "1,000", "1.000", "1 000", "35.0", "500+", and ranges as their middle ("11-50", "11
 * to 50"). 0 or -1.
 */
int employees_parse(const char *s, int64_t *ret);
/* The first four digits in a row that are a year from 1600 to 2199; 0 or -1. */
int year_parse(const char *s, int64_t *ret);
/* "SAINT-JEAN-SUR-RICHELIEU" -> "Saint-Jean-sur-Richelieu". Text that has lower case is copied.
 * Heap string, NULL on no memory. */
char *title_case(const char *s);
/* One line: blanks of all kinds as one, trimmed, at most max code points, cut between words if
 * possible. Heap string, NULL on no memory or invalid text. */
char *one_line(const char *s, size_t len, size_t max);

/* Languages a text is written in, told by its most common words (Khmer by its script). */
struct tongues {
    unsigned eng, fra, khm; /* words counted */
};
void tongues_count(struct tongues *t, const char *s, size_t len);
/* The languages that stand out, as ISO 639-3 codes; how many (0: too little to tell). */
size_t tongues_decide(const struct tongues *t, const char *ret[3]);

#endif
