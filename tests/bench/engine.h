#ifndef SPEAN_BENCH_ENGINE_H
#define SPEAN_BENCH_ENGINE_H

#include "generate.h"

#include <spean/index.h>
#include <stdio.h>

/*
 * What scripts/bench measures inside one process: the index of the daemon, filled with the packed
 * column of a real database, without sockets and JSON. Each part prints one line of JSON.
 */

#define ENGINE_LIMIT 10 /* partners asked for */

/* Every packed profile of the database, in the order of ids. */
struct rows {
    uint8_t *stream; /* as COPY gave it */
    size_t len, cap;
    const uint8_t **row;
    uint32_t *bytes;
    size_t count, total; /* total: bytes of all packed profiles */
};

/* Reads the column by binary COPY; *ret_ns: how long the bare reading took. 0, or -1 with a word on
 * stderr. */
int rows_copy(const char *conninfo, struct rows *ret, uint64_t *ret_ns);
void rows_done(struct rows *r);

struct engine {
    const struct model *model;
    const struct rows *rows;
    struct index_writer *writer;
    struct index *index;
    struct index_room *room; /* of the main thread */
    enum index_kernel kernel;
    bool own_time; /* searches are timed by what their thread got of the processor */
    int32_t today;
    uint64_t seed;
    unsigned rounds;
    unsigned seconds; /* bound of one round of one part */
    size_t queries;
    const uint8_t **query; /* packed profiles of published companies, drawn at random */
    size_t query_count;
};

struct figures {
    size_t count;
    double mean, p50, p90, p99, most; /* microseconds */
};

const char *kernel_name(enum index_kernel kernel);
/* Publishes with this kernel, if the processor has it. 0 or -1. */
int engine_kernel(struct engine *e, enum index_kernel kernel);

/* Rounds of these take turns. */
int engine_query(struct engine *e, unsigned round); /* latency of single searches, by each kernel */
int engine_again(struct engine *e); /* the same by one, a round for each line on stdin */
/* The figures of one round, not printed. 0 or -1. */
int query_round(struct engine *e, struct figures *ret);
int engine_stream(struct engine *e, unsigned round); /* reading the same bytes once */
int engine_verify(struct engine *e, size_t queries);
int engine_all(struct engine *e); /* top-10 of all, a sample of it */
int engine_churn(struct engine *e);
int engine_answers(struct engine *e, size_t queries);
int engine_pairs(struct engine *e, size_t pairs);

/* ---- figures ---- */

uint64_t now_ns(void);                      /* monotonic */
uint64_t search_ns(const struct engine *e); /* the clock that searches are timed by */

/* Sorts ns. */
struct figures figures_of(uint64_t *ns, size_t count);
void figures_print(FILE *out, const struct figures *f);
long memory_resident(const char *field); /* of /proc/self/status, in KiB; -1 if it can't be told */

#endif
