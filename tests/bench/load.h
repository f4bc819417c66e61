#ifndef SPEAN_TESTS_LOAD_H
#define SPEAN_TESTS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A load of calls: N connections, each with at most D calls under way. In a closed loop the next
 * call is sent for every answer that comes; at a rate it is sent when its time has come, and counts
 * from then on, however late the connection could send it.
 */

/* ---- load_hist.c: how long calls took, with an error below one percent ---- */

#define HIST_PART 128 /* steps between two powers of two */

struct hist {
    uint64_t count[64 * HIST_PART];
    uint64_t total, most_ns;
};

void hist_add(struct hist *h, uint64_t ns);
/* The time in microseconds that `share` (0..1) of the calls did not exceed; 0 if there were none.
 */
double hist_at(const struct hist *h, double share);

/* ---- load_requests.c: what is asked ---- */

#define REQUEST_MAX (1 << 20)

struct load_request {
    char *text; /* with its LF */
    size_t len;
    size_t id_at, id_len; /* the number that is the call's id; id_len 0: sent as it is */
};

struct load_requests {
    struct load_request *list;
    size_t count;
};

/* Finds "id": NUMBER, the first in the line. */
void request_find_id(struct load_request *r);
/* One JSON line each; empty lines are passed over. 0, or -1 with a message on stderr. */
int requests_read(const char *path, bool rewrite, struct load_requests *ret);
void requests_free(struct load_requests *r);

/* ---- load_conn.c: one connection ---- */

struct load {
    struct load_requests requests;
    struct hist hist;
    unsigned depth;
    uint64_t every_ns;               /* time between two calls of a connection; 0: a closed loop */
    uint64_t answers, errors, bytes; /* since counting began */
    uint64_t next_id;
    bool counting;
    char scratch[262144];
};

struct load_conn {
    struct load *load;
    int fd;
    size_t next;               /* request */
    uint64_t due;              /* when the next call is to be sent; not in a closed loop */
    uint64_t *sent;            /* times of the calls under way, in their order: a ring of depth */
    unsigned first, under_way; /* in it */
    char *out;
    size_t out_at, out_len, out_cap;
    bool blocked;    /* the socket takes no more for now */
    size_t seen;     /* bytes of an answer that has not come whole */
    char start[160]; /* its first bytes */
};

/* Connects to HOST:PORT (numeric), logs in with the token unless NULL. 0, or -1 and it was said. */
int conn_start(struct load_conn *c, struct load *l, const char *address, const char *token,
               size_t first_request);
void conn_stop(struct load_conn *c);
/* Sends calls until depth are under way, or none is due. 0 or -1. */
int conn_fill(struct load_conn *c);
/* Takes what has come and sends as many calls as were answered. 0; -1: it is gone. */
int conn_turn(struct load_conn *c);
uint64_t load_now_ns(void);

#endif
