#include "tree_runs.h"
#include "told.h"

#include <stdlib.h>

#define AHEAD 8  /* so many steps before its turn something is fetched */
#define FIRST 64 /* and for so many runs as soon as they have passed: mostly there are no more */

struct run_hit {    /* a run that passed */
    uint32_t first; /* as in run_first */
    int32_t most;
    int32_t strength; /* of its key */
};

/* Scores those whose records have passed; what they need has been on its way from memory. */
static void pending_look(struct runs *c)
{
    for (size_t i = 0; i < c->pending_count; i++)
        c->s->fetch(c->s->ctx, c->pending[i].entry);
    for (size_t i = 0; i < c->pending_count; i++)
        if (c->pending[i].most >= c->s->hits->least)
            c->s->look(c->s->ctx, c->pending[i].entry);
    c->pending_count = 0;
}

static void pending_add(struct runs *c, uint32_t entry, int32_t most)
{
    c->s->note(c->s->ctx, entry);
    c->pending[c->pending_count++] = (struct pending){entry, most};
    if (c->pending_count == PENDING)
        pending_look(c);
}

static int record_look(struct runs *c, const struct record *r, int32_t strength)
{
    int32_t most = record_most(c->q, r, strength, c->s->hits->least);
    if (most >= c->s->hits->least)
        pending_add(c, r->entry, most);
    return most < 0 ? -1 : 0;
}

/* It may stand on two lines of the cache. */
FETCHES record_fetch(const struct tree *t, uint32_t at)
{
    __builtin_prefetch(t->records + at);
    __builtin_prefetch(t->records + at + RECORD_WORDS + 3);
}

static int run_look(struct runs *c, const struct run_hit *run)
{
    const struct tree *t = c->t;
    if (run->first & ALONE)
        return record_look(c, record_at(t, run->first & ~ALONE), run->strength);
    for (const uint32_t *p = t->postings + run->first;; p++) {
        const uint32_t *end = t->postings + t->posting_count;
        if (end - p > AHEAD)
            record_fetch(t, p[AHEAD] & ~LAST);
        if (record_look(c, record_at(t, *p & ~LAST), run->strength) < 0)
            return -1;
        if (*p & LAST)
            return 0;
    }
}

/* Room for so many runs more than there are. 0 or -1. */
static int room_for_runs(struct index_room *room, size_t more)
{
    size_t count = room->run_count + more;
    if (count <= room->runs_cap)
        return 0;
    size_t cap = room->runs_cap == 0 ? 4096 : room->runs_cap;
    while (cap < count)
        cap *= 2;
    struct run_hit *runs = realloc(room->runs, cap * sizeof *runs);
    if (runs == NULL)
        return -1;
    room->runs = runs;
    uint32_t *both = realloc(room->passed, 2 * cap * sizeof *both);
    if (both == NULL)
        return -1;
    room->passed = both;
    room->order = both + cap;
    room->runs_cap = cap;
    return 0;
}

/* The runs of a key, of companies with so many needs. */
struct stretch {
    uint32_t key, from, count;
    unsigned needs;
    int32_t strength;
    struct band band;
};

/* The one record of a run, or the list of them. */
FETCHES first_fetch(const struct tree *t, uint32_t first)
{
    if (first & ALONE)
        record_fetch(t, first & ~ALONE);
    else
        __builtin_prefetch(&t->postings[first]);
}

static void run_add(struct runs *c, uint32_t run, int32_t need, int32_t strength)
{
    struct index_room *room = c->room;
    const struct model *m = c->q->m;
    int64_t others =
        (int64_t)m->w.total_sector * SCORE_MAX + room->value[c->t->runs[run] & cell_mask(c->t)];
    uint32_t first = c->t->run_first[run];
    if (room->run_count < FIRST)
        first_fetch(c->t, first);
    room->runs[room->run_count++] =
        (struct run_hit){first, total_most(m, need, SCORE_MAX, others), strength};
}

/* What a cell has to bring for a band. */
struct span {
    int32_t need, least, done;
};

static void span_open(const struct runs *c, const struct band *b, int32_t need, struct span *ret)
{
    ret->need = need;
    ret->least = value_least(c->q->m, need, b->lo);
    ret->done = b->hi > SCORE_MAX ? INT32_MAX : value_least(c->q->m, need, b->hi);
}

