#ifndef SPEAN_IDENT_H
#define SPEAN_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identifiers: UUID version 7 (RFC 9562): random, and near in time means near in the B-tree. */
#define IDENT_BYTES 16
#define IDENT_TEXT 37 /* 8-4-4-4-12 lower-case hex and the NUL */

int ident_make(uint8_t out[IDENT_BYTES], int64_t wall_ms); /* 0 or -1 (no randomness) */
void ident_format(const uint8_t id[IDENT_BYTES], char out[IDENT_TEXT]);
/* Only the canonical lower-case form; 0 or -1. */
int ident_parse(const char *text, size_t len, uint8_t ret[IDENT_BYTES]);

/* SHA-256; always succeeds with 0, or -1 when libcrypto refuses. */
#define DIGEST_BYTES 32
#define DIGEST_TEXT 65
int digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_BYTES]);
void digest_format(const uint8_t digest[DIGEST_BYTES], char out[DIGEST_TEXT]);
/* Constant time. */
bool digest_equal(const uint8_t a[DIGEST_BYTES], const uint8_t b[DIGEST_BYTES]);

/* Access tokens: "spean_" + 43 base64url characters (256 random bits) + 6 of a CRC-32 in base 62.
 */
#define TOKEN_TEXT 56
int token_make(char out[TOKEN_TEXT]);            /* 0 or -1 */
bool token_plausible(const char *s, size_t len); /* form and checksum only */

#endif
