#include "slots.h"

#include <stdlib.h>
#include <string.h>

void slot_table_init(struct slot_table *s)
{
    memset(s, 0, sizeof *s);
}

void slot_table_done(struct slot_table *s)
{
    free(s->all);
    slot_table_init(s);
}

static int slot_table_grow(struct slot_table *s)
{
    uint32_t cap = s->cap == 0 ? 64 : s->cap * 2;
    struct slot *all;

    if (s->cap >= SLOTS_MAX)
        return -1;
    all = realloc(s->all, cap * sizeof *all);
    if (all == NULL)
        return -1;
    s->all = all;
    s->cap = cap;
    return 0;
}

uint64_t slot_table_add(struct slot_table *s, struct conn *c)
{
    uint32_t n;

    if (s->free != 0) {
        n = s->free - 1;
        s->free = s->all[n].next_free;
    } else {
        if (s->size == s->cap && slot_table_grow(s) != 0)
            return 0;
        n = s->size++;
        s->all[n].generation = 0;
    }
    s->all[n].conn = c;
    s->used++;
    return (uint64_t)s->all[n].generation << 32 | (n + 1);
}

static struct slot *slot_find(const struct slot_table *s, uint64_t id)
{
    uint32_t n = (uint32_t)id;
    struct slot *slot;

    if (n == 0 || n > s->size)
        return NULL;
    slot = &s->all[n - 1];
    if (slot->conn == NULL || slot->generation != (uint32_t)(id >> 32))
        return NULL;
    return slot;
}

void slot_table_remove(struct slot_table *s, uint64_t id)
{
    struct slot *slot = slot_find(s, id);

    if (slot == NULL)
        return;
    slot->conn = NULL;
    slot->generation++;
    slot->next_free = s->free;
    s->free = (uint32_t)id;
    s->used--;
}

struct conn *slot_table_find(const struct slot_table *s, uint64_t id)
{
    struct slot *slot = slot_find(s, id);

    return slot == NULL ? NULL : slot->conn;
}
