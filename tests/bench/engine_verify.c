#include "engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Answers beside those of the plain reference: score_pair over every company that is held. */

#define VERIFY_THREADS 2

struct verify {
    struct engine *e;
    size_t queries;
    atomic_size_t next, done, wrong, hits;
};

static bool better(const struct index_hit *x, const struct index_hit *y)
{
    if (x->score.total != y->score.total)
        return x->score.total > y->score.total;
    return memcmp(packed_id(x->packed), packed_id(y->packed), IDENT_BYTES) < 0;
}

/* Keeps the best in order. */
static size_t best_add(struct index_hit *best, size_t count, const struct index_hit *hit)
{
    size_t at = count;

    if (count == ENGINE_LIMIT) {
        if (!better(hit, &best[count - 1]))
            return count;
        at = --count;
    }
    for (; at > 0 && better(hit, &best[at - 1]); at--)
        best[at] = best[at - 1];
    best[at] = *hit;
    return count + 1;
}

/* What is held now may be newer than the rows. */
static size_t reference_search(const struct engine *e, const void *a, struct index_hit *best)
{
    size_t count = 0;

    for (size_t i = 0; i < e->rows->count; i++) {
        struct index_hit hit = {.packed = index_get(e->index, packed_id(e->rows->row[i]))};
        if (!hit.packed || match_excluded(a, hit.packed, e->today, 1) != EXCLUDED_NOT)
            continue;
        score_pair(e->model, a, hit.packed, e->today, &hit.score);
        if (hit.score.total > 0)
            count = best_add(best, count, &hit);
    }
    return count;
}

static bool same_score(const struct score *x, const struct score *y)
{
    bool same = x->total == y->total && x->a_to_b == y->a_to_b && x->b_to_a == y->b_to_a &&
                strcmp(x->language, y->language) == 0;

    for (int f = 0; f < FACTOR_COUNT; f++)
        same &= x->factors[f].value == y->factors[f].value &&
                x->factors[f].weight == y->factors[f].weight;
    return same;
}

static bool same_answer(const struct index_hit *x, size_t n, const struct index_hit *y, size_t k)
{
    if (n != k)
        return false;
    for (size_t i = 0; i < n; i++)
        if (memcmp(packed_id(x[i].packed), packed_id(y[i].packed), IDENT_BYTES) != 0 ||
            !same_score(&x[i].score, &y[i].score))
            return false;
    return true;
}

static void *verify_some(void *ctx)
{
    struct verify *v = ctx;
    struct index_hit ours[ENGINE_LIMIT], best[ENGINE_LIMIT];
    struct index_room *room = index_room_new();
    size_t n;

    while (room && (n = atomic_fetch_add(&v->next, 1)) < v->queries) {
        const void *a = index_get(v->e->index, packed_id(v->e->query[n]));
        size_t count = index_search(v->e->index, room, a, v->e->today, NULL, 0, ENGINE_LIMIT, ours);
        if (!same_answer(ours, count, best, reference_search(v->e, a, best)))
            atomic_fetch_add(&v->wrong, 1);
        atomic_fetch_add(&v->hits, count);
        atomic_fetch_add(&v->done, 1);
    }
    index_room_free(room);
    return NULL;
}

int engine_verify(struct engine *e, size_t queries)
{
    struct verify v = {.e = e, .queries = queries < e->query_count ? queries : e->query_count};
    pthread_t thread[VERIFY_THREADS];
    int started = 0;

    while (started < VERIFY_THREADS && pthread_create(&thread[started], NULL, verify_some, &v) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    printf("{\"part\":\"verify\",\"kernel\":\"%s\",\"queries\":%zu,\"hits\":%zu,\"wrong\":%zu}\n",
           kernel_name(e->kernel), v.queries, (size_t)v.hits, (size_t)v.wrong);
    return v.done == v.queries && v.wrong == 0 ? 0 : -1;
}
