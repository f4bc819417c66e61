#ifndef SPEAN_MATCH_TREE_H
#define SPEAN_MATCH_TREE_H

#include "cells.h"

struct layer;

/*
 * The published companies of one country, ordered for a search that looks at few of them and misses
 * none (docs/ARCHITECTURE.md, "The index"). Immutable once built.
 *
 * Needs that score alike with anything are one class; classes that differ only in HS codes, topics
 * and precision are one shape. Every class, and every sector that a company works in or describes,
 * is a key with the list of the companies that have it. A list is ordered by cells, that of a class
 * within these by what the companies want besides (told, below), and stretches alike in both are
 * runs: so a list is read as its runs, and most of these are passed over by one comparison.
 */

/* What the classes of a shape share: read much in every search, so without the rest of a need. */
struct shape {
    uint64_t about[2];     /* the sectors in core and named */
    uint32_t first, count; /* its classes */
    uint16_t group;        /* of shapes with the same role and sector */
    uint16_t core_close;
    uint8_t role, sector, core_count, named_count; /* from here on by what they are ordered */
    uint8_t core[CORE_MAX], named[TEXT_SECTORS];
};

struct field { /* companies that say the same of what they do */
    uint8_t sector_count, described_count;
    bool vague;
    uint8_t sectors[SECTORS_MAX], described[TOPIC_SECTORS];
};

struct record {     /* records stand one behind the other, and are known by where they begin */
    uint32_t entry; /* in the layer */
    uint32_t field;
    uint32_t tag;     /* place of its cell (19 bits), size (6), number of needs (6) */
    uint32_t needs[]; /* classes, offers first */
};
#define RECORD_WORDS 3 /* besides the needs */
#define SIZE_UNKNOWN 0 /* else one more than the binary digits of the number of employees */
#define SIZES 34

static inline uint32_t record_tag(uint32_t cell, unsigned size, size_t needs)
{
    return cell | size << 19 | (uint32_t)needs << 25;
}

static inline uint32_t record_cell(const struct record *r)
{
    return r->tag & ((1u << 19) - 1);
}

static inline unsigned record_size(const struct record *r)
{
    return r->tag >> 19 & 63;
}

static inline size_t record_needs(const struct record *r)
{
    return r->tag >> 25;
}

/*
 * What a run tells of the other needs of its companies, by how many needs they have:
 * 1: nothing; 2: the group of the other one; 3: the kin of both others; 4 and more: the set of
 * their roles. In lists of sectors, and in a tree with very many cells: nothing.
 */
#define TOLD_BITS 16
#define TOLD_CELLS ((size_t)1 << (32 - TOLD_BITS))
#define TOLD_KINS 256 /* of groups: role, and group of the sector */

struct key {
    uint32_t run[CELL_NEEDS + 1]; /* runs of companies with 0, 1, .. needs; the last is the end */
};

struct tree {
    uint64_t number;      /* its own: no other tree has it, of whatever index */
    uint64_t home;        /* number of the tree whose groups and kins it has taken over; 0: none */
    int32_t newest;       /* day of the latest check */
    uint32_t *cells;      /* codes, sorted */
    struct shape *shapes; /* by role, sector and the rest */
    uint32_t *shape_home; /* the same in its home; NO_SHAPE: unknown there. NULL: no home */
    struct need_view *classes; /* by shape */
    uint16_t *groups;          /* of the classes */
    uint8_t *kins;             /* of the groups */
    uint8_t *roles;            /* of the groups */
    struct field *fields;
    uint32_t *records;   /* by cell */
    struct key *keys;    /* classes, then sectors worked in, then sectors described */
    uint32_t *runs;      /* place in cells, and what is told << cell_bits */
    uint32_t *run_first; /* place in postings; ALONE: of the one record */
    uint32_t *postings;  /* where records begin; LAST ends a run */
    unsigned cell_bits;  /* 16, or 32 where nothing is told */
    size_t cell_count, shape_count, group_count, class_count, field_count, record_count,
        record_words;
    size_t key_count, run_count, posting_count;
    uint32_t role_first[ROLES + 1]; /* shapes of a role */
};

#define NO_SHAPE UINT32_MAX
#define ALONE (UINT32_C(1) << 31)
#define LAST (UINT32_C(1) << 31)

static inline uint32_t cell_mask(const struct tree *t)
{
    return t->cell_bits == 32 ? UINT32_MAX : (UINT32_C(1) << t->cell_bits) - 1;
}

static inline uint32_t run_told(const struct tree *t, uint32_t run)
{
    return t->cell_bits == 32 ? 0 : t->runs[run] >> t->cell_bits;
}

static inline const struct record *record_at(const struct tree *t, size_t at)
{
    return (const struct record *)(const void *)(t->records + at);
}

/*
 * For functions that do nothing but fetch ahead: gcc takes such a one for one that does nothing and
 * leaves out its calls, unless it is part of who calls.
 */
#define FETCHES static inline __attribute__((always_inline)) void

/* malloc, on large pages where it is much: a search hops about in it. */
void *tree_alloc(size_t size);

/* Where sectors stand among the keys. */
static inline uint32_t key_sector(const struct tree *t, uint8_t sector)
{
    return (uint32_t)t->class_count + sector;
}

static inline uint32_t key_described(const struct tree *t, uint8_t sector)
{
    return (uint32_t)t->class_count + SECTOR_IDS + sector;
}

/*
 * Of the published companies of c in the layer. home: the tree of a larger layer below, or NULL:
 * its groups are taken over where it has all that are needed, so that a search of both works out
 * what they give but once. Not kept. NULL: no memory.
 */
struct tree *tree_new(const struct model *m, const struct layer *l, enum country c,
                      const struct tree *home);
void tree_free(struct tree *t);
/* Bytes that it takes: all, and those that a look at every company once would have to read. */
size_t tree_bytes(const struct tree *t);
size_t tree_scan_bytes(const struct tree *t);

/* Steps of tree_new. 0 or -1. */
struct tree_making;
int tree_read(struct tree_making *g);  /* tree_read.c: views into classes, fields and cells */
int tree_order(struct tree_making *g); /* tree_build.c: records by cell, classes by shape */
/* tree_shapes.c: new_of: number of each shape from then on. */
int tree_shapes_order(struct tree *t, uint32_t *new_of);
int tree_groups(const struct model *m, struct tree *t, const struct tree *home);
/* tree_post.c: keys, runs and postings. With more cells than told_cells runs tell nothing. */
int tree_post(struct tree *t, size_t told_cells);

#endif
