#include <spean/text.h>

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>

#include <spean/buf.h>

static const uint8_t *as_u8(const char *s)
{
    return (const uint8_t *)s;
}

bool text_valid(const char *s, size_t len)
{
    if (len == 0)
        return true;
    return !memchr(s, '\0', len) && !u8_check(as_u8(s), len);
}

size_t text_length(const char *s, size_t len)
{
    return len ? u8_mbsnlen(as_u8(s), len) : 0;
}

int text_nfc(struct buf *out, const char *s, size_t len)
{
    uint8_t *normal;
    size_t n;
    int r;

    if (!text_valid(s, len))
        return -1;
    if (len == 0)
        return buf_add(out, "", 0);
    normal = u8_normalize(UNINORM_NFC, as_u8(s), len, NULL, &n);
    if (!normal) {
        buf_starve(out);
        return -1;
    }
    r = buf_add(out, normal, n);
    free(normal);
    return r;
}

size_t text_width(const char *s, size_t len)
{
    size_t width = 0;

    while (len > 0) {
        ucs4_t c;
        int n = u8_mbtouc(&c, as_u8(s), len);
        int columns = wcwidth((wchar_t)c);

        if (columns > 0)
            width += (size_t)columns;
        s += n;
        len -= (size_t)n;
    }
    return width;
}

#define KHMER_COENG 0x17d2

static bool is_khmer_letter(ucs4_t c)
{
    return c >= 0x1780 && c <= 0x17b3;
}

/* A longer cluster is no writing, only marks heaped on marks; it is parted there. */
#define CLUSTER_MAX 256

/* len, less the bytes of a code point that was cut; s is longer than len. */
static size_t whole_code_points(const char *s, size_t len)
{
    for (int i = 0; i < 3 && ((unsigned char)s[len] & 0xc0) == 0x80; i++)
        len--;
    return len;
}

/*
 * Where the grapheme cluster at s ends. Unicode parts a Khmer coeng from the consonant that it puts
 * below the line; to a reader they are one, so a cut between them would show a sign that the text
 * has not got.
 */
static size_t cluster_length(const char *s, size_t len)
{
    char breaks[CLUSTER_MAX];
    size_t window = len > CLUSTER_MAX ? whole_code_points(s, CLUSTER_MAX) : len;

    u8_grapheme_breaks(as_u8(s), window, breaks);
    for (size_t at = 1; at < window; at++) {
        ucs4_t before, after;

        if (!breaks[at])
            continue;
        u8_prev(&before, as_u8(s) + at, as_u8(s));
        u8_mbtouc(&after, as_u8(s) + at, window - at);
        if (before != KHMER_COENG || !is_khmer_letter(after))
            return at;
    }
    return window;
}

size_t text_cut(const char *s, size_t len, size_t columns)
{
    size_t at = 0, used = 0;

    while (at < len) {
        size_t n = cluster_length(s + at, len - at);
        size_t width = text_width(s + at, n);

        if (width > columns - used)
            break;
        used += width;
        at += n;
    }
    return at;
}

/* Characters that move the cursor, hide or reorder what stands around them. */
static bool is_unsafe(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           (c & 0xfffe) == 0xfffe;
}

int text_escape(struct buf *out, const char *s, size_t len)
{
    while (len > 0) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, as_u8(s), len);

        if (n < 0 || c < 0x80) {
            n = 1;
            if ((unsigned char)*s >= 0x80 || is_unsafe(c))
                buf_addf(out, "\\x%02X", (unsigned char)*s);
            else
                buf_addc(out, *s);
        } else if (is_unsafe(c)) {
            buf_addf(out, "\\u{%X}", (unsigned)c);
        } else {
            buf_add(out, s, (size_t)n);
        }
        s += n;
        len -= (size_t)n;
    }
    return out->failed ? -1 : 0;
}