/* Of the n that passed those that do so by what they tell, too. */
static void told_pass(struct runs *c, const struct stretch *s, size_t n)
{
    const struct tree *t = c->t;
    const int32_t *value = c->room->value;
    struct span span[TOLD_PLACES];
    uint64_t known[(TOLD_PLACES + 63) / 64] = {0};
    for (size_t i = 0; i < n; i++) {
        uint32_t run = c->room->passed[i];
        size_t at = told_place(c->q, s->needs, run_told(t, run));
        int32_t v = value[t->runs[run] & cell_mask(t)];
        if ((known[at / 64] >> at % 64 & 1) == 0) {
            known[at / 64] |= UINT64_C(1) << at % 64;
            span_open(c, &s->band, told_need(c->q, s->key, s->needs, at, s->strength), &span[at]);
        }
        if (v >= span[at].least && v < span[at].done)
            run_add(c, run, span[at].need, s->strength);
    }
}

static void stretch_pass(struct runs *c, const struct stretch *s)
{
    struct index_room *room = c->room;
    const struct tree *t = c->t;
    struct span top;
    bool told = s->needs > 0 && s->key < t->class_count && t->cell_bits < 32;
    span_open(c, &s->band,
              told ? told_need(c->q, s->key, s->needs, TOLD_PLACES - 1, s->strength)
                   : need_most(c->q, s->strength, s->needs),
              &top);
    if (top.least > c->q->value_most)
        return;
    size_t n = c->s->pass(t->runs + s->from, s->count, cell_mask(t), room->value, top.least,
                          s->from, room->passed);
    if (told && s->needs > 1) { /* of one need all is told by its class */
        told_pass(c, s, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (room->value[t->runs[room->passed[i]] & cell_mask(t)] < top.done)
            run_add(c, room->passed[i], top.need, s->strength);
}

int runs_pass(struct runs *c, uint32_t key, int32_t strength, struct band band)
{
    const struct key *k = &c->t->keys[key];
    if (room_for_runs(c->room, k->run[CELL_NEEDS] - k->run[0]) < 0)
        return -1;
    for (unsigned needs = 0; needs < CELL_NEEDS; needs++) {
        struct stretch s = {key,   k->run[needs], k->run[needs + 1] - k->run[needs],
                            needs, strength,      band};
        if (s.count > 0)
            stretch_pass(c, &s);
    }
    return 0;
}

#define ORDERS 64 /* the likeliest first, roughly */

/* Places in runs, in order. */
static void runs_order(struct index_room *room)
{
    uint32_t at[ORDERS + 1] = {0};
    int32_t lo = SCORE_MAX, hi = 0;
    for (size_t i = 0; i < room->run_count; i++) {
        lo = room->runs[i].most < lo ? room->runs[i].most : lo;
        hi = room->runs[i].most > hi ? room->runs[i].most : hi;
    }
    int32_t step = (hi - lo) / ORDERS + 1;
    for (size_t i = 0; i < room->run_count; i++)
        at[ORDERS - (room->runs[i].most - lo) / step]++;
    for (size_t i = 1; i <= ORDERS; i++)
        at[i] += at[i - 1];
    for (size_t i = room->run_count; i-- > 0;)
        room->order[--at[ORDERS - (room->runs[i].most - lo) / step]] = (uint32_t)i;
}

FETCHES run_fetch(const struct runs *c, size_t i)
{
    const struct tree *t = c->t;
    uint32_t first = c->room->runs[c->room->order[i]].first, at = first & ~ALONE;
    if (!(first & ALONE)) {
        const uint32_t *p = t->postings + first;
        for (size_t k = 1; k < AHEAD && !(*p & LAST); k++, p++)
            record_fetch(t, *p);
        at = *p & ~LAST;
    }
    record_fetch(t, at);
}

/* Most runs are of one or two: what the next ones need is fetched while one is worked on. */
FETCHES runs_fetch(const struct runs *c, size_t i)
{
    const struct index_room *room = c->room;
    for (size_t k = 0; i == 0 && k < AHEAD && k < room->run_count; k++)
        run_fetch(c, k);
    if (i + 2 * AHEAD < room->run_count)
        first_fetch(c->t, room->runs[room->order[i + 2 * AHEAD]].first);
    if (i + AHEAD < room->run_count)
        run_fetch(c, i + AHEAD);
}

int runs_look(struct runs *c)
{
    struct index_room *room = c->room;
    runs_order(room);
    for (size_t i = 0; i < room->run_count; i++) {
        const struct run_hit *r = &room->runs[room->order[i]];
        runs_fetch(c, i);
        if (r->most >= c->s->hits->least && run_look(c, r) < 0)
            return -1;
    }
    room->run_count = 0;
    pending_look(c);
    return 0;
}
