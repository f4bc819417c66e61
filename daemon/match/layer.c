#include "index_in.h"
#include "tree.h"

#include <stdlib.h>

/* Layers: companies sorted by id, found by id and by external id. Nothing in one changes after it
 * was built but the counters. */

#define HINTS_MOST ((size_t)1 << 18) /* companies; of a larger layer nobody asks what it lacks */

struct blob *blob_new(const void *bytes, size_t len)
{
    struct blob *b = malloc(sizeof *b + len);
    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    memcpy(b->bytes, bytes, len);
    return b;
}

struct blob *blob_held(struct arena *a, const void *bytes, size_t len)
{
    struct blob *b = arena_take(a, sizeof *b + len);
    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 0);
    memcpy(b->bytes, bytes, len);
    return b;
}

static bool is_counted(struct blob *b)
{
    return b != NULL && atomic_load_explicit(&b->refs, memory_order_relaxed) != 0;
}

struct blob *blob_ref(struct blob *b)
{
    if (is_counted(b))
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

bool let_go(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

void blob_unref(struct blob *b)
{
    if (is_counted(b) && let_go(&b->refs))
        free(b);
}

struct layer *layer_new(size_t count)
{
    if (count >= UINT32_MAX / 4)
        return NULL;
    size_t size = sizeof(struct layer) + count * sizeof(struct entry);
    struct layer *l = tree_alloc(size); /* searches hop about in it, too */
    if (l == NULL)
        return NULL;
    memset(l, 0, size);
    atomic_init(&l->refs, 1);
    l->count = count;
    return l;
}

struct layer *layer_ref(struct layer *l)
{
    atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void layer_unref(struct layer *l)
{
    if (l == NULL || !let_go(&l->refs))
        return;
    for (size_t i = 0; i < l->count && !l->settled; i++)
        blob_unref(l->entries[i].blob);
    for (int c = 0; c < COUNTRY_COUNT; c++) {
        tree_free(l->trees[c]);
        free(l->by_needs[c].entry);
    }
    arena_unref(l->arena);
    free(l->externals.slot);
    free(l->hints.bits);
    free(l);
}

size_t layer_after(const struct layer *l, const uint8_t id[IDENT_BYTES])
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(l->entries[mid].id, id, IDENT_BYTES) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct entry *layer_find(const struct layer *l, const uint8_t id[IDENT_BYTES])
{
    size_t at = layer_after(l, id);
    return at > 0 && memcmp(l->entries[at - 1].id, id, IDENT_BYTES) == 0 ? &l->entries[at - 1]
                                                                         : NULL;
}

int layer_plant_one(struct layer *l, const struct model *m, enum country c,
                    const struct layer *base)
{
    layer_order(l, c); /* first: what it takes meanwhile is less than the tree then does */
    l->trees[c] = tree_new(m, l, c, base == NULL ? NULL : base->trees[c]);
    return l->trees[c] == NULL ? -1 : 0;
}

int layer_plant(struct layer *l, const struct model *m, const struct layer *base)
{
    for (enum country c = 0; c < COUNTRY_COUNT; c++)
        if (layer_plant_one(l, m, c, base) < 0)
            return -1;
    return 0;
}

static uint64_t hash_add(uint64_t h, struct text_ref t)
{
    for (size_t i = 0; i < t.len; i++)
        h = (h ^ (uint8_t)t.s[i]) * UINT64_C(1099511628211);
    return h * UINT64_C(1099511628211); /* so that parts do not run into each other */
}

static size_t external_hash(struct text_ref system, struct text_ref id)
{
    uint64_t h = hash_add(hash_add(UINT64_C(14695981039346656037), system), id);
    return (size_t)(h ^ h >> 32);
}

static bool text_same(struct text_ref a, struct text_ref b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static void externals_insert(struct layer *l, size_t number)
{
    const struct blob *b = l->entries[number].blob;
    for (size_t i = 0; b != NULL && i < packed_external_count(b->bytes); i++) {
        struct external e = packed_external(b->bytes, i);
        size_t at = external_hash(e.system, e.id) & l->externals.mask;
        while (l->externals.slot[at] != 0)
            at = (at + 1) & l->externals.mask;
        l->externals.slot[at] = (uint32_t)number + 1;
    }
}

static int hints_make(struct layer *l)
{
    size_t size = 64;
    if (l->count > HINTS_MOST)
        return 0;
    while (size < l->count * 16)
        size *= 2;
    l->hints.bits = calloc(size / 64, sizeof *l->hints.bits);
    if (l->hints.bits == NULL)
        return -1;
    l->hints.mask = size - 1;
    for (size_t i = 0; i < l->count; i++) {
        size_t bit = id_hash(l->entries[i].id) & l->hints.mask;
        l->hints.bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return 0;
}

int layer_finish(struct layer *l)
{
    size_t n = 0, size = 16;
    if (hints_make(l) < 0)
        return -1;
    for (size_t i = 0; i < l->count; i++)
        n += l->entries[i].blob == NULL ? 0 : packed_external_count(l->entries[i].blob->bytes);
    if (n == 0)
        return 0;
    while (size < n * 2)
        size *= 2;
    l->externals.slot = calloc(size, sizeof *l->externals.slot);
    if (l->externals.slot == NULL)
        return -1;
    l->externals.mask = size - 1;
    for (size_t i = 0; i < l->count; i++)
        externals_insert(l, i);
    return 0;
}

static bool has_external(const struct entry *e, struct text_ref system, struct text_ref id)
{
    for (size_t i = 0; i < packed_external_count(e->blob->bytes); i++) {
        struct external x = packed_external(e->blob->bytes, i);
        if (text_same(x.system, system) && text_same(x.id, id))
            return true;
    }
    return false;
}

const struct entry *layer_find_external(const struct layer *l, struct text_ref system,
                                        struct text_ref id)
{
    if (l->externals.slot == NULL)
        return NULL;
    size_t at = external_hash(system, id) & l->externals.mask;
    for (; l->externals.slot[at] != 0; at = (at + 1) & l->externals.mask) {
        const struct entry *e = &l->entries[l->externals.slot[at] - 1];
        if (has_external(e, system, id))
            return e;
    }
    return NULL;
}

struct layer *layers_merge(const struct layer *below, const struct layer *above, bool bury)
{
    struct layer *l = layer_new(below->count + above->count);
    if (l == NULL)
        return NULL;
    size_t n = 0;
    for (size_t i = 0, k = 0; i < below->count || k < above->count;) {
        int c = i == below->count ? 1
                : k == above->count
                    ? -1
                    : memcmp(below->entries[i].id, above->entries[k].id, IDENT_BYTES);
        const struct entry *e = c < 0 ? &below->entries[i] : &above->entries[k];
        i += c <= 0;
        k += c >= 0;
        if (e->blob == NULL && bury)
            continue;
        l->entries[n] = *e;
        blob_ref(l->entries[n++].blob);
    }
    l->count = n;
    l->arena = arena_ref(below->arena); /* only the base has one */
    return l;
}
