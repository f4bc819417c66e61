#ifndef SPEAN_SERVICE_H
#define SPEAN_SERVICE_H

#include <spean/net.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>
#include <spean/store.h>

struct index;
struct model;
struct log;

/*
 * The methods. One struct service a worker, touched by that worker's thread alone. It turns lines
 * into calls, checks them in the contract's order, runs them at once or through the store, and has
 * one way out for every answer.
 */
struct service_options {
    struct worker *worker;
    const struct model *model; /* borrowed */
    struct rpc_limits limits;
    const char *conninfo; /* borrowed */
    struct store_options store;
    uint64_t request_ms;     /* deadline of a request: 5 s; unavailable is said within 1 s */
    uint64_t idempotency_ms; /* how long keys are kept: 24 h */
    gid_t staff_group;       /* (gid_t)-1: none */
    bool (*is_staff)(uid_t uid, gid_t gid, gid_t staff_group);
    struct log *log;
    int number;
};

struct service *service_new(const struct service_options *o);
void service_free(struct service *s);
const struct worker_callbacks *service_callbacks(void); /* ctx: the struct service */

/* Messages of worker_post that service understands; the data is owned by the receiver. */
enum service_message {
    SERVICE_INDEX = 1, /* struct index * (a reference) */
    SERVICE_TOKENS,    /* NULL: the token table moved, read it again */
    SERVICE_STATE,     /* struct service_state * (heap) */
    SERVICE_LIMITS     /* struct rpc_limits * (heap) */
};

struct service_state {
    bool database_up;
    uint64_t database_seq;
    char epoch[40];
};

#endif
