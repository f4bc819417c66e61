#include "index_in.h"

#include <stdlib.h>

/*
 * The writer collects what changed since the base and makes snapshots. A new base is built when the
 * delta has grown past a sixteenth of it: so publishing costs the size of the delta, and building
 * is paid for by the changes that made it due.
 */
#define DELTA_MIN 1024
#define DELTA_SHARE 16

struct index_writer {
    const struct model *model;
    struct layer *base;
    size_t count[COUNTRY_COUNT];
    /* What changed since base, in no order, found by id through slots (number plus one). */
    struct entry *changed;
    size_t changed_count, changed_cap;
    uint32_t *slot;
    size_t slots; /* a power of two, at least twice changed_cap */
    struct changes log;
};

struct index_writer *index_writer_new(const struct model *m)
{
    struct index_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->model = m;
    w->base = layer_new(0);
    if (w->base == NULL || changes_init(&w->log) < 0) {
        layer_unref(w->base);
        free(w);
        return NULL;
    }
    return w;
}

static void changed_clear(struct index_writer *w)
{
    for (size_t i = 0; i < w->changed_count; i++)
        blob_unref(w->changed[i].blob);
    free(w->changed);
    free(w->slot);
    w->changed = NULL;
    w->slot = NULL;
    w->changed_count = w->changed_cap = w->slots = 0;
}

void index_writer_free(struct index_writer *w)
{
    if (w == NULL)
        return;
    changed_clear(w);
    layer_unref(w->base);
    changes_done(&w->log);
    free(w);
}

static size_t id_hash(const uint8_t id[IDENT_BYTES])
{
    uint64_t x, y;
    memcpy(&x, id, 8);
    memcpy(&y, id + 8, 8);
    x = (x ^ y) * UINT64_C(0x9E3779B97F4A7C15); /* the golden ratio spreads the bits */
    return (size_t)(x ^ x >> 29);
}

/* The slot where id stands or would stand. */
static uint32_t *slot_find(const struct index_writer *w, const uint8_t id[IDENT_BYTES])
{
    size_t at = id_hash(id) & (w->slots - 1);
    while (w->slot[at] != 0 && memcmp(w->changed[w->slot[at] - 1].id, id, IDENT_BYTES) != 0)
        at = (at + 1) & (w->slots - 1);
    return &w->slot[at];
}

static int changed_grow(struct index_writer *w)
{
    size_t cap = w->changed_cap == 0 ? 256 : w->changed_cap * 2;
    if (cap > UINT32_MAX / 4)
        return -1;
    struct entry *changed = realloc(w->changed, cap * sizeof *changed);
    if (changed == NULL)
        return -1;
    w->changed = changed;
    uint32_t *slot = calloc(cap * 2, sizeof *slot);
    if (slot == NULL)
        return -1;
    free(w->slot);
    w->slot = slot;
    w->slots = cap * 2;
    w->changed_cap = cap;
    for (size_t i = 0; i < w->changed_count; i++)
        *slot_find(w, w->changed[i].id) = (uint32_t)i + 1;
    return 0;
}

/* The company's bytes as they stand now, or NULL. */
static const struct blob *writer_get(const struct index_writer *w, const uint8_t id[IDENT_BYTES])
{
    if (w->slots > 0) {
        uint32_t n = *slot_find(w, id);
        if (n != 0)
            return w->changed[n - 1].blob;
    }
    const struct entry *e = layer_find(w->base, id);
    return e == NULL ? NULL : e->blob;
}

/* Notes that id now has this blob (NULL: none); takes it over. 0, or -1 and nothing changed. */
static int writer_set(struct index_writer *w, const uint8_t id[IDENT_BYTES], struct blob *blob)
{
    if (w->changed_count == w->changed_cap && changed_grow(w) < 0)
        return -1;
    const struct blob *old = writer_get(w, id);
    if (old != NULL)
        w->count[packed_country(old->bytes)]--;
    if (blob != NULL)
        w->count[packed_country(blob->bytes)]++;
    uint32_t *slot = slot_find(w, id);
    if (*slot == 0) {
        struct entry *e = &w->changed[w->changed_count++];
        memcpy(e->id, id, IDENT_BYTES);
        e->blob = blob;
        *slot = (uint32_t)w->changed_count;
    } else {
        struct entry *e = &w->changed[*slot - 1];
        blob_unref(e->blob);
        e->blob = blob;
    }
    changes_add(&w->log, id);
    return 0;
}

int index_writer_put(struct index_writer *w, const void *bytes, size_t len)
{
    if (!packed_check(bytes, len))
        return -2;
    struct blob *blob = blob_new(bytes, len);
    if (blob == NULL)
        return -1;
    if (writer_set(w, packed_id(bytes), blob) < 0) {
        blob_unref(blob);
        return -1;
    }
    return 0;
}

int index_writer_remove(struct index_writer *w, const uint8_t id[IDENT_BYTES])
{
    return writer_get(w, id) == NULL ? 0 : writer_set(w, id, NULL);
}

static int entry_compare(const void *a, const void *b)
{
    return memcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id, IDENT_BYTES);
}

static struct layer *delta_make(const struct index_writer *w)
{
    struct layer *l = layer_new(w->changed_count);
    if (l == NULL)
        return NULL;
    for (size_t i = 0; i < l->count; i++) {
        l->entries[i] = w->changed[i];
        blob_ref(l->entries[i].blob);
    }
    if (l->count > 0)
        qsort(l->entries, l->count, sizeof *l->entries, entry_compare);
    return l;
}

/* base and delta in one, without the tombstones. */
static struct layer *layers_merge(const struct layer *base, const struct layer *delta)
{
    struct layer *l = layer_new(base->count + delta->count);
    if (l == NULL)
        return NULL;
    size_t n = 0;
    for (size_t i = 0, k = 0; i < base->count || k < delta->count;) {
        int c = i == base->count    ? 1
                : k == delta->count ? -1
                                    : entry_compare(&base->entries[i], &delta->entries[k]);
        const struct entry *e = c < 0 ? &base->entries[i] : &delta->entries[k];
        i += c <= 0;
        k += c >= 0;
        if (e->blob == NULL)
            continue;
        l->entries[n] = *e;
        blob_ref(l->entries[n++].blob);
    }
    l->count = n;
    return l;
}

/* Makes the changes part of the base. 0, or -1 and nothing changed. */
static int writer_rebuild(struct index_writer *w)
{
    struct layer *delta = delta_make(w);
    struct layer *base = delta == NULL ? NULL : layers_merge(w->base, delta);
    layer_unref(delta);
    if (base == NULL || layer_finish(base) < 0) {
        layer_unref(base);
        return -1;
    }
    layer_unref(w->base);
    w->base = base;
    changed_clear(w);
    return 0;
}

struct index *index_writer_publish(struct index_writer *w, uint64_t seq)
{
    if (w->changed_count > DELTA_MIN && w->changed_count > w->base->count / DELTA_SHARE &&
        writer_rebuild(w) < 0)
        return NULL;
    struct index *ix = calloc(1, sizeof *ix);
    struct layer *delta = delta_make(w);
    if (ix == NULL || delta == NULL || layer_finish(delta) < 0) {
        layer_unref(delta);
        free(ix);
        return NULL;
    }
    atomic_init(&ix->refs, 1);
    ix->model = w->model;
    ix->seq = seq;
    memcpy(ix->count, w->count, sizeof ix->count);
    ix->base = layer_ref(w->base);
    ix->delta = delta;
    changes_see(&w->log, &ix->changes);
    return ix;
}
