#ifndef SPEAN_STORE_LINK_PRIVATE_H
#define SPEAN_STORE_LINK_PRIVATE_H

#include "conninfo.h"
#include "link.h"

#include <event2/event.h>

enum link_state {
    LINK_WAITING,    /* until the next attempt */
    LINK_RESOLVING,  /* host names, on a thread */
    LINK_CONNECTING, /* PQconnectPoll */
    LINK_PREPARING,  /* settings, schema, statements: sent at once, in the pipeline */
    LINK_READY
};

enum flight_kind {
    FLIGHT_TRY,
    FLIGHT_SETUP,
    FLIGHT_SCHEMA,
    FLIGHT_CHECK,
    FLIGHT_CALL,
    FLIGHT_COPY
};

/* What is under way in the pipeline, in order. libpq itself does not tell. */
struct flight {
    enum flight_kind kind;
    uint64_t number;
    uint64_t deadline_ms;
    PGresult *res; /* held until its sync has come: only then is it committed */
};

struct link {
    struct event_base *base;
    struct link_options o;
    char *conninfo;
    struct log *log;
    struct link_callbacks callbacks;
    void *ctx;

    enum link_state state;
    PGconn *conn;
    struct resolver *resolver;
    uint64_t connect_deadline_ms;
    size_t turn;      /* with which host to begin */
    uint64_t wait_ms; /* before the next attempt; doubles */
    uint32_t random;
    struct event *io;    /* connecting, then reading */
    struct event *write; /* while libpq holds unsent bytes */
    struct event *timer; /* the next attempt, the connect deadline, or the nearest of a statement */
    struct event *defer; /* breaking off, later */
    uint64_t timer_ms;   /* when the timer is due; 0: not set */
    bool breaking;
    bool doubted;      /* until the next answer nothing is sent */
    bool silent;       /* and that has not come in time */
    uint64_t doubt_ms; /* when it had to be there */
    uint64_t connects; /* how often it came up */
    char server[STORE_SERVER];
    char why[200];      /* the reason while breaking */
    char reported[200]; /* the last reason that was logged */

    struct flight *flights; /* ring */
    size_t size, first, used;

    struct link_copy_callbacks copy;
    bool copying;  /* and not in pipeline mode */
    bool copy_out; /* the stream has begun and is not at its end */
    uint64_t copy_still_ms;
};

/* link_io.c: the pipeline */
void link_io(evutil_socket_t fd, short what, void *arg); /* of both events, once connected */
int link_flush(struct link *l);
/* Sends settings, the check of the schema, and what is to be prepared. 0 or -1. */
int link_prepare(struct link *l);
/* The earliest deadline of what is in flight, UINT64_MAX if there is none. */
uint64_t link_nearest(const struct link *l);
/* Nothing is late: the timer is set anew, and who was in doubt for too long is silent. */
void link_look(struct link *l, uint64_t now_ms);
/* Gives everything in flight back: STORE_TIMEOUT to what is past its deadline, else STORE_LOST. */
void link_abandon(struct link *l, uint64_t now_ms);

/* What is in flight: the first, taken off, and put behind. */
struct flight *link_first(struct link *l); /* NULL: nothing */
struct flight link_pop(struct link *l);
void link_push(struct link *l, enum flight_kind kind, uint64_t number, uint64_t deadline_ms);
/* Tells of the result that it holds. */
void link_deliver(struct link *l, const struct flight *f);

/* link_copy.c: takes what has been read, and reads on for a while. -1 if the connection is of no
 * use. */
int link_copy_io(struct link *l);

/* link.c: states */
void link_became_ready(struct link *l);
void link_drop(struct link *l, const char *why);
void link_arm(struct link *l, uint64_t due_ms); /* the timer, unless it is due earlier */

#endif
