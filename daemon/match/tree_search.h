#ifndef SPEAN_MATCH_TREE_SEARCH_H
#define SPEAN_MATCH_TREE_SEARCH_H

#include "hits.h"
#include "kernel.h"
#include "query.h"

/* A search through one tree. */
struct tree_search {
    struct query *q;
    kernel_pass *pass;
    struct hits *hits;
    /* Scores the company of an entry of the layer, and adds it to hits if it may stand there. */
    void (*look)(void *ctx, uint32_t entry);
    /* Begin to bring from memory what tells where its bytes are, and these. */
    void (*note)(void *ctx, uint32_t entry);
    void (*fetch)(void *ctx, uint32_t entry);
    void *ctx;
};

/*
 * Looks at every company whose total may reach hits->least, the likeliest first. q stands on the
 * tree. 0, or -1 (no memory): then not all have been looked at.
 */
int tree_search(struct tree_search *s);

#endif
