#include "packed_in.h"

#include "model_in.h"

/* The reading half: check and getters. */

static const char *const status_words[] = {"draft", "published", "paused", "archived"};

int status_parse(const char *word, size_t len)
{
    for (int i = 0; i <= STATUS_ARCHIVED; i++)
        if (strlen(status_words[i]) == len && memcmp(status_words[i], word, len) == 0)
            return i;
    return -1;
}

const char *status_name(enum status s)
{
    return (unsigned)s <= STATUS_ARCHIVED ? status_words[s] : NULL;
}

uint32_t hs_parse(const char *s, size_t len)
{
    uint32_t v = 0;
    if (len != 2 && len != 4 && len != 6)
        return HS_END;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return HS_END;
        v = v * 10 + (uint32_t)(s[i] - '0');
    }
    return v + (len == 2 ? 0 : len == 4 ? HS_HEADING : HS_SUBHEADING);
}

/* Number of digits; *ret_value the code without its offset. */
static int hs_digits(uint32_t hs, uint32_t *ret_value)
{
    if (hs < HS_HEADING) {
        *ret_value = hs;
        return 2;
    }
    *ret_value = hs < HS_SUBHEADING ? hs - HS_HEADING : hs - HS_SUBHEADING;
    return hs < HS_SUBHEADING ? 4 : 6;
}

size_t hs_format(uint32_t hs, char out[8])
{
    uint32_t v;
    int n = hs_digits(hs, &v);
    for (int i = n - 1; i >= 0; i--, v /= 10)
        out[i] = (char)('0' + v % 10);
    out[n] = '\0';
    return (size_t)n;
}

int hs_common(uint32_t a, uint32_t b)
{
    uint32_t x, y;
    int n = hs_digits(a, &x), k = hs_digits(b, &y);
    for (; n > k; n -= 2)
        x /= 100;
    for (; k > n; k -= 2)
        y /= 100;
    for (; n > 0 && x != y; n -= 2) {
        x /= 100;
        y /= 100;
    }
    return n;
}

/* n numbers of `size` bytes that grow strictly and stay below end. */
static bool sorted_below(const uint8_t *p, size_t n, size_t size, uint32_t end)
{
    uint32_t last = 0;
    for (size_t i = 0; i < n; i++, p += size) {
        uint32_t v = size == 2 ? get16(p) : get24(p);
        if (v >= end || (i > 0 && v <= last))
            return false;
        last = v;
    }
    return true;
}

size_t need_length(const uint8_t *p, size_t left)
{
    if (left < NEED_HEAD)
        return 0;
    size_t hs = p[3], topics = p[4], text = p[5];
    size_t len = NEED_HEAD + hs * 3 + topics * 2 + text;
    if (p[0] >= KIND_COUNT || p[1] == 0 || p[1] >= SECTOR_IDS || (p[2] & ~NEED_VAGUE) != 0 ||
        hs > HS_MAX || topics > NEED_TOPICS_MAX || text > NEED_TEXT_MAX || len > left)
        return 0;
    if (!sorted_below(p + NEED_HEAD, hs, 3, HS_END) ||
        !sorted_below(p + NEED_HEAD + hs * 3, topics, 2, CONCEPTS_MAX))
        return 0;
    return len;
}

static bool head_check(const uint8_t *p, size_t len)
{
    if (len < PACKED_HEAD || len > PACKED_MAX || p[0] != 'S' || p[1] != 'P' ||
        p[AT_FORMAT] != PACKED_FORMAT || p[3] != 0 || get32(p + AT_LENGTH) != len)
        return false;
    if (p[AT_COUNTRY] >= COUNTRY_COUNT || p[AT_STATUS] > STATUS_ARCHIVED ||
        p[AT_REGION] >= REGION_IDS || (p[AT_FLAGS] & ~FLAG_ALL) != 0)
        return false;
    if (p[AT_SECTOR_COUNT] > SECTORS_MAX || p[AT_LANG_COUNT] > LANGS_MAX ||
        p[AT_OFFER_COUNT] > NEEDS_MAX || p[AT_SEEK_COUNT] > NEEDS_MAX ||
        p[AT_TOPIC_COUNT] > TOPICS_MAX || p[AT_EXTERNAL_COUNT] > EXTERNAL_MAX || p[82] != 0 ||
        p[83] != 0)
        return false;
    for (size_t i = 0; i < SECTORS_MAX; i++)
        if (i < p[AT_SECTOR_COUNT] ? p[AT_SECTORS + i] == 0 || p[AT_SECTORS + i] >= SECTOR_IDS
                                   : p[AT_SECTORS + i] != 0)
            return false;
    return true;
}

