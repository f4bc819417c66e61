#include "index_in.h"

/* Walks through all published companies of a country. */

/* The layers side by side; where several know a company the uppermost is right. */
const void *index_next(const struct index *ix, enum country c, const uint8_t after[IDENT_BYTES])
{
    size_t at[LAYERS_MAX];
    for (size_t i = 0; i < ix->layer_count; i++)
        at[i] = layer_after(ix->layers[i], after);
    for (;;) {
        const struct entry *least = NULL;
        for (size_t i = ix->layer_count; i-- > 0;) {
            const struct layer *l = ix->layers[i];
            if (at[i] < l->count &&
                (least == NULL || memcmp(l->entries[at[i]].id, least->id, IDENT_BYTES) < 0))
                least = &l->entries[at[i]];
        }
        if (least == NULL)
            return NULL;
        if (entry_listed(least, c))
            return least->blob->bytes;
        for (size_t i = 0; i < ix->layer_count; i++)
            at[i] += at[i] < ix->layers[i]->count &&
                     memcmp(ix->layers[i]->entries[at[i]].id, least->id, IDENT_BYTES) == 0;
    }
}
