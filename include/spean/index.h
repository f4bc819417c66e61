#ifndef SPEAN_INDEX_H
#define SPEAN_INDEX_H

#include <spean/packed.h>
#include <spean/score.h>

/*
 * The index: every company's packed profile (of any status: only published ones are suggested),
 * held in memory. A struct index is an immutable, counted snapshot; the one writer makes a new
 * snapshot from the last one and a batch of changes, and hands it to the workers by message.
 * Reading needs no lock.
 */
struct index;        /* opaque, immutable snapshot */
struct index_writer; /* opaque; belongs to one thread */
struct index_room;   /* opaque: working memory of searches, one after the other */

/* NULL on no memory. */
struct index_room *index_room_new(void);
void index_room_free(struct index_room *room);

/* The inner loop of a search, by the processor's means. All find the same. */
enum index_kernel {
    INDEX_KERNEL_AUTO,
    INDEX_KERNEL_SCALAR,
    INDEX_KERNEL_AVX2,
    INDEX_KERNEL_AVX512
};

/* By the name that the configuration has for it. 0, or -1: there is none of that name. */
int index_kernel_parse(const char *name, enum index_kernel *ret);
/* Whether this processor has what it takes. */
bool index_kernel_runs(enum index_kernel which);

/* model is borrowed and must outlive the writer and all snapshots. NULL on no memory. */
struct index_writer *index_writer_new(const struct model *m);
void index_writer_free(struct index_writer *w);
/* For the snapshots from now on. 0, or -1: this processor lacks it (nothing changed). */
int index_writer_kernel(struct index_writer *w, enum index_kernel which);

/*
 * Adds or replaces the company with these packed bytes (copied). 0; -1: no memory; -2: the bytes
 * fail packed_check (nothing changed).
 */
int index_writer_put(struct index_writer *w, const void *bytes, size_t len);
/* Removes by id; unknown ids are fine. 0 or -1. */
int index_writer_remove(struct index_writer *w, const uint8_t id[IDENT_BYTES]);
/* A snapshot of all so far, stamped with seq; the caller owns one reference. NULL on no memory. */
struct index *index_writer_publish(struct index_writer *w, uint64_t seq);

/*
 * A new base, built beside while the writer goes on, or one of the layers above it that have grown.
 * begin: NULL if none is due or one is under way; it takes in what the writer knew when it last
 * published. run: on any thread, once; touches nothing of the
 * writer's. end: on the writer's thread again; 0, or -1 (there was no memory: all stays as it was).
 * With the first load nothing is there to be searched before end. The writer must outlive it.
 */
struct index_rebuild;
struct index_rebuild *index_rebuild_begin(struct index_writer *w);
void index_rebuild_run(struct index_rebuild *r);
/* The same in parts: prepare, then halves 0 and 1, each once, which may go on at the same time. */
void index_rebuild_prepare(struct index_rebuild *r);
void index_rebuild_half(struct index_rebuild *r, int half);
int index_rebuild_end(struct index_writer *w, struct index_rebuild *r);
/* Whether it is a new base: that takes a while, the others happen often. */
bool index_rebuild_is_base(const struct index_rebuild *r);

/*
 * All companies at once, for a writer that has been given none so far: what a load from the
 * database gives, each company once and in any order. Then it is a rebuild like the above, which
 * takes it over: what is put and removed meanwhile is newer than it. Nothing must be published
 * before end; if that fails the writer lacks companies.
 */
struct index_load;
struct index_load *index_load_new(void);       /* NULL on no memory */
void index_load_free(struct index_load *load); /* NULL is fine */
/* As index_writer_put. */
int index_load_put(struct index_load *load, const void *bytes, size_t len);
size_t index_load_count(const struct index_load *load);
/* NULL on no memory: the load is still the caller's. */
struct index_rebuild *index_load_begin(struct index_writer *w, struct index_load *load);

struct index *index_ref(struct index *ix);
void index_unref(struct index *ix); /* any thread; NULL is fine */

uint64_t index_seq(const struct index *ix);
size_t index_count(const struct index *ix);
size_t index_count_country(const struct index *ix, enum country c);
/* Packed bytes of a company, valid while the snapshot is held; NULL if unknown. */
const void *index_get(const struct index *ix, const uint8_t id[IDENT_BYTES]);
const void *index_get_external(const struct index *ix, struct text_ref system, struct text_ref id);

struct index_filter {
    int sector;   /* id, 0: any; a group matches its leaves */
    int region;   /* id, 0: any */
    int kind;     /* enum kind, or -1: any; some offer or seek of this kind that the pair meets */
    char lang[4]; /* "": any; spoken by the candidate */
};

struct index_hit {
    const void *packed; /* valid while the snapshot is held */
    struct score score;
};

/*
 * The exact best `limit` partners of a: published, valid on `today`, of the other country, total >
 * 0 and >= min_total, sorted by total descending, then by id bytes. Returns how many stand in hits.
 * room: may be NULL, then everybody is looked at: as exact, only slower.
 */
size_t index_search(const struct index *ix, struct index_room *room, const void *a, int32_t today,
                    const struct index_filter *f, int32_t min_total, size_t limit,
                    struct index_hit *hits);

/*
 * The same for a company much like the one before: hits hold the `known` hits that a search of this
 * snapshot gave for that one (0: nothing). What these score for a is the least that the answer's
 * last one can have, so that the search need not look for less. The answer is that of index_search.
 */
size_t index_search_near(const struct index *ix, struct index_room *room, const void *a,
                         int32_t today, const struct index_filter *f, int32_t min_total,
                         size_t limit, struct index_hit *hits, size_t known);

/*
 * Whether index_search with these would list b if it took as many as there are; *ret_total: the
 * pair's score then. b: packed bytes of this snapshot.
 */
bool index_suggests(const struct index *ix, const void *a, const void *b, int32_t today,
                    const struct index_filter *f, int32_t min_total, int32_t *ret_total);

/*
 * Packed bytes of the published company of a country (expired or not) with the least id greater
 * than `after`, valid while the snapshot is held; NULL at the end. All zero bytes come before every
 * id.
 */
const void *index_next(const struct index *ix, enum country c, const uint8_t after[IDENT_BYTES]);

/*
 * The same in an order in which companies that want alike stand together, so that one search after
 * the other finds what the last one left in the caches: by the first four needs, each by side, kind
 * and sector, then by id. A company has another place once these needs have changed.
 */
struct index_place {
    uint64_t needs; /* all zero, with an id of zero bytes: before every company */
    uint8_t id[IDENT_BYTES];
};

struct index_place index_place_of(const void *packed);
const void *index_next_by_needs(const struct index *ix, enum country c,
                                const struct index_place *after);

/*
 * What changed between two snapshots of one writer. It numbers its puts and removes from 0 on, and
 * a snapshot has seen those below its mark: what one snapshot said holds in a later one unless a
 * change numbered from the one's mark up to below the other's matters to it.
 */
uint64_t index_mark(const struct index *ix);
/* Marks of different writers say nothing to each other. */
bool index_same_writer(const struct index *a, const struct index *b);
/* Id of the company that a change was about, valid while the snapshot is held. NULL: at or above
 * the mark, or not remembered (the last 4,096 mostly are). */
const uint8_t *index_change(const struct index *ix, uint64_t number);

#endif
