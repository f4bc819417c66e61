#ifndef SPEAN_SERVICE_H
#define SPEAN_SERVICE_H

#include <spean/net.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>
#include <spean/store.h>
#include <stdatomic.h>

struct buf;
struct index;
struct model;
struct log;
struct buf;

/*
 * The methods. One struct service a worker, touched by that worker's thread alone. It turns lines
 * into calls, checks them in the contract's order, runs them at once or through the store, and has
 * one way out for every answer.
 *
 * Service and worker need each other, so they are put together in this order: service_new,
 * worker_new (ctx: the service), service_attach, worker_start ... worker_join, service_detach,
 * worker_free, service_free.
 */
struct service_options {
    const struct model *model; /* borrowed */
    struct rpc_limits limits;
    struct store_options store; /* conninfo borrowed */
    uint64_t request_ms;        /* deadline of a request: 5 s; unavailable is said within 1 s */
    uint64_t idempotency_ms;    /* how long keys are kept: 24 h */
    size_t answer_bytes;        /* finished match answers kept; 0: none */
    gid_t staff_group;          /* (gid_t)-1: none */
    /* Is a local peer staff? NULL: it is when staff_group is one of its user's groups. */
    bool (*is_staff)(uid_t uid, gid_t gid, gid_t staff_group);
    /* Counts tokens revoked by this daemon, so that all of its workers know at once; shared by
     * their services. NULL: there is one service. */
    atomic_uint_least64_t *revocations;
    struct guesses *guesses; /* shared by all services; NULL: wrong tokens are not counted */
    /* Takes over what a committed write has changed; called on the worker's thread. NULL: nobody
     * wants to know. */
    void (*wrote)(void *ctx, struct feed_write *w);
    void *wrote_ctx;
    struct log *log;
    int number;
};

/* Wrong tokens counted by source: at most `limit` (0: any number, else up to GUESSES_MAX) in a
 * window. Any thread may set them. NULL on no memory. */
#define GUESSES_MAX 100
struct guesses *guesses_new(unsigned limit, uint64_t window_ms);
void guesses_set(struct guesses *g, unsigned limit, uint64_t window_ms);
void guesses_free(struct guesses *g);

/* NULL on no memory. */
struct service *service_new(const struct service_options *o);
/* Opens the database pool and the timers on the worker's base, before it starts. 0 or -1. */
int service_attach(struct service *s, struct worker *w);
/* Closes the pool and the timers, after the worker was joined and before it is freed. */
void service_detach(struct service *s);
void service_free(struct service *s);
const struct worker_callbacks *service_callbacks(void); /* ctx: the struct service */

/* Appends the methods and errors as mdoc, as spean-protocol(7) has them. 0 or -1. */
int methods_page(struct buf *out);

/*
 * What all of a daemon's services count together, in Prometheus' text format, from any thread.
 * Gauges are at most half a second old.
 */
void service_metrics_write(struct service *const *services, size_t count, struct buf *out);

/* Messages of worker_post that service understands; the data is owned by the receiver. */
enum service_message {
    SERVICE_INDEX = 1, /* struct index * (a reference) */
    SERVICE_TOKENS,    /* NULL: the token table moved, read it again */
    SERVICE_STATE,     /* struct service_state * (heap) */
    SERVICE_LIMITS,    /* struct rpc_limits * (heap) */
    SERVICE_STOP       /* NULL: before worker_drain; who waits for changes is answered now */
};

struct service_state {
    bool database_up;
    uint64_t database_seq;
    char epoch[40];
    struct service_loading { /* a whole load under way, the first or another */
        enum { SERVICE_LOADED, SERVICE_READING, SERVICE_BUILDING } phase;
        uint64_t companies, about; /* read so far; expected (0: unknown) */
    } loading;
};

#endif
