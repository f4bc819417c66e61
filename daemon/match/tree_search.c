#include "tree_runs.h"

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

#define BAND_FIRST 128 /* hundredths of a point */

struct scan {
    struct runs runs;
    uint32_t bucket[BUCKETS];
    int top; /* no bucket above is filled */
};

static int queue_add(struct scan *c, enum wait_for what, uint32_t number, int32_t strength)
{
    struct index_room *room = c->runs.room;
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
    for (size_t i = 0; i < c->runs.room->shapes.count; i++) {
        uint32_t shape = c->runs.room->shapes.at[i];
        if (queue_add(c, WAIT_SHAPE, shape, shape_most(c->runs.q, shape)) < 0)
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
        uint32_t works = key_sector(c->runs.t, (uint8_t)s),
                 says = key_described(c->runs.t, (uint8_t)s);
        if (!key_empty(c->runs.t, works) &&
            queue_add(c, WAIT_KEY, works, sector_strength(c->runs.q, (uint8_t)s)) < 0)
            return -1;
        if (!key_empty(c->runs.t, says) &&
            queue_add(c, WAIT_KEY, says, described_strength(c->runs.q, (uint8_t)s)) < 0)
            return -1;
    }
    return 0;
}

static int shape_open(struct scan *c, uint32_t number)
{
    const struct shape *s = &c->runs.t->shapes[number];
    for (uint32_t i = s->first; i < s->first + s->count; i++) {
        int32_t strength = class_strength(c->runs.q, i);
        if (strength == -2 || queue_add(c, WAIT_KEY, i, strength) < 0)
            return -1;
    }
    return 0;
}

/* Whether anyone with no better meeting than this may still get in. */
static bool worth(const struct scan *c, int32_t strength)
{
    int32_t need = need_most(c->runs.q, strength > 1000 ? 1000 : strength, CELL_NEEDS - 1);
    return c->runs.q->value_most >= value_least(c->runs.q->m, need, c->runs.s->hits->least);
}

/* Empties the uppermost bucket of shapes, which may put their classes there. Returns its keys, one
 * leading to the next; *ret: 0, or -1 (no memory). */
static uint32_t bucket_open(struct scan *c, int *ret)
{
    uint32_t at, keys = NOBODY;
    while ((at = c->bucket[c->top]) != NOBODY) {
        struct waiting *w = &c->runs.room->queue[at];
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
    const struct hits *h = c->runs.s->hits;
    struct band band = {SCORE_MAX + 1, SCORE_MAX + 1};
    uint32_t keys = bucket_open(c, &rc);
    for (int32_t width = BAND_FIRST; rc == 0 && keys != NOBODY && band.lo > h->least; width *= 2) {
        band.hi = band.lo;
        band.lo = h->count == h->limit || band.hi - width < h->least ? h->least : band.hi - width;
        for (uint32_t at = keys; at != NOBODY && rc == 0; at = c->runs.room->queue[at].next) {
            const struct waiting *w = &c->runs.room->queue[at];
            rc = runs_pass(&c->runs, w->number, w->strength, band);
        }
        if (rc == 0)
            rc = runs_look(&c->runs);
    }
    return rc;
}

int tree_search(struct tree_search *s)
{
    struct scan c = {.runs = {.s = s, .q = s->q, .room = s->q->room, .t = s->q->t}, .top = -1};
    memset(c.bucket, 0xFF, sizeof c.bucket);
    c.runs.room->queue_count = 0;
    c.runs.room->run_count = 0;
    if (queue_shapes(&c) < 0 || queue_sectors(&c) < 0)
        return -1;
    for (; c.top >= 0 && worth(&c, c.top * STEP + STEP - 1); c.top--)
        if (bucket_work(&c) < 0)
            return -1;
    return 0;
}
