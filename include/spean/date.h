#ifndef SPEAN_DATE_H
#define SPEAN_DATE_H

#include <stddef.h>
#include <stdint.h>

/* Calendar dates as days since 1970-01-01, proleptic Gregorian; years 0001 to 9999. */

#define DATE_TEXT 11  /* "2026-11-24" and its NUL */
#define STAMP_TEXT 25 /* "2026-11-24T03:00:00.123Z" and its NUL */

/* Exactly YYYY-MM-DD and a real day; 0, or -1 with *ret untouched. */
int date_parse(const char *text, size_t len, int32_t *ret);
void date_format(int32_t day, char out[DATE_TEXT]);
/* Same day of the month `months` on, cut to that month's last day. */
int32_t date_add_months(int32_t day, int months);

/* RFC 3339 with any offset, seconds to milliseconds; 0 or -1. */
int stamp_parse(const char *text, size_t len, int64_t *ret_ms);
void stamp_format(int64_t ms, char out[STAMP_TEXT]);

#endif
