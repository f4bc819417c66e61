#include "index_in.h"
#include "model_in.h"

#include <stdlib.h>

/* The companies of a layer in the order of what they need. */

#define DIGITS 4                                /* needs in a key */
#define DIGIT_VALUES ((ROLES + 1) * SECTOR_IDS) /* what one can be; 0: none */
#define AHEAD 8                                 /* companies whose bytes are asked of the memory */

/* While it is being made. */
struct sorting {
    uint64_t *key;             /* of each company, in the order of ids */
    uint32_t *entry;           /* its number in the layer */
    uint32_t *order, *ordered; /* numbers of companies; before and after a step */
    size_t count;
    uint32_t have[DIGITS][DIGIT_VALUES]; /* how many keys have which need where */
};

static size_t digit_of(uint64_t key, size_t digit)
{
    uint64_t need = key >> 16 * digit;
    return (need >> 8 & 255) * SECTOR_IDS + (need & 255);
}

static int sorting_read(struct sorting *s, const struct layer *l, enum country c)
{
    /* For all there are: what is not used is not made resident. */
    s->key = malloc((l->count + 1) * sizeof *s->key);
    s->entry = malloc((l->count + 1) * sizeof *s->entry);
    if (s->key == NULL || s->entry == NULL)
        return -1;
    for (size_t i = 0; i < l->count; i++) {
        const struct blob *soon = i + AHEAD < l->count ? l->entries[i + AHEAD].blob : NULL;
        for (size_t line = 0; soon != NULL && line < 3; line++)
            __builtin_prefetch((const uint8_t *)soon + 64 * line);
        if (!entry_listed(&l->entries[i], c))
            continue;
        uint64_t key = packed_needs_key(l->entries[i].blob->bytes);
        for (size_t d = 0; d < DIGITS; d++)
            s->have[d][digit_of(key, d)]++;
        s->key[s->count] = key;
        s->entry[s->count++] = (uint32_t)i;
    }
    s->order = malloc((s->count + 1) * sizeof *s->order);
    s->ordered = malloc((s->count + 1) * sizeof *s->ordered);
    if (s->order == NULL || s->ordered == NULL)
        return -1;
    for (size_t i = 0; i < s->count; i++)
        s->order[i] = (uint32_t)i;
    return 0;
}

/* By one need, the last first; what is alike in it stays in the order of those before. */
static void sorting_step(struct sorting *s, size_t digit)
{
    uint32_t *have = s->have[digit], sum = 0;
    for (size_t v = 0; v < DIGIT_VALUES; v++) {
        uint32_t n = have[v];
        have[v] = sum;
        sum += n;
    }
    for (size_t i = 0; i < s->count; i++)
        s->ordered[have[digit_of(s->key[s->order[i]], digit)]++] = s->order[i];
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
