#ifndef SPEAN_WIRE_PATH_H
#define SPEAN_WIRE_PATH_H

#include <stddef.h>

/* Where a value stands: "offers[2].hs[0]". Cut, never overrun, when names grow too long. */
struct path {
    char text[240];
    size_t len;
};

void path_init(struct path *p);
/* Each gives the length before, to hand to path_cut when the part is done with. */
size_t path_member(struct path *p, const char *name);
size_t path_index(struct path *p, size_t n);
void path_cut(struct path *p, size_t len);

#endif
