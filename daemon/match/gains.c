#include "gains.h"

#include <stdlib.h>

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* A place for count numbers, all 0, noted under number. 0: no memory. */
static uint32_t memo_add(struct index_room *room, struct memo *memo, uint32_t number, size_t count)
{
    if (memo->touched_count == memo->touched_cap) {
        size_t cap = memo->touched_cap == 0 ? 256 : memo->touched_cap * 2;
        uint32_t *touched = realloc(memo->touched, cap * sizeof *touched);
        if (touched == NULL)
            return 0;
        memo->touched = touched;
        memo->touched_cap = cap;
    }
    if (room->pool_used + count > room->pool_cap) {
        size_t cap = room->pool_cap == 0 ? 4096 : room->pool_cap * 2;
        uint16_t *pool = realloc(room->pool, cap * sizeof *pool);
        if (pool == NULL)
            return 0;
        room->pool = pool;
        room->pool_cap = cap;
    }
    uint32_t at = (uint32_t)room->pool_used;
    memset(room->pool + at, 0, count * sizeof *room->pool);
    room->pool_used += count;
    memo->touched[memo->touched_count++] = number;
    memo->at[number] = at;
    return at;
}

/* A seek of the other in a's field. */
static void class_own(const struct query *q, const struct need_view *y, uint16_t *ret)
{
    int32_t w = need_own_weight(q->m, y);
    for (size_t i = 0; i < q->a.sector_count; i++) {
        int32_t close = q->m->close[y->core[0]][q->a.sectors[i]];
        int32_t c = close * w / 1000 * y->specific / 1000;
        if (q->a.p[AT_FLAGS] & FLAG_VAGUE)
            c = c * q->m->w.fit_vague_company / 1000;
        ret[CLASS_SOUGHT] = (uint16_t)larger(ret[CLASS_SOUGHT], close);
        if (c >= q->m->w.fit_least)
            ret[CLASS_OWN] = (uint16_t)larger(ret[CLASS_OWN], c);
    }
}

static void class_serves(const struct query *q, const struct need_view *y, uint16_t *ret)
{
    for (size_t i = 0; i < q->a.sector_count; i++) {
        int32_t c = need_serve_weight(q->m, y, q->a.sectors[i]) * y->specific / 1000;
        ret[CLASS_SERVES] = (uint16_t)larger(ret[CLASS_SERVES], c);
    }
}

static void class_fill(const struct query *q, const struct need_view *y, uint16_t *ret)
{
    ret[CLASS_OFFERS] = y->role < SIDE_SEEK * KIND_COUNT;
    if (!ret[CLASS_OFFERS])
        class_own(q, y, ret);
    else
        class_serves(q, y, ret);
    ret[CLASS_BEST] = (uint16_t)larger(ret[CLASS_OWN], ret[CLASS_SERVES]);
    if (ret[CLASS_BEST] > 0)
        ret[CLASS_KINDS] |= (uint16_t)(1u << y->kind);
    for (size_t i = 0; i < q->a.need_count; i++) {
        const struct need_view *x = &q->a.needs[i];
        int32_t meets = q->m->meets[x->role][y->role];
        if (meets == 0)
            continue;
        int32_t s = meets * need_content(q->m, x, y) / 1000;
        ret[CLASS_LANES + i] = (uint16_t)s;
        if (s > 0)
            ret[CLASS_KINDS] |= (uint16_t)(1u << x->kind | 1u << y->kind);
        ret[CLASS_BEST] = (uint16_t)larger(ret[CLASS_BEST], s);
    }
}

const uint16_t *class_get(struct query *q, uint32_t class)
{
    struct index_room *room = q->room;
    uint32_t at = room->classes.at[class];
    if (at != 0)
        return room->pool + at;
    at = memo_add(room, &room->classes, class, CLASS_LANES + q->a.need_count);
    if (at == 0)
        return NULL;
    class_fill(q, &q->t->classes[class], room->pool + at);
    return room->pool + at;
}

int32_t class_strength(struct query *q, uint32_t class)
{
    const uint16_t *c = class_get(q, class);
    if (c == NULL)
        return -2;
    return c[CLASS_BEST] > 0 || c[CLASS_SOUGHT] > 0 ? c[CLASS_BEST] : -1;
}

