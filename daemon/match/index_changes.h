#ifndef SPEAN_MATCH_INDEX_CHANGES_H
#define SPEAN_MATCH_INDEX_CHANGES_H

#include <spean/ident.h>

#include <stdint.h>

/*
 * The last changes of an index, remembered by id: the writer adds, snapshots look back. Chunks are
 * only ever added to, and a snapshot looks at what stood there when it was made, so nothing is
 * copied and nothing is locked.
 */
#define CHANGES_CHUNK 4096

struct changes_origin; /* counted; who holds the same one follows the same writer */
struct changes_chunk;  /* counted */

struct changes { /* belongs to the writer */
    struct changes_origin *origin;
    struct changes_chunk *older, *newer; /* newer holds those from start on, older those before */
    uint64_t start, count;
    int seen; /* a snapshot was made: until then there is nobody who could look back */
};

struct changes_view { /* a snapshot's */
    struct changes_origin *origin;
    struct changes_chunk *older, *newer;
    uint64_t start, mark;
};

int changes_init(struct changes *c); /* 0 or -1 */
void changes_done(struct changes *c);
/* Without memory it forgets what came before: that costs who looks back some work, not the truth.
 */
void changes_add(struct changes *c, const uint8_t id[IDENT_BYTES]);
/* What came so far can't be told apart (a bulk load, say): all marks given out are too old now. */
void changes_forget(struct changes *c);
/* Fills a snapshot's view, to be given to changes_view_done (any thread). */
void changes_see(struct changes *c, struct changes_view *ret);
void changes_view_done(struct changes_view *v);

#endif
