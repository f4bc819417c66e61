#include "engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * The best partners of every company: companies one after the other as the index holds them, in
 * one thread and in two. Only slices, evenly spread, are computed; the time for all follows from
 * the time a company takes.
 */

#define SLICES 32
#define SLICE_MOST 2000

struct all {
    struct engine *e;
    size_t slice; /* companies in each */
    atomic_size_t next, done, hits;
    uint64_t until;
};

static void *all_some(void *ctx)
{
    struct all *a = ctx;
    const struct rows *rows = a->e->rows;
    struct index_hit hits[ENGINE_LIMIT];
    struct index_room *room = index_room_new();
    size_t n;

    while (room && (n = atomic_fetch_add(&a->next, 1)) < SLICES) {
        size_t from = rows->count / SLICES * n;
        for (size_t i = from; i < from + a->slice && now_ns() < a->until; i++) {
            if (packed_status(rows->row[i]) != STATUS_PUBLISHED)
                continue;
            size_t found = index_search(a->e->index, room, rows->row[i], a->e->today, NULL, 0,
                                        ENGINE_LIMIT, hits);
            atomic_fetch_add_explicit(&a->hits, found, memory_order_relaxed);
            atomic_fetch_add_explicit(&a->done, 1, memory_order_relaxed);
        }
    }
    index_room_free(room);
    return NULL;
}

static int all_run(struct engine *e, unsigned threads, unsigned round)
{
    struct all a = {.e = e};
    pthread_t thread[8];
    unsigned started = 0;
    uint64_t begun = now_ns(), took;

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
           "\"hits\":%zu,\"us_each\":%.2f}\n",
           kernel_name(e->kernel), round, threads, (size_t)a.done, (size_t)a.hits,
           (double)took / 1000 / (double)a.done);
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
