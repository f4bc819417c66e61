#ifndef SPEAN_SERVICE_CORE_H
#define SPEAN_SERVICE_CORE_H

#include "guesses.h"
#include "metrics.h"
#include "tokens.h"

#include <event2/event.h>
#include <spean/buf.h>
#include <spean/index.h>
#include <spean/service.h>
#include <sys/queue.h>

/* The inside of struct service and of a connection's session; for this room's files only. */

#define ANSWER_MAX 900000   /* bytes of one answer line: below the connections' output limit */
#define ANSWER_PAGE 262144  /* a page of a list ends when it is this large */
#define BULKY_APART_MS 2    /* how often a call looks whether its turn has come */
#define BATCH_MARK 400000   /* no further call of a batch is run above this */
#define BATCH_SLICE_MS 10   /* a batch gives way to others after this */
#define PROFILE_MAX 262144  /* bytes of a stored profile */
#define SUBSCRIPTIONS_MAX 4 /* of one connection */
#define UNAVAILABLE_MS 1000 /* how long a request may wait for a database that is away */
#define TOKENS_APART_MS 250 /* loads of the token table are at least this far apart */
#define NOTIFY_APART_MS 50  /* notifications to subscribers too */
#define STARTING_MS 800     /* and for one that it has not reached yet */
#define WRITE_TRIES 100     /* of a write that others get in the way of */
#define TOKENS_NUMBER 1     /* pool_run number of the token table's load; no slot makes it */

struct request;
struct answers;
LIST_HEAD(request_list, request);

/* What the service keeps for one connection. It lives longer than the connection's requests. */
struct session {
    uint64_t conn;
    uint64_t number; /* n-th connection of this worker, for request ids */
    uint64_t lines;  /* lines taken so far */
    struct guess_source source;
    struct principal peer; /* by its unix credentials or TLS certificate, or ROLE_NONE */
    int64_t peer_until_ms; /* when that ends; 0: never */
    bool logged_in;        /* by the token of this digest: */
    uint8_t digest[DIGEST_BYTES];
    unsigned subscriptions; /* ids 1..subscriptions */
    unsigned bulky;         /* calls under way whose answers may be large */
    struct request_list requests;
    LIST_ENTRY(session) subscriber; /* while subscriptions > 0 */
};
LIST_HEAD(session_list, session);

/* Requests are named by slot and generation: an id that is stale is simply not found. */
struct slot {
    struct request *request; /* NULL: free */
    uint32_t generation;     /* moves whenever a call has ended */
    uint32_t next_free;
};

struct slots {
    struct slot *list;
    uint32_t count, cap, first_free; /* first_free: index + 1, 0 if none */
};

/* A line while its callback runs. */
struct line_now {
    const struct session *session; /* NULL: there is none */
    uint64_t number;               /* on its connection */
    const char *text;              /* borrowed */
    size_t len;
};

/* The token table and its reloading. */
struct token_state {
    struct tokens tokens;
    bool loading;
    bool failed;         /* the last load failed */
    uint64_t started;    /* loads started */
    uint64_t loaded;     /* number of the load that the table comes from; 0: none yet */
    uint64_t last_ms;    /* when the last one started */
    uint64_t revoked;    /* the daemon's revocations that the table knows of */
    uint64_t revoking;   /* those that the load under way knows of */
    uint64_t discard;    /* loads up to this number saw the table before our own last change */
    struct event *timer; /* the next one */
};

struct service {
    struct service_options o;
    struct worker *worker; /* NULL unless attached */
    struct event_base *base;
    struct pool *pool;
    bool was_up; /* the pool, ever: until then requests wait a little for it */
    struct profile_codes codes;
    struct slots slots;
    struct request_list waiting; /* for something to happen (request_wait) */
    bool turn_taken;             /* a write is being tried again (company_write.c) */
    struct session_list subscribers;
    struct event *notify_timer;
    uint64_t notified_seq, notified_ms;
    struct token_state auth;
    struct index *index; /* NULL until the first one came */
    struct index_room *room;
    struct service_state state;
    uint64_t head;         /* the newest seq heard of */
    uint64_t moves;        /* how often head or the epoch has changed */
    bool stopping;         /* nobody waits for changes or the index any more */
    uint64_t lag_since_ms; /* 0: the index is level with the database */
    uint64_t started_ms;
    uint64_t connections;    /* so far */
    struct buf scratch;      /* a result while it is written */
    struct answers *answers; /* of match.list, finished */
    char tail[160];          /* what they end with, of the present index */
    size_t tail_len;
    struct line_now line; /* the one that is being handled */
    struct metrics metrics;
    struct event *metrics_timer;
};

/* The database can't be reached, and could before: no use in waiting. */
bool service_cut_off(struct service *s);

/* subscribe.c */
void subscribers_wake(struct service *s);
void subscribers_timer(evutil_socket_t fd, short what, void *arg);

#define RID_TEXT 64 /* a request's name in the log and in errors */
/* Names the line that the session has taken last. */
void line_name(const struct service *s, const struct session *session, char out[RID_TEXT]);

/* Sets a one-shot timer ms from now; it comes at once where there is no memory to set it. */
void timer_set(struct event *timer, uint64_t ms);

#endif
