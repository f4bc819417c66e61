#include "index_in.h"

#include <stdlib.h>

/*
 * The writer collects what changed since the last layer was built and makes snapshots. Once there
 * is more than a search should look through it becomes a layer of its own, which takes in those
 * above the base that are not much larger: so a change is built into a tree a few times, not once
 * for each snapshot. Where that would take long it is left to a rebuild, on whatever thread; and
 * when all layers above the base hold a sixteenth of it, everything becomes a new base.
 */
#define DELTA_MOST 32
#define LAYER_RATIO 8
#define INLINE_MOST 512  /* companies of a layer made while a snapshot is waited for */
#define INLINE_LAYERS 16 /* ... but with so many layers every search would take longer */
#define BASE_MIN 1024
#define BASE_SHARE 16  /* index_rebuild_begin asks for a new base from this share on */
#define INLINE_SHARE 4 /* with nobody to do it beside, publishing makes one itself */

struct index_writer {
    const struct model *model;
    kernel_pass *pass;
    struct layer *layers[LAYERS_MAX]; /* the base first */
    size_t layer_count;
    size_t kept; /* lowest layers that a rebuild is at work on: they stay until it ends */
    bool awaits; /* a base that it does not know yet, so that anything may be in it */
    size_t count[COUNTRY_COUNT];
    /* What changed since, in no order, found by id through slots (number plus one). */
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
    w->pass = kernel_get(INDEX_KERNEL_AUTO);
    w->layers[0] = layer_new(0);
    w->layer_count = 1;
    if (w->layers[0] == NULL || changes_init(&w->log) < 0) {
        layer_unref(w->layers[0]);
        free(w);
        return NULL;
    }
    return w;
}

int index_writer_kernel(struct index_writer *w, enum index_kernel which)
{
    kernel_pass *pass = kernel_get(which);
    if (pass == NULL)
        return -1;
    w->pass = pass;
    return 0;
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
    for (size_t i = 0; i < w->layer_count; i++)
        layer_unref(w->layers[i]);
    changes_done(&w->log);
    free(w);
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
    for (size_t i = w->layer_count; i-- > 0;) {
        const struct entry *e = layer_find(w->layers[i], id);
        if (e != NULL)
            return e->blob;
    }
    return NULL;
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
    return writer_get(w, id) == NULL && !w->awaits ? 0 : writer_set(w, id, NULL);
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
    bool sorted = true;
    for (size_t i = 0; i < l->count; i++) {
        l->entries[i] = w->changed[i];
        blob_ref(l->entries[i].blob);
        sorted = sorted && (i == 0 || entry_compare(&l->entries[i - 1], &l->entries[i]) < 0);
    }
    if (!sorted)
        qsort(l->entries, l->count, sizeof *l->entries, entry_compare);
    return l;
}

static bool base_is_due(const struct index_writer *w, size_t above, size_t share)
{
    size_t base = w->layers[0]->count;
    return base == 0 || (above > BASE_MIN && above > base / share);
}

/* How many of the uppermost layers a new one of `count` entries takes in: none of those that a
 * rebuild is at work on. */
static size_t layers_taken(const struct index_writer *w, size_t count)
{
    size_t taken = 0, above = count;
    for (size_t i = 1; i < w->layer_count; i++)
        above += w->layers[i]->count;
    if (w->kept == 0 && base_is_due(w, above, INLINE_SHARE))
        return w->layer_count;
    size_t stay = w->kept > 0 ? w->kept : 1;
    while (taken + stay < w->layer_count) {
        size_t next = w->layers[w->layer_count - 1 - taken]->count;
        if (next >= count * LAYER_RATIO ||
            (count + next > INLINE_MOST && w->layer_count < INLINE_LAYERS))
            break;
        count += next;
        taken++;
    }
    return taken;
}

/* Makes a layer of what changed. 0, or -1 and nothing changed. */
static int writer_build(struct index_writer *w)
{
    struct layer *l = delta_make(w);
    size_t taken = l == NULL ? 0 : layers_taken(w, l->count);
    bool base = taken == w->layer_count;
    for (size_t i = 0; i < taken && l != NULL; i++) {
        const struct layer *below = w->layers[w->layer_count - 1 - i];
        struct layer *merged = layers_merge(below, l, base && i + 1 == taken);
        layer_unref(l);
        l = merged;
    }
    if (l != NULL && base)
        layer_settle(l);
    if (l == NULL || layer_finish(l) < 0 ||
        layer_plant(l, w->model, base ? NULL : w->layers[0]) < 0) {
        layer_unref(l);
        return -1;
    }
    for (size_t i = 0; i < taken; i++)
        layer_unref(w->layers[--w->layer_count]);
    w->layers[w->layer_count++] = l;
    changed_clear(w);
    return 0;
}

struct index *index_writer_publish(struct index_writer *w, uint64_t seq)
{
    if (w->changed_count > DELTA_MOST && writer_build(w) < 0)
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
    ix->pass = w->pass;
    ix->seq = seq;
    memcpy(ix->count, w->count, sizeof ix->count);
    for (size_t i = 0; i < w->layer_count; i++)
        ix->layers[ix->layer_count++] = layer_ref(w->layers[i]);
    ix->layers[ix->layer_count++] = delta;
    changes_see(&w->log, &ix->changes);
    return ix;
}

