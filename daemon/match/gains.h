#ifndef SPEAN_MATCH_GAINS_H
#define SPEAN_MATCH_GAINS_H

#include "query.h"

/*
 * What a class or a field of the others gives the company that asks and gains from it, worked out
 * once in a search. Strengths are 0..1000, as in need_score, but for what depends on both whole
 * profiles: there the most that it can be.
 */

enum {
    CLASS_BEST,   /* the largest of the following */
    CLASS_OWN,    /* a seek in a's own field */
    CLASS_SERVES, /* an offer to a's field */
    CLASS_SOUGHT, /* closeness of what is sought to a's field */
    CLASS_KINDS,  /* set of the kinds that meet */
    CLASS_OFFERS, /* 1: it is an offer */
    CLASS_LANES   /* a's needs */
};

enum {
    FIELD_SECTOR, /* the sector factor, 0..10000 */
    FIELD_OF_A,   /* what a gains that it has not asked for */
    FIELD_OF_B,   /* and the other */
    FIELD_KINDS,  /* set of the kinds that meet */
    FIELD_LANES   /* a's needs */
};

/* NULL: no memory. The values move with the next call of either. */
const uint16_t *class_get(struct query *q, uint32_t class);
const uint16_t *field_get(struct query *q, uint32_t field);

#endif
