#include "told.h"

#include "gains.h"

#define LEVEL_BITS 7

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

void told_open(struct query *q)
{
    memset(&q->room->told, 0, sizeof q->room->told);
}

static void level_raise(uint8_t *level, uint8_t to)
{
    *level = to > *level ? to : *level;
}

void told_note(struct query *q, uint32_t group, int32_t strength)
{
    const struct tree *t = q->t;
    struct told_levels *l = &q->room->told;
    if (strength <= 0)
        return;
    uint8_t level = (uint8_t)((strength + (1 << LEVEL_BITS) - 1) >> LEVEL_BITS);
    level_raise(&l->group[group], level);
    level_raise(&l->kin[t->kins[group]], level);
    level_raise(&l->role[t->roles[group]], level);
}

size_t told_place(const struct query *q, unsigned needs, uint32_t told)
{
    const struct told_levels *l = &q->room->told;
    uint8_t best = 0;
    if (needs == 1)
        return 0;
    if (needs == 2)
        return l->group[told];
    if (needs == 3)
        return l->kin[told & (TOLD_KINS - 1)] * TOLD_LEVELS + l->kin[told / TOLD_KINS];
    for (; told != 0; told &= told - 1)
        level_raise(&best, l->role[__builtin_ctz(told)]);
    return best;
}

/* What each of the others meets with at most; the largest. */
static int32_t others_most(unsigned needs, size_t place, int32_t strength, int32_t *ret)
{
    int32_t x = smaller((int32_t)(place % TOLD_LEVELS) << LEVEL_BITS, strength);
    int32_t y = smaller((int32_t)(place / TOLD_LEVELS) << LEVEL_BITS, strength);
    if (needs == 1)
        return 0;
    ret[0] = ret[1] = ret[2] = x;
    if (needs == 3)
        ret[1] = y;
    return needs == 3 ? larger(x, y) : x;
}

int32_t told_need(const struct query *q, uint32_t class, unsigned needs, size_t place,
                  int32_t strength)
{
    const struct weights *w = &q->m->w;
    const uint16_t *c = class_known(q, class);
    int32_t of_a[2 * NEEDS_MAX + 1], of_b[CELL_NEEDS] = {0}, met = 0;
    int32_t most = others_most(needs, place, strength, of_b);
    int32_t own = larger(c[CLASS_OWN], c[CLASS_SERVES]), unasked;
    for (size_t i = 0; i < q->a.need_count; i++) {
        int32_t v = c[CLASS_LANES + i];
        met = larger(met, v);
        of_a[i] = larger(larger(v, most) * q->lanes[i].wish / 1000,
                         smaller(q->lanes[i].unspoken, strength));
    }
    unasked = larger(c[CLASS_OWN] * w->need_wish / 1000, c[CLASS_SERVES]);
    unasked = larger(unasked, smaller(most, q->unasked_most));
    of_a[q->a.need_count] = larger(unasked, smaller(w->serve_described, strength));
    of_b[needs - 1] = larger(own, c[CLASS_OFFERS] ? met * w->need_wish / 1000 : met);
    of_b[needs] = smaller(strength, q->unasked_most);
    return need_of_sides(q, of_a, q->a.need_count + 1, of_b, needs + 1);
}
