#ifndef SPEAN_MATCH_TREE_RUNS_H
#define SPEAN_MATCH_TREE_RUNS_H

#include "tree_search.h"

/* The runs of keys, and the companies in them: what passes is looked at. */

#define PENDING 6 /* companies */

struct pending {
    uint32_t entry;
    int32_t most;
};

struct runs {
    const struct tree_search *s;
    struct query *q;
    struct index_room *room; /* those that have passed wait here */
    const struct tree *t;
    struct pending pending[PENDING];
    size_t pending_count;
};

/* Totals of lo and more, but for those of hi and more, which were looked at before. */
struct band {
    int32_t lo, hi;
};

/* Adds the runs of a key that may lead to a total that gets in, none of whose companies' needs
 * meets better than strength. 0 or -1 (no memory). */
int runs_pass(struct runs *c, uint32_t key, int32_t strength, struct band band);
/* Looks at the companies of those that passed, the likeliest first, and forgets them. 0 or -1. */
int runs_look(struct runs *c);

#endif
