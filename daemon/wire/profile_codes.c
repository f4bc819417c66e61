#include "profile_rules.h"

#include <spean/buf.h>
#include <spean/rpc.h>
#include <spean/text.h>

#include <string.h>

#include "codes.h"

#define CERTIFICATION_MAX 64

static bool is_region_of(const struct profile_codes *codes, const char *country, const char *s,
                         size_t len)
{
    return codes->region(codes->ctx, country, s, len);
}

void rule_region(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);
    size_t len = json_string_length(value);

    (void)rule;
    if (!s)
        rule_bad(c, "must be a string");
    else if (!c->codes || !c->codes->region)
        return;
    else if (!is_region_of(c->codes, "KH", s, len) && !is_region_of(c->codes, "CA", s, len))
        rule_bad(c, "is no ISO 3166-2 code of Cambodia or Canada");
    else if (c->country && !is_region_of(c->codes, c->country, s, len))
        rule_bad(c, "is not in the company's country");
}

void rule_sector(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);

    (void)rule;
    if (!s)
        rule_bad(c, "must be a string");
    else if (c->codes && c->codes->sector &&
             !c->codes->sector(c->codes->ctx, s, json_string_length(value)))
        rule_bad(c, "is no sector of the taxonomy");
}

void rule_language(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);

    (void)rule;
    if (!s || !code_language(s, json_string_length(value)))
        rule_bad(c, "must be an ISO 639-3 code such as khm, fra or eng");
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void rule_market(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);
    char code[3] = "";

    (void)rule;
    if (s && json_string_length(value) == 2) {
        code[0] = upper(s[0]);
        code[1] = upper(s[1]);
    }
    if (!code_country(code, strlen(code)))
        rule_bad(c, "must be an ISO 3166-1 code of two letters such as JP");
    else if (json_string_setn(value, code, 2) < 0)
        rule_no_memory(c);
}

void rule_hs(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);

    (void)rule;
    if (!s || !code_hs(s, json_string_length(value)))
        rule_bad(c, "must be a string of 2, 4 or 6 digits in an HS chapter of 01 to 97");
}

/*
 * "ISO 9001:2015" -> "iso-9001-2015": letters in lower case, whatever parts words as one dash. 0
 * with *ret_len, or -1 when letters of other scripts stand in it, nothing is left, or it is too
 * long.
 */
static int slug(const char *s, size_t len, char out[CERTIFICATION_MAX], size_t *ret_len)
{
    size_t n = 0;
    bool dash = false;

    for (size_t i = 0; i < len; i++) {
        char c = lower(s[i]);

        if ((unsigned char)c >= 0x80)
            return -1;
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '+') {
            dash = n > 0;
            continue;
        }
        if (n + dash + 1 > CERTIFICATION_MAX)
            return -1;
        if (dash)
            out[n++] = '-';
        dash = false;
        out[n++] = c;
    }
    *ret_len = n;
    return n > 0 ? 0 : -1;
}

void rule_certification(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);
    size_t len = json_string_length(value), n;
    char word[CERTIFICATION_MAX];
    struct buf folded;
    bool no_memory = false;

    (void)rule;
    /* "Écocert" loses its accent; not tried first, for folding takes dots and pluses away. */
    buf_init(&folded, 64 * CERTIFICATION_MAX);
    if (s && slug(s, len, word, &n) < 0) {
        if (text_fold(&folded, s, len) < 0 || slug(folded.data, folded.len, word, &n) < 0)
            s = NULL;
        no_memory = folded.no_memory;
    }
    buf_done(&folded);
    if (no_memory || (s && json_string_setn(value, word, n) < 0))
        rule_no_memory(c);
    else if (!s)
        rule_bad(c, "must be a word of a-z, 0-9, '.', '+' and '-', at most %d characters",
                 CERTIFICATION_MAX);
}
