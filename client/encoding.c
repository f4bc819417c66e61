#include "encoding.h"

#include <errno.h>
#include <string.h>

#include <spean/text.h>

#define HEAD_MAX 4096
#define REPLACEMENT "\xEF\xBF\xBD"

const char *encoding_name(enum encoding encoding)
{
    switch (encoding) {
    case ENCODING_UTF16LE:
        return "UTF-16LE";
    case ENCODING_UTF16BE:
        return "UTF-16BE";
    case ENCODING_CP1252:
        return "CP1252";
    case ENCODING_UTF8:
        break;
    }
    return "UTF-8";
}

static bool mark_find(const unsigned char *head, size_t len, enum encoding *ret, size_t *ret_skip)
{
    if (len >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0) {
        *ret = ENCODING_UTF8;
        *ret_skip = 3;
        return true;
    }
    if (len >= 2 && head[0] == 0xFF && head[1] == 0xFE) {
        *ret = ENCODING_UTF16LE;
        *ret_skip = 2;
        return true;
    }
    if (len >= 2 && head[0] == 0xFE && head[1] == 0xFF) {
        *ret = ENCODING_UTF16BE;
        *ret_skip = 2;
        return true;
    }
    return false;
}

/*
 * No other text has NUL bytes. In UTF-16 the separators and line ends alone make some, whatever the
 * script is; the side on which they stand is the order. One stray NUL in a long text is just that.
 */
static bool wide_find(const unsigned char *head, size_t len, enum encoding *ret)
{
    size_t even = 0, odd = 0;

    for (size_t i = 0; i < len; i++) {
        if (head[i] == 0 && i % 2 == 0)
            even++;
        else if (head[i] == 0)
            odd++;
    }
    if ((even + odd) * 50 < len || even == odd)
        return false;
    *ret = odd > even ? ENCODING_UTF16LE : ENCODING_UTF16BE;
    return true;
}

/* Bytes at the end of s that begin a character whose rest is not there yet. */
static size_t tail_open(const char *s, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)s[len - back];
        size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;

        if (c >= 0x80 && c < 0xC0)
            continue;
        return need > back ? back : 0;
    }
    return 0;
}

static int utf8_scan(FILE *file, bool *ret_valid)
{
    char chunk[8192];
    size_t kept = 0, got;

    while ((got = fread(chunk + kept, 1, sizeof(chunk) - kept, file)) > 0) {
        size_t len = kept + got;

        for (size_t i = kept; i < len; i++)
            if (chunk[i] == '\0')
                chunk[i] = ' '; /* the reader of the value refuses it, not the encoding */
        kept = tail_open(chunk, len);
        if (!text_valid(chunk, len - kept)) {
            *ret_valid = false;
            return 0;
        }
        memmove(chunk, chunk + len - kept, kept);
    }
    if (ferror(file))
        return -EIO;
    *ret_valid = kept == 0;
    return 0;
}

int encoding_detect(FILE *file, enum encoding *ret, size_t *ret_skip)
{
    unsigned char head[HEAD_MAX];
    enum encoding encoding = ENCODING_UTF8;
    size_t skip = 0, len;
    bool valid = false;
    int r;

    if (fseeko(file, 0, SEEK_SET) != 0)
        return -errno;
    len = fread(head, 1, sizeof(head), file);
    if (ferror(file))
        return -EIO;
    if (!mark_find(head, len, &encoding, &skip) && !wide_find(head, len, &encoding)) {
        if (fseeko(file, 0, SEEK_SET) != 0)
            return -errno;
        r = utf8_scan(file, &valid);
        if (r < 0)
            return r;
        encoding = valid ? ENCODING_UTF8 : ENCODING_CP1252;
    }
    if (fseeko(file, 0, SEEK_SET) != 0)
        return -errno;
    *ret = encoding;
    *ret_skip = skip;
    return 0;
}

int decoder_init(struct decoder *d, FILE *file, enum encoding encoding, size_t skip)
{
    memset(d, 0, sizeof(*d));
    d->file = file;
    d->encoding = encoding;
    d->iconv = (iconv_t)-1;
    if (fseeko(file, (off_t)skip, SEEK_SET) != 0)
        return -errno;
    if (encoding != ENCODING_UTF8) {
        d->iconv = iconv_open("UTF-8", encoding_name(encoding));
        if (d->iconv == (iconv_t)-1)
            return -errno;
    }
    return 0;
}

void decoder_done(struct decoder *d)
{
    if (d == NULL || d->file == NULL)
        return;
    if (d->iconv != (iconv_t)-1)
        iconv_close(d->iconv);
    d->iconv = (iconv_t)-1;
    d->file = NULL;
}

/* Steps over what can't be converted and writes the sign for it. */
static void decoder_skip(const struct decoder *d, char **in, size_t *left, char **out, size_t *room)
{
    size_t unit = d->encoding == ENCODING_CP1252 ? 1 : 2;

    if (unit > *left)
        unit = *left;
    *in += unit;
    *left -= unit;
    memcpy(*out, REPLACEMENT, 3);
    *out += 3;
    *room -= 3;
}

static ssize_t decoder_convert(struct decoder *d, char *out, size_t cap)
{
    char *in = d->raw, *to = out;
    size_t left = d->raw_len, room = cap;

    while (left > 0) {
        if (iconv(d->iconv, &in, &left, &to, &room) != (size_t)-1)
            break;
        if (errno == E2BIG || (errno == EINVAL && !d->at_end))
            break;
        if (room < 3)
            break;
        decoder_skip(d, &in, &left, &to, &room);
    }
    memmove(d->raw, in, left);
    d->raw_len = left;
    return (ssize_t)(cap - room);
}

ssize_t decoder_read(struct decoder *d, char *out, size_t cap)
{
    ssize_t n = 0;

    if (d->encoding == ENCODING_UTF8) {
        size_t got = fread(out, 1, cap, d->file);

        return ferror(d->file) ? -EIO : (ssize_t)got;
    }
    while (n == 0) {
        size_t got = fread(d->raw + d->raw_len, 1, sizeof(d->raw) - d->raw_len, d->file);

        if (ferror(d->file))
            return -EIO;
        d->raw_len += got;
        d->at_end = feof(d->file) != 0;
        if (d->raw_len == 0)
            return 0;
        n = decoder_convert(d, out, cap);
    }
    return n;
}
