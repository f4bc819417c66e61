#ifndef SPEAN_TEXT_H
#define SPEAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Unicode text, always UTF-8. Normalisation and properties come from libunistring. */

/* Well-formed UTF-8 without U+0000 (surrogates and overlong forms are not well-formed). */
bool text_valid(const char *s, size_t len);
/* Number of code points of valid text. */
size_t text_length(const char *s, size_t len);

/* Appends the NFC form. 0 or -1 (invalid text, no memory, ceiling). */
int text_nfc(struct buf *out, const char *s, size_t len);

/*
 * Appends the form used to compare and search: NFKD without combining marks of Latin, Greek and
 * Cyrillic (Khmer signs stay), full case folding, punctuation as one blank, blanks collapsed and
 * trimmed. "Ets Québécois" -> "ets quebecois". 0 or -1.
 */
int text_fold(struct buf *out, const char *s, size_t len);

/*
 * Appends the search key of a name: text_fold, then every Khmer code point written as two ASCII
 * letters (one-to-one), so that PostgreSQL's trigram index works on Khmer whatever the locale is.
 */
int text_search_key(struct buf *out, const char *s, size_t len);

/* Terminal columns of valid text, as glibc's wcwidth counts (needs a UTF-8 LC_CTYPE); controls 0.
 */
size_t text_width(const char *s, size_t len);
/* Longest prefix, in bytes, that ends at a grapheme boundary and is at most `columns` wide. */
size_t text_cut(const char *s, size_t len, size_t columns);

/* Appends text that is safe on a terminal: C0, C1, DEL, bidi controls and invalid bytes as \xNN or
 * \u{N}. */
int text_escape(struct buf *out, const char *s, size_t len);

#endif
