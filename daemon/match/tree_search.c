#include "tree_search.h"
#include "told.h"

#include <stdlib.h>

/*
 * Best first. Shapes wait by the strength that their needs can meet with at most; a shape that is
 * next in turn is opened into its classes, which wait by the strength that they do meet with; a
 * class in turn has its list read. A company is looked at no later than under the key with which it
 * meets best, so that key's strength bounds all its needs, and when the best that still waits can't
 * lead to a total that would get in, the search is over.
 */

#define STEP 8 /* strengths of one bucket */
#define BUCKETS (1000 / STEP + 1)
#define NOBODY UINT32_MAX

enum wait_for { WAIT_SHAPE, WAIT_KEY };

struct waiting {
    uint32_t number; /* of a shape or a key */
    uint32_t next;   /* in its bucket; NOBODY: the last */
    uint16_t strength;
    uint8_t what;
};

struct run_hit {    /* a run that passed */
    uint32_t first; /* as in run_first */
    int32_t most;
    int32_t strength; /* of its key */
};

/* Totals of lo and more, but for those of hi and more, which were looked at before. */
struct band {
    int32_t lo, hi;
};
#define BAND_FIRST 128 /* hundredths of a point */

#define AHEAD 8   /* so many steps before its turn something is fetched */
#define PENDING 6 /* companies */

struct pending {
    uint32_t entry;
    int32_t most;
};

struct scan {
    const struct tree_search *s;
    struct query *q;
    struct index_room *room;
    const struct tree *t;
    uint32_t bucket[BUCKETS];
    int top; /* no bucket above is filled */
    struct pending pending[PENDING];
    size_t pending_count;
};

static int queue_add(struct scan *c, enum wait_for what, uint32_t number, int32_t strength)
{
    struct index_room *room = c->room;
    if (strength < 0)
        return 0;
    if (room->queue_count == room->queue_cap) {
        size_t cap = room->queue_cap == 0 ? 1024 : room->queue_cap * 2;
        struct waiting *queue = realloc(room->queue, cap * sizeof *queue);
        if (queue == NULL)
            return -1;
        room->queue = queue;
        room->queue_cap = cap;
    }
    int at = strength / STEP;
    room->queue[room->queue_count] = (struct waiting){.number = number,
                                                      .next = c->bucket[at],
                                                      .strength = (uint16_t)strength,
                                                      .what = (uint8_t)what};
    c->bucket[at] = (uint32_t)room->queue_count++;
    c->top = at > c->top ? at : c->top;
    return 0;
}

static int queue_shapes(struct scan *c)
{
    for (size_t i = 0; i < c->room->shape_count; i++) {
        uint32_t shape = c->room->shapes[i];
        if (queue_add(c, WAIT_SHAPE, shape, shape_most(c->q, shape)) < 0)
            return -1;
    }
    return 0;
}

static bool key_empty(const struct tree *t, uint32_t key)
{
    return t->keys[key].run[0] == t->keys[key].run[CELL_NEEDS];
}

static int queue_sectors(struct scan *c)
{
    for (unsigned s = 1; s < SECTOR_IDS; s++) {
        uint32_t works = key_sector(c->t, (uint8_t)s), says = key_described(c->t, (uint8_t)s);
        if (!key_empty(c->t, works) &&
            queue_add(c, WAIT_KEY, works, sector_strength(c->q, (uint8_t)s)) < 0)
            return -1;
        if (!key_empty(c->t, says) &&
            queue_add(c, WAIT_KEY, says, described_strength(c->q, (uint8_t)s)) < 0)
            return -1;
    }
    return 0;
}

static int shape_open(struct scan *c, uint32_t number)
{
    const struct shape *s = &c->t->shapes[number];
    for (uint32_t i = s->first; i < s->first + s->count; i++) {
        int32_t strength = class_strength(c->q, i);
        if (strength == -2 || queue_add(c, WAIT_KEY, i, strength) < 0)
            return -1;
    }
    return 0;
}

/* Scores those whose records have passed; what they need has been on its way from memory. */
static void pending_look(struct scan *c)
{
    for (size_t i = 0; i < c->pending_count; i++)
        c->s->fetch(c->s->ctx, c->pending[i].entry);
    for (size_t i = 0; i < c->pending_count; i++)
        if (c->pending[i].most >= c->s->hits->least)
            c->s->look(c->s->ctx, c->pending[i].entry);
    c->pending_count = 0;
}

static void pending_add(struct scan *c, uint32_t entry, int32_t most)
{
    c->s->note(c->s->ctx, entry);
    c->pending[c->pending_count++] = (struct pending){entry, most};
    if (c->pending_count == PENDING)
        pending_look(c);
}

static int record_look(struct scan *c, const struct record *r, int32_t strength)
{
    int32_t most = record_most(c->q, r, strength, c->s->hits->least);
    if (most >= c->s->hits->least)
        pending_add(c, r->entry, most);
    return most < 0 ? -1 : 0;
}

