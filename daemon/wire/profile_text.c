#include "profile_rules.h"

#include <spean/buf.h>
#include <spean/rpc.h>
#include <spean/text.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codes.h"

#define TEXTS_MAX 64 /* languages of one text */

static bool is_ascii(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)s[i] >= 0x80)
            return false;
    }
    return true;
}

/* Brings the string to NFC in place. */
static void normalise(struct rule_check *c, json_t *value)
{
    const char *s = json_string_value(value);
    size_t len = json_string_length(value);
    struct buf nfc;

    if (is_ascii(s, len))
        return;
    /* No code point grows to more than three in NFC, nor a byte to more than three. */
    buf_init(&nfc, 4 * len);
    if (text_nfc(&nfc, s, len) < 0 || json_string_setn(value, nfc.data, nfc.len) < 0) {
        rule_no_memory(c);
    }
    buf_done(&nfc);
}

/* A string of well-formed text; the only kind that the rules below look at. */
static bool is_text(struct rule_check *c, const json_t *value)
{
    if (!json_is_string(value)) {
        rule_bad(c, "must be a string");
        return false;
    }
    if (!text_valid(json_string_value(value), json_string_length(value))) {
        rule_bad(c, "is not well-formed text, or has U+0000 in it");
        return false;
    }
    return true;
}

static void check_length(struct rule_check *c, const json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);
    size_t len = json_string_length(value);

    if (rule->min > 0 && strspn(s, " \t\r\n\v\f") == len)
        rule_bad(c, "is blank");
    else if ((int64_t)text_length(s, len) > rule->max)
        rule_bad(c, "is longer than %" PRId64 " characters", rule->max);
}

void rule_text(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (!is_text(c, value))
        return;
    normalise(c, value);
    check_length(c, value, rule);
}

void rule_exact(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (is_text(c, value))
        check_length(c, value, rule);
}

void rule_texts(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (!json_is_object(value)) {
        rule_bad(c, "must be an object of language codes and texts");
        return;
    }
    if (json_object_size(value) > TEXTS_MAX) {
        rule_bad(c, "has more than %d languages", TEXTS_MAX);
        return;
    }
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        const char *code = json_object_iter_key(at);
        size_t before = path_member(&c->path, code);

        if (!code_language(code, strlen(code)))
            rule_bad(c, "is not under an ISO 639-3 code");
        rule_text(c, json_object_iter_value(at), rule);
        path_cut(&c->path, before);
    }
}

/* A scheme other than http and https, such as javascript: or mailto:. A port is no scheme. */
static bool has_other_scheme(const char *s)
{
    size_t name = strcspn(s, ":/?#");

    if (s[name] != ':' || (s[name + 1] >= '0' && s[name + 1] <= '9'))
        return false;
    return !(name == 4 && !strncasecmp(s, "http", 4)) &&
           !(name == 5 && !strncasecmp(s, "https", 5));
}

static bool has_blank(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return true;
    }
    return false;
}

void rule_website(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_text(c, value, rule);
    const char *s = json_string_value(value);
    if (s && (has_blank(s) || has_other_scheme(s)))
        rule_bad(c, "must be an http or https address, or a bare host name");
}

void rule_email(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_text(c, value, rule);
    const char *s = json_string_value(value);
    const char *at = s ? strrchr(s, '@') : NULL;
    /* Staff find out by writing to it; this only catches what can't be an address. */
    if (s && *s && (!at || at == s || !at[1] || has_blank(s)))
        rule_bad(c, "must be an e-mail address");
}

void rule_word(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);
    char list[128] = "";

    for (size_t i = 0; s && rule->words[i]; i++) {
        if (!strcmp(s, rule->words[i]))
            return;
    }
    for (size_t i = 0; rule->words[i]; i++) {
        if (i > 0)
            strncat(list, ", ", sizeof(list) - strlen(list) - 1);
        strncat(list, rule->words[i], sizeof(list) - strlen(list) - 1);
    }
    rule_bad(c, "must be one of %s", list);
}
