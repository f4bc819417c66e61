#include "shared.h"

#include <spean/net.h>
#include <stdlib.h>

struct net_shared *net_shared_new(void)
{
    struct net_shared *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    atomic_init(&s->connections, 0);
    atomic_init(&s->refused, 0);
    atomic_init(&s->buffered, 0);
    atomic_init(&s->opened, 0);
    atomic_init(&s->turned_away, 0);
    atomic_init(&s->dropped, 0);
    atomic_init(&s->tls_done, 0);
    atomic_init(&s->tls_failed, 0);
    return s;
}

void net_shared_free(struct net_shared *s)
{
    free(s);
}

unsigned net_shared_connections(const struct net_shared *s)
{
    return atomic_load_explicit(&s->connections, memory_order_relaxed);
}

size_t net_shared_buffered(const struct net_shared *s)
{
    return atomic_load_explicit(&s->buffered, memory_order_relaxed);
}

struct net_counters net_shared_counters(const struct net_shared *s)
{
    return (struct net_counters){
        .opened = atomic_load_explicit(&s->opened, memory_order_relaxed),
        .turned_away = atomic_load_explicit(&s->turned_away, memory_order_relaxed),
        .dropped = atomic_load_explicit(&s->dropped, memory_order_relaxed),
        .tls_done = atomic_load_explicit(&s->tls_done, memory_order_relaxed),
        .tls_failed = atomic_load_explicit(&s->tls_failed, memory_order_relaxed)};
}
