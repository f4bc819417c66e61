#ifndef SPEAN_CLIENT_IMPORT_RUN_H
#define SPEAN_CLIENT_IMPORT_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import_batch.h"
#include "progress.h"

struct app;

/* One import under way: what was read, sent and answered. */

#define IMPORT_WINDOW                                                                              \
    2 /* batches under way at once: the daemon works on one, the next is there                     \
       */
#define IMPORT_FAILURES_SHOWN 1000
#define IMPORT_NOTES_KEPT 1000
#define IMPORT_NOTES_SHOWN 60

struct flight {
    struct batch batch;
    int64_t number; /* of the call; 0: free */
    char key[64];   /* idempotency key */
    int tries;
};

struct import_run {
    struct app *app;
    struct progress progress;
    bool keep_ids;      /* unknown ids make companies with them */
    struct batch batch; /* being filled */
    struct flight flights[IMPORT_WINDOW];
    uint64_t batches;
    char run_id[37];

    uint64_t rows, sent, created, updated, unchanged, failed, skipped, drafts;
    json_t *notes; /* sentence -> how many rows */
    bool notes_dropped;

    /* to tell updates from rows that changed nothing: the change feed's end before, and who we are
     */
    char *since;
    char *principal;
};

/* 0, or -1 on no memory. */
int run_init(struct import_run *r, struct app *app);
void run_done(struct import_run *r);

/* Connects and notes where the change feed stands. Exit code. */
int run_begin(struct import_run *r);
/* Takes the company over and sends when a batch is full. Exit code. */
int run_add(struct import_run *r, json_t *company, long line);
/* Sends what is left, waits for all answers, counts the updates. Exit code. */
int run_finish(struct import_run *r);

/* A row that failed. */
void run_fail(struct import_run *r, long line, const char *problem);
/* A failed row whose bad fields stand in `fields` ([{field, problem}]), or message if there are
 * none. */
void run_fail_fields(struct import_run *r, long line, const json_t *fields, const char *message);
/* Counts the sentences of a row. 0 or -1. */
int run_notes(struct import_run *r, const json_t *notes);
/* What was done, in words, on app->err. */
void run_summary(struct import_run *r, bool dry);

#endif
