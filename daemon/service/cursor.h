#ifndef SPEAN_SERVICE_CURSOR_H
#define SPEAN_SERVICE_CURSOR_H

#include <jansson.h>
#include <spean/ident.h>
#include <stdint.h>

/*
 * A list's cursor: the last id given and a digest of what was asked, as base64url. It names a place
 * in the order of ids, so rows that come and go meanwhile move nothing; with other filters it is
 * refused.
 */
#define CURSOR_TEXT 48 /* 33 bytes in 44 characters at most, the NUL, and some to spare */

void cursor_format(const uint8_t id[IDENT_BYTES], const uint8_t filter[DIGEST_BYTES],
                   char out[CURSOR_TEXT]);
/* 0; -1 if it is no cursor or one of another list. */
int cursor_parse(const char *text, const uint8_t filter[DIGEST_BYTES], uint8_t ret[IDENT_BYTES]);

/* The same for a list ordered by a number, then by id; neither kind is taken for the other. */
void cursor_number_format(uint64_t number, const uint8_t id[IDENT_BYTES],
                          const uint8_t filter[DIGEST_BYTES], char out[CURSOR_TEXT]);
int cursor_number_parse(const char *text, const uint8_t filter[DIGEST_BYTES], uint64_t *ret_number,
                        uint8_t ret[IDENT_BYTES]);

/*
 * Digest of a call: SHA-256 of {method, params} as compact JSON with sorted keys, without the
 * members of `without` (NULL-terminated). 0 or -1 (no memory).
 */
int call_digest(const char *method, const json_t *params, const char *const *without,
                uint8_t ret[DIGEST_BYTES]);

#endif
