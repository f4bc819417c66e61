#ifndef SPEAN_MATCH_TIES_H
#define SPEAN_MATCH_TIES_H

#include "view.h"

struct query;

/*
 * The shapes of a tree that a need, or the field of a company, has anything to do with. Many
 * companies want the same and work in the same, so what was found for one is kept for the next.
 */
struct tie {
    uint32_t shape;
    uint16_t group; /* of the shape */
    uint16_t near; /* how close to the need at most, before precision; to a field: what is sought */
    uint16_t own;  /* of a field: what a seek in it brings at most */
    uint16_t serves : 15; /* what an offer to it brings */
    uint16_t knows : 1;   /* the text of the offer names the field */
};

/* All that ties depend on, besides the model. */
struct ties_key {
    uint64_t tree;
    uint16_t core_close;
    uint8_t role, sector, core_count, named_count;
    uint8_t what;                                /* enum ties_what */
    uint8_t vague;                               /* of a field */
    uint8_t core[CORE_MAX], named[TEXT_SECTORS]; /* of a field: its sectors in core */
};

struct ties {
    struct ties_key key;
    size_t count;
    struct tie at[]; /* by shape */
};

#define TIES_BYTES_MOST ((size_t)12 << 20) /* kept at once */

struct ties_kept {
    struct ties **slot; /* by a hash of the key; NULL: nothing was kept yet */
    size_t bytes;       /* of all in the slots */
    struct ties *made;  /* the last ones made */
    size_t made_cap;
};

/* What one shape of the tree that q stands on has to do with the i-th need of the company that
 * asks, or with its field. False: nothing. */
bool tie_of_need(const struct query *q, size_t i, uint32_t shape, struct tie *ret);
bool tie_of_field(const struct query *q, uint32_t shape, struct tie *ret);

void ties_forget(struct ties_kept *k);

/*
 * Of the i-th need of the company that asks, and of its field, in the tree that q stands on. lasts:
 * the tree does, so that it pays to keep them. Valid until the next call. NULL: no memory.
 */
const struct ties *ties_of_need(struct query *q, size_t i, bool lasts);
const struct ties *ties_of_field(struct query *q, bool lasts);

#endif
