#include "engine.h"

#include <pthread.h>
#include <spean/buf.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Searching while companies change: a second thread gives one in a hundred a wholly new profile,
 * at an even pace, and publishes what it has several times a second; layers that have grown are put
 * together by a third, as in the daemon.
 */

#define PUBLISH_NS 20000000
#define SHARE 100

struct churn {
    struct engine *e;
    const struct world *world;
    pthread_mutex_t lock; /* of current */
    struct index *current;
    atomic_bool done;
    size_t wanted;
    uint64_t over; /* nanoseconds to spread them over */
    size_t changed, published;
    uint64_t *publish_ns;
    size_t publish_cap;
    int rc;
    struct index_rebuild *work; /* of the third thread; NULL: there is none */
    pthread_t beside;
    atomic_bool built;
};

static void *beside_main(void *ctx)
{
    struct churn *c = ctx;

    index_rebuild_run(c->work);
    atomic_store(&c->built, true);
    return NULL;
}

static int beside_end(struct churn *c)
{
    pthread_join(c->beside, NULL);
    int rc = index_rebuild_end(c->e->writer, c->work);
    c->work = NULL;
    return rc;
}

/* Takes in what was built beside, and begins anew if something is due. */
static int beside_look(struct churn *c)
{
    if (c->work && atomic_load(&c->built) && beside_end(c))
        return -1;
    if (c->work || !(c->work = index_rebuild_begin(c->e->writer)))
        return 0;
    atomic_store(&c->built, false);
    if (pthread_create(&c->beside, NULL, beside_main, c) == 0)
        return 0;
    index_rebuild_run(c->work);
    int rc = index_rebuild_end(c->e->writer, c->work);
    c->work = NULL;
    return rc;
}

/* The number a generated company was made from, by its id in the generator's own system. */
static int number_of(const void *packed, uint64_t *ret)
{
    for (size_t i = 0; i < packed_external_count(packed); i++) {
        struct external x = packed_external(packed, i);
        char digits[24] = "";
        if (x.system.len != 3 || memcmp(x.system.s, "gen", 3) != 0 || x.id.len < 3 || x.id.len > 22)
            continue;
        memcpy(digits, x.id.s + 2, x.id.len - 2);
        *ret = strtoull(digits, NULL, 10);
        return 0;
    }
    return -1;
}

/* Another profile for the same company: as if its people had written it anew. */
static int change_one(struct churn *c, size_t row, struct company *company, struct buf *packed)
{
    const uint8_t *old = c->e->rows->row[row];
    uint64_t number;

    if (number_of(old, &number))
        return 0; /* not a made-up one: it stays */
    company_make(c->world, number, company);
    memcpy(company->p.id, packed_id(old), IDENT_BYTES);
    buf_reset(packed);
    if (company->p.country != packed_country(old) || packed_make(c->e->model, &company->p, packed))
        return -1;
    c->changed++;
    return index_writer_put(c->e->writer, packed->data, packed->len);
}

static int publish(struct churn *c)
{
    uint64_t from = now_ns();
    struct index *next = index_writer_publish(c->e->writer, c->published + 2), *last;

    if (!next)
        return -1;
    if (c->published < c->publish_cap)
        c->publish_ns[c->published] = now_ns() - from;
    c->published++;
    pthread_mutex_lock(&c->lock);
    last = c->current;
    c->current = next;
    pthread_mutex_unlock(&c->lock);
    index_unref(last);
    return 0;
}

static void *churn_write(void *ctx)
{
    struct churn *c = ctx;
    struct company *company = malloc(sizeof *company);
    struct buf packed;
    struct chance chance = chance_for(c->e->seed, 77);
    uint64_t begun = now_ns(), passed = 0;

    buf_init(&packed, PACKED_MAX);
    c->rc = company ? 0 : -1;
    while (c->rc == 0 && passed < c->over) {
        passed = now_ns() - begun;
        size_t due = (size_t)((double)c->wanted * (double)passed / (double)c->over);
        due = due < c->wanted ? due : c->wanted;
        while (c->rc == 0 && c->changed < due)
            c->rc =
                change_one(c, chance_below(&chance, (unsigned)c->e->rows->count), company, &packed);
        if (c->rc == 0)
            c->rc = beside_look(c);
        if (c->rc == 0)
            c->rc = publish(c);
        nanosleep(&(struct timespec){.tv_nsec = PUBLISH_NS}, NULL);
    }
    atomic_store(&c->done, true);
    if (c->work && beside_end(c))
        c->rc = -1;
    buf_done(&packed);
    free(company);
    return NULL;
}

