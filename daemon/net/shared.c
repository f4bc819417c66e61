#include "shared.h"

#include <spean/net.h>
#include <stdlib.h>

struct net_shared *net_shared_new(void)
{
    struct net_shared *s = malloc(sizeof *s);

    if (s == NULL)
        return NULL;
    atomic_init(&s->connections, 0);
    atomic_init(&s->refused, 0);
    atomic_init(&s->buffered, 0);
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
