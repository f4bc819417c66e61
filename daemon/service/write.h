#ifndef SPEAN_SERVICE_WRITE_H
#define SPEAN_SERVICE_WRITE_H

#include "plan.h"
#include "request.h"

/*
 * Writes of companies: find, merge and check, and then one statement that writes all or nothing and
 * says whether the companies had moved meanwhile; if so, again from the start.
 */
struct write {
    struct service *s;
    struct plan plan;
    json_t *own;     /* the patch of archive and confirm */
    bool many;       /* company.upsertMany */
    const char *key; /* borrowed from params, or NULL */
    char digest[DIGEST_TEXT];
    struct buf answer; /* the result without its seq, which is known last */
    unsigned tries;
    bool has_turn;
    uint64_t lost_ms; /* a write was sent and its connection lost; 0: not */
};

/* write.c: a request's state; goes with it (state_free). */
void write_free(void *state);
/* Runs the write, whose patches and key are set, to its answer. */
void write_start(struct request *r);

/* write_answer.c: makes the result of what the plan says, but for its seq. 0 or -1. */
int write_answer_make(struct request *r);
/* Answers with a result that was made or kept, and its seq. */
void write_answer(struct request *r, const char *text, int64_t seq);
/* Answers with what is kept under the key, if it was for the same content. */
void write_replay(struct request *r, const char *digest, const char *answer, int64_t seq);

/* write_tell.c: tells the change feed what the write has changed, and where it was committed. */
void write_tell(struct request *r, int64_t seq, int64_t at_ms, const char *epoch,
                const char *server);

#endif
