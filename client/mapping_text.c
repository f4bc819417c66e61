#include "mapping_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

#include "mapping_table.h"
#include <spean/buf.h>
#include <spean/text.h>

/* Digits with thousands parted by comma, point, blank or apostrophe; a decimal part is dropped. */
static const char *number_read(const char *s, int64_t *ret)
{
    int64_t n = 0;

    if (*s < '0' || *s > '9')
        return NULL;
    for (;; s++) {
        if (*s >= '0' && *s <= '9') {
            if (n > 100000000)
                return NULL;
            n = n * 10 + (*s - '0');
        } else if (strchr(",. '", *s) != NULL && *s != '\0' && n > 0 &&
                   strspn(s + 1, "0123456789") == 3) {
            continue;
        } else if (strncmp(s, "\xC2\xA0", 2) == 0 && strspn(s + 2, "0123456789") == 3) {
            s++;
        } else {
            break;
        }
    }
    if (*s == '.' && s[1] >= '0' && s[1] <= '9')
        s += 1 + strspn(s + 1, "0123456789");
    *ret = n;
    return s;
}

int employees_parse(const char *s, int64_t *ret)
{
    static const char *const between[] = {"-", "–", "—", "to", "à", "and", NULL};
    int64_t low, high;

    s += strcspn(s, "0123456789");
    s = number_read(s, &low);
    if (s == NULL)
        return -1;
    s += strspn(s, " ");
    for (size_t i = 0; between[i] != NULL; i++) {
        size_t n = strlen(between[i]);

        if (strncmp(s, between[i], n) != 0)
            continue;
        s += n;
        s += strspn(s, " ");
        if (number_read(s, &high) != NULL && high >= low)
            low += (high - low) / 2;
        break;
    }
    *ret = low;
    return 0;
}

int year_parse(const char *s, int64_t *ret)
{
    while (*s != '\0') {
        size_t n;

        s += strcspn(s, "0123456789");
        n = strspn(s, "0123456789");
        if (n == 4 && s[0] >= '1' && s[0] <= '2') {
            long year = strtol(s, NULL, 10);

            if (year >= 1600 && year < 2200) {
                *ret = year;
                return 0;
            }
        }
        s += n;
    }
    return -1;
}

static bool is_small_word(const char *s, size_t len)
{
    static const char *const small[] = {"sur", "de", "du", "des", "la", "le",  "les",
                                        "aux", "au", "en", "of",  "on", "the", "and"};

    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
        if (strlen(small[i]) == len && memcmp(small[i], s, len) == 0)
            return true;
    return false;
}

/* The word that begins at s, in lower case already, gets its capital. */
static int word_add(struct buf *out, const char *s, size_t len, bool first)
{
    uint8_t upper[32];
    size_t upper_len = sizeof(upper);
    ucs4_t c;
    int n;

    if (len == 0)
        return 0;
    if (!first && is_small_word(s, len))
        return buf_add(out, s, len);
    n = u8_mbtouc(&c, (const uint8_t *)s, len);
    if (n <= 0 || u8_toupper((const uint8_t *)s, (size_t)n, NULL, NULL, upper, &upper_len) != upper)
        return buf_add(out, s, len);
    if (buf_add(out, upper, upper_len) < 0)
        return -1;
    return buf_add(out, s + n, len - (size_t)n);
}

char *title_case(const char *s)
{
    size_t len = strlen(s), lower_len = 0;
    uint8_t *lower = u8_tolower((const uint8_t *)s, len, NULL, NULL, NULL, &lower_len);
    char *copy = NULL;
    const char *at, *end;
    struct buf out;

    if (lower == NULL)
        return strdup(s);
    for (const uint8_t *c = (const uint8_t *)s; (size_t)(c - (const uint8_t *)s) < len;) {
        ucs4_t u;
        int n = u8_mbtouc(&u, c, len - (size_t)(c - (const uint8_t *)s));

        if (n <= 0 || uc_is_property_lowercase(u)) {
            free(lower);
            return strdup(s);
        }
        c += n;
    }
    buf_init(&out, len * 3 + 64);
    at = (const char *)lower;
    end = at + lower_len;
    for (bool first = true; at < end; first = false) {
        size_t n = 0;

        while (at + n < end && strchr(" -'.,/()", at[n]) == NULL)
            n++;
        if (word_add(&out, at, n, first) < 0)
            break;
        at += n;
        if (at < end && buf_addc(&out, *at++) < 0)
            break;
    }
    if (out.len > 0)
        copy = buf_take(&out, NULL);
    buf_done(&out);
    free(lower);
    return copy != NULL ? copy : strdup(s);
}

