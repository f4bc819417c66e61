#include "index_in.h"

#include <stdlib.h>

/* The companies of a layer in the order of what they need. */

#define DIGITS 8 /* bytes of a key */

/* While it is being made. */
struct sorting {
    uint64_t *key;             /* of each company, in the order of ids */
    uint32_t *entry;           /* its number in the layer */
    uint32_t *order, *ordered; /* numbers of companies; before and after a step */
    size_t count;
    uint32_t have[DIGITS][256]; /* how many keys have which byte where */
};

static int sorting_read(struct sorting *s, const struct layer *l, enum country c)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += entry_listed(&l->entries[i], c);
    s->key = malloc((n + 1) * sizeof *s->key);
    s->entry = malloc((n + 1) * sizeof *s->entry);
    s->order = malloc((n + 1) * sizeof *s->order);
    s->ordered = malloc((n + 1) * sizeof *s->ordered);
    if (s->key == NULL || s->entry == NULL || s->order == NULL || s->ordered == NULL)
        return -1;
    for (size_t i = 0; i < l->count; i++) {
        if (!entry_listed(&l->entries[i], c))
            continue;
        uint64_t key = packed_needs_key(l->entries[i].blob->bytes);
        for (size_t d = 0; d < DIGITS; d++)
            s->have[d][key >> 8 * d & 255]++;
        s->key[s->count] = key;
        s->entry[s->count] = (uint32_t)i;
        s->order[s->count] = (uint32_t)s->count;
        s->count++;
    }
    return 0;
}

/* By one byte, the lowest first; what is alike in it stays in the order of the bytes before. */
static void sorting_step(struct sorting *s, size_t digit)
{
    uint32_t *have = s->have[digit], sum = 0;
    for (size_t b = 0; b < 256; b++) {
        if (have[b] == s->count)
            return; /* all have this one */
        uint32_t n = have[b];
        have[b] = sum;
        sum += n;
    }
    for (size_t i = 0; i < s->count; i++)
        s->ordered[have[s->key[s->order[i]] >> 8 * digit & 255]++] = s->order[i];
    uint32_t *swap = s->order;
    s->order = s->ordered;
    s->ordered = swap;
}

void layer_order(struct layer *l, enum country c)
{
    struct sorting s = {.key = NULL};
    if (sorting_read(&s, l, c) == 0) {
        for (size_t d = 0; d < DIGITS; d++)
            sorting_step(&s, d);
        for (size_t i = 0; i < s.count; i++)
            s.order[i] = s.entry[s.order[i]];
        l->by_needs[c] = (struct needs_order){.entry = s.order, .count = s.count};
        s.order = NULL;
    }
    free(s.key);
    free(s.entry);
    free(s.order);
    free(s.ordered);
}
