#ifndef SPEAN_STORE_FEED_PRIVATE_H
#define SPEAN_STORE_FEED_PRIVATE_H

#include "link.h"

#include <event2/event.h>

#define FEED_UUID 16
#define FEED_EPOCH 37       /* text of an uuid and the NUL */
#define FEED_PAGE 1000      /* changes read at once */
#define FEED_LOAD_PAGE 2000 /* companies read at once in a load */

enum feed_statement { FEED_LISTEN, FEED_HEAD, FEED_LOAD, FEED_FOLLOW, FEED_REWOUND, FEED_COUNT };
extern const struct store_statement feed_statements[FEED_COUNT];

/* What is under way: one statement at a time (LISTEN apart). */
enum feed_state { FEED_OFF, FEED_IDLE, FEED_BUSY };

struct feed {
    struct link *link;
    struct log *log;
    struct feed_options o;
    char *pack_model;
    struct feed_callbacks callbacks;
    void *ctx;
    struct event *timer; /* looks at the counter */

    enum feed_state state;
    bool again;   /* something may have happened while busy: look once more */
    bool loading; /* a load has begun and is not through, perhaps cut off in the middle */
    bool loaded;
    bool failing; /* the last statement was refused, which has been logged */
    bool tokens_known;
    uint64_t token_version;
    char epoch[FEED_EPOCH];   /* of what has been given */
    uint64_t seq;             /* all changes up to here have been given; in a load: its start */
    uint64_t head;            /* the counter, as last seen */
    uint8_t after[FEED_UUID]; /* in a load: the last company given */
};

/* Runs one statement; what follows is feed_done. */
void feed_send(struct feed *f, enum feed_statement which);

/* loader.c: results to callbacks. */

struct feed_head {
    char epoch[FEED_EPOCH];
    uint64_t seq, token_version;
};
/* 0 or -1 if the result does not look as it should. */
int feed_read_head(const PGresult *res, struct feed_head *ret);
/* A page of a load: its rows to the callback; the number of rows, or -1. */
int feed_read_load(struct feed *f, const PGresult *res);

struct feed_page {
    int rows; /* 0: no change */
    uint64_t first, last, head;
    char epoch[FEED_EPOCH];
};
/* What a page of changes spans; then its rows to the callback. 0 or -1. */
int feed_read_span(const PGresult *res, struct feed_page *ret);
int feed_read_changes(struct feed *f, const PGresult *res);

#endif
