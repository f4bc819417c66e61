#include "index_in.h"

#include <stdlib.h>

/* Snapshots: what readers see. Nothing here changes after it was published but the counters. */

struct index *index_ref(struct index *ix)
{
    atomic_fetch_add_explicit(&ix->refs, 1, memory_order_relaxed);
    return ix;
}

void index_unref(struct index *ix)
{
    if (ix == NULL || !let_go(&ix->refs))
        return;
    for (size_t i = 0; i < ix->layer_count; i++)
        layer_unref(ix->layers[i]);
    changes_view_done(&ix->changes);
    free(ix);
}

uint64_t index_seq(const struct index *ix)
{
    return ix->seq;
}

size_t index_count(const struct index *ix)
{
    return ix->count[COUNTRY_KH] + ix->count[COUNTRY_CA];
}

size_t index_count_country(const struct index *ix, enum country c)
{
    return c < COUNTRY_COUNT ? ix->count[c] : 0;
}

bool index_superseded(const struct index *ix, size_t layer, const uint8_t id[IDENT_BYTES])
{
    while (++layer < ix->layer_count)
        if (layer_may_have(ix->layers[layer], id) && layer_find(ix->layers[layer], id) != NULL)
            return true;
    return false;
}

const void *index_get(const struct index *ix, const uint8_t id[IDENT_BYTES])
{
    for (size_t i = ix->layer_count; i-- > 0;) {
        const struct entry *e =
            layer_may_have(ix->layers[i], id) ? layer_find(ix->layers[i], id) : NULL;
        if (e != NULL)
            return e->blob == NULL ? NULL : e->blob->bytes;
    }
    return NULL;
}

const void *index_get_external(const struct index *ix, struct text_ref system, struct text_ref id)
{
    for (size_t i = ix->layer_count; i-- > 0;) {
        const struct entry *e = layer_find_external(ix->layers[i], system, id);
        /* A company that has changed since may have lost it. */
        if (e != NULL && !index_superseded(ix, i, e->id))
            return e->blob->bytes;
    }
    return NULL;
}
