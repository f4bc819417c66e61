#include "index_in.h"

/*
 * A walk in the order of needs. Each layer has its companies in that order; where one does not (the
 * last, which is small) all of it is looked at for each step. A company that a layer above knows,
 * too, may stand elsewhere now or be gone: its place in this one is passed over.
 */

/* How far the walk is in a layer. */
struct stand {
    const struct layer *l;
    const struct entry *e; /* NULL: at the end */
    struct index_place place;
    size_t at; /* in its order */
};

struct index_place index_place_of(const void *packed)
{
    struct index_place p = {.needs = packed_needs_key(packed)};
    memcpy(p.id, packed_id(packed), IDENT_BYTES);
    return p;
}

static int place_compare(const struct index_place *a, const struct index_place *b)
{
    if (a->needs != b->needs)
        return a->needs < b->needs ? -1 : 1;
    return memcmp(a->id, b->id, IDENT_BYTES);
}

/* Number of the first company in the order that stands after that place. */
static size_t order_after(const struct layer *l, const struct needs_order *o,
                          const struct index_place *after)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct index_place p = index_place_of(l->entries[o->entry[mid]].blob->bytes);
        if (place_compare(&p, after) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void stand_read(struct stand *s, enum country c)
{
    const struct needs_order *o = &s->l->by_needs[c];
    s->e = s->at < o->count ? &s->l->entries[o->entry[s->at]] : NULL;
    if (s->e != NULL)
        s->place = index_place_of(s->e->blob->bytes);
}

/* Without an order: the first after that place. */
static void stand_look(struct stand *s, enum country c, const struct index_place *after)
{
    s->e = NULL;
    for (size_t i = 0; i < s->l->count; i++) {
        const struct entry *e = &s->l->entries[i];
        if (!entry_listed(e, c))
            continue;
        struct index_place p = index_place_of(e->blob->bytes);
        if (place_compare(&p, after) <= 0 || (s->e != NULL && place_compare(&p, &s->place) >= 0))
            continue;
        s->e = e;
        s->place = p;
    }
}

static void stand_begin(struct stand *s, const struct layer *l, enum country c,
                        const struct index_place *after)
{
    *s = (struct stand){.l = l};
    if (l->by_needs[c].entry == NULL) {
        stand_look(s, c, after);
        return;
    }
    s->at = order_after(l, &l->by_needs[c], after);
    stand_read(s, c);
}

static void stand_next(struct stand *s, enum country c)
{
    if (s->l->by_needs[c].entry == NULL) {
        struct index_place here = s->place;
        stand_look(s, c, &here);
        return;
    }
    s->at++;
    stand_read(s, c);
}

const void *index_next_by_needs(const struct index *ix, enum country c,
                                const struct index_place *after)
{
    struct stand stands[LAYERS_MAX];
    for (size_t i = 0; i < ix->layer_count; i++)
        stand_begin(&stands[i], ix->layers[i], c, after);
    for (;;) {
        size_t least = ix->layer_count;
        for (size_t i = 0; i < ix->layer_count; i++)
            if (stands[i].e != NULL && (least == ix->layer_count ||
                                        place_compare(&stands[i].place, &stands[least].place) < 0))
                least = i;
        if (least == ix->layer_count)
            return NULL;
        if (!index_superseded(ix, least, stands[least].e->id))
            return stands[least].e->blob->bytes;
        stand_next(&stands[least], c);
    }
}
