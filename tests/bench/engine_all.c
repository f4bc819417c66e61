#include "engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * The best partners of every company: companies one after the other in the order of needs, as
 * match.all goes when asked to, in one thread and in two. Only slices, evenly spread, are computed;
 * the time for all follows from the time a company takes.
 */

#define SLICES 512
#define SLICE_MOST 64 /* a round mostly has time for all slices */
#define SAMPLES 16384 /* companies whose places say where slices begin */
#define STRIDE 197    /* from one to the next: should time run out, what was done is spread, too */

struct begin {
    enum country country;
    struct index_place place;
};

struct all {
    struct engine *e;
    size_t slice; /* companies in each */
    struct begin begin[SLICES];
    atomic_size_t next, done, hits;
    uint64_t until;
};

static void *all_some(void *ctx)
{
    struct all *a = ctx;
    const struct index *ix = a->e->index;
    struct index_hit hits[ENGINE_LIMIT];
    struct index_room *room = index_room_new();
    size_t n;

    while (room && (n = atomic_fetch_add(&a->next, 1)) < SLICES) {
        struct begin at = a->begin[n * STRIDE % SLICES];
        size_t found = 0;
        for (size_t i = 0; i < a->slice && now_ns() < a->until; i++) {
            const void *packed = index_next_by_needs(ix, at.country, &at.place);
            if (!packed)
                break;
            at.place = index_place_of(packed);
            found = index_search_near(ix, room, packed, a->e->today, NULL, 0, ENGINE_LIMIT, hits,
                                      found);
            atomic_fetch_add_explicit(&a->hits, found, memory_order_relaxed);
            atomic_fetch_add_explicit(&a->done, 1, memory_order_relaxed);
        }
    }
    index_room_free(room);
    return NULL;
}

static int begin_compare(const void *x, const void *y)
{
    const struct begin *a = x, *b = y;

    if (a->country != b->country)
        return a->country < b->country ? -1 : 1;
    if (a->place.needs != b->place.needs)
        return a->place.needs < b->place.needs ? -1 : 1;
    return memcmp(a->place.id, b->place.id, IDENT_BYTES);
}

/* Slices begin where so many companies stand between one and the next: as far as some thousands
 * tell. 0 or -1. */
static int begins_find(const struct engine *e, struct begin ret[SLICES])
{
    const struct rows *rows = e->rows;
    size_t step = rows->count / SAMPLES + 1, count = 0;
    struct begin *all = malloc((rows->count / step + 1) * sizeof *all);

    if (!all)
        return -1;
    for (size_t i = 0; i < rows->count; i += step)
        if (packed_status(rows->row[i]) == STATUS_PUBLISHED)
            all[count++] =
                (struct begin){packed_country(rows->row[i]), index_place_of(rows->row[i])};
    qsort(all, count, sizeof *all, begin_compare);
    for (size_t n = 0; n < SLICES && count > 0; n++)
        ret[n] = all[count * n / SLICES];
    free(all);
    return count > 0 ? 0 : -1;
}

static int all_run(struct engine *e, unsigned threads, unsigned round)
{
    struct all a = {.e = e};
    struct figures single; /* just before: what neighbours share is told by the two together */
    pthread_t thread[8];
    unsigned started = 0;
    uint64_t begun, took;

    if (begins_find(e, a.begin) || query_round(e, &single))
        return -1;
    begun = now_ns();
    a.slice = e->rows->count / SLICES < SLICE_MOST ? e->rows->count / SLICES : SLICE_MOST;
    a.until = begun + (uint64_t)e->seconds * 1000000000u;
    while (started < threads && pthread_create(&thread[started], NULL, all_some, &a) == 0)
        started++;
    for (unsigned i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    took = now_ns() - begun;
    if (started < threads || a.done == 0)
        return -1;
    printf("{\"part\":\"all\",\"kernel\":\"%s\",\"round\":%u,\"threads\":%u,\"companies\":%zu,"
           "\"hits\":%zu,\"us_each\":%.2f,\"single_us\":%.2f}\n",
           kernel_name(e->kernel), round, threads, (size_t)a.done, (size_t)a.hits,
           (double)took / 1000 / (double)a.done, single.mean);
    fflush(stdout);
    return 0;
}

int engine_all(struct engine *e)
{
    for (unsigned round = 0; round < e->rounds; round++)
        for (unsigned threads = 1; threads <= 2; threads++)
            if (all_run(e, threads, round))
                return -1;
    return 0;
}
