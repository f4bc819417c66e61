#include "answers_in.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * Eight bytes at a time, by the folded product of two 64-bit numbers. Seeded, so that nobody can
 * choose lines that all meet in one bucket.
 */
uint64_t hash_bytes(uint64_t h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t x = 0;

    h ^= len * UINT64_C(0x9E3779B97F4A7C15);
    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&x, p, 8);
        __extension__ unsigned __int128 y =
            (unsigned __int128)(h ^ x) * UINT64_C(0xD6E8FEB86659FD93);
        h = (uint64_t)y ^ (uint64_t)(y >> 64);
    }
    x = 0;
    memcpy(&x, p, len);
    __extension__ unsigned __int128 y = (unsigned __int128)(h ^ x) * UINT64_C(0xD6E8FEB86659FD93);
    return (uint64_t)y ^ (uint64_t)(y >> 64);
}

struct answers *answers_new(size_t budget)
{
    struct answers *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->budget = budget;
    TAILQ_INIT(&c->use);
    c->mask = c->line_mask = BUCKETS_FIRST - 1;
    c->answer = calloc(BUCKETS_FIRST, sizeof *c->answer);
    c->line = calloc(BUCKETS_FIRST, sizeof *c->line);
    if (c->answer == NULL || c->line == NULL ||
        getrandom(&c->seed, sizeof c->seed, 0) != sizeof c->seed) {
        answers_free(c);
        return NULL;
    }
    return c;
}

void answers_flush(struct answers *c)
{
    while (!TAILQ_EMPTY(&c->use))
        answer_drop(c, TAILQ_FIRST(&c->use));
}

void answers_free(struct answers *c)
{
    if (c == NULL)
        return;
    answers_flush(c);
    free(c->answer);
    free(c->line);
    free(c);
}

void answer_drop(struct answers *c, struct answer *a)
{
    struct answer **at = &c->answer[a->hash & c->mask];

    answer_drop_lines(c, a);
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    TAILQ_REMOVE(&c->use, a, use);
    c->bytes -= a->size;
    c->count--;
    free(a);
}

void answer_used(struct answers *c, struct answer *a)
{
    if (a == TAILQ_FIRST(&c->use))
        return;
    TAILQ_REMOVE(&c->use, a, use);
    TAILQ_INSERT_HEAD(&c->use, a, use);
}

void answers_shrink(struct answers *c, const struct answer *keep)
{
    while (c->bytes > c->budget && TAILQ_LAST(&c->use, answer_list) != keep)
        answer_drop(c, TAILQ_LAST(&c->use, answer_list));
}

static struct answer *answer_lookup(const struct answers *c, const struct question *q,
                                    uint64_t hash)
{
    struct answer *a = c->answer[hash & c->mask];

    while (a != NULL && (a->hash != hash || memcmp(&a->question, q, sizeof *q) != 0))
        a = a->next;
    return a;
}

struct answer *answers_find(struct answers *c, const struct question *q, const struct index *ix,
                            int32_t today)
{
    struct answer *a = answer_lookup(c, q, hash_bytes(c->seed, q, sizeof *q));

    if (a == NULL)
        return NULL;
    if (!answer_holds(a, ix, today)) {
        answer_drop(c, a);
        return NULL;
    }
    answer_used(c, a);
    return a;
}

/* Twice as many buckets; if there is no memory for them the chains grow. */
static void answers_spread(struct answers *c)
{
    size_t mask = c->mask * 2 + 1;
    struct answer **fresh = calloc(mask + 1, sizeof *fresh);

    if (fresh == NULL)
        return;
    for (size_t i = 0; i <= c->mask; i++)
        for (struct answer *a = c->answer[i], *next; a != NULL; a = next) {
            next = a->next;
            a->next = fresh[a->hash & mask];
            fresh[a->hash & mask] = a;
        }
    free(c->answer);
    c->answer = fresh;
    c->mask = mask;
}

static struct answer *answer_make(const struct question *q, const struct finding *f)
{
    size_t whole = sizeof(struct answer) + f->count * IDENT_BYTES + f->len;
    struct answer *a = malloc(whole);
    char *json;

    if (a == NULL)
        return NULL;
    memset(a, 0, sizeof *a);
    a->question = *q;
    a->count = f->count;
    for (size_t i = 0; i < f->count; i++)
        memcpy(a->listed[i], packed_id(f->hits[i].packed), IDENT_BYTES);
    if (f->count > 0)
        a->last = f->hits[f->count - 1].score.total;
    json = (char *)a->listed + f->count * IDENT_BYTES;
    memcpy(json, f->json, f->len);
    a->json = json;
    a->len = f->len;
    a->size = whole + OVERHEAD;
    return a;
}

struct answer *answers_keep(struct answers *c, const struct question *q, const struct finding *f,
                            const struct index *ix, int32_t today)
{
    uint64_t hash = hash_bytes(c->seed, q, sizeof *q);
    struct answer *a = answer_lookup(c, q, hash);

    if (a != NULL)
        answer_drop(c, a);
    if (f->len > c->budget / 8) /* it would cost too many others their place */
        return NULL;
    a = answer_make(q, f);
    if (a == NULL)
        return NULL;
    a->hash = hash;
    a->mark = index_mark(ix);
    a->day = today;
    a->next = c->answer[hash & c->mask];
    c->answer[hash & c->mask] = a;
    TAILQ_INSERT_HEAD(&c->use, a, use);
    c->bytes += a->size;
    c->count++;
    if (c->count > c->mask)
        answers_spread(c);
    answers_shrink(c, a);
    return a;
}

const char *answer_json(const struct answer *a, size_t *ret_len)
{
    *ret_len = a->len;
    return a->json;
}

size_t answers_bytes(const struct answers *c)
{
    return c->bytes;
}

size_t answers_count(const struct answers *c)
{
    return c->count;
}
