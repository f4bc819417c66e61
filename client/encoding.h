#ifndef SPEAN_CLIENT_ENCODING_H
#define SPEAN_CLIENT_ENCODING_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Text files as they come from spreadsheets and CRMs, read as UTF-8. */

enum encoding { ENCODING_UTF8, ENCODING_UTF16LE, ENCODING_UTF16BE, ENCODING_CP1252 };

const char *encoding_name(enum encoding encoding);

/*
 * Looks through the whole seekable file and rewinds it: a byte order mark decides; NUL bytes mean
 * UTF-16; else what is well-formed UTF-8 is UTF-8, and the rest is Windows-1252. *ret_skip is the
 * length of the mark. 0, or a negative errno with both untouched.
 */
int encoding_detect(FILE *file, enum encoding *ret, size_t *ret_skip);

struct decoder {
    FILE *file; /* borrowed */
    enum encoding encoding;
    iconv_t iconv; /* (iconv_t)-1 for UTF-8 */
    char raw[8192];
    size_t raw_len; /* bytes in raw that are not converted yet */
    bool at_end;
};

/* Starts at the file's beginning, after skip bytes. 0 or a negative errno. */
int decoder_init(struct decoder *d, FILE *file, enum encoding encoding, size_t skip);
void decoder_done(struct decoder *d);
/*
 * Gives the next bytes as UTF-8, at least 16 at a time of cap. Bytes that mean nothing in the
 * file's encoding become U+FFFD. Number of bytes, 0 at the end, or a negative errno.
 */
ssize_t decoder_read(struct decoder *d, char *out, size_t cap);

#endif
