#ifndef SPEAN_NET_SLOTS_H
#define SPEAN_NET_SLOTS_H

#include <stddef.h>
#include <stdint.h>

struct conn;

/*
 * Names for connections: slot in the low half (from 1, so that 0 names nothing), generation in the
 * high half. A slot is used again, a name practically never: a database answer that comes for a
 * connection that has died meanwhile finds nothing.
 */
struct slot {
    struct conn *conn; /* NULL: free */
    uint32_t generation;
    uint32_t next_free; /* slot number + 1, 0: none */
};

struct slot_table {
    struct slot *all;
    uint32_t size; /* slots made */
    uint32_t cap;
    uint32_t free; /* first free slot + 1 */
    uint32_t used;
};

#define SLOTS_MAX (1u << 20)

void slot_table_init(struct slot_table *s);
void slot_table_done(struct slot_table *s);
/* Gives c a name. 0 when there is no place or memory. */
uint64_t slot_table_add(struct slot_table *s, struct conn *c);
void slot_table_remove(struct slot_table *s, uint64_t id);
struct conn *slot_table_find(const struct slot_table *s, uint64_t id); /* NULL if gone */

#endif
