#ifndef SPEAN_MATCH_REACH_H
#define SPEAN_MATCH_REACH_H

#include "pair.h"

/*
 * How close a need is to every sector, worked out once for a need that is then held against
 * thousands: what need_content finds by loops over both needs' sectors is then looked up.
 */
struct reach {
    const struct need_view *x;
    uint32_t core[SECTOR_IDS];  /* its core, closeness times weight: 0..1000 * 1000 */
    uint32_t funds[SECTOR_IDS]; /* the same between needs for capital, if x is one */
    uint16_t named[SECTOR_IDS]; /* what its text names */
    const uint16_t *listed;     /* what it is listed under */
    int32_t core_top;           /* weight of its core, at most */
};

/* x is borrowed. */
void reach_open(const struct model *m, const struct need_view *x, struct reach *ret);
struct closeness reach_close(const struct model *m, const struct reach *r,
                             const struct need_view *y);

#endif
