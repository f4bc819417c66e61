#include "peer.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (1u << 31)

void peer_set_init(struct peer_set *s)
{
    memset(s, 0, sizeof *s);
    buf_init(&s->bytes, BYTES_MAX);
}

void peer_set_done(struct peer_set *s)
{
    free(s->slot);
    buf_done(&s->bytes);
}

static uint64_t hash_of(const uint8_t *p, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

static int set_grow(struct peer_set *s)
{
    struct peer_set old = *s;

    s->slots = old.slots ? old.slots * 2 : 1024;
    s->slot = calloc(s->slots, sizeof *s->slot);
    if (!s->slot) {
        *s = old;
        return -1;
    }
    for (size_t i = 0; i < old.slots; i++) {
        size_t at = old.slot[i].hash & (s->slots - 1);
        if (old.slot[i].number == 0)
            continue;
        while (s->slot[at].number != 0)
            at = (at + 1) & (s->slots - 1);
        s->slot[at] = old.slot[i];
    }
    free(old.slot);
    return 0;
}

uint32_t peer_set_add(struct peer_set *s, const void *bytes, size_t len, bool *ret_fresh)
{
    uint64_t hash = hash_of(bytes, len);
    size_t at;

    if (s->slots < s->count * 2 + 2 && set_grow(s))
        return 0;
    for (at = hash & (s->slots - 1); s->slot[at].number != 0; at = (at + 1) & (s->slots - 1))
        if (s->slot[at].hash == hash && s->slot[at].len == len &&
            memcmp(s->bytes.data + s->slot[at].at, bytes, len) == 0) {
            *ret_fresh = false;
            return s->slot[at].number;
        }
    s->slot[at].at = s->bytes.len;
    if (buf_add(&s->bytes, bytes, len))
        return 0;
    s->slot[at].hash = hash;
    s->slot[at].len = (uint32_t)len;
    s->slot[at].number = (uint32_t)++s->count;
    *ret_fresh = true;
    return s->slot[at].number;
}
