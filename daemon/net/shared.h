#ifndef SPEAN_NET_SHARED_H
#define SPEAN_NET_SHARED_H

#include <stdatomic.h>
#include <stddef.h>

/* What all workers and listeners of the daemon count together. */
struct net_shared {
    atomic_uint connections; /* handed to workers and not closed yet */
    atomic_uint refused;     /* being told that there is no place: few, and not counted above */
    atomic_size_t buffered;  /* bytes in the buffers of all connections */
    /* Since the start. */
    atomic_uint_least64_t opened, turned_away, dropped, tls_done, tls_failed;
};

/* Above this share of the budget, connections that hold much are not read from. */
static inline size_t net_shared_high(size_t budget)
{
    return budget - budget / 8;
}

#endif
