#include "pair.h"

/* Sector, language and practical: the factors that order the pairs whose needs meet. */

static void sector_try(const struct model *m, uint8_t x, uint8_t y, int32_t weight,
                       struct sector_result found, struct sector_result *best)
{
    int32_t v = m->close[x][y] * weight / 100;
    if (v <= best->value)
        return;
    found.value = v;
    *best = found;
}

static void sectors_worked(const struct model *m, const struct view *a, const struct view *b,
                           struct sector_result *ret)
{
    for (size_t i = 0; i < a->sector_count; i++)
        for (size_t k = 0; k < b->sector_count; k++) {
            uint8_t x = a->sectors[i], y = b->sectors[k];
            struct sector_result found = {.of_a = x, .of_b = y};
            sector_try(m, x, y, i == 0 && k == 0 ? m->w.sector_main : m->w.sector_other, found,
                       ret);
        }
}

/* What x looks for is what y does. */
static void sectors_sought(const struct model *m, const struct view *x, const struct view *y,
                           bool x_is_b, struct sector_result *ret)
{
    for (size_t i = x->offer_count; i < x->need_count; i++)
        for (size_t k = 0; k < y->sector_count; k++) {
            uint8_t s = x->needs[i].core[0], t = y->sectors[k];
            struct sector_result found = {
                .of_a = x_is_b ? t : s, .of_b = x_is_b ? s : t, .sought = true, .x_is_b = x_is_b};
            sector_try(m, s, t, m->w.sector_sought, found, ret);
        }
}

void sector_score(const struct model *m, const struct view *a, const struct view *b,
                  struct sector_result *ret)
{
    *ret = (struct sector_result){.of_a = a->sector_count > 0 ? a->sectors[0] : 0,
                                  .of_b = b->sector_count > 0 ? b->sectors[0] : 0};
    sectors_worked(m, a, b, ret);
    sectors_sought(m, a, b, false, ret);
    sectors_sought(m, b, a, true, ret);
}

int32_t language_level_value(const struct model *m, uint8_t level)
{
    return level == LEVEL_FLUENT    ? m->w.language_fluent
           : level == LEVEL_WORKING ? m->w.language_working
                                    : m->w.language_basic;
}

static bool is_french(const struct model *m, const struct view *v)
{
    return m->regions[v->p[AT_REGION]].french;
}

void language_score(const struct model *m, const struct view *a, const struct view *b,
                    struct language_result *ret)
{
    *ret =
        (struct language_result){.unknown_a = a->lang_count == 0, .unknown_b = b->lang_count == 0};
    ret->value = ret->unknown_a || ret->unknown_b ? m->w.language_unknown : m->w.language_none;
    for (size_t i = 0, k = 0; i < a->lang_count && k < b->lang_count;) {
        const uint8_t *x = a->langs + i * 4, *y = b->langs + k * 4;
        int c = memcmp(x, y, 3);
        if (c != 0) {
            i += c < 0;
            k += c > 0;
            continue;
        }
        uint8_t level = x[3] < y[3] ? x[3] : y[3];
        bool french = memcmp(x, "fra", 3) == 0 && (is_french(m, a) || is_french(m, b));
        int32_t v = language_level_value(m, level) + (french ? m->w.language_french : 0);
        v = v > SCORE_MAX ? SCORE_MAX : v;
        if (v > ret->value || ret->code[0] == '\0' || (v == ret->value && level > ret->level)) {
            memcpy(ret->code, x, 3);
            ret->value = v > ret->value ? v : ret->value;
            ret->level = level;
            ret->french = french;
        }
        i++;
        k++;
    }
}

/* Steps of about the factor two between two numbers of employees. */
static int size_steps(uint32_t a, uint32_t b)
{
    int steps = 0;
    if (a > b) {
        uint32_t c = a;
        a = b;
        b = c;
    }
    for (a = a == 0 ? 1 : a; a < b && steps<20; a = a> UINT32_MAX / 2 ? b : a * 2)
        steps++;
    return steps;
}

