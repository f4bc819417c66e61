#include "pair.h"

/* Puts the factors together: docs/SCORING.md, "Recombining". */

/*
 * The others count only as far as there is a reason to meet: their share of the weight is opened by
 * the need, or a little by the closeness of the fields, and what they do not take falls to the
 * need. So the weights of a pair always add up to all. All is computed in one fraction and cut
 * once: a need that is met better never lowers the total.
 */
struct blend {
    int64_t gate, whole; /* gate / whole: how far the others may count, 0..1 */
    int64_t others;      /* sum of their full weights times their values */
};

static struct blend blend_make(const struct model *m, const struct factor_value *f, int32_t need)
{
    int64_t full = m->w.gate_full, met = need < full ? need : full;
    int64_t floor = full * m->w.gate_floor * f[FACTOR_SECTOR].value / SCORE_MAX;
    struct blend b = {.gate = met * SCORE_MAX, .whole = full * SCORE_MAX};
    if (b.gate < floor)
        b.gate = floor;
    b.others = (int64_t)m->w.total_sector * f[FACTOR_SECTOR].value +
               (int64_t)m->w.total_language * f[FACTOR_LANGUAGE].value +
               (int64_t)m->w.total_practical * f[FACTOR_PRACTICAL].value;
    return b;
}

static int32_t total(const struct model *m, const struct factor_value *f, int32_t need)
{
    struct blend b = blend_make(m, f, need);
    int64_t all = b.whole * SCORE_MAX;
    int64_t share = (SCORE_MAX - m->w.total_need) * b.gate; /* of the others, out of all */
    return (int32_t)((need * (all - share) + b.gate * b.others + all / 2) / all);
}

static int32_t weight(int32_t full, const struct blend *b)
{
    return (int32_t)((full * b->gate + b->whole / 2) / b->whole);
}

static void weigh(const struct model *m, struct factor_value f[FACTOR_COUNT])
{
    struct blend b = blend_make(m, f, f[FACTOR_NEED].value);
    f[FACTOR_SECTOR].weight = weight(m->w.total_sector, &b);
    f[FACTOR_LANGUAGE].weight = weight(m->w.total_language, &b);
    f[FACTOR_PRACTICAL].weight = weight(m->w.total_practical, &b);
    f[FACTOR_NEED].weight = SCORE_MAX - f[FACTOR_SECTOR].weight - f[FACTOR_LANGUAGE].weight -
                            f[FACTOR_PRACTICAL].weight;
}

void pair_score(const struct model *m, const struct view *a, const struct view *b, int32_t today,
                struct pair *ret)
{
    need_score(m, a, b, &ret->need);
    sector_score(m, a, b, &ret->sector);
    language_score(m, a, b, &ret->language);
    practical_score(m, a, b, today, ret->need.kinds, &ret->practical);
    struct score *s = &ret->score;
    s->factors[FACTOR_NEED].value = ret->need.both;
    s->factors[FACTOR_SECTOR].value = ret->sector.value;
    s->factors[FACTOR_LANGUAGE].value = ret->language.value;
    s->factors[FACTOR_PRACTICAL].value = ret->practical.value;
    weigh(m, s->factors);
    s->total = total(m, s->factors, ret->need.both);
    s->a_to_b = total(m, s->factors, ret->need.a);
    s->b_to_a = total(m, s->factors, ret->need.b);
    memcpy(s->language, ret->language.code, sizeof s->language);
}

void score_pair(const struct model *m, const void *a, const void *b, int32_t today,
                struct score *ret)
{
    struct view x, y;
    struct pair pair;
    view_open(m, a, &x);
    view_open(m, b, &y);
    pair_score(m, &x, &y, today, &pair);
    *ret = pair.score;
}

const char *factor_name(enum factor f)
{
    static const char *const names[FACTOR_COUNT] = {"need", "sector", "language", "practical"};
    return (unsigned)f < FACTOR_COUNT ? names[f] : NULL;
}

enum excluded match_excluded(const void *a, const void *b, int32_t today, int32_t total_score)
{
    if (memcmp(packed_id(a), packed_id(b), IDENT_BYTES) == 0)
        return EXCLUDED_SAME_COMPANY;
    if (packed_country(a) == packed_country(b))
        return EXCLUDED_SAME_COUNTRY;
    if (packed_status(b) != STATUS_PUBLISHED)
        return EXCLUDED_NOT_PUBLISHED;
    if ((int32_t)get32((const uint8_t *)b + AT_VALID) < today)
        return EXCLUDED_EXPIRED;
    return total_score > 0 ? EXCLUDED_NOT : EXCLUDED_ZERO;
}
