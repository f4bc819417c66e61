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

    struct link *reader;           /* where a load may read from, or NULL */
    bool via_reader;               /* a load reads from there now */
    bool reader_skip;              /* the next load does not: what it gave was too old */
    uint64_t reader_since_ms;      /* since when a load has waited for it; 0: none has */
    char reader_epoch[FEED_EPOCH]; /* of the database, when the load was to begin */
    uint64_t reader_head;

    enum feed_state state;
    bool again;   /* something may have happened while busy: look once more */
    bool loading; /* a load has begun and is not through, perhaps cut off in the middle */
    bool loaded;
    bool starved; /* a row of a load found no memory, and the page after its own is on its way */
    bool failing; /* the last statement was refused, which has been logged */
    bool tokens_known;
    uint64_t token_version;
    char epoch[FEED_EPOCH];   /* of what has been given */
    uint64_t seq;             /* all changes up to here have been given; in a load: its start */
    uint64_t head;            /* the counter, as last seen */
    uint8_t after[FEED_UUID]; /* in a load: the last company given */
};

/* Runs one statement; what follows is feed_done, or feed_reader_done for a load from the reader. */
void feed_send(struct feed *f, enum feed_statement which);
/* 0 or -1: not sent. */
int feed_send_on(struct feed *f, struct link *l, enum feed_statement which);
/* Nothing is under way: looks again if there was a reason meanwhile. */
void feed_rest(struct feed *f);
/* Everything anew, as it stood at this number. */
void feed_load_from(struct feed *f, const char *epoch, uint64_t head);
/* A page of a load. 0 or -1: it makes no sense. */
int feed_on_load(struct feed *f, const PGresult *res);

/* feed_reader.c: loads that spare the primary. */

/* 0 or -1 on no memory. */
int feed_reader_open(struct feed *f, struct event_base *base, const struct link_options *o);
/* True: the load goes to the reader, or waits for it a little. */
bool feed_reader_begin(struct feed *f, const char *epoch, uint64_t head);

/* loader.c: results to callbacks. */

struct feed_head {
    char epoch[FEED_EPOCH];
    uint64_t seq, token_version;
};
/* 0 or -1 if the result does not look as it should. */
int feed_read_head(const PGresult *res, struct feed_head *ret);
/* The last company of a page of a load; NULL: there is none. */
const uint8_t *feed_read_load_end(const PGresult *res);
/* The callback had no memory for a row: neither it nor what follows has been taken. */
#define FEED_NO_MEMORY (-2)
/* A page of a load: its rows to the callback; the number of rows, -1 or FEED_NO_MEMORY. */
int feed_read_load(struct feed *f, const PGresult *res);

struct feed_page {
    int rows; /* 0: no change */
    uint64_t first, last, head;
    char epoch[FEED_EPOCH];
};
/* What a page of changes spans, 0 or -1; then its rows to the callback, 0, -1 or FEED_NO_MEMORY. */
int feed_read_span(const PGresult *res, struct feed_page *ret);
int feed_read_changes(struct feed *f, const PGresult *res);

#endif
