#include "generate.h"

uint64_t chance_next(struct chance *c)
{
    uint64_t z = c->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

struct chance chance_for(uint64_t seed, uint64_t number)
{
    struct chance c = {seed};

    /* Two rounds apart, so that neither neighbours in number nor in seed resemble each other. */
    c.state = chance_next(&c) ^ number * UINT64_C(0xD1342543DE82EF95);
    c.state = chance_next(&c);
    return c;
}

unsigned chance_below(struct chance *c, unsigned n)
{
    return (unsigned)((chance_next(c) >> 32) * n >> 32);
}

bool chance_permille(struct chance *c, unsigned share)
{
    return chance_below(c, 1000) < share;
}

size_t chance_weighted(struct chance *c, const unsigned *weights, size_t count)
{
    unsigned sum = 0, at;
    size_t i;

    for (i = 0; i < count; i++)
        sum += weights[i];
    if (sum == 0)
        return 0;
    at = chance_below(c, sum);
    for (i = 0; at >= weights[i]; i++)
        at -= weights[i];
    return i;
}
