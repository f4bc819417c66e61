#include "tree_search.h"

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

struct run_hit { /* a run that passed */
    uint32_t run;
    int32_t most;
};

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

/* The sectors that a need of this role would have to be about to matter at all. */
static bool role_reach(const struct query *q, unsigned role, uint64_t ret[2], bool *ret_funds)
{
    bool any = false;
    bool seek = role >= SIDE_SEEK * KIND_COUNT;
    ret[0] = seek ? q->own_near[0] : q->own[0];
    ret[1] = seek ? q->own_near[1] : q->own[1];
    *ret_funds = false;
    for (size_t i = 0; i < q->a.need_count; i++) {
        if (q->m->meets[q->a.needs[i].role][role] == 0)
            continue;
        ret[0] |= q->lanes[i].reach[0];
        ret[1] |= q->lanes[i].reach[1];
        any = true;
    }
    /* Capital is offered to whole groups, and to any field. */
    *ret_funds = role % KIND_COUNT == KIND_CAPITAL;
    return any || ret[0] != 0 || ret[1] != 0;
}

static int queue_shapes(struct scan *c)
{
    for (unsigned role = 0; role < ROLES; role++) {
        uint64_t reach[2];
        bool funds;
        if (!role_reach(c->q, role, reach, &funds))
            continue;
        for (uint32_t i = c->t->role_first[role]; i < c->t->role_first[role + 1]; i++) {
            const struct about *about = &c->t->abouts[i];
            if (!funds && ((reach[0] & about->set[0]) | (reach[1] & about->set[1])) == 0)
                continue;
            if (queue_add(c, WAIT_SHAPE, i, shape_most(c->q, &c->t->shapes[i], about)) < 0)
                return -1;
        }
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

static int run_look(struct scan *c, uint32_t run)
{
    const struct tree *t = c->t;
    uint32_t end = t->run_first[run + 1];
    for (uint32_t p = t->run_first[run]; p < end; p++) {
        if (p + AHEAD < end)
            __builtin_prefetch(record_at(t, t->postings[p + AHEAD]));
        const struct record *r = record_at(t, t->postings[p]);
        int32_t most = record_most(c->q, r);
        if (most < 0)
            return -1;
        if (most >= c->s->hits->least)
            pending_add(c, r->entry, most);
    }
    return 0;
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

/* Adds the runs of a key that may lead to a total that gets in. 0 or -1. */
static int runs_pass(struct scan *c, const struct key *k, int32_t strength)
{
    struct index_room *room = c->room;
    const struct model *m = c->q->m;
    int64_t sector = (int64_t)m->w.total_sector * SCORE_MAX;
    if (room_for_runs(room, k->run[CELL_NEEDS] - k->run[0]) < 0)
        return -1;
    for (unsigned needs = 0; needs < CELL_NEEDS; needs++) {
        uint32_t from = k->run[needs], count = k->run[needs + 1] - from;
        if (count == 0)
            continue;
        int32_t need = need_most(c->q, strength, needs);
        int32_t least = value_least(m, need, c->s->hits->least);
        if (least > c->q->value_most)
            continue;
        size_t n = c->s->pass(c->t->run_cell + from, count, room->value, least, from, room->passed);
        for (size_t i = 0; i < n; i++) {
            uint32_t run = room->passed[i];
            int64_t others = sector + room->value[c->t->run_cell[run]];
            room->runs[room->run_count++] =
                (struct run_hit){run, total_most(m, need, SCORE_MAX, others)};
        }
    }
    return 0;
}

#define ORDERS 64
#define ORDER_STEP (SCORE_MAX / ORDERS + 1)

/* The likeliest first, roughly: places in runs, in order. */
static void runs_order(struct index_room *room, size_t n)
{
    uint32_t at[ORDERS + 1] = {0};
    for (size_t i = 0; i < n; i++)
        at[ORDERS - room->runs[i].most / ORDER_STEP]++;
    for (size_t i = 1; i <= ORDERS; i++)
        at[i] += at[i - 1];
    for (size_t i = n; i-- > 0;)
        room->order[--at[ORDERS - room->runs[i].most / ORDER_STEP]] = (uint32_t)i;
}

/* Most runs are of one or two: what the next ones need is fetched while one is worked on. */
static void run_fetch(const struct scan *c, size_t n, size_t i)
{
    const struct index_room *room = c->room;
    const struct tree *t = c->t;
    if (i + 3 * AHEAD < n)
        __builtin_prefetch(&t->run_first[room->runs[room->order[i + 3 * AHEAD]].run]);
    if (i + 2 * AHEAD < n)
        __builtin_prefetch(&t->postings[t->run_first[room->runs[room->order[i + 2 * AHEAD]].run]]);
    if (i + AHEAD < n)
        __builtin_prefetch(
            record_at(t, t->postings[t->run_first[room->runs[room->order[i + AHEAD]].run]]));
}

static int runs_look(struct scan *c)
{
    struct index_room *room = c->room;
    size_t n = room->run_count;
    runs_order(room, n);
    for (size_t i = 0; i < n; i++) {
        const struct run_hit *r = &room->runs[room->order[i]];
        run_fetch(c, n, i);
        if (r->most >= c->s->hits->least && run_look(c, r->run) < 0)
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

/* Empties the uppermost bucket, into which shapes that are opened may put their classes. */
static int bucket_work(struct scan *c)
{
    uint32_t at;
    while ((at = c->bucket[c->top]) != NOBODY) {
        struct waiting w = c->room->queue[at];
        c->bucket[c->top] = w.next;
        int rc = w.what == WAIT_SHAPE ? shape_open(c, w.number)
                                      : runs_pass(c, &c->t->keys[w.number], w.strength);
        if (rc < 0)
            return -1;
    }
    return runs_look(c);
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
    free(room->pool);
    free(room->value);
    free(room->queue);
    free(room->runs);
    free(room->passed);
    free(room);
}
