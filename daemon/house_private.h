#ifndef SPEAN_HOUSE_PRIVATE_H
#define SPEAN_HOUSE_PRIVATE_H

#include "house.h"

#include <spean/net.h>
#include <spean/service.h>
#include <stdatomic.h>

#define WORKERS_MAX 64
#define LISTENERS_MAX 16

struct event;
struct event_base;
struct indexer;
struct monitor;
struct tls;
struct wrote;

struct house {
    struct house_options o;
    struct config *config; /* of the start: what needs a restart is compared with it */
    struct config *live;   /* of the last reload, or NULL */
    struct event_base *base;
    struct net_shared *shared;
    struct guesses *guesses;
    struct tls *tls; /* as last loaded, or NULL */
    struct worker *workers[WORKERS_MAX];
    struct service *services[WORKERS_MAX];
    size_t worker_count;
    atomic_uint_least64_t revocations; /* service.h */
    struct listener *listeners[LISTENERS_MAX];
    size_t listener_count;
    struct indexer *indexer;
    struct monitor *monitor; /* or NULL */
    int64_t started_wall_ms;
    struct feed *feed;
    struct wrote *wrote; /* from the services to the feed */
    struct event *event_term, *event_int, *event_hup, *event_watchdog;
    struct event *event_open; /* the doors are held until ready, or until it is due */
    uint64_t watchdog_ms;     /* 0: nobody watches */
    bool stalled;             /* a worker's heart stands still */
    bool ready;
    bool failed;
};

/* house_listen.c: own listeners, or those that the service manager hands over. */
int house_listen(struct house *h, char *err, size_t errlen);
/* Lets those in who wait. */
void house_open_doors(struct house *h);

/* house_monitor.c: metrics on a listening socket, which is taken over whatever comes. 0 or -1. */
int house_watch(struct house *h, int fd, char *err, size_t errlen);

/* house_signals.c: signals, reload, watchdog. */
int house_signals_open(struct house *h);
void house_signals_close(struct house *h);
void house_reload(struct house *h);
/* Tells the service manager, if there is one. */
void house_notify(const char *state);

#endif
