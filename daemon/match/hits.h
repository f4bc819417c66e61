#ifndef SPEAN_MATCH_HITS_H
#define SPEAN_MATCH_HITS_H

#include <spean/index.h>

/* The best of what a search has scored: a heap with the worst on top. */
struct hits {
    struct index_hit *at; /* of the caller's */
    size_t count, limit;
    int32_t least; /* a total from here on may still get in */
};

/* Totals below min_total, and 0, never get in. limit > 0. */
void hits_init(struct hits *h, struct index_hit *room, size_t limit, int32_t min_total);
void hits_add(struct hits *h, const struct index_hit *hit);
bool hits_has(const struct hits *h, const void *packed);
/* The best first; equals by id. */
void hits_sort(struct hits *h);

#endif
