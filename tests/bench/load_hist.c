#include "load.h"

/* Below HIST_PART each value has a place of its own; above, each power of two has HIST_PART. */
static unsigned place(uint64_t ns)
{
    if (ns < HIST_PART)
        return (unsigned)ns;
    unsigned shift = 63 - (unsigned)__builtin_clzll(ns) - 7; /* leaves 128..255 */
    return (shift + 1) * HIST_PART + (unsigned)(ns >> shift) - HIST_PART;
}

/* The largest value of a place. */
static uint64_t place_top(unsigned at)
{
    if (at < HIST_PART)
        return at;
    unsigned shift = at / HIST_PART - 1;
    return ((uint64_t)(at % HIST_PART + HIST_PART + 1) << shift) - 1;
}

void hist_add(struct hist *h, uint64_t ns)
{
    h->count[place(ns)]++;
    h->total++;
    if (ns > h->most_ns)
        h->most_ns = ns;
}

double hist_at(const struct hist *h, double share)
{
    uint64_t sum = 0, wanted = (uint64_t)(share * (double)h->total + 0.5);

    if (h->total == 0)
        return 0;
    for (unsigned i = 0; i < sizeof h->count / sizeof h->count[0]; i++) {
        sum += h->count[i];
        if (sum >= wanted && sum > 0) {
            uint64_t top = place_top(i);
            return (double)(top < h->most_ns ? top : h->most_ns) / 1000;
        }
    }
    return (double)h->most_ns / 1000;
}
