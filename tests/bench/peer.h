#ifndef SPEAN_BENCH_PEER_H
#define SPEAN_BENCH_PEER_H

#include "engine.h"

#include <libpq-fe.h>
#include <spean/buf.h>

/*
 * The same profiles for another way to answer: unfolded into tables (schema peer) that SQL can
 * score. What SQL reads is what the score reads: packed profiles opened by the daemon's own view,
 * with everything that repeats kept once.
 */

/* Byte strings, each once, numbered from 1 in the order in which they came. */
struct peer_set {
    struct {
        uint64_t hash;
        size_t at;
        uint32_t len, number;
    } * slot;
    size_t slots, count;
    struct buf bytes;
};

void peer_set_init(struct peer_set *s);
void peer_set_done(struct peer_set *s);
/* The number; *ret_fresh: it is new. 0 for want of memory. */
uint32_t peer_set_add(struct peer_set *s, const void *bytes, size_t len, bool *ret_fresh);

/* One COPY of text rows that is open on a connection of its own. */
struct peer_copy {
    PGconn *conn;
    struct buf rows;
};

int peer_copy_begin(struct peer_copy *c, const char *conninfo, const char *table);
int peer_copy_row(struct peer_copy *c); /* after a row was added to rows: sends what has gathered */
int peer_copy_end(struct peer_copy *c); /* 0 or -1; in any case all is closed */

struct peer {
    const struct model *model;
    const struct rows *rows;
    const char *conninfo;
    struct peer_set shapes, contents, tongues;
    struct peer_copy shape, content, company, tongue;
};

int peer_fill(struct peer *p);

#endif
