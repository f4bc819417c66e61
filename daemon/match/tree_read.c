#include "index_in.h"
#include "tree_making.h"

#include <stdlib.h>

/* First step of a tree: every profile is read once, and what it says is put into numbers. */

#define KEY_BYTES 128 /* more than any class or field takes */

/* Room for one more in an array that doubles. 0 or -1. */
static int array_grow(void *array, size_t count, size_t *cap, size_t size)
{
    void **p = array, *grown;
    if (count < *cap)
        return 0;
    size_t wanted = *cap == 0 ? 64 : *cap * 2;
    grown = realloc(*p, wanted * size);
    if (grown == NULL)
        return -1;
    *p = grown;
    *cap = wanted;
    return 0;
}

static uint8_t *key_add(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static void about_add(uint64_t about[2], const uint8_t *sectors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        about[sectors[i] / 64] |= UINT64_C(1) << sectors[i] % 64;
}

static uint32_t shape_number(struct tree_making *g, const struct need_view *n)
{
    uint8_t key[KEY_BYTES], *at = key;
    bool fresh;
    at = key_add(at, &n->role, 1);
    at = key_add(at, &n->sector, 1);
    at = key_add(at, &n->core_close, sizeof n->core_close);
    at = key_add(at, &n->core_count, 1);
    at = key_add(at, n->core, n->core_count);
    at = key_add(at, n->named, n->named_count);
    uint32_t number = intern(&g->shapes, key, (size_t)(at - key), &fresh);
    if (!fresh)
        return number;
    if (array_grow(&g->t->shapes, number, &g->shape_cap, sizeof *g->t->shapes) < 0)
        return INTERN_FAILED;
    struct shape *s = &g->t->shapes[number];
    *s = (struct shape){.core_close = n->core_close,
                        .role = n->role,
                        .sector = n->sector,
                        .core_count = n->core_count,
                        .named_count = n->named_count};
    memcpy(s->core, n->core, n->core_count);
    memcpy(s->named, n->named, n->named_count);
    about_add(s->about, n->core, n->core_count);
    about_add(s->about, n->named, n->named_count);
    g->t->shape_count = number + 1;
    return number;
}

static int classes_grow(struct tree_making *g, size_t number)
{
    size_t cap = g->class_cap;
    if (array_grow(&g->class_shape, number, &cap, sizeof *g->class_shape) < 0)
        return -1;
    return array_grow(&g->t->classes, number, &g->class_cap, sizeof *g->t->classes);
}

static uint32_t class_number(struct tree_making *g, const struct need_view *n)
{
    uint8_t key[KEY_BYTES], *at = key;
    uint32_t shape = shape_number(g, n);
    bool fresh;
    if (shape == INTERN_FAILED)
        return shape;
    at = key_add(at, &shape, sizeof shape);
    at = key_add(at, &n->specific, sizeof n->specific);
    at = key_add(at, &n->hs_count, 1);
    at = key_add(at, n->hs, n->hs_count * sizeof n->hs[0]);
    at = key_add(at, n->topics, n->topic_count * sizeof n->topics[0]);
    uint32_t number = intern(&g->classes, key, (size_t)(at - key), &fresh);
    if (!fresh)
        return number;
    if (classes_grow(g, number) < 0)
        return INTERN_FAILED;
    g->class_shape[number] = shape;
    g->t->classes[number] = *n;
    g->t->classes[number].text = (struct text_ref){NULL, 0};
    g->t->class_count = number + 1;
    return number;
}

static uint32_t field_number(struct tree_making *g, const struct view *v)
{
    struct field f = {.sector_count = (uint8_t)v->sector_count,
                      .described_count = (uint8_t)v->described_count,
                      .vague = v->p[AT_FLAGS] & FLAG_VAGUE};
    bool fresh;
    memcpy(f.sectors, v->sectors, v->sector_count);
    memcpy(f.described, v->described, v->described_count);
    uint32_t number = intern(&g->fields, &f, sizeof f, &fresh);
    if (!fresh)
        return number;
    if (array_grow(&g->t->fields, number, &g->field_cap, sizeof f) < 0)
        return INTERN_FAILED;
    g->t->fields[number] = f;
    g->t->field_count = number + 1;
    return number;
}

static uint8_t size_of(const struct view *v)
{
    uint32_t people = get32(v->p + AT_EMPLOYEES);
    uint8_t digits = 0;
    if ((v->p[AT_FLAGS] & FLAG_EMPLOYEES) == 0)
        return SIZE_UNKNOWN;
    for (; people > 0; people >>= 1)
        digits++;
    return (uint8_t)(digits + 1);
}

static int record_read(struct tree_making *g, size_t entry, struct raw_record *ret)
{
    struct view v;
    view_open(g->m, g->layer->entries[entry].blob->bytes, &v);
    *ret = (struct raw_record){.entry = (uint32_t)entry,
                               .field = field_number(g, &v),
                               .cell = cell_make(g->m, &v, g->t->newest),
                               .needs = (uint32_t)g->need_count,
                               .size = size_of(&v)};
    if (ret->field == INTERN_FAILED)
        return -1;
    for (size_t i = 0; i < v.need_count; i++) {
        if (array_grow(&g->needs, g->need_count, &g->need_cap, sizeof *g->needs) < 0 ||
            g->need_count >= UINT32_MAX / 4)
            return -1;
        uint32_t class = class_number(g, &v.needs[i]);
        if (class == INTERN_FAILED)
            return -1;
        g->needs[g->need_count++] = class;
    }
    return 0;
}

int tree_read(struct tree_making *g)
{
    struct tree *t = g->t;
    size_t count = 0;
    t->newest = DAY_NONE;
    for (size_t i = 0; i < g->layer->count; i++) {
        if (!entry_listed(&g->layer->entries[i], g->country))
            continue;
        int32_t day = (int32_t)get32(g->layer->entries[i].blob->bytes + AT_VERIFIED);
        t->newest = day > t->newest ? day : t->newest;
        count++;
    }
    g->raw = calloc(count + 1, sizeof *g->raw);
    if (g->raw == NULL)
        return -1;
    for (size_t i = 0; i < g->layer->count; i++) {
        if (!entry_listed(&g->layer->entries[i], g->country))
            continue;
        if (record_read(g, i, &g->raw[t->record_count]) < 0)
            return -1;
        t->record_count++;
    }
    g->raw[count].needs = (uint32_t)g->need_count;
    return 0;
}
