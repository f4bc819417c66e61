#include "reach.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Closeness between needs for capital, as need_content has it, but for what the other's offer says
 * of finance. */
static uint32_t funds_close(const struct model *m, const struct need_view *x, uint8_t sx,
                            uint8_t sy)
{
    const struct sector *s = m->sectors;
    uint32_t c = m->close[sx][sy];
    if (sx != sy && s[sx].group == s[sy].group && (s[sx].group == sx || s[sy].group == sy))
        c = larger(c, (uint32_t)m->w.close_group_capital);
    if (x->role < SIDE_SEEK * KIND_COUNT && s[x->sector].finance)
        c = larger(c, (uint32_t)m->w.close_finance);
    return c;
}

void reach_open(const struct model *m, const struct need_view *x, struct reach *ret)
{
    memset(ret->core, 0, sizeof ret->core);
    memset(ret->named, 0, sizeof ret->named);
    if (x->kind == KIND_CAPITAL)
        memset(ret->funds, 0, sizeof ret->funds);
    ret->x = x;
    ret->core_top = 0;
    ret->listed = m->close[x->sector];
    for (size_t i = 0; i < x->core_count; i++) {
        const uint16_t *close = m->close[x->core[i]];
        uint32_t weight = (uint32_t)need_core_weight(m, x, i);
        ret->core_top = (int32_t)larger((uint32_t)ret->core_top, weight);
        for (size_t s = 0; s < SECTOR_IDS; s++)
            ret->core[s] = larger(ret->core[s], close[s] * weight);
        for (size_t s = 0; s < SECTOR_IDS && x->kind == KIND_CAPITAL; s++)
            ret->funds[s] =
                larger(ret->funds[s], funds_close(m, x, x->core[i], (uint8_t)s) * weight);
    }
    for (size_t i = 0; i < x->named_count; i++) {
        const uint16_t *close = m->close[x->named[i]];
        for (size_t s = 0; s < SECTOR_IDS; s++)
            ret->named[s] = close[s] > ret->named[s] ? close[s] : ret->named[s];
    }
}

static uint32_t core_close(const struct model *m, const struct reach *r, const struct need_view *y)
{
    bool funds = r->x->kind == KIND_CAPITAL && y->kind == KIND_CAPITAL;
    const uint32_t *core = funds ? r->funds : r->core;
    uint32_t any = 0, best = 0; /* any: of an offer of capital for any field */
    if (funds && r->x->role >= SIDE_SEEK * KIND_COUNT && m->sectors[y->sector].finance)
        any = (uint32_t)(m->w.close_finance * r->core_top);
    for (size_t i = 0; i < y->core_count; i++)
        best = larger(best, (uint32_t)((uint64_t)larger(core[y->core[i]], any) *
                                       (uint32_t)need_core_weight(m, y, i) / 1000000));
    return best;
}

struct closeness reach_close(const struct model *m, const struct reach *r,
                             const struct need_view *y)
{
    uint32_t one = r->named[y->sector], both = 0;
    for (size_t k = 0; k < y->named_count; k++) {
        one = larger(one, r->listed[y->named[k]]);
        both = larger(both, r->named[y->named[k]]);
    }
    return (struct closeness){(int32_t)core_close(m, r, y), (int32_t)one, (int32_t)both};
}
