#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* Single searches, one after the other in one thread: what match.list computes. */

/* One round over the queries, or as many as the time allows; those of one country, if it is not
 * COUNTRY_COUNT, are kept apart. */
static size_t round_run(struct engine *e, uint64_t *ns, uint8_t *country, size_t *ret_hits)
{
    struct index_hit hits[ENGINE_LIMIT];
    uint64_t begun = now_ns(), bound = (uint64_t)e->seconds * 1000000000u;
    size_t n = 0;

    *ret_hits = 0;
    while (n < e->query_count) {
        if (now_ns() - begun > bound)
            break;
        uint64_t from = search_ns(e);
        *ret_hits +=
            index_search(e->index, e->room, e->query[n], e->today, NULL, 0, ENGINE_LIMIT, hits);
        ns[n] = search_ns(e) - from;
        country[n] = (uint8_t)packed_country(e->query[n]);
        n++;
    }
    return n;
}

static struct figures country_figures(const uint64_t *ns, const uint8_t *country, size_t count,
                                      enum country c, uint64_t *room)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (country[i] == c)
            room[n++] = ns[i];
    return figures_of(room, n);
}

static int query_rounds(struct engine *e)
{
    uint64_t *ns = calloc(e->query_count + 1, sizeof *ns),
             *room = calloc(e->query_count + 1, sizeof *room);
    uint8_t *country = calloc(e->query_count + 1, 1);
    int rc = -1;

    if (!ns || !room || !country)
        goto out;
    for (unsigned round = 0; round < e->rounds; round++) {
        size_t hits, n = round_run(e, ns, country, &hits);
        struct figures kh = country_figures(ns, country, n, COUNTRY_KH, room);
        struct figures ca = country_figures(ns, country, n, COUNTRY_CA, room);
        struct figures f = figures_of(ns, n);
        printf("{\"part\":\"query\",\"kernel\":\"%s\",\"round\":%u,\"hits\":%zu,\"all\":",
               kernel_name(e->kernel), round, hits);
        figures_print(stdout, &f);
        printf(",\"from_kh\":");
        figures_print(stdout, &kh);
        printf(",\"from_ca\":");
        figures_print(stdout, &ca);
        printf("}\n");
        fflush(stdout);
    }
    rc = 0;
out:
    free(ns);
    free(room);
    free(country);
    return rc;
}

int engine_query(struct engine *e)
{
    enum index_kernel kept = e->kernel;
    int rc = 0;

    for (int k = INDEX_KERNEL_SCALAR; rc == 0 && k <= INDEX_KERNEL_AVX512; k++)
        if (engine_kernel(e, (enum index_kernel)k) == 0)
            rc = query_rounds(e);
    return rc == 0 ? engine_kernel(e, kept) : -1;
}
