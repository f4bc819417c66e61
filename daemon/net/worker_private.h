#ifndef SPEAN_NET_WORKER_PRIVATE_H
#define SPEAN_NET_WORKER_PRIVATE_H

#include "conn.h"
#include "mailbox.h"
#include "shared.h"
#include "slots.h"

#include <pthread.h>
#include <spean/net.h>
#include <stdatomic.h>

struct event;

TAILQ_HEAD(conn_list, conn);

struct worker {
    struct net_limits limits;
    struct net_shared *shared;
    struct log *log;
    const struct worker_callbacks *callbacks;
    void *ctx;
    int number;

    struct event_base *base;
    struct event *event_mail;  /* the mailbox's eventfd */
    struct event *event_turn;  /* zero timer: somebody is on the todo list */
    struct event *event_tick;  /* deadlines and heartbeat */
    struct event *event_drain; /* the end of patience */
    struct mailbox mailbox;
    struct slot_table slots;
    struct conn_list todo;

    bool draining;
    bool ended; /* loop left, everything closed */
    bool running;
    pthread_t thread;
    _Atomic uint64_t heartbeat;
    uint64_t tls_logged_ms;    /* when a failed handshake was last logged */
    unsigned tls_unlogged;     /* those since */
    _Atomic uint64_t drain_ms; /* drain until then; 0: do not. No letter: it must not fail. */
    char scratch[CONN_READ_LONG];
};

/* Puts c on the todo list of the next turn. */
void worker_queue(struct worker *w, struct conn *c);
/* The budget is over: drops the connections of this worker that hold most. */
void worker_relieve(struct worker *w);
/* A connection is gone: the drain may be over. */
void worker_left(struct worker *w);
/* Like worker_adopt for one too many. Any thread; closes fd on failure. */
void worker_refuse(struct worker *w, int fd, struct tls *tls);

#endif