int32_t size_value(const struct model *m, uint32_t a, uint32_t b)
{
    int steps = size_steps(a, b);
    steps = steps > m->w.size_free ? steps - m->w.size_free : 0;
    int32_t value = SCORE_MAX - steps * m->w.size_step;
    return value < 0 ? 0 : value;
}

static void size_score(const struct model *m, const struct view *a, const struct view *b,
                       uint32_t kinds, struct practical_result *ret)
{
    ret->size_known = a->p[AT_FLAGS] & b->p[AT_FLAGS] & FLAG_EMPLOYEES;
    ret->size_free = (kinds & KINDS_ANY_SIZE) != 0;
    if (ret->size_free) {
        ret->size = SCORE_MAX;
        return;
    }
    ret->size = m->w.size_unknown;
    if (!ret->size_known)
        return;
    ret->size = size_value(m, get32(a->p + AT_EMPLOYEES), get32(b->p + AT_EMPLOYEES));
}

static void export_score(const struct model *m, const struct view *a, const struct view *b,
                         struct practical_result *ret)
{
    uint8_t x = a->p[AT_FLAGS], y = b->p[AT_FLAGS];
    uint8_t to_a = a->p[AT_COUNTRY] == COUNTRY_KH ? FLAG_EXPORTS_KH : FLAG_EXPORTS_CA;
    uint8_t to_b = b->p[AT_COUNTRY] == COUNTRY_KH ? FLAG_EXPORTS_KH : FLAG_EXPORTS_CA;
    if (x & to_b || y & to_a)
        ret->exports = m->w.export_target;
    else
        ret->exports = (x | y) & FLAG_EXPORTS ? m->w.export_some : m->w.export_none;
}

int32_t checked_day_value(const struct model *m, int32_t day, int32_t today)
{
    if (day == DAY_NONE)
        return 0;
    int64_t age = (int64_t)today - day;
    if (age <= m->w.checked_fresh)
        return SCORE_MAX;
    if (age >= m->w.checked_old)
        return 0;
    return (int32_t)((m->w.checked_old - age) * SCORE_MAX /
                     (m->w.checked_old - m->w.checked_fresh));
}

static int32_t certified_side(const struct model *m, const struct view *asks,
                              const struct view *has, uint64_t *ret_have, uint64_t *ret_miss)
{
    uint64_t asked = get64(asks->p + AT_CERTS_ASKED), held = get64(has->p + AT_CERTS);
    *ret_have = asked & held;
    *ret_miss = asked != 0 && *ret_have == 0 ? asked : 0;
    if (asked == 0)
        return m->w.certified_neutral;
    return *ret_have != 0 ? SCORE_MAX : m->w.certified_missing;
}

void practical_score(const struct model *m, const struct view *a, const struct view *b,
                     int32_t today, uint32_t kinds, struct practical_result *ret)
{
    *ret = (struct practical_result){.value = 0};
    size_score(m, a, b, kinds, ret);
    export_score(m, a, b, ret);
    int32_t ca = checked_day_value(m, (int32_t)get32(a->p + AT_VERIFIED), today);
    int32_t cb = checked_day_value(m, (int32_t)get32(b->p + AT_VERIFIED), today);
    ret->checked = (ca + cb) / 2;
    ret->checked_a = ca > 0;
    ret->checked_b = cb > 0;
    int32_t x = certified_side(m, b, a, &ret->certs_have_a, &ret->certs_miss_a);
    int32_t y = certified_side(m, a, b, &ret->certs_have_b, &ret->certs_miss_b);
    ret->certified = (x + y) / 2;
    ret->value =
        (ret->size * m->w.practical_size + ret->exports * m->w.practical_export +
         ret->checked * m->w.practical_checked + ret->certified * m->w.practical_certified) /
        10000;
}
