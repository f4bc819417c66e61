#ifndef SPEAN_SERVICE_REQUEST_H
#define SPEAN_SERVICE_REQUEST_H

#include "core.h"
#include "method.h"
#include "reason.h"

#include <event2/event_struct.h>
#include <spean/json_writer.h>
#include <spean/rpc.h>
#include <spean/statements.h>

/*
 * A line on its way to its answer: one call, or a batch whose calls run one after the other. Each
 * call is answered exactly once, by request_result or request_error. After that the request may be
 * gone: return at once.
 */
struct request {
    struct service *s;
    struct session *session;
    uint32_t slot;
    LIST_ENTRY(request) of_session;
    LIST_ENTRY(request) of_waiting; /* while wakes != 0 */
    struct rpc_doc doc;
    size_t at;      /* the present call */
    bool running;   /* request_go is below us on the stack */
    bool answered;  /* the present call */
    bool direct;    /* the only call's result stands in the scratch buffer, its head in out */
    bool bulky;     /* the present call counts in session->bulky */
    struct buf out; /* the answers so far */
    struct event timer;
    uint64_t line; /* number of the line on its connection */

    /* the present call */
    const struct rpc_call *call;
    const struct method *method;
    json_t *params; /* borrowed from doc; NULL or an object once checked */
    struct principal who;
    bool own_token; /* by a token in its params */
    char rid[RID_TEXT];
    uint64_t started_us; /* as started_ms, for the histogram */
    uint64_t started_ms, deadline_ms;
    bool guessed;        /* its token counts as a wrong try */
    uint64_t token_load; /* waits for the token table's load of this number; 0: has not waited */
    unsigned wakes;
    void (*on_wake)(struct request *r);
    void (*on_timer)(struct request *r);
    void (*on_store)(struct request *r, const struct store_result *result);
    void *state; /* the method's own */
    void (*state_free)(void *state);
};

/* ---- for the core ---- */

/* Takes the doc of a line of len bytes over and runs it. 0; -1 on no memory (the doc is done then).
 */
int request_start(struct service *s, struct session *session, struct rpc_doc *doc, size_t len);
/* Ends it without an answer: its connection is gone. */
void request_drop(struct request *r);
/* Tells the log of a call that was answered. */
void call_log(struct service *s, const char *method, int code, uint64_t ms, const char *rid,
              const struct principal *who);
/* Names the present call to the store. */
uint64_t request_number(const struct request *r);
/* The request whose present call has this number, or NULL. */
struct request *request_find(struct service *s, uint64_t number);
void request_slots_done(struct slots *slots);
void request_store_done(void *ctx, uint64_t number, const struct store_result *result);
/* Wakes those that wait for one of these. */
void requests_wake(struct service *s, unsigned wakes);

/* dispatch.c: checks the present call in the contract's order and runs it. */
void call_run(struct request *r);

/* ---- for the methods ---- */

/* An empty buffer for the result's JSON, with as much room as the answer may have. */
struct buf *request_buffer(struct request *r);
/* Bytes that a page of a list may have. */
size_t request_page(const struct request *r);
/* Answers with what request_buffer was filled with (an error if that overflowed). */
void request_result(struct request *r);
/* Answers with e, which is done after. */
void request_error(struct request *r, struct rpc_error *e);
void request_refuse(struct request *r, enum reason why);
/* -32602 naming one field. */
void request_bad_param(struct request *r, const char *field, const char *problem);
/* -32603, for what can't be. */
void request_internal(struct request *r, const char *what);
/* -32015 resource_exhausted: there was no memory; nothing was done. */
void request_no_memory(struct request *r, const char *what);

/*
 * Runs a statement; done gets its outcome, unless the deadline comes first. When it is refused at
 * once the call is answered (-32013) and -1 returned.
 */
int request_run(struct request *r, enum statement which, const struct store_param *params,
                void (*done)(struct request *r, const struct store_result *result));
/* The same, but leaves the answer to the caller. */
int request_try(struct request *r, enum statement which, const struct store_param *params,
                void (*done)(struct request *r, const struct store_result *result));
/* Answers for a read's outcome that is not STORE_OK: true if it did. */
bool request_store_failed(struct request *r, const struct store_result *result);
/* What a failed outcome means, as an error. */
void store_error(const struct request *r, const struct store_result *result, struct rpc_error *e);

/* Things to wait for. */
enum wake {
    WAKE_INDEX = 1,  /* another index */
    WAKE_HEAD = 2,   /* the database moved on */
    WAKE_TOKENS = 4, /* the token table was read, or could not be */
    WAKE_TURN = 8    /* a write that was tried again has ended */
};
/* on_wake is called at each of `wakes`, on_timer once at until_ms. */
void request_wait(struct request *r, unsigned wakes, uint64_t until_ms,
                  void (*on_wake)(struct request *r), void (*on_timer)(struct request *r));
/* The default on_timer: -32014. */
void request_expired(struct request *r);
/* An on_timer for statements that write: they may have been applied. */
void request_unknown(struct request *r);

/* A parameter in text form; NULL: SQL null. */
struct store_param param_text(const char *text);
/* Column by place in the first row .. of a result; NULL for SQL null. */
const char *column(const PGresult *res, int row, int col);
int64_t column_int(const PGresult *res, int row, int col);

#endif