static int run_look(struct scan *c, const struct run_hit *run)
{
    const struct tree *t = c->t;
    if (run->first & ALONE)
        return record_look(c, record_at(t, run->first & ~ALONE), run->strength);
    for (const uint32_t *p = t->postings + run->first;; p++) {
        const uint32_t *end = t->postings + t->posting_count;
        if (end - p > AHEAD)
            __builtin_prefetch(record_at(t, p[AHEAD] & ~LAST));
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

static void run_add(struct scan *c, uint32_t run, int32_t need, int32_t strength)
{
    struct index_room *room = c->room;
    const struct model *m = c->q->m;
    int64_t others =
        (int64_t)m->w.total_sector * SCORE_MAX + room->value[c->t->runs[run] & cell_mask(c->t)];
    room->runs[room->run_count++] =
        (struct run_hit){c->t->run_first[run], total_most(m, need, SCORE_MAX, others), strength};
}

/* What a cell has to bring for a band. */
struct span {
    int32_t need, least, done;
};

static void span_open(const struct scan *c, const struct band *b, int32_t need, struct span *ret)
{
    ret->need = need;
    ret->least = value_least(c->q->m, need, b->lo);
    ret->done = value_least(c->q->m, need, b->hi);
}

/* Of the n that passed those that do so by what they tell, too. */
static void told_pass(struct scan *c, const struct stretch *s, size_t n)
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

static void stretch_pass(struct scan *c, const struct stretch *s)
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

/* Adds the runs of a key that may lead to a total that gets in. 0 or -1. */
static int runs_pass(struct scan *c, uint32_t key, int32_t strength, struct band band)
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

/* Most runs are of one or two: what the next ones need is fetched while one is worked on. */
static void run_fetch(const struct scan *c, size_t i)
{
    const struct index_room *room = c->room;
    const struct tree *t = c->t;
    if (i + 2 * AHEAD < room->run_count) {
        uint32_t first = room->runs[room->order[i + 2 * AHEAD]].first;
        if (!(first & ALONE))
            __builtin_prefetch(&t->postings[first]);
    }
    if (i + AHEAD < room->run_count) {
        uint32_t first = room->runs[room->order[i + AHEAD]].first;
        __builtin_prefetch(
            record_at(t, first & ALONE ? first & ~ALONE : t->postings[first] & ~LAST));
    }
}

static int runs_look(struct scan *c)
{
    struct index_room *room = c->room;
    runs_order(room);
    for (size_t i = 0; i < room->run_count; i++) {
        const struct run_hit *r = &room->runs[room->order[i]];
        run_fetch(c, i);
        if (r->most >= c->s->hits->least && run_look(c, r) < 0)
            return -1;
    }
    room->run_count = 0;
    pending_look(c);
    return 0;
}

/* Whether anyone with no better meeting than this may still get in. */
static bool worth(const struct scan *c, int32_t strength)
{
    int32_t need = need_most(c->q, strength > 1000 ? 1000 : strength, CELL_NEEDS - 1);
    return c->q->value_most >= value_least(c->q->m, need, c->s->hits->least);
}

/* Empties the uppermost bucket of shapes, which may put their classes there. Returns its keys, one
 * leading to the next; *ret: 0, or -1 (no memory). */
static uint32_t bucket_open(struct scan *c, int *ret)
{
    uint32_t at, keys = NOBODY;
    while ((at = c->bucket[c->top]) != NOBODY) {
        struct waiting *w = &c->room->queue[at];
        c->bucket[c->top] = w->next;
        if (w->what == WAIT_KEY) {
            w->next = keys;
            keys = at;
        } else if (shape_open(c, w->number) < 0) {
            *ret = -1;
            return NOBODY;
        }
    }
    *ret = 0;
    return keys;
}

/* Until the list is full there is no telling how far down it goes: so those who may stand highest
 * come first, band by band. */
static int bucket_work(struct scan *c)
{
    int rc;
    const struct hits *h = c->s->hits;
    struct band band = {SCORE_MAX + 1, SCORE_MAX + 1};
    uint32_t keys = bucket_open(c, &rc);
    for (int32_t width = BAND_FIRST; rc == 0 && keys != NOBODY && band.lo > h->least; width *= 2) {
        band.hi = band.lo;
        band.lo = h->count == h->limit || band.hi - width < h->least ? h->least : band.hi - width;
        for (uint32_t at = keys; at != NOBODY && rc == 0; at = c->room->queue[at].next) {
            const struct waiting *w = &c->room->queue[at];
            rc = runs_pass(c, w->number, w->strength, band);
        }
        if (rc == 0)
            rc = runs_look(c);
    }
    return rc;
}

int tree_search(struct tree_search *s)
{
    struct scan c = {.s = s, .q = s->q, .room = s->q->room, .t = s->q->t, .top = -1};
    memset(c.bucket, 0xFF, sizeof c.bucket);
    c.room->queue_count = 0;
    c.room->run_count = 0;
    if (queue_shapes(&c) < 0 || queue_sectors(&c) < 0)
        return -1;
    for (; c.top >= 0 && worth(&c, c.top * STEP + STEP - 1); c.top--)
        if (bucket_work(&c) < 0)
            return -1;
    return 0;
}

struct index_room *index_room_new(void)
{
    return calloc(1, sizeof(struct index_room));
}

static void memo_done(struct memo *m)
{
    free(m->at);
    free(m->touched);
}

void index_room_free(struct index_room *room)
{
    if (room == NULL)
        return;
    memo_done(&room->classes);
    memo_done(&room->fields);
    ties_forget(&room->ties);
    free(room->shape_best);
    free(room->shapes);
    free(room->pool);
    free(room->value);
    free(room->queue);
    free(room->runs);
    free(room->passed);
    free(room);
}
