#include "index_in.h"

#include <stdlib.h>

/* A base of many companies at once: into one arena, sorted, then the tables that find them. */

#define LOAD_MOST (UINT32_MAX / 4)
#define SETTLE_SHARE 8 /* a base is put together anew from this share of waste on */

struct index_load {
    bool sorted;         /* as they came, so far */
    struct layer *layer; /* grows; it has its arena from the beginning */
    size_t cap;
    size_t count[COUNTRY_COUNT];
};

struct index_load *index_load_new(void)
{
    struct index_load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return NULL;
    load->sorted = true;
    load->layer = layer_new(0);
    if (load->layer == NULL)
        goto fail;
    load->layer->settled = true;
    load->layer->arena = arena_new();
    if (load->layer->arena != NULL)
        return load;
fail:
    index_load_free(load);
    return NULL;
}

void index_load_free(struct index_load *load)
{
    if (load == NULL)
        return;
    layer_unref(load->layer);
    free(load);
}

size_t index_load_count(const struct index_load *load)
{
    return load->layer->count;
}

void load_count(const struct index_load *load, size_t count[COUNTRY_COUNT])
{
    memcpy(count, load->count, sizeof load->count);
}

/* The layer with room for cap entries. 0, or -1 and nothing changed. */
static int load_resize(struct index_load *load, size_t cap)
{
    struct layer *l = realloc(load->layer, sizeof *l + cap * sizeof l->entries[0]);
    if (l == NULL)
        return -1;
    load->layer = l;
    load->cap = cap;
    return 0;
}

int index_load_put(struct index_load *load, const void *bytes, size_t len)
{
    if (!packed_check(bytes, len))
        return -2;
    if (load->layer->count == load->cap) {
        size_t cap = load->cap == 0 ? 256 : load->cap * 2;
        if (cap > LOAD_MOST || load_resize(load, cap) < 0)
            return -1;
    }
    struct layer *l = load->layer;
    struct entry *e = &l->entries[l->count];
    e->blob = blob_held(l->arena, bytes, len);
    if (e->blob == NULL)
        return -1;
    memcpy(e->id, packed_id(bytes), IDENT_BYTES);
    load->sorted = load->sorted && (l->count == 0 || memcmp(e[-1].id, e->id, IDENT_BYTES) < 0);
    load->count[packed_country(bytes)]++;
    l->count++;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id, IDENT_BYTES);
}

/* By id, each once: should the caller have given one twice, one of the two is passed over. */
static void load_sort(struct index_load *load)
{
    struct layer *l = load->layer;
    size_t n = 0;
    if (load->sorted)
        return;
    qsort(l->entries, l->count, sizeof l->entries[0], by_id);
    for (size_t i = 0; i < l->count; i++) {
        if (n > 0 && by_id(&l->entries[n - 1], &l->entries[i]) == 0)
            load->count[packed_country(l->entries[i].blob->bytes)]--;
        else
            l->entries[n++] = l->entries[i];
    }
    l->count = n;
}

struct layer *load_layer(struct index_load *load)
{
    load_sort(load);
    (void)load_resize(load, load->layer->count); /* gives back what it did not need */
    return layer_ref(load->layer);
}

/* ---- a base whose arena has become full of gaps ---- */

static size_t blob_size(const struct blob *b)
{
    return packed_length(b->bytes) + sizeof *b;
}

void layer_settle(struct layer *l)
{
    size_t held = 0, loose = 0, whole = l->arena == NULL ? 0 : arena_taken(l->arena);
    for (size_t i = 0; i < l->count; i++) {
        const struct blob *b = l->entries[i].blob;
        bool counted = atomic_load_explicit(&b->refs, memory_order_relaxed) != 0;
        *(counted ? &loose : &held) += blob_size(b);
    }
    if (loose + (whole - held) <= (loose + held) / SETTLE_SHARE)
        return;
    struct arena *a = arena_new();
    struct blob **fresh = malloc((l->count + 1) * sizeof(struct blob *));
    size_t n = 0;
    for (; a != NULL && fresh != NULL && n < l->count; n++) {
        const struct blob *b = l->entries[n].blob;
        fresh[n] = blob_held(a, b->bytes, packed_length(b->bytes));
        if (fresh[n] == NULL)
            break;
    }
    if (a == NULL || fresh == NULL || n < l->count) {
        arena_unref(a);
        free(fresh);
        return;
    }
    for (size_t i = 0; i < l->count; i++) {
        blob_unref(l->entries[i].blob);
        l->entries[i].blob = fresh[i];
    }
    free(fresh);
    arena_unref(l->arena);
    l->arena = a;
    l->settled = true;
}
