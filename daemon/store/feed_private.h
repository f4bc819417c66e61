#ifndef SPEAN_STORE_FEED_PRIVATE_H
#define SPEAN_STORE_FEED_PRIVATE_H

#include "copy_stream.h"
#include "link.h"

#include <event2/event.h>

#define FEED_UUID 16
#define FEED_EPOCH 37  /* text of an uuid and the NUL */
#define FEED_PAGE 1000 /* changes read at once */

enum feed_statement {
    FEED_LISTEN,
    FEED_HEAD,
    FEED_FOLLOW,
    FEED_REWOUND,
    FEED_COUNT,
    FEED_LOAD = FEED_COUNT /* is not prepared */
};
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

    enum feed_state state;
    uint64_t busy_ms; /* since when FEED_BUSY */
    bool late;        /* that has been so for long: the database was said to be away */
    bool again;       /* something may have happened while busy: look once more */
    bool loading;     /* a load has begun and is not through */
    bool loaded;
    int refused; /* the statement whose refusal has been logged, or -1 */
    bool tokens_known;
    uint64_t token_version;
    char epoch[FEED_EPOCH]; /* of what has been given */
    uint64_t seq;           /* all changes up to here have been given; in a load: its start */
    uint64_t asked;         /* seq as it was when what is under way was sent */
    uint64_t head;          /* the counter, as last seen */

    struct {
        char *sql;
        struct copy_stream stream;
        bool starved; /* a row found no memory: the rest is not given */
        uint64_t rows, since_ms;
    } load;
};

/* Runs one statement; what follows is feed_done. */
void feed_send(struct feed *f, enum feed_statement which);
/* 0 or -1: not sent. */
int feed_send_on(struct feed *f, struct link *l, enum feed_statement which);
/* All that is known of has been given: says so. */
void feed_level(struct feed *f);
/* There are changes up to seq, someone says. */
void feed_heard(struct feed *f, uint64_t seq);
/* Nothing is under way: looks again if there was a reason meanwhile. */
void feed_rest(struct feed *f);

/* For want of memory: again, but not before the next look. Returns 0. */
int feed_starve(struct feed *f);

/* feed_load.c: everything anew. */

int feed_load_open(struct feed *f); /* 0 or -1 */
void feed_load_close(struct feed *f);
/* From the primary. */
void feed_load(struct feed *f);
/* From there; what follows is that link's done with FEED_LOAD. 0 or -1: not sent. */
int feed_load_on(struct feed *f, struct link *l);
/* All has come. 0 or -1: it was not all, and the connection is of no use. */
int feed_loaded(struct feed *f);

/* feed_reader.c: loads that spare the primary. */

/* 0 or -1 on no memory. */
int feed_reader_open(struct feed *f, struct event_base *base, const struct link_options *o);
/* True: the load goes to the reader, or waits for it a little. */
bool feed_reader_begin(struct feed *f, const char *epoch);

/* feed_read.c: results to callbacks. */

struct feed_head {
    char epoch[FEED_EPOCH];
    uint64_t seq, token_version;
};
/* 0 or -1 if the result does not look as it should. */
int feed_read_head(const PGresult *res, struct feed_head *ret);
/* The callback had no memory for a row: neither it nor what follows has been taken. */
#define FEED_NO_MEMORY (-2)

struct feed_page {
    int rows; /* 0: no change */
    uint64_t first, last, head;
    char epoch[FEED_EPOCH];
};
/* What a page of changes spans, 0 or -1; then its rows to the callback, 0, -1 or FEED_NO_MEMORY. */
int feed_read_span(const PGresult *res, struct feed_page *ret);
int feed_read_changes(struct feed *f, const PGresult *res);

#endif
