#ifndef SPEAN_MATCH_GAINS_H
#define SPEAN_MATCH_GAINS_H

#include "query.h"

/*
 * What a class or a field of the others gives the company that asks and gains from it, worked out
 * once in a search. Strengths are 0..1000, as in need_score, but for what depends on both whole
 * profiles: there the most that it can be. A group has the same places as a class: the most of its
 * shapes.
 */

enum {
    CLASS_BEST,   /* the largest of the following */
    CLASS_OWN,    /* a seek in a's own field */
    CLASS_SERVES, /* an offer to a's field */
    CLASS_SOUGHT, /* closeness of what is sought to a's field */
    CLASS_KINDS,  /* set of the kinds that meet */
    CLASS_OFFERS, /* 1: it is an offer */
    CLASS_KNOWS,  /* 1: an offer whose text names a's field */
    CLASS_LANES   /* a's needs */
};

enum {
    FIELD_SECTOR, /* the sector factor, 0..10000 */
    FIELD_OF_A,   /* what a gains that it has not asked for */
    FIELD_OF_B,   /* and the other */
    FIELD_KINDS,  /* set of the kinds that meet */
    FIELD_KNOWN,  /* set of enum field_known */
    FIELD_LANES   /* a's needs, and KNOWN_LANE in those whose text names the field */
};

/* Who shows knowledge of the other's field, before the texts of offers are asked: a and b with each
 * offer, or both with whatever they want. */
enum field_known { KNOWN_OF_A = 1, KNOWN_OF_B = 2, KNOWN_BOTH = 4 };
#define KNOWN_LANE (1u << 15)

static inline size_t class_places(const struct query *q)
{
    return CLASS_LANES + q->a.need_count;
}
static inline uint16_t kinds_of(unsigned x, unsigned y)
{
    return (uint16_t)(1u << x % KIND_COUNT | 1u << y % KIND_COUNT);
}

/* Room for so many numbers more in the pool. 0 or -1. */
int room_for_pool(struct index_room *room, size_t more);
/* What the groups of the tree give, and how well its shapes meet at most. 0 or -1. */
int groups_open(struct query *q, bool lasts);
/* The same for a tree that shares the groups of the last one that they were worked out for. */
void groups_share(struct query *q);
static inline uint16_t *group_get(const struct query *q, uint32_t group)
{
    return q->room->pool + 1 + group * (CLASS_LANES + q->a.need_count); /* place 0 means none */
}

/* What a need of the other brings by a's field alone, into the places above but for a's needs;
 * most: or any need that differs from it in HS codes, topics and precision only. ret is all 0. */
void class_of_field(const struct query *q, const struct need_view *y, bool most, uint16_t *ret);
/* NULL: no memory. The values move with the next call of either. */
const uint16_t *class_get(struct query *q, uint32_t class);
/* What class_get will look at is on its way; many are wanted together. */
FETCHES class_fetch(const struct query *q, uint32_t class)
{
    const char *c = (const char *)&q->t->classes[class];
    if (q->room->classes.at[class] != 0)
        return;
    __builtin_prefetch(c);
    __builtin_prefetch(c + 64);
}
const uint16_t *field_get(struct query *q, uint32_t field);
/* The same of a class where that was worked out before, else of its group. */
static inline const uint16_t *class_known(const struct query *q, uint32_t class)
{
    uint32_t at = q->room->classes.at[class];
    return at != 0 ? q->room->pool + at : group_get(q, q->t->groups[class]);
}

#endif
