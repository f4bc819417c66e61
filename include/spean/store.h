#ifndef SPEAN_STORE_H
#define SPEAN_STORE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct log;

/*
 * PostgreSQL through asynchronous libpq in pipeline mode, on a libevent base. Every statement is
 * one implicit transaction of its own with one sync, so a failure never touches its neighbours;
 * what has to be atomic is one SQL function (sql/). Results come with the caller's number, never a
 * pointer.
 */

struct store_options {
    const char *conninfo; /* libpq connection string; copied */
    unsigned connections; /* of this pool */
    unsigned pipeline;    /* statements in flight on a connection */
    unsigned queue;       /* statements waiting for a place; more are refused at once */
    uint64_t connect_ms;  /* deadline of a connection attempt */
    uint64_t retry_ms;    /* between attempts, with jitter, doubling up to a second */
};

enum store_status {
    STORE_OK,          /* result: PGRES_TUPLES_OK or PGRES_COMMAND_OK */
    STORE_SQL,         /* the server refused: sqlstate says why; nothing was written */
    STORE_UNAVAILABLE, /* never sent: certainly not applied */
    STORE_LOST,        /* sent, connection lost before the answer: may have been applied */
    STORE_TIMEOUT /* no answer by the deadline; the connection is dropped: may have been applied */
};

#define STORE_SERVER 24 /* bytes of a server's name: a number as text */

struct store_result {
    enum store_status status;
    const PGresult *res; /* valid during the callback; NULL unless STORE_OK or STORE_SQL */
    char sqlstate[6];    /* "" unless STORE_SQL */
    const char *server;  /* which of all answered, valid during the callback; STORE_OK only */
};

/* number: what the caller gave to pool_run. Called from the loop, never from inside pool_run. */
typedef void store_done(void *ctx, uint64_t number, const struct store_result *result);

/* Statements are prepared once a connection. The table is static and shared by all pools. */
struct store_statement {
    const char *name;
    const char *sql;
    int params;
};

#define STORE_PARAMS_MAX 16
struct store_param { /* text form unless binary; value NULL: SQL null; copied by pool_run */
    const char *value;
    size_t len;
    bool binary;
};

struct pool;

struct pool *pool_new(struct event_base *base, const struct store_options *o, struct log *log,
                      const struct store_statement *statements, size_t count, store_done *done,
                      void *ctx);
/* Statements in flight get STORE_LOST, waiting ones STORE_UNAVAILABLE, before this returns. */
void pool_free(struct pool *p);
/*
 * Runs statement `which` (index in the table) with as many params as it has. deadline_ms:
 * monotonic. 0: done will be called once with number. -1: refused at once (no connection is up, the
 * queue is full or no memory); done is not called.
 */
int pool_run(struct pool *p, size_t which, const struct store_param *params, uint64_t deadline_ms,
             uint64_t number);
bool pool_up(const struct pool *p); /* at least one connection is ready */
/*
 * The server is said to be away: connections that give no sign of life within half a second count
 * as down, so that what is run is refused at once and not at its deadline.
 */
void pool_doubt(struct pool *p);
size_t pool_queued(const struct pool *p);
struct pool_stats {
    unsigned connections, ready; /* all, and those that are up */
    size_t in_flight, queued;    /* statements sent and not answered; waiting for a place */
    uint64_t connects;           /* connections that came up, since the start */
};
struct pool_stats pool_stats(const struct pool *p);

/* ---- the change feed: one connection of its own, on the main thread ---- */

struct feed_row {       /* a company as it stands now; valid during the callback */
    const uint8_t *id;  /* 16 bytes */
    const void *packed; /* NULL: the company is gone */
    size_t packed_len;
    const char *doc; /* profile as JSON; given only where it was packed by another format or
                        model than feed_options say */
    size_t doc_len;
    int64_t version;
    int64_t updated_ms; /* in a load: 0 where no doc is given */
};

struct feed_callbacks {
    /* A whole load begins (first start, after the feed's epoch changed, or once more because the
     * last was cut off): forget everything. about: so many companies there may be, as PostgreSQL
     * estimates; 0: it does not know. */
    void (*reset)(void *ctx, uint64_t about);
    /* A company; during the load, each once and in no order, or because it changed. 0; -1: there is
     * no memory for it now, so it has to be given again, with the next look at the counter. */
    int (*row)(void *ctx, const struct feed_row *row);
    /* All rows up to seq have been given, some perhaps newer already: publish. seq 0 with no
     * company is a state, too. */
    void (*caught_up)(void *ctx, uint64_t seq, const char *epoch);
    /* Seen alive: seq of the database's counter, whenever looked at; up false when the connection
     * is lost. 0; -1: what has been given is lost, so that a whole load has to begin. */
    int (*state)(void *ctx, bool up, uint64_t database_seq);
    /* Something outside the change table moved (tokens): its number changed. */
    void (*tokens)(void *ctx, uint64_t token_version);
    /* The schema serves newer daemons only: no waiting helps. May be NULL. */
    void (*outdated)(void *ctx);
};

struct feed_options {
    const char *conninfo;
    const char *read_conninfo; /* where whole loads may read from, a standby; NULL: conninfo */
    uint64_t connect_ms, retry_ms;
    uint64_t poll_ms; /* looks at the counter this often even without NOTIFY: 500 */
    int pack_format;
    const char *pack_model;
};

struct feed;
struct feed *feed_new(struct event_base *base, const struct feed_options *o, struct log *log,
                      const struct feed_callbacks *callbacks, void *ctx);
void feed_free(struct feed *f);

/*
 * A write of this daemon's own that is committed, with what the feed would otherwise ask for. One
 * block of the heap: the rows point into it.
 */
struct feed_write {
    struct feed_write *next;   /* for whoever keeps several */
    uint64_t last;             /* seq of its last change; one a row, without gaps */
    char server[STORE_SERVER]; /* that committed it */
    char epoch[40];            /* of the history that it is part of */
    size_t count;
    struct feed_row rows[];
};
/* NULL on no memory. The rows are empty; *ret_bytes: room for so many bytes that they point to. */
struct feed_write *feed_write_new(size_t count, size_t bytes, uint8_t **ret_bytes);
/*
 * Gives its rows at once if they are the very next changes of the history that the feed follows;
 * otherwise it is a reason to look, like a notification. On the feed's thread, not from inside a
 * callback.
 */
void feed_wrote(struct feed *f, const struct feed_write *w);

/* ---- migrations: blocking, for speand --migrate only ---- */

/*
 * Brings the schema up from the numbered files of dir, in order, each in a transaction, under an
 * advisory lock; safe to run twice and from two places at once. A schema that serves newer daemons
 * only is refused. 0 with the version reached, or -1 with a message.
 */
int store_migrate(const char *conninfo, const char *dir, struct log *log, int *ret_version,
                  char *err, size_t errlen);
/* The schema version this daemon was built for. */
#define STORE_SCHEMA 6

#endif
