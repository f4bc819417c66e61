#include "ties.h"
#include "gains.h"

#include <stdlib.h>

/* A place for each hash: the last ones stay. Those of 4,453 shapes take 4 KB in the middle. */
#define SLOTS 4096

enum ties_what { TIES_NEED = 1, TIES_FIELD };

/* ---- making ---- */

/* Capital is offered to whole groups, and to any field. */
static bool shape_may(const struct shape *s, const uint64_t set[2])
{
    return s->role % KIND_COUNT == KIND_CAPITAL ||
           ((set[0] & s->about[0]) | (set[1] & s->about[1])) != 0;
}

static void shape_need(const struct shape *s, struct need_view *ret)
{
    ret->role = s->role;
    ret->kind = s->role % KIND_COUNT;
    ret->sector = s->sector;
    ret->core_count = s->core_count;
    ret->named_count = s->named_count;
    ret->core_close = s->core_close;
    memcpy(ret->core, s->core, sizeof ret->core);
    memcpy(ret->named, s->named, sizeof ret->named);
}

bool tie_of_need(const struct query *q, size_t i, uint32_t shape, struct tie *ret)
{
    const struct shape *s = &q->t->shapes[shape];
    struct need_view y; /* nothing else of it is looked at */
    *ret = (struct tie){.shape = shape, .group = s->group};
    if (q->m->meets[q->a.needs[i].role][s->role] == 0 || !shape_may(s, q->lanes[i].reach))
        return false;
    shape_need(s, &y);
    struct closeness close = reach_close(q->m, &q->room->reach[i], &y);
    ret->near = (uint16_t)need_close_most(q->m, &close);
    return ret->near > 0;
}

bool tie_of_field(const struct query *q, uint32_t shape, struct tie *ret)
{
    const struct shape *s = &q->t->shapes[shape];
    uint16_t c[CLASS_LANES] = {0};
    struct need_view y;
    *ret = (struct tie){.shape = shape, .group = s->group};
    if (!shape_may(s, q->own_near))
        return false;
    shape_need(s, &y);
    class_of_field(q, &y, true, c);
    ret->near = c[CLASS_SOUGHT];
    ret->own = c[CLASS_OWN];
    ret->serves = c[CLASS_SERVES] & 0x7FFF;
    ret->knows = c[CLASS_KNOWS] & 1;
    return ret->near > 0 || ret->own > 0 || ret->serves > 0 || ret->knows > 0;
}

#define OF_FIELD SIZE_MAX

/* need: OF_FIELD, or which one. */
static void ties_make(const struct query *q, size_t need, struct ties *ret)
{
    const struct tree *t = q->t;
    for (unsigned role = 0; role < ROLES; role++) {
        if (need != OF_FIELD && q->m->meets[q->a.needs[need].role][role] == 0)
            continue;
        for (uint32_t i = t->role_first[role]; i < t->role_first[role + 1]; i++) {
            struct tie *tie = &ret->at[ret->count];
            ret->count += need == OF_FIELD ? tie_of_field(q, i, tie) : tie_of_need(q, need, i, tie);
        }
    }
}

/* ---- keeping ---- */

static size_t ties_size(size_t count)
{
    return sizeof(struct ties) + count * sizeof(struct tie);
}

void ties_forget(struct ties_kept *k)
{
    for (size_t i = 0; k->slot != NULL && i < SLOTS; i++)
        free(k->slot[i]);
    free(k->slot);
    free(k->made);
    *k = (struct ties_kept){0};
}

static size_t key_slot(const struct ties_key *key)
{
    uint64_t h = 0, word[sizeof *key / sizeof(uint64_t)];
    _Static_assert(sizeof word == sizeof *key, "every byte of a key is one of a word");
    memcpy(word, key, sizeof word);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        h = (h ^ word[i]) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 29;
    }
    return h % SLOTS;
}

static struct ties *room_for_ties(struct ties_kept *k, size_t count)
{
    if (count > k->made_cap || k->made == NULL) {
        struct ties *made = realloc(k->made, ties_size(count));
        if (made == NULL)
            return NULL;
        k->made = made;
        k->made_cap = count;
    }
    return k->made;
}

/* A copy in the slot; NULL: no memory. */
static const struct ties *ties_keep(struct ties_kept *k, size_t slot)
{
    size_t size = ties_size(k->made->count);
    if (k->bytes + size > TIES_BYTES_MOST)
        for (size_t i = 0; i < SLOTS; i++) {
            free(k->slot[i]);
            k->slot[i] = NULL;
            k->bytes = 0;
        }
    struct ties *copy = malloc(size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, k->made, size);
    if (k->slot[slot] != NULL)
        k->bytes -= ties_size(k->slot[slot]->count);
    free(k->slot[slot]);
    k->slot[slot] = copy;
    k->bytes += size;
    return copy;
}

static const struct ties *ties_get(struct query *q, const struct ties_key *key, size_t need,
                                   bool lasts)
{
    struct ties_kept *k = &q->room->ties;
    size_t slot = key_slot(key);
    if (lasts && k->slot == NULL)
        k->slot = calloc(SLOTS, sizeof *k->slot);
    bool keeps = lasts && k->slot != NULL;
    if (keeps && k->slot[slot] != NULL && memcmp(&k->slot[slot]->key, key, sizeof *key) == 0)
        return k->slot[slot];
    struct ties *made = room_for_ties(k, q->t->shape_count + 1);
    if (made == NULL)
        return NULL;
    made->key = *key;
    made->count = 0;
    ties_make(q, need, made);
    const struct ties *kept = keeps ? ties_keep(k, slot) : NULL;
    return kept != NULL ? kept : made; /* without memory for a copy they are made again next time */
}

const struct ties *ties_of_need(struct query *q, size_t i, bool lasts)
{
    const struct need_view *x = &q->a.needs[i];
    struct ties_key key = {.tree = q->t->number,
                           .core_close = x->core_close,
                           .role = x->role,
                           .sector = x->sector,
                           .core_count = x->core_count,
                           .named_count = x->named_count,
                           .what = TIES_NEED};
    memcpy(key.core, x->core, x->core_count);
    memcpy(key.named, x->named, x->named_count);
    return ties_get(q, &key, i, lasts);
}

const struct ties *ties_of_field(struct query *q, bool lasts)
{
    struct ties_key key = {.tree = q->t->number,
                           .core_count = (uint8_t)q->a.sector_count,
                           .what = TIES_FIELD,
                           .vague = (q->a.p[AT_FLAGS] & FLAG_VAGUE) != 0};
    _Static_assert(SECTORS_MAX <= CORE_MAX, "a field fits in");
    memcpy(key.core, q->a.sectors, q->a.sector_count);
    return ties_get(q, &key, OF_FIELD, lasts);
}