static void sector_note(uint16_t *ret, int32_t close, int32_t weight)
{
    ret[FIELD_SECTOR] = (uint16_t)larger(ret[FIELD_SECTOR], close * weight / 100);
}

/* a's seeks in the field of the other. */
static void field_own(const struct query *q, const struct field *f, uint16_t *ret)
{
    const struct weights *w = &q->m->w;
    for (size_t i = q->a.offer_count; i < q->a.need_count; i++)
        for (size_t k = 0; k < f->sector_count; k++) {
            const struct need_view *n = &q->a.needs[i];
            int32_t close = q->m->close[n->core[0]][f->sectors[k]];
            int32_t c = close * q->lanes[i].own / 1000 * n->specific / 1000;
            if (f->vague)
                c = c * w->fit_vague_company / 1000;
            sector_note(ret, close, w->sector_sought);
            if (c < w->fit_least)
                continue;
            ret[FIELD_LANES + i] = (uint16_t)larger(ret[FIELD_LANES + i], c);
            ret[FIELD_OF_B] = (uint16_t)larger(ret[FIELD_OF_B], c * w->need_wish / 1000);
            ret[FIELD_KINDS] |= (uint16_t)(1u << n->kind);
        }
}

/* What a offers to the field of the other. */
static void field_served(const struct query *q, const struct field *f, int32_t vague, uint16_t *ret)
{
    const struct view *a = &q->a;
    for (size_t k = 0; k < f->sector_count; k++) {
        uint8_t s = f->sectors[k];
        if (memchr(a->sectors, s, a->sector_count) != NULL)
            continue;
        for (size_t i = 0; i < a->offer_count; i++) {
            int32_t c = need_serve_weight(q->m, &a->needs[i], s) * a->needs[i].specific / 1000 *
                        vague / 1000;
            if (c == 0)
                continue;
            ret[FIELD_LANES + i] = (uint16_t)larger(ret[FIELD_LANES + i], c);
            ret[FIELD_OF_B] = (uint16_t)larger(ret[FIELD_OF_B], c);
            ret[FIELD_KINDS] |= (uint16_t)(1u << a->needs[i].kind);
        }
        if (a->offer_count > 0 && memchr(a->described, s, a->described_count) != NULL) {
            int32_t c = q->m->w.serve_described * vague / 1000;
            ret[FIELD_OF_A] = (uint16_t)larger(ret[FIELD_OF_A], c);
            ret[FIELD_OF_B] = (uint16_t)larger(ret[FIELD_OF_B], c);
        }
    }
}

static void field_fill(const struct query *q, const struct field *f, uint16_t *ret)
{
    const struct view *a = &q->a;
    const struct weights *w = &q->m->w;
    bool any = f->vague || a->p[AT_FLAGS] & FLAG_VAGUE;
    int32_t vague = any ? w->fit_vague_company : 1000;
    for (size_t i = 0; i < a->sector_count; i++) {
        for (size_t k = 0; k < f->sector_count; k++)
            sector_note(ret, q->m->close[a->sectors[i]][f->sectors[k]],
                        i == 0 && k == 0 ? w->sector_main : w->sector_other);
        if (memchr(f->described, a->sectors[i], f->described_count) == NULL)
            continue;
        int32_t c = w->serve_described * vague / 1000; /* if it offers anything */
        ret[FIELD_OF_A] = (uint16_t)larger(ret[FIELD_OF_A], c);
        ret[FIELD_OF_B] = (uint16_t)larger(ret[FIELD_OF_B], c);
    }
    field_own(q, f, ret);
    field_served(q, f, vague, ret);
}

const uint16_t *field_get(struct query *q, uint32_t field)
{
    struct index_room *room = q->room;
    uint32_t at = room->fields.at[field];
    if (at != 0)
        return room->pool + at;
    at = memo_add(room, &room->fields, field, FIELD_LANES + q->a.need_count);
    if (at == 0)
        return NULL;
    field_fill(q, &q->t->fields[field], room->pool + at);
    return room->pool + at;
}
