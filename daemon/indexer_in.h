#ifndef SPEAN_INDEXER_IN_H
#define SPEAN_INDEXER_IN_H

#include "indexer.h"

#include <spean/buf.h>

struct beside;
struct index;
struct index_load;
struct index_rebuild;

struct indexer {
    struct indexer_options o;
    struct index_writer *writer; /* NULL: broken or lost */
    struct beside *beside;       /* NULL: nothing is being built */
    struct index_load *load;     /* what a load has given so far; NULL: none is being read */
    bool loading;                /* everything anew: no snapshot before all is built */
    bool published;
    bool broken;      /* the daemon is about to end */
    bool lost;        /* there was no memory for a load: it has to begin again */
    bool starved;     /* there was no memory to go on, which has been logged */
    bool owed;        /* a snapshot for every worker: to be tried again with the next look */
    bool owed_tokens; /* a word to every worker that the tokens have moved: the same */
    bool up;
    uint64_t seq; /* of the writer */
    uint64_t database_seq;
    uint64_t rows;                   /* of this load, so far */
    uint64_t about;                  /* expected of it */
    struct index *current, *retired; /* the last snapshot, and one that workers may still hold */
    bool trim;                       /* a load has left memory to give back */
    char epoch[40];
    struct buf packed; /* room for a profile packed here */
    struct indexer_stats stats;
    uint64_t behind_since_ms; /* 0: level with the database */
};

/*
 * Begins to build a new base on a thread if one is due; done is called on this thread when it is
 * ready, and calls beside_end. True if one is being built.
 */
bool beside_start(struct indexer *x, void (*done)(struct indexer *x));
/* The same for this work. False: there is no thread to be had, the work is still the caller's. */
bool beside_run(struct indexer *x, struct index_rebuild *work, void (*done)(struct indexer *x));
/* Waits for the thread and takes in what it built. 0, or -1: there was no memory. */
int beside_end(struct indexer *x);

#endif
