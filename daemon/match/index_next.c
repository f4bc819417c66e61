#include "index_in.h"

/* Number of the first entry of a layer whose id is greater. */
static size_t layer_after(const struct layer *l, const uint8_t id[IDENT_BYTES])
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

static bool is_of(const struct blob *blob, enum country c)
{
    return blob != NULL && packed_country(blob->bytes) == c &&
           packed_status(blob->bytes) == STATUS_PUBLISHED;
}

/* Base and delta side by side; where both know a company the delta is right. */
const void *index_next(const struct index *ix, enum country c, const uint8_t after[IDENT_BYTES])
{
    const struct layer *base = ix->base, *delta = ix->delta;
    size_t i = layer_after(base, after), k = layer_after(delta, after);
    while (i < base->count || k < delta->count) {
        int order = i == base->count ? 1
                    : k == delta->count
                        ? -1
                        : memcmp(base->entries[i].id, delta->entries[k].id, IDENT_BYTES);
        const struct blob *blob = order < 0 ? base->entries[i].blob : delta->entries[k].blob;
        if (is_of(blob, c))
            return blob->bytes;
        i += order <= 0;
        k += order >= 0;
    }
    return NULL;
}