static bool langs_check(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++, p += 4) {
        if (p[3] < LEVEL_BASIC || p[3] > LEVEL_FLUENT)
            return false;
        for (size_t k = 0; k < 3; k++)
            if (p[k] < 'a' || p[k] > 'z')
                return false;
        if (i > 0 && memcmp(p - 4, p, 3) >= 0)
            return false;
    }
    return true;
}

bool packed_check(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    if (bytes == NULL || !head_check(p, len))
        return false;
    size_t at = PACKED_HEAD;
    size_t langs = p[AT_LANG_COUNT], topics = p[AT_TOPIC_COUNT];
    if (len - at < langs * 4 + topics * 2 || !langs_check(p + at, langs) ||
        !sorted_below(p + at + langs * 4, topics, 2, CONCEPTS_MAX))
        return false;
    at += langs * 4 + topics * 2;
    for (size_t i = 0; i < (size_t)p[AT_OFFER_COUNT] + p[AT_SEEK_COUNT]; i++) {
        size_t n = need_length(p + at, len - at);
        if (n == 0)
            return false;
        at += n;
    }
    size_t names = (size_t)get16(p + AT_NAME_LEN) + get16(p + AT_CITY_LEN);
    if (len - at < names)
        return false;
    at += names;
    for (size_t i = 0; i < p[AT_EXTERNAL_COUNT]; i++) {
        if (len - at < 4)
            return false;
        size_t n = 4 + (size_t)get16(p + at) + get16(p + at + 2);
        if (len - at < n)
            return false;
        at += n;
    }
    return at == len;
}

/* Where the name begins: after the languages, topics and needs. */
static size_t name_at(const uint8_t *p)
{
    size_t at = PACKED_HEAD + (size_t)p[AT_LANG_COUNT] * 4 + (size_t)p[AT_TOPIC_COUNT] * 2;
    for (size_t i = 0; i < (size_t)p[AT_OFFER_COUNT] + p[AT_SEEK_COUNT]; i++)
        at += need_size(p + at);
    return at;
}

#define KEY_NEEDS 4

uint64_t packed_needs_key(const uint8_t *p)
{
    size_t offers = p[AT_OFFER_COUNT], count = offers + p[AT_SEEK_COUNT];
    const uint8_t *need =
        p + PACKED_HEAD + (size_t)p[AT_LANG_COUNT] * 4 + (size_t)p[AT_TOPIC_COUNT] * 2;
    uint64_t key = 0;
    for (size_t i = 0; i < KEY_NEEDS; i++) {
        key <<= 16;
        if (i >= count)
            continue;
        enum side side = i < offers ? SIDE_OFFER : SIDE_SEEK;
        key |= (uint64_t)(side * KIND_COUNT + need[0] + 1) << 8 | need[1];
        need += need_size(need);
    }
    return key;
}

static struct text_ref text_at(const uint8_t *p, size_t len)
{
    return (struct text_ref){(const char *)p, len};
}

const uint8_t *packed_id(const void *bytes)
{
    return (const uint8_t *)bytes + AT_ID;
}

enum country packed_country(const void *bytes)
{
    return (enum country)((const uint8_t *)bytes)[AT_COUNTRY];
}

enum status packed_status(const void *bytes)
{
    return (enum status)((const uint8_t *)bytes)[AT_STATUS];
}

struct text_ref packed_name(const void *bytes)
{
    const uint8_t *p = bytes;
    return text_at(p + name_at(p), get16(p + AT_NAME_LEN));
}

struct text_ref packed_city(const void *bytes)
{
    const uint8_t *p = bytes;
    return text_at(p + name_at(p) + get16(p + AT_NAME_LEN), get16(p + AT_CITY_LEN));
}

int packed_region(const void *bytes)
{
    return ((const uint8_t *)bytes)[AT_REGION];
}

size_t packed_sectors(const void *bytes, uint8_t out[SECTORS_MAX])
{
    const uint8_t *p = bytes;
    memcpy(out, p + AT_SECTORS, p[AT_SECTOR_COUNT]);
    return p[AT_SECTOR_COUNT];
}

size_t packed_external_count(const void *bytes)
{
    return ((const uint8_t *)bytes)[AT_EXTERNAL_COUNT];
}

struct external packed_external(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t at = name_at(p) + get16(p + AT_NAME_LEN) + get16(p + AT_CITY_LEN);
    for (; n > 0; n--)
        at += 4 + (size_t)get16(p + at) + get16(p + at + 2);
    size_t system = get16(p + at), id = get16(p + at + 2);
    return (struct external){text_at(p + at + 4, system), text_at(p + at + 4 + system, id)};
}
