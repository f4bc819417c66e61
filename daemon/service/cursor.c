#include "cursor.h"

#include <spean/buf.h>
#include <spean/json_writer.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CURSOR_KIND = 1, FILTER_BYTES = 8, CURSOR_BYTES = 1 + IDENT_BYTES + FILTER_BYTES };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void cursor_format(const uint8_t id[IDENT_BYTES], const uint8_t filter[DIGEST_BYTES],
                   char out[CURSOR_TEXT])
{
    uint8_t raw[CURSOR_BYTES];
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    raw[0] = CURSOR_KIND;
    memcpy(raw + 1, id, IDENT_BYTES);
    memcpy(raw + 1 + IDENT_BYTES, filter, FILTER_BYTES);
    for (size_t i = 0; i < sizeof raw; i++) {
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

int cursor_parse(const char *text, const uint8_t filter[DIGEST_BYTES], uint8_t ret[IDENT_BYTES])
{
    uint8_t raw[CURSOR_BYTES + 1];
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    if (strlen(text) != (CURSOR_BYTES * 8 + 5) / 6)
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
    if (n != CURSOR_BYTES || (bits & ((1U << held) - 1)) != 0 || raw[0] != CURSOR_KIND ||
        memcmp(raw + 1 + IDENT_BYTES, filter, FILTER_BYTES) != 0)
        return -1;
    memcpy(ret, raw + 1, IDENT_BYTES);
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
