#ifndef SPEAN_MATCH_TOLD_H
#define SPEAN_MATCH_TOLD_H

#include "query.h"

/*
 * Bounds by what a run tells of the other needs of its companies (tree.h): those mostly meet
 * nothing, which is known here before any company is looked at. How well a group, a kin or a role
 * meets at most is kept in few levels, so that what follows for a class is worked out a few times
 * and not for each run.
 */
#define TOLD_LEVELS 9 /* of 128 thousandths; 0: nothing meets */
#define TOLD_PLACES (TOLD_LEVELS * TOLD_LEVELS)

/* Nothing is known to meet yet. */
void told_open(struct query *q);
/* A shape of this group meets so well at most. */
void told_note(struct query *q, uint32_t group, int32_t strength);
/* Where runs with companies of so many needs (1..CELL_NEEDS - 1) that tell this stand: those at one
 * place have the same bound. 0..TOLD_PLACES - 1. */
size_t told_place(const struct query *q, unsigned needs, uint32_t told);
/* Their need (0..10000) at most, under the class, none of their needs meeting better than
 * strength. */
int32_t told_need(const struct query *q, uint32_t class, unsigned needs, size_t place,
                  int32_t strength);

#endif