static struct index *churn_current(struct churn *c)
{
    pthread_mutex_lock(&c->lock);
    struct index *ix = index_ref(c->current);
    pthread_mutex_unlock(&c->lock);
    return ix;
}

/* Searches until the writer is done; NULL writer: one round over the queries. */
static size_t churn_read(struct churn *c, uint64_t *ns, size_t most, bool until_done)
{
    struct index_hit hits[ENGINE_LIMIT];
    size_t n = 0;
    uint64_t bound = now_ns() + (uint64_t)c->e->seconds * 1000000000u;

    while (n < most && (until_done ? !atomic_load(&c->done) : n < c->e->query_count)) {
        struct index *ix = churn_current(c);
        uint64_t from = search_ns(c->e);
        index_search(ix, c->e->room, c->e->query[n % c->e->query_count], c->e->today, NULL, 0,
                     ENGINE_LIMIT, hits);
        ns[n++] = search_ns(c->e) - from;
        index_unref(ix);
        if (!until_done && now_ns() > bound)
            break;
    }
    return n;
}

static void churn_print(struct churn *c, uint64_t *ns, size_t n, const struct figures *fresh)
{
    struct figures publishes =
        figures_of(c->publish_ns, c->published < c->publish_cap ? c->published : c->publish_cap);
    size_t tail = n / 4;
    uint64_t *copy = calloc(tail + 1, sizeof *copy);
    struct figures last = {0}, all;

    if (copy) {
        memcpy(copy, ns + n - tail, tail * sizeof *copy);
        last = figures_of(copy, tail);
    }
    all = figures_of(ns, n);
    printf("{\"part\":\"churn\",\"kernel\":\"%s\",\"changed\":%zu,\"seconds\":%.1f,\"published\":"
           "%zu,\"fresh\":",
           kernel_name(c->e->kernel), c->changed, (double)c->over / 1e9, c->published);
    figures_print(stdout, fresh);
    printf(",\"during\":");
    figures_print(stdout, &all);
    printf(",\"last_quarter\":");
    figures_print(stdout, &last);
    printf(",\"publish\":");
    figures_print(stdout, &publishes);
    printf("}\n");
    fflush(stdout);
    free(copy);
}

static int churn_run(struct churn *c, uint64_t *ns, size_t most)
{
    pthread_t writer;
    size_t n = churn_read(c, ns, most, false);
    struct figures fresh = figures_of(ns, n);

    atomic_store(&c->done, false);
    c->changed = c->published = 0;
    if (pthread_create(&writer, NULL, churn_write, c))
        return -1;
    n = churn_read(c, ns, most, true);
    pthread_join(writer, NULL);
    if (c->rc == 0)
        churn_print(c, ns, n, &fresh);
    index_unref(c->e->index);
    c->e->index = churn_current(c);
    return c->rc;
}

int engine_churn(struct engine *e)
{
    size_t most = 4000000;
    struct world *world = calloc(1, sizeof *world);
    struct churn c = {.e = e,
                      .world = world,
                      .wanted = e->rows->count / SHARE + 1,
                      .publish_cap = 100000,
                      .over = (uint64_t)(e->seconds < 10 ? e->seconds : 10) * 1000000000u};
    uint64_t *ns = calloc(most, sizeof *ns);
    char err[512] = "no memory";
    int rc = -1;

    c.publish_ns = calloc(c.publish_cap, sizeof *c.publish_ns);
    pthread_mutex_init(&c.lock, NULL);
    if (!world || !ns || !c.publish_ns || world_init(world, e->model, err, sizeof err)) {
        fprintf(stderr, "spean-bench-engine: %s\n", err);
        goto out;
    }
    world->count = e->rows->count;
    world->today = e->today;
    world->seed = e->seed + 1000;
    c.current = index_ref(e->index);
    rc = churn_run(&c, ns, most);
    index_unref(c.current);
out:
    pthread_mutex_destroy(&c.lock);
    free(world);
    free(ns);
    free(c.publish_ns);
    return rc;
}
