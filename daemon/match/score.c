#include "pair.h"

/* Puts the factors together: docs/SCORING.md, "Recombining". */

/* The share, of ten thousand, that sector, language and practical may count: they order what has
 * a reason, they are no reason themselves. */
static int32_t gate(const struct model *m, int32_t need, int32_t sector)
{
    int32_t g = need >= m->w.gate_full ? SCORE_MAX : need * SCORE_MAX / m->w.gate_full;
    int32_t floor = m->w.gate_floor * sector / SCORE_MAX;
    return g > floor ? g : floor;
}

static int32_t total(const struct factor_value f[FACTOR_COUNT])
{
    int64_t sum = 0;
    for (int i = 0; i < FACTOR_COUNT; i++)
        sum += (int64_t)f[i].value * f[i].weight;
    return (int32_t)((sum + SCORE_MAX / 2) / SCORE_MAX);
}

static void weigh(const struct model *m, struct factor_value f[FACTOR_COUNT])
{
    int32_t g = gate(m, f[FACTOR_NEED].value, f[FACTOR_SECTOR].value);
    f[FACTOR_NEED].weight = m->w.total_need;
    f[FACTOR_SECTOR].weight = m->w.total_sector * g / SCORE_MAX;
    f[FACTOR_LANGUAGE].weight = m->w.total_language * g / SCORE_MAX;
    f[FACTOR_PRACTICAL].weight = m->w.total_practical * g / SCORE_MAX;
}

/* The same pair, with the needs of one side alone. */
static int32_t total_of(const struct model *m, const struct factor_value f[FACTOR_COUNT],
                        int32_t need)
{
    struct factor_value g[FACTOR_COUNT];
    memcpy(g, f, sizeof g);
    g[FACTOR_NEED].value = need;
    weigh(m, g);
    return total(g);
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
    s->total = total(s->factors);
    s->a_to_b = total_of(m, s->factors, ret->need.a);
    s->b_to_a = total_of(m, s->factors, ret->need.b);
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
