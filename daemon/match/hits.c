#include "hits.h"

#include <string.h>

/* True if x stands after y in the answer. */
static bool hit_worse(const struct index_hit *x, const struct index_hit *y)
{
    if (x->score.total != y->score.total)
        return x->score.total < y->score.total;
    return memcmp(packed_id(x->packed), packed_id(y->packed), IDENT_BYTES) > 0;
}

static void hits_swap(struct index_hit *x, struct index_hit *y)
{
    struct index_hit t = *x;
    *x = *y;
    *y = t;
}

static void heap_down(struct index_hit *hits, size_t count, size_t at)
{
    for (;;) {
        size_t worst = at, child = 2 * at + 1;
        if (child < count && hit_worse(&hits[child], &hits[worst]))
            worst = child;
        if (child + 1 < count && hit_worse(&hits[child + 1], &hits[worst]))
            worst = child + 1;
        if (worst == at)
            return;
        hits_swap(&hits[at], &hits[worst]);
        at = worst;
    }
}

void hits_init(struct hits *h, struct index_hit *room, size_t limit, int32_t min_total)
{
    *h = (struct hits){.at = room, .limit = limit, .least = min_total > 0 ? min_total : 1};
}

void hits_add(struct hits *h, const struct index_hit *hit)
{
    if (hit->score.total < h->least)
        return;
    if (h->count < h->limit) {
        size_t at = h->count++;
        h->at[at] = *hit;
        for (; at > 0 && hit_worse(&h->at[at], &h->at[(at - 1) / 2]); at = (at - 1) / 2)
            hits_swap(&h->at[at], &h->at[(at - 1) / 2]);
    } else if (hit_worse(&h->at[0], hit)) {
        h->at[0] = *hit;
        heap_down(h->at, h->count, 0);
    }
    if (h->count == h->limit)
        h->least = h->at[0].score.total;
}

bool hits_has(const struct hits *h, const void *packed)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->at[i].packed == packed)
            return true;
    return false;
}

void hits_sort(struct hits *h)
{
    for (size_t n = h->count; n > 1; n--) { /* the worst goes to the end */
        hits_swap(&h->at[0], &h->at[n - 1]);
        heap_down(h->at, n - 1, 0);
    }
}