/* The changes as a layer without trees: until it is part of a base a search looks through it. 0, or
 * -1 and nothing changed. */
static int changes_to_layer(struct index_writer *w)
{
    struct layer *l = delta_make(w);
    if (l == NULL || layer_finish(l) < 0) {
        layer_unref(l);
        return -1;
    }
    w->layers[w->layer_count++] = l;
    changed_clear(w);
    return 0;
}

/* The lowest of the uppermost layers that should be one; layer_count: they may stay as they are. */
static size_t middle_from(const struct index_writer *w)
{
    size_t from = w->layer_count - 1, count = w->layers[from]->count;
    while (from > 1 && w->layers[from - 1]->count < count * LAYER_RATIO)
        count += w->layers[--from]->count;
    return from > 0 && w->layer_count - from > 1 && count > INLINE_MOST ? from : w->layer_count;
}

/* Of the layers from there on. NULL: no memory. */
static struct index_rebuild *rebuild_new(struct index_writer *w, size_t from)
{
    struct index_rebuild *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->model = w->model;
    r->from = from;
    r->base = from > 0 ? layer_ref(w->layers[0]) : NULL;
    for (size_t i = from; i < w->layer_count; i++)
        r->layers[r->count++] = layer_ref(w->layers[i]);
    w->kept = w->layer_count;
    return r;
}

struct index_rebuild *index_rebuild_begin(struct index_writer *w)
{
    bool first = w->layers[0]->count == 0 && w->layer_count == 1;
    /* Later, what has changed becomes a layer first. */
    size_t above = first ? w->changed_count : 0;
    if (w->kept > 0)
        return NULL;
    for (size_t i = 1; i < w->layer_count; i++)
        above += w->layers[i]->count;
    if (above <= BASE_MIN || !base_is_due(w, above, BASE_SHARE)) {
        size_t from = middle_from(w);
        return from < w->layer_count ? rebuild_new(w, from) : NULL;
    }
    return first && changes_to_layer(w) < 0 ? NULL : rebuild_new(w, 0);
}

bool index_rebuild_is_base(const struct index_rebuild *r)
{
    return r->from == 0;
}

struct index_rebuild *index_load_begin(struct index_writer *w, struct index_load *load)
{
    struct index_rebuild *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->model = w->model;
    r->load = load;
    r->layers[r->count++] = layer_ref(w->layers[0]);
    w->kept = 1;
    w->awaits = true;
    return r;
}

/* The base is known now: what came before it changes the numbers. */
static void writer_count(struct index_writer *w, const struct index_load *load)
{
    load_count(load, w->count);
    for (size_t i = 0; i < w->changed_count; i++) {
        const struct entry *e = &w->changed[i], *old = layer_find(w->layers[0], e->id);
        if (old != NULL)
            w->count[packed_country(old->blob->bytes)]--;
        if (e->blob != NULL)
            w->count[packed_country(e->blob->bytes)]++;
    }
}

void index_rebuild_prepare(struct index_rebuild *r)
{
    if (r->load != NULL) {
        r->made = load_layer(r->load);
        return;
    }
    struct layer *l = layer_ref(r->layers[r->count - 1]);
    for (size_t i = r->count - 1; i-- > 0 && l != NULL;) {
        struct layer *merged = layers_merge(r->layers[i], l, r->from + i == 0);
        layer_unref(l);
        l = merged;
    }
    if (l != NULL && r->from == 0)
        layer_settle(l);
    r->made = l;
}

void index_rebuild_half(struct index_rebuild *r, int half)
{
    struct layer *l = r->made;
    if (l == NULL)
        return;
    /* Most companies are in Canada, so that the table of external ids goes with the others. */
    if (half == 0)
        r->failed[0] = layer_plant_one(l, r->model, COUNTRY_CA, r->base) < 0;
    else
        r->failed[1] = layer_finish(l) < 0 || layer_plant_one(l, r->model, COUNTRY_KH, r->base) < 0;
}

void index_rebuild_run(struct index_rebuild *r)
{
    index_rebuild_prepare(r);
    index_rebuild_half(r, 0);
    index_rebuild_half(r, 1);
}

int index_rebuild_end(struct index_writer *w, struct index_rebuild *r)
{
    int rc = r->made == NULL || r->failed[0] || r->failed[1] ? -1 : 0;
    if (rc < 0) {
        layer_unref(r->made);
    } else {
        struct layer **at = w->layers + r->from;
        for (size_t i = 0; i < r->count; i++)
            layer_unref(at[i]);
        memmove(at + 1, at + r->count, (w->layer_count - r->from - r->count) * sizeof *at);
        at[0] = r->made;
        w->layer_count -= r->count - 1;
        if (r->load != NULL)
            writer_count(w, r->load);
    }
    w->kept = 0;
    w->awaits = false;
    index_load_free(r->load);
    for (size_t i = 0; i < r->count; i++)
        layer_unref(r->layers[i]);
    layer_unref(r->base);
    free(r);
    return rc;
}
