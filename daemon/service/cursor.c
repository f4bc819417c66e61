#include "cursor.h"

#include <spean/buf.h>
#include <spean/json_writer.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The kind, what the list is ordered by, and the beginning of the digest of what was asked. */
enum {
    KIND_ID = 1,     /* an id */
    KIND_NUMBER = 2, /* a number, big-endian, and an id */
    NUMBER_BYTES = 8,
    FILTER_BYTES = 8,
    PLACE_MOST = NUMBER_BYTES + IDENT_BYTES,
    RAW_MOST = 1 + PLACE_MOST + FILTER_BYTES
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void cursor_write(uint8_t kind, const uint8_t *place, size_t len,
                         const uint8_t filter[DIGEST_BYTES], char out[CURSOR_TEXT])
{
    uint8_t raw[RAW_MOST];
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    raw[0] = kind;
    memcpy(raw + 1, place, len);
    memcpy(raw + 1 + len, filter, FILTER_BYTES);
    for (size_t i = 0; i < 1 + len + FILTER_BYTES; i++) {
        bits = bits << 8 | raw[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[n++] = alphabet[bits >> held & 63];
        }
    }
    if (held > 0)
        out[n++] = alphabet[bits << (6 - held) & 63];
    out[n] = '\0';
}

/* 0 with len bytes in ret, or -1 and they are as they were. */
static int cursor_read(const char *text, uint8_t kind, const uint8_t filter[DIGEST_BYTES],
                       uint8_t *ret, size_t len)
{
    uint8_t raw[RAW_MOST + 1];
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0, whole = 1 + len + FILTER_BYTES;

    if (strlen(text) != (whole * 8 + 5) / 6)
        return -1;
    for (; *text; text++) {
        const char *at = strchr(alphabet, *text);
        if (!at)
            return -1;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            raw[n++] = (uint8_t)(bits >> held);
        }
    }
    if (n != whole || (bits & ((1U << held) - 1)) != 0 || raw[0] != kind ||
        memcmp(raw + 1 + len, filter, FILTER_BYTES) != 0)
        return -1;
    memcpy(ret, raw + 1, len);
    return 0;
}

void cursor_format(const uint8_t id[IDENT_BYTES], const uint8_t filter[DIGEST_BYTES],
                   char out[CURSOR_TEXT])
{
    cursor_write(KIND_ID, id, IDENT_BYTES, filter, out);
}

int cursor_parse(const char *text, const uint8_t filter[DIGEST_BYTES], uint8_t ret[IDENT_BYTES])
{
    return cursor_read(text, KIND_ID, filter, ret, IDENT_BYTES);
}

void cursor_number_format(uint64_t number, const uint8_t id[IDENT_BYTES],
                          const uint8_t filter[DIGEST_BYTES], char out[CURSOR_TEXT])
{
    uint8_t place[PLACE_MOST];

    for (size_t i = 0; i < NUMBER_BYTES; i++)
        place[i] = (uint8_t)(number >> (56 - 8 * i));
    memcpy(place + NUMBER_BYTES, id, IDENT_BYTES);
    cursor_write(KIND_NUMBER, place, sizeof place, filter, out);
}

int cursor_number_parse(const char *text, const uint8_t filter[DIGEST_BYTES], uint64_t *ret_number,
                        uint8_t ret[IDENT_BYTES])
{
    uint8_t place[PLACE_MOST];

    if (cursor_read(text, KIND_NUMBER, filter, place, sizeof place))
        return -1;
    *ret_number = 0;
    for (size_t i = 0; i < NUMBER_BYTES; i++)
        *ret_number = *ret_number << 8 | place[i];
    memcpy(ret, place + NUMBER_BYTES, IDENT_BYTES);
    return 0;
}

int call_digest(const char *method, const json_t *params, const char *const *without,
                uint8_t ret[DIGEST_BYTES])
{
    json_t *whole = NULL, *bare = NULL;
    struct buf text;
    const char *key;
    json_t *value;
    int rc = -1;

    buf_init(&text, SIZE_MAX);
    bare = json_object();
    if (!bare)
        goto out;
    json_object_foreach((json_t *)(uintptr_t)params, key, value)
    {
        bool skip = json_is_null(value); /* null counts as absent everywhere at this level */
        for (const char *const *w = without; *w; w++)
            skip = skip || strcmp(*w, key) == 0;
        if (!skip && json_object_set(bare, key, value))
            goto out;
    }
    whole = json_pack("{s:s, s:O}", "method", method, "params", bare);
    if (!whole)
        goto out;
    if (jw_dump(&text, whole, JSON_COMPACT | JSON_SORT_KEYS) < 0)
        goto out;
    rc = digest_sha256(text.data, text.len, ret);
out:
    buf_done(&text);
    json_decref(whole);
    json_decref(bare);
    return rc;
}
