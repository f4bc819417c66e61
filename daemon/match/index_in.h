#ifndef SPEAN_MATCH_INDEX_IN_H
#define SPEAN_MATCH_INDEX_IN_H

#include <spean/index.h>

#include "index_changes.h"
#include "packed_in.h"

#include <stdatomic.h>

/*
 * A snapshot is a large base and a small delta, both sorted by id. The delta holds what changed
 * since the base was built: a company's newer bytes, or a tombstone. Bases are shared by the
 * snapshots that follow each other; blobs by bases and deltas.
 */
struct blob { /* one company's packed bytes, counted */
    atomic_uint refs;
    uint8_t bytes[];
};

struct blob *blob_new(const void *bytes, size_t len);
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b);

struct entry {
    uint8_t id[IDENT_BYTES];
    struct blob *blob; /* NULL: a tombstone */
};

/* External ids to entries: open addressing, at most half full. */
struct slots {
    uint32_t *slot; /* number of the entry plus one; 0: free */
    size_t mask;    /* slots minus one; no slots at all if slot is NULL */
};

struct layer { /* sorted by id, immutable, counted */
    atomic_uint refs;
    size_t count;
    struct slots externals;
    struct entry entries[];
};

struct layer *layer_new(size_t count); /* entries to be filled in, then layer_finish */
int layer_finish(struct layer *l);     /* makes the table of external ids; 0 or -1 */
struct layer *layer_ref(struct layer *l);
void layer_unref(struct layer *l);
const struct entry *layer_find(const struct layer *l, const uint8_t id[IDENT_BYTES]);

struct index {
    atomic_uint refs;
    const struct model *model;
    uint64_t seq;
    size_t count[COUNTRY_COUNT];
    struct layer *base, *delta;
    struct changes_view changes;
};

#endif
