#ifndef SPEAN_INDEXER_H
#define SPEAN_INDEXER_H

#include <spean/index.h>
#include <spean/store.h>

struct event_base;
struct worker;
struct model;
struct log;

/*
 * Makes the index of what the change feed tells, and hands every new snapshot to every worker.
 * Lives on the main thread.
 */
struct indexer;

struct indexer_options {
    const struct model *model; /* borrowed */
    struct worker **workers;   /* borrowed */
    size_t worker_count;
    enum index_kernel kernel; /* one that this processor has */
    struct log *log;
    struct event_base *base; /* borrowed; NULL: bases are built where the writer is */
    /* The first snapshot is out: matches can be answered. */
    void (*ready)(void *ctx, size_t companies);
    /* Nothing has been served yet, and nothing will: there is no memory for the companies, or the
     * schema is for newer daemons only. */
    void (*broken)(void *ctx);
    void *ctx;
};

struct indexer *indexer_new(const struct indexer_options *o); /* NULL on no memory */
void indexer_free(struct indexer *x);
const struct feed_callbacks *indexer_callbacks(void); /* ctx: the struct indexer */

struct indexer_stats {
    bool published; /* there is an index */
    bool up;        /* the database was there at the last look */
    size_t companies;
    uint64_t seq, database_seq;
    uint64_t lag_ms; /* for how long the index has been behind, or the database away */
    uint64_t loads, publishes, publish_us, refused; /* since the start; rows refused */
};
struct indexer_stats indexer_stats(const struct indexer *x);

#endif
