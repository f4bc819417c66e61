#ifndef SPEAN_MATCH_QUERY_H
#define SPEAN_MATCH_QUERY_H

#include "reach.h"
#include "ties.h"
#include "tree.h"

#include <spean/index.h>

/*
 * What a search knows of the company that asks, and the bounds that follow from it. A bound never
 * lies below the score of any company that it is for, so what it rules out need not be looked at.
 */

struct lane {          /* a need of the one who asks */
    uint64_t reach[2]; /* set of the sectors that it is close to at all */
    int32_t own;       /* need_own_weight, 0 for an offer */
    bool offer, capital;
    int32_t wish;     /* thousandths of a meeting that it counts for a */
    int32_t unspoken; /* what it gains at most from one who has no such need */
};

/* What a class or a field gives, kept for the length of a search. */
struct memo {
    uint32_t *at; /* by number: where in the pool, 0 for not yet */
    size_t cap;
    uint32_t *touched;
    size_t touched_count, touched_cap;
};

struct shapes_met { /* those that have something to do with the one who asks */
    uint16_t *best; /* by number: one more than how well a shape meets at most; 0: nothing */
    uint32_t *at;   /* their numbers; as many fit in */
    size_t count, cap;
};

struct told_levels { /* how well a need of these meets at most, by told.h */
    uint8_t group[ROLES * SECTOR_IDS], kin[TOLD_KINS], role[ROLES];
};

#define SECTOR_UNASKED INT16_MIN

struct index_room {                    /* working memory of searches, one after the other */
    struct reach reach[2 * NEEDS_MAX]; /* of the needs of the one who asks */
    uint16_t own_close[SECTOR_IDS];    /* of sectors to those of the one who asks */
    int16_t sector_most[SECTOR_IDS];   /* strength of those who work in one; SECTOR_UNASKED */
    struct told_levels told;
    struct memo classes, fields;
    struct ties_kept ties;
    struct shapes_met shapes, home_shapes; /* of the tree, and of the one that is its home */
    uint64_t home;  /* the tree that groups were worked out for in this search; 0: none yet */
    uint16_t *pool; /* the groups' places, then those that the memos tell of */
    size_t pool_used, pool_groups, pool_cap;
    int32_t langs[CELL_LANGS], practicals[CELL_PRACTICALS]; /* what codes give; -1: not known yet */
    int32_t newest;                                         /* the day that practicals are for */
    int32_t *value;                                         /* of the cells */
    size_t value_cap;
    struct waiting *queue;
    size_t queue_count, queue_cap;
    struct run_hit *runs;
    uint32_t *passed, *order; /* one allocation */
    size_t run_count, runs_cap;
};

struct query {
    const struct model *m;
    const struct index_filter *f; /* may be NULL */
    struct index_room *room;
    const struct tree *t;
    struct view a;
    int32_t today;
    struct lane lanes[2 * NEEDS_MAX];
    uint64_t own[2], own_near[2]; /* a's sectors, and those close to them */
    uint64_t own_field[2];        /* those so close that they are one field */
    double share[3];              /* of need.next1 and the others in a need, in millionths */
    int32_t own_most;             /* strength of a seek in the other's field, at most */
    int32_t unasked_most;         /* of what nobody has asked for */
    bool seeks_meet;              /* a seek of the other may meet something */
    int32_t value_most;
    int32_t size_loss[SIZES]; /* of total.practical, by the size of the other, where size matters */
};

/* a is borrowed. */
void query_open(struct query *q, const struct model *m, const void *a, int32_t today,
                const struct index_filter *f, struct index_room *room);
/* Turns to a tree and finds what of it has anything to do with a. lasts: the tree will be there for
 * other searches, too. 0 or -1 (no memory). */
int query_tree(struct query *q, const struct tree *t, bool lasts);
void query_tree_done(struct query *q);

/* The strength of the best meeting with any need of a shape, at most; -1: nothing in common. */
int32_t shape_most(const struct query *q, uint32_t shape);
/* Of a class, 0..1000, and of companies that work in a sector or describe it. -1: as above (of a
 * class also -2: no memory). */
int32_t class_strength(struct query *q, uint32_t class);
int32_t sector_strength(struct query *q, uint8_t sector);
int32_t described_strength(const struct query *q, uint8_t sector);

/* need (0..10000) at most of a company with so many needs, none of which meets better than
 * strength. */
int32_t need_most(const struct query *q, int32_t strength, unsigned needs);
/* need, of what each need of both gains: 0..1000 each. */
int32_t need_of_sides(const struct query *q, const int32_t *of_a, size_t a_count,
                      const int32_t *of_b, size_t b_count);
/* The total at most. others: weights times values of the other factors, together; sector: its
 * value. */
int32_t total_most(const struct model *m, int32_t need, int32_t sector, int64_t others);
/* The least value of a cell with which the total may reach `total`, the sector unknown. */
int32_t value_least(const struct model *m, int32_t need, int32_t total);
/* The total at most of a company, by its record, none of whose needs meets better than strength.
 * Where that is below `least` it may be a coarser one. -1: no memory. */
int32_t record_most(struct query *q, const struct record *r, int32_t strength, int32_t least);

#endif
