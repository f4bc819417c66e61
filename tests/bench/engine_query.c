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

struct query_ns { /* of one round */
    uint64_t *ns, *room;
    uint8_t *country;
};

static int query_ns_init(const struct engine *e, struct query_ns *ret)
{
    ret->ns = calloc(e->query_count + 1, sizeof *ret->ns);
    ret->room = calloc(e->query_count + 1, sizeof *ret->room);
    ret->country = calloc(e->query_count + 1, 1);
    return ret->ns && ret->room && ret->country ? 0 : -1;
}

static void query_ns_done(struct query_ns *q)
{
    free(q->ns);
    free(q->room);
    free(q->country);
}

static void round_print(struct engine *e, struct query_ns *q, unsigned round)
{
    size_t hits, n = round_run(e, q->ns, q->country, &hits);
    struct figures kh = country_figures(q->ns, q->country, n, COUNTRY_KH, q->room);
    struct figures ca = country_figures(q->ns, q->country, n, COUNTRY_CA, q->room);
    struct figures f = figures_of(q->ns, n);

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

int query_round(struct engine *e, struct figures *ret)
{
    struct query_ns q;
    size_t hits;
    int rc = query_ns_init(e, &q);

    if (rc == 0)
        *ret = figures_of(q.ns, round_run(e, q.ns, q.country, &hits));
    query_ns_done(&q);
    return rc;
}

int engine_again(struct engine *e)
{
    struct query_ns q;
    char line[16];
    int rc = query_ns_init(e, &q);

    printf("{\"part\":\"again\"}\n"); /* it is ready */
    fflush(stdout);
    for (unsigned round = 0; rc == 0 && fgets(line, sizeof line, stdin); round++)
        round_print(e, &q, round);
    query_ns_done(&q);
    return rc;
}

int engine_query(struct engine *e, unsigned round)
{
    enum index_kernel kept = e->kernel;
    struct query_ns q;
    int rc = query_ns_init(e, &q);

    for (int k = INDEX_KERNEL_SCALAR; rc == 0 && k <= INDEX_KERNEL_AVX512; k++)
        if (engine_kernel(e, (enum index_kernel)k) == 0)
            round_print(e, &q, round);
    query_ns_done(&q);
    return rc == 0 ? engine_kernel(e, kept) : -1;
}
