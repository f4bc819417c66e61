#ifndef SPEAN_MATCH_INDEX_IN_H
#define SPEAN_MATCH_INDEX_IN_H

#include <spean/index.h>

#include "arena.h"
#include "index_changes.h"
#include "kernel.h"
#include "packed_in.h"

#include <stdatomic.h>

/*
 * A snapshot is a stack of layers, each sorted by id. The first is the base; each further one holds
 * what has changed since those below it were built: a company's newer bytes, or a tombstone. All
 * but the last have trees to be searched by; the last is small and looked through. Layers are
 * shared by the snapshots that follow each other; blobs by layers.
 */
#define LAYERS_MAX 24

struct tree;

struct blob {         /* one company's packed bytes */
    atomic_uint refs; /* 0: in an arena, which its layer holds; else counted */
    uint8_t bytes[];
};

/* True for the one who let go last: all that others did is visible to it. */
bool let_go(atomic_uint *refs);

struct blob *blob_new(const void *bytes, size_t len);
struct blob *blob_held(struct arena *a, const void *bytes, size_t len); /* lives as long as a */
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

/* The published companies of a country by packed_needs_key, then id: numbers of entries. */
struct needs_order {
    uint32_t *entry; /* NULL: there is none, as in the last layer of a snapshot */
    size_t count;
};

static inline size_t id_hash(const uint8_t id[IDENT_BYTES])
{
    uint64_t x, y;
    memcpy(&x, id, 8);
    memcpy(&y, id + 8, 8);
    x = (x ^ y) * UINT64_C(0x9E3779B97F4A7C15); /* the golden ratio spreads the bits */
    return (size_t)(x ^ x >> 29);
}

/* A bit for each hash of an id: most of those that are not there are told by one look. */
struct hints {
    uint64_t *bits; /* NULL: every id may be there */
    size_t mask;    /* bits minus one */
};

struct layer { /* sorted by id, immutable, counted */
    atomic_uint refs;
    size_t count;
    struct arena *arena; /* of a base: where its companies are, but those that changed later */
    bool settled;        /* all are in the arena: there is none to let go of */
    struct slots externals;
    struct hints hints;
    struct tree *trees[COUNTRY_COUNT]; /* none in the last of a snapshot */
    struct needs_order by_needs[COUNTRY_COUNT];
    struct entry entries[];
};

struct layer *layer_new(size_t count); /* entries to be filled in, then layer_finish */
int layer_finish(struct layer *l);     /* makes the tables of ids; 0 or -1 */
/* Makes the trees, in the image of those of the base that it is to stand on (NULL: it is one, or
 * there are none). 0 or -1. */
int layer_plant(struct layer *l, const struct model *m, const struct layer *base);
int layer_plant_one(struct layer *l, const struct model *m, enum country c,
                    const struct layer *base);
/* Puts the companies of a base into an arena of their own, where much of what they are in is of no
 * use any more or each is by itself. Without memory all stays as it was. */
void layer_settle(struct layer *l);
struct layer *layer_ref(struct layer *l);
void layer_unref(struct layer *l);
size_t layer_after(const struct layer *l, const uint8_t id[IDENT_BYTES]); /* first id above */
/* Makes by_needs of a country; without memory there is none, and who walks looks for each step. */
void layer_order(struct layer *l, enum country c);
/* Whether a search may suggest the company, and a walk through the country c gives it. */
static inline bool entry_listed(const struct entry *e, enum country c)
{
    return e->blob != NULL && packed_country(e->blob->bytes) == c &&
           packed_status(e->blob->bytes) == STATUS_PUBLISHED;
}
const struct entry *layer_find_external(const struct layer *l, struct text_ref system,
                                        struct text_ref id);
/* Two neighbours in one. bury: without tombstones, for a base. NULL: no memory. */
struct layer *layers_merge(const struct layer *below, const struct layer *above, bool bury);
const struct entry *layer_find(const struct layer *l, const uint8_t id[IDENT_BYTES]);
static inline bool layer_may_have(const struct layer *l, const uint8_t id[IDENT_BYTES])
{
    size_t bit = id_hash(id) & l->hints.mask;
    return l->hints.bits == NULL || (l->hints.bits[bit / 64] >> bit % 64 & 1) != 0;
}

struct index {
    atomic_uint refs;
    const struct model *model;
    uint64_t seq;
    size_t count[COUNTRY_COUNT];
    struct layer *layers[LAYERS_MAX];
    size_t layer_count;
    kernel_pass *pass;
    struct changes_view changes;
};

struct index_rebuild {
    const struct model *model;
    struct layer *layers[LAYERS_MAX];
    size_t count, from;      /* from: place of the lowest in the writer */
    struct layer *base;      /* below them; NULL: it is a new one */
    struct index_load *load; /* NULL: of the layers */
    struct layer *made;      /* NULL: no memory */
    bool failed[2];          /* a half of it, for want of memory */
};

/* All companies, sorted, as a layer that is still to be finished and planted; the caller's own. */
struct layer *load_layer(struct index_load *load);
/* How many there are in each country; right once load_layer was called. */
void load_count(const struct index_load *load, size_t count[COUNTRY_COUNT]);

/* Whether a layer above that one knows the company, too. */
bool index_superseded(const struct index *ix, size_t layer, const uint8_t id[IDENT_BYTES]);

#endif
