#ifndef SPEAN_CLIENT_LINK_H
#define SPEAN_CLIENT_LINK_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;

/*
 * A blocking connection to a daemon. Calls may be pipelined: send several, collect their answers
 * later in any order. While a send waits for room, answers that come in are read and kept, so both
 * sides writing at once never lock up; the caller bounds how many calls are under way. The answers
 * are not trusted: their length, depth and number of elements are limited.
 */
struct link;

/* Most calls under way at once: the daemon's own limit a connection is 64. */
#define LINK_PIPELINE_MAX 32
/* Most bytes of a request line, LF not counted. */
#define LINK_LINE_MAX (1024 * 1024)

enum answer_kind {
    ANSWER_RESULT,
    ANSWER_ERROR, /* the daemon refused: code, reason, message, error */
    ANSWER_LOST   /* no answer: connection gone, deadline past, nonsense received, interrupted;
                     message says which. A write may or may not have been applied. */
};

struct answer {
    enum answer_kind kind;
    json_t *result; /* owned; ANSWER_RESULT only */
    json_t *error;  /* owned: the whole error object; ANSWER_ERROR only */
    int code;       /* of the error object */
    bool retryable;
    char reason[48];
    char message[256]; /* from the daemon: escape it before showing it */
};
void answer_done(struct answer *a); /* safe on a zeroed one and twice */

/*
 * Connects within timeout_ms. stop: when not NULL and it becomes nonzero (in a signal handler),
 * every wait ends as lost. New link, or NULL with a message in err.
 */
struct link *link_open(const struct address *where, uint64_t timeout_ms,
                       const volatile sig_atomic_t *stop, char *err, size_t errlen);
void link_close(struct link *l);

/*
 * Sends a call; params (an object, or NULL) stays the caller's. 0 with the call's number; -1: it
 * was not sent (over LINK_LINE_MAX, no memory) and nothing else is harmed: link_error says why; -2:
 * the link is lost.
 */
int link_send(struct link *l, const char *method, const json_t *params, int64_t *ret_number);
/*
 * Waits for the answer of one call (number as link_send gave it), or of whichever comes first
 * (number 0); *ret is overwritten, give it to answer_done. The number of the call it answers is
 * returned, or -1 when the link is lost (*ret then says how).
 */
int64_t link_collect(struct link *l, int64_t number, uint64_t timeout_ms, struct answer *ret);
/* Both in one. Always fills *ret. */
void link_call(struct link *l, const char *method, const json_t *params, uint64_t timeout_ms,
               struct answer *ret);

/*
 * Waits for a notification (a wake-up of changes.subscribe) for at most timeout_ms. 1: one or more
 * came since the last look (they are taken as one); 0: none; -1: the link is lost.
 */
int link_wait_event(struct link *l, uint64_t timeout_ms);

/* Why the last link_send gave -1 or -2. */
const char *link_error(const struct link *l);

#endif