/* Bytes of the first max code points, back to the last blank if that is not far. */
static size_t cut_at(const char *s, size_t len, size_t max)
{
    size_t n = 0, at = 0, blank = 0;

    while (at < len && n < max) {
        if (s[at] == ' ')
            blank = at;
        at++;
        while (at < len && ((unsigned char)s[at] & 0xC0) == 0x80)
            at++;
        n++;
    }
    if (at == len)
        return len;
    return s[at] != ' ' && blank > at - at / 10 ? blank : at;
}

char *one_line(const char *s, size_t len, size_t max)
{
    struct buf out;
    char *line = NULL;

    if (!text_valid(s, len))
        return NULL;
    buf_init(&out, len + 16);
    for (size_t i = 0; i < len;) {
        size_t n = 1;
        bool blank = (unsigned char)s[i] <= ' ' || s[i] == 0x7F;

        if (i + 1 < len && memcmp(s + i, "\xC2\xA0", 2) == 0) {
            n = 2;
            blank = true;
        }
        if (!blank)
            buf_add(&out, s + i, n);
        else if (out.len > 0 && out.data[out.len - 1] != ' ')
            buf_addc(&out, ' ');
        i += n;
    }
    buf_adds(&out, "");
    if (!out.failed && out.data != NULL) {
        size_t to = cut_at(out.data, out.len, max);

        while (to > 0 && out.data[to - 1] == ' ')
            to--;
        out.len = to;
        out.data[to] = '\0';
        line = buf_take(&out, NULL);
    } else if (!out.failed) {
        line = strdup("");
    }
    buf_done(&out);
    return line;
}

static bool word_in(const char *const *list, const char *s, size_t len)
{
    for (; *list != NULL; list++)
        if (strlen(*list) == len && memcmp(*list, s, len) == 0)
            return true;
    return false;
}

void tongues_count(struct tongues *t, const char *s, size_t len)
{
    /* Words of one language only: "a", "on", "an" or "as" are of both. */
    static const char *const english[] = {
        "the", "and", "of",   "to",   "is",   "for",   "with", "are",  "our",  "from", "by",
        "we",  "has", "have", "that", "this", "which", "its",  "been", "will", "your", "all",
        "in",  "was", "can",  "also", "at",   "their", "be",   "than", NULL};
    static const char *const french[] = {
        "le",    "la",   "les", "des", "du",   "et",   "une",   "un",   "nous",   "pour",  "dans",
        "est",   "sont", "aux", "par", "avec", "qui",  "que",   "sur",  "nos",    "notre", "au",
        "ainsi", "leur", "ses", "de",  "en",   "plus", "cette", "vous", "depuis", "se",    NULL};
    char *text = fold_copy(s, len);

    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t n = strcspn(at, " ");

        if (n >= 3 && (unsigned char)at[0] == 0xE1 &&
            ((unsigned char)at[1] == 0x9E || (unsigned char)at[1] == 0x9F))
            t->khm += 1 + (unsigned)(n / 30); /* no blanks between words */
        else if (word_in(english, at, n))
            t->eng++;
        else if (word_in(french, at, n))
            t->fra++;
        at += n + (at[n] == ' ');
    }
    free(text);
}

size_t tongues_decide(const struct tongues *t, const char *ret[3])
{
    unsigned most = t->eng > t->fra ? t->eng : t->fra;
    size_t n = 0;

    if (t->khm > most)
        most = t->khm;
    if (most < 2)
        return 0;
    /* A second language counts when it has whole sentences, not when it names a street. */
    if (t->khm == most || t->khm >= 4)
        ret[n++] = "khm";
    if (t->eng == most || (t->eng >= 5 && t->eng * 3 >= most))
        ret[n++] = "eng";
    if (t->fra == most || (t->fra >= 5 && t->fra * 3 >= most))
        ret[n++] = "fra";
    return n;
}
