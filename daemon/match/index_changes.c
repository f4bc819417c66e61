#include "index_changes.h"
#include "index_in.h"

#include <stdlib.h>

struct changes_origin {
    atomic_uint refs;
};

struct changes_chunk {
    atomic_uint refs;
    uint8_t id[CHANGES_CHUNK][IDENT_BYTES];
};

static struct changes_chunk *chunk_ref(struct changes_chunk *c)
{
    if (c != NULL)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

static void chunk_unref(struct changes_chunk *c)
{
    if (c != NULL && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
        free(c);
}

static void origin_unref(struct changes_origin *o)
{
    if (o != NULL && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
        free(o);
}

int changes_init(struct changes *c)
{
    *c = (struct changes){.origin = malloc(sizeof *c->origin)};
    if (c->origin == NULL)
        return -1;
    atomic_init(&c->origin->refs, 1);
    return 0;
}

void changes_forget(struct changes *c)
{
    chunk_unref(c->older);
    chunk_unref(c->newer);
    c->older = c->newer = NULL;
    c->start = ++c->count; /* a number that nobody can tell the id of */
}

void changes_done(struct changes *c)
{
    changes_forget(c);
    origin_unref(c->origin);
    c->origin = NULL;
}

/* The next chunk, when there is none or the last one is full. 0 or -1. */
static int changes_turn(struct changes *c)
{
    struct changes_chunk *fresh = malloc(sizeof *fresh);
    if (fresh == NULL)
        return -1;
    atomic_init(&fresh->refs, 1);
    chunk_unref(c->older);
    c->older = c->newer;
    c->newer = fresh;
    c->start = c->count;
    return 0;
}

void changes_add(struct changes *c, const uint8_t id[IDENT_BYTES])
{
    if (!c->seen)
        return;
    if ((c->newer == NULL || c->count - c->start == CHANGES_CHUNK) && changes_turn(c) < 0) {
        changes_forget(c);
        return;
    }
    memcpy(c->newer->id[c->count++ - c->start], id, IDENT_BYTES);
}

void changes_see(struct changes *c, struct changes_view *ret)
{
    c->seen = 1;
    atomic_fetch_add_explicit(&c->origin->refs, 1, memory_order_relaxed);
    *ret = (struct changes_view){.origin = c->origin,
                                 .older = chunk_ref(c->older),
                                 .newer = chunk_ref(c->newer),
                                 .start = c->start,
                                 .mark = c->count};
}

void changes_view_done(struct changes_view *v)
{
    chunk_unref(v->older);
    chunk_unref(v->newer);
    origin_unref(v->origin);
    *v = (struct changes_view){.origin = NULL};
}

uint64_t index_mark(const struct index *ix)
{
    return ix->changes.mark;
}

bool index_same_writer(const struct index *a, const struct index *b)
{
    return a->changes.origin == b->changes.origin;
}

const uint8_t *index_change(const struct index *ix, uint64_t number)
{
    const struct changes_view *v = &ix->changes;
    if (number >= v->mark)
        return NULL;
    if (number >= v->start)
        return v->newer->id[number - v->start];
    if (v->older == NULL || v->start - number > CHANGES_CHUNK)
        return NULL;
    return v->older->id[CHANGES_CHUNK - (v->start - number)];
}
