#include "slots.h"

#include <stdlib.h>
#include <string.h>

void slots_init(struct slots *s)
{
    memset(s, 0, sizeof *s);
}

void slots_done(struct slots *s)
{
    free(s->all);
    slots_init(s);
}

static int slots_grow(struct slots *s)
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

uint64_t slots_add(struct slots *s, struct conn *c)
{
    uint32_t n;

    if (s->free != 0) {
        n = s->free - 1;
        s->free = s->all[n].next_free;
    } else {
        if (s->size == s->cap && slots_grow(s) != 0)
            return 0;
        n = s->size++;
        s->all[n].generation = 0;
    }
    s->all[n].conn = c;
    s->used++;
    return (uint64_t)s->all[n].generation << 32 | (n + 1);
}

static struct slot *slot_find(const struct slots *s, uint64_t id)
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

void slots_remove(struct slots *s, uint64_t id)
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

struct conn *slots_find(const struct slots *s, uint64_t id)
{
    struct slot *slot = slot_find(s, id);

    return slot == NULL ? NULL : slot->conn;
}
