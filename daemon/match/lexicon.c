#include "lexicon.h"
#include "lexicon_in.h"

#include <spean/buf.h>
#include <spean/text.h>

#include <string.h>

#define FOLDED_MAX (256u << 10) /* compatibility forms may be many times longer */

static bool is_khmer(const unsigned char *s)
{
    return s[0] == 0xE1 && (s[1] == 0x9E || s[1] == 0x9F);
}

/* Zero-width spaces and joiners, which Khmer text uses at will, go. */
static bool is_zero_width(const char *s, size_t left)
{
    return left >= 3 && memcmp(s, "\xE2\x80", 2) == 0 && (unsigned char)s[2] >= 0x8B &&
           (unsigned char)s[2] <= 0x8D;
}

/* The subscripts of TA and DA look the same in Khmer and are typed one for the other. */
static bool is_subscript_ta(const char *s, size_t left)
{
    return left >= 6 && memcmp(s, "\xE1\x9F\x92\xE1\x9E\x8F", 6) == 0;
}

int lexicon_fold(struct buf *out, const char *s, size_t len)
{
    struct buf folded;
    buf_init(&folded, FOLDED_MAX);
    int rc = text_fold(&folded, s, len);
    for (size_t i = 0; rc == 0 && i < folded.len;) {
        if (is_zero_width(folded.data + i, folded.len - i)) {
            i += 3;
            continue;
        }
        if (is_subscript_ta(folded.data + i, folded.len - i)) {
            rc = buf_add(out, "\xE1\x9F\x92\xE1\x9E\x8A", 6);
            i += 6;
            continue;
        }
        rc = buf_addc(out, folded.data[i++]);
    }
    if (folded.no_memory)
        buf_starve(out);
    buf_done(&folded);
    return rc;
}

/* Key of the characters at s: two letters, or two code points of Khmer. 0: too short. */
uint32_t lexicon_key(const char *s, size_t left)
{
    const unsigned char *u = (const unsigned char *)s;
    if (left >= 6 && is_khmer(u))
        return 0x80000000u | (uint32_t)(u[1] & 1) << 17 | (uint32_t)u[2] << 9 |
               (uint32_t)(u[4] & 1) << 8 | u[5];
    if (left >= 2)
        return (uint32_t)u[0] << 8 | u[1];
    return 0;
}

/* The first pattern with this key, or pattern_count. */
static size_t pattern_find(const struct lexicon *lex, uint32_t key)
{
    size_t low = 0, high = lex->pattern_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (lex->patterns[mid].key < key)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* A Latin word ends here, perhaps after a plural ending. */
static bool word_ends(const char *s, size_t left)
{
    if (left > 0 && (s[0] == 's' || s[0] == 'x')) {
        s++;
        left--;
    } else if (left > 1 && s[0] == 'e' && s[1] == 's') {
        s += 2;
        left -= 2;
    }
    return left == 0 || *s == ' ' || (unsigned char)*s >= 0x80;
}

static bool pattern_fits(const struct lexicon *lex, const struct pattern *p, const char *s,
                         size_t left)
{
    if (p->len > left || memcmp(lex->words + p->at, s, p->len) != 0)
        return false;
    if (p->stem || is_khmer((const unsigned char *)s))
        return true;
    return left == p->len || s[p->len] == ' ' || (unsigned char)s[p->len] >= 0x80 ||
           word_ends(s + p->len, left - p->len);
}

/* Adds the concepts of the longest pattern that stands at s; its length, or 0. */
static size_t match_at(const struct lexicon *lex, const char *s, size_t left,
                       struct concept_set *set)
{
    uint32_t key = lexicon_key(s, left);
    size_t longest = 0;
    for (size_t i = pattern_find(lex, key); i < lex->pattern_count; i++) {
        const struct pattern *p = &lex->patterns[i];
        if (p->key != key || p->len < longest)
            break;
        if (!pattern_fits(lex, p, s, left))
            continue;
        longest = p->len;
        set->word[p->concept / 64] |= UINT64_C(1) << (p->concept % 64);
    }
    return longest;
}

void lexicon_match(const struct lexicon *lex, const char *folded, size_t len,
                   struct concept_set *set)
{
    bool start = true; /* a Latin word may begin here */
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)folded[i];
        bool khmer = c == 0xE1;
        size_t n = start || khmer ? match_at(lex, folded + i, len - i, set) : 0;
        if (n == 0)
            n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        i += n;
        if (i < len)
            start = folded[i - 1] == ' ' || (unsigned char)folded[i - 1] >= 0x80;
    }
}
