#include "interner.h"

#include <stdlib.h>
#include <string.h>

void interner_init(struct interner *in)
{
    *in = (struct interner){.slot = NULL};
}

void interner_done(struct interner *in)
{
    free(in->slot);
    free(in->item);
    free(in->bytes);
    interner_init(in);
}

static uint64_t hash_bytes(const uint8_t *p, size_t len)
{
    uint64_t h = UINT64_C(0x9E3779B97F4A7C15) ^ len;
    for (; len > 0;) {
        uint64_t word = 0;
        size_t n = len < 8 ? len : 8;
        memcpy(&word, p, n);
        h = (h ^ word) * UINT64_C(0xFF51AFD7ED558CCD); /* a multiplier of MurmurHash3's finish */
        h ^= h >> 32;
        p += n;
        len -= n;
    }
    return h;
}

static void slot_put(struct interner *in, uint32_t number)
{
    size_t at = in->item[number].hash & in->mask;
    while (in->slot[at] != 0)
        at = (at + 1) & in->mask;
    in->slot[at] = number + 1;
}

/* Room for one more string of len bytes. 0 or -1. */
static int interner_grow(struct interner *in, size_t len)
{
    if (in->used + len > in->room) {
        size_t room = in->room == 0 ? 4096 : in->room * 2;
        while (room < in->used + len)
            room *= 2;
        uint8_t *bytes = realloc(in->bytes, room);
        if (bytes == NULL)
            return -1;
        in->bytes = bytes;
        in->room = room;
    }
    if (in->count < in->cap)
        return 0;
    size_t cap = in->cap == 0 ? 256 : in->cap * 2;
    if (cap > UINT32_MAX / 4)
        return -1;
    struct interned *item = realloc(in->item, cap * sizeof *item);
    if (item == NULL)
        return -1;
    in->item = item;
    uint32_t *slot = calloc(cap * 2, sizeof *slot);
    if (slot == NULL)
        return -1;
    free(in->slot);
    in->slot = slot;
    in->mask = cap * 2 - 1;
    in->cap = cap;
    for (size_t i = 0; i < in->count; i++)
        slot_put(in, (uint32_t)i);
    return 0;
}

uint32_t intern(struct interner *in, const void *bytes, size_t len, bool *ret_new)
{
    uint64_t hash = hash_bytes(bytes, len);
    *ret_new = false;
    for (size_t at = hash & in->mask; in->slot != NULL && in->slot[at] != 0;
         at = (at + 1) & in->mask) {
        const struct interned *item = &in->item[in->slot[at] - 1];
        if (item->hash == hash && item->len == len && memcmp(in->bytes + item->at, bytes, len) == 0)
            return in->slot[at] - 1;
    }
    if (interner_grow(in, len) < 0)
        return INTERN_FAILED;
    *ret_new = true;
    if (len > 0)
        memcpy(in->bytes + in->used, bytes, len);
    in->item[in->count] = (struct interned){.hash = hash, .at = in->used, .len = (uint32_t)len};
    in->used += len;
    slot_put(in, (uint32_t)in->count);
    return (uint32_t)in->count++;
}
