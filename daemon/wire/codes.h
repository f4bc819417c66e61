#ifndef SPEAN_WIRE_CODES_H
#define SPEAN_WIRE_CODES_H

#include <stdbool.h>
#include <stddef.h>

/* Code lists of standards that a profile is checked against; exact case. */

bool code_language(const char *code, size_t len); /* ISO 639-3, lower case */
bool code_country(const char *code, size_t len);  /* ISO 3166-1 alpha-2, upper case */
/* HS chapter, heading or subheading: 2, 4 or 6 digits in chapters 01 to 97 without the reserved 77.
 */
bool code_hs(const char *code, size_t len);

#endif
