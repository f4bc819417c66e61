#include "tokens.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum role role;
} roles[] = {{"viewer", ROLE_VIEWER},
             {"staff", ROLE_STAFF},
             {"admin", ROLE_ADMIN},
             {"integration", ROLE_INTEGRATION}};

const char *const role_words[] = {"viewer", "staff", "admin", "integration", NULL};

enum role role_parse(const char *word)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].word, word) == 0)
            return roles[i].role;
    return ROLE_NONE;
}

const char *role_name(enum role role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (roles[i].role == role)
            return roles[i].word;
    return "none";
}

void tokens_done(struct tokens *t)
{
    free(t->list);
    memset(t, 0, sizeof *t);
}

static void text_put(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len >= size)
        len = size - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

int tokens_add(struct tokens *t, const char *id, const char *name, enum role role,
               const uint8_t digest[DIGEST_BYTES], int64_t expires_ms)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        struct token *list = realloc(t->list, cap * sizeof *list);
        if (!list)
            return -1;
        t->list = list;
        t->cap = cap;
    }
    struct token *k = &t->list[t->count++];
    memset(k, 0, sizeof *k);
    memcpy(k->digest, digest, DIGEST_BYTES);
    text_put(k->id, sizeof k->id, id);
    text_put(k->principal.name, sizeof k->principal.name, name);
    k->principal.role = role;
    k->expires_ms = expires_ms;
    return 0;
}

static int token_order(const void *a, const void *b)
{
    const struct token *x = a, *y = b;

    return memcmp(x->digest, y->digest, DIGEST_BYTES);
}

void tokens_sort(struct tokens *t)
{
    if (t->count > 1)
        qsort(t->list, t->count, sizeof t->list[0], token_order);
}

/*
 * The first 8 bytes choose where to look, the rest is compared in constant time. What is compared
 * is a SHA-256 of the secret, so the search's time says nothing that helps to guess one.
 */
const struct token *tokens_find(const struct tokens *t, const uint8_t digest[DIGEST_BYTES])
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(t->list[mid].digest, digest, 8) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < t->count && memcmp(t->list[low].digest, digest, 8) == 0; low++)
        if (digest_equal(t->list[low].digest, digest))
            return &t->list[low];
    return NULL;
}

void tokens_remove(struct tokens *t, const char *id)
{
    size_t kept = 0;

    /* A load may have brought it just before its maker added it: it can be there twice. */
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->list[i].id, id) != 0)
            t->list[kept++] = t->list[i];
    t->count = kept;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int digest_parse(const char *hex, uint8_t ret[DIGEST_BYTES])
{
    uint8_t out[DIGEST_BYTES];

    if (strlen(hex) != (size_t)DIGEST_BYTES * 2)
        return -1;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret, out, sizeof out);
    return 0;
}
