#ifndef SPEAN_STORE_LINK_H
#define SPEAN_STORE_LINK_H

#include <spean/store.h>

/*
 * One connection to PostgreSQL that keeps itself up: it connects, checks the schema, prepares its
 * statements, runs them in pipeline mode, and begins again after every loss.
 */

struct link_options {
    const char *conninfo; /* copied */
    uint64_t connect_ms;  /* from the first attempt to everything prepared */
    uint64_t retry_ms;
    unsigned pipeline; /* statements in flight, at most */
    const struct store_statement *statements;
    size_t count;
    bool binary;              /* results in binary form */
    const char *settings[16]; /* name, value, ... NULL: server settings of this session */
};

/* Called from the loop, never from inside link_send. A link must not be freed from inside one. */
struct link_callbacks {
    void (*up)(void *ctx);
    void (*down)(void *ctx); /* it was up; what was in flight has been given back before */
    store_done *done;
    void (*notify)(void *ctx, const PGnotify *n); /* may be NULL */
    void (*outdated)(void *ctx); /* the schema serves newer programs only; may be NULL */
    void (*changed)(void *ctx); /* by link_doubt it is ready, or not, and was before; may be NULL */
};

struct link;

struct link *link_new(struct event_base *base, const struct link_options *o, struct log *log,
                      const struct link_callbacks *callbacks, void *ctx);
/* What is in flight gets STORE_LOST before this returns. */
void link_free(struct link *l);

bool link_ready(const struct link *l);
size_t link_room(const struct link *l); /* statements that it would take now */
size_t link_in_flight(const struct link *l);
uint64_t link_connects(const struct link *l); /* how often it came up */
/* Which server it is, or was, connected to: another after each start of one. "" before the first.
 */
const char *link_server(const struct link *l);
/* 0: done will be called once; -1: not sent. */
int link_send(struct link *l, size_t which, const struct store_param *params, uint64_t deadline_ms,
              uint64_t number);

/*
 * The server may have gone without a word: nothing is sent before it has given a sign of life, and
 * when none comes for ms, the link is not ready any more. With nothing in flight it asks for one,
 * and is dropped then; what is in flight keeps its time, and its answer makes the link ready again.
 */
void link_doubt(struct link *l, uint64_t ms);

/* What a COPY gives, from the loop. Less than 0: it makes no sense, and the connection is ended. */
struct link_copy_callbacks {
    int (*head)(void *ctx, const PGresult *res); /* rows of a statement before it, in text form */
    int (*piece)(void *ctx, const char *bytes, size_t len); /* of the stream, cut anywhere */
};
/*
 * Runs statements as one transaction of its own, the last of which is a COPY ... TO STDOUT.  0:
 * done will be called once, with STORE_OK when all has been given; with STORE_TIMEOUT when nothing
 * came for still_ms. -1: not sent; nothing else may be in flight, and nothing can be sent before it
 * is done.
 */
int link_copy(struct link *l, const char *sql, const struct link_copy_callbacks *callbacks,
              uint64_t still_ms, uint64_t number);
/* Ends the connection, from inside a callback too: down follows from the loop, then a new one. */
void link_break(struct link *l, const char *why);

#endif
