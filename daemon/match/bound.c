#include "gains.h"

/* Bounds on need and total. */

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t both_sides(const struct model *m, int32_t a, int32_t b)
{
    int32_t more = larger(a, b), less = smaller(a, b);
    return (more * m->w.need_better + less * (1000 - m->w.need_better)) / 1000;
}

/* As need_combine, or one more: that rounds down four times, which is given back at once. Asked for
 * some thousand times in a search, so without divisions, and without branches to be guessed wrong.
 */
static int32_t combine_most(const struct query *q, const int32_t *of, size_t count)
{
    int32_t first = 0, second = 0, third = 0, fourth = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t v = of[i];
        int32_t a = larger(first, v), b = first + v - a;
        int32_t c = larger(second, b), d = second + b - c;
        int32_t e = larger(third, d), f = third + d - e;
        first = a;
        second = c;
        third = e;
        fourth = larger(fourth, f);
    }
    const double *share = q->share;
    double missing = (1e4 - 10.0 * first) * (1 - share[0] * second) *
                     ((1 - share[1] * third) * (1 - share[2] * fourth));
    return SCORE_MAX - (int32_t)(missing - 0.004001);
}

int32_t need_of_sides(const struct query *q, const int32_t *of_a, size_t a_count,
                      const int32_t *of_b, size_t b_count)
{
    return both_sides(q->m, combine_most(q, of_a, a_count), combine_most(q, of_b, b_count));
}

int32_t need_most(const struct query *q, int32_t strength, unsigned needs)
{
    const struct model *m = q->m;
    int32_t unasked = smaller(strength, q->unasked_most);
    int32_t wished = larger(strength * m->w.need_wish / 1000, unasked);
    int32_t of_a[5], of_b[CELL_NEEDS];
    size_t n = 0, seeks = q->a.need_count - q->a.offer_count;
    /* The best four count. */
    for (size_t i = 0; i < seeks && n < 4; i++)
        of_a[n++] = strength;
    for (size_t i = 0; i < q->a.offer_count && n < 4; i++)
        of_a[n++] = wished;
    of_a[n++] = unasked;
    for (size_t i = 0; i < needs; i++)
        of_b[i] = q->seeks_meet ? strength : larger(wished, smaller(strength, q->own_most));
    of_b[needs] = unasked;
    return need_of_sides(q, of_a, n, of_b, needs + 1);
}

/* The two ends of what the gate can be, as shares of gate.full * 10000. */
static void gates(const struct model *m, int32_t need, int32_t sector, int64_t *ret_least,
                  int64_t *ret_most)
{
    int64_t full = m->w.gate_full;
    int64_t floor = full * m->w.gate_floor * sector / SCORE_MAX;
    *ret_least = (need < full ? need : full) * SCORE_MAX;
    *ret_most = *ret_least < floor ? floor : *ret_least;
}

/* Rounded up where a double can't tell: dividing integers takes several times as long. */
static int32_t total_at(const struct model *m, int64_t gate, int32_t need, int64_t others,
                        double unit)
{
    int64_t all = (int64_t)m->w.gate_full * SCORE_MAX * SCORE_MAX;
    int64_t share = (SCORE_MAX - m->w.total_need) * gate;
    return (int32_t)((double)(need * (all - share) + gate * others) * unit + 0.500001);
}

/* The total grows with the need, and along the gate it is a straight line: so its greatest value
 * stands at an end. */
int32_t total_most(const struct model *m, int32_t need, int32_t sector, int64_t others)
{
    int64_t least, most;
    double unit = 1.0 / ((double)m->w.gate_full * SCORE_MAX * SCORE_MAX); /* of total_at's sum */
    gates(m, need, sector, &least, &most);
    int32_t a = total_at(m, least, need, others, unit);
    return most == least ? a : larger(a, total_at(m, most, need, others, unit));
}

/* others from which total_at reaches total; a little less does no harm. */
static int64_t others_least(const struct model *m, int64_t gate, int32_t need, int32_t total)
{
    int64_t all = (int64_t)m->w.gate_full * SCORE_MAX * SCORE_MAX;
    int64_t share = (SCORE_MAX - m->w.total_need) * gate;
    int64_t missing = total * all - all / 2 - need * (all - share);
    if (missing <= 0)
        return 0;
    return gate == 0 ? INT64_MAX : (int64_t)((double)missing / (double)gate * 0.99999999);
}

int32_t value_least(const struct model *m, int32_t need, int32_t total)
{
    int64_t least, most;
    gates(m, need, SCORE_MAX, &least, &most);
    int64_t a = others_least(m, least, need, total);
    int64_t b = most == least ? a : others_least(m, most, need, total);
    int64_t others = a < b ? a : b;
    int64_t sector = (int64_t)m->w.total_sector * SCORE_MAX;
    if (others <= sector)
        return 0;
    return others - sector > INT32_MAX ? INT32_MAX : (int32_t)(others - sector);
}

/* ---- a record ---- */

struct sides {
    int32_t of_a[2 * NEEDS_MAX + 1], of_b[2 * NEEDS_MAX + 1];
    int32_t sector;
    unsigned kinds;
};

/* What the fields of both bring. */
static void sides_open(const struct query *q, const uint16_t *f, size_t needs, struct sides *ret)
{
    for (size_t i = 0; i < q->a.need_count; i++)
        ret->of_a[i] = f[FIELD_LANES + i] & ~KNOWN_LANE;
    ret->of_a[q->a.need_count] = f[FIELD_OF_A];
    ret->of_b[needs] = f[FIELD_OF_B];
    ret->sector = f[FIELD_SECTOR];
    ret->kinds = f[FIELD_KINDS];
}

/* Whether an offer that takes part in a meeting is one of somebody who knows the other's field. */
static bool field_known(const struct query *q, const uint16_t *f, size_t lane, const uint16_t *c)
{
    if (f[FIELD_KNOWN] & KNOWN_BOTH)
        return true;
    return (q->lanes[lane].offer &&
            (f[FIELD_KNOWN] & KNOWN_OF_A || f[FIELD_LANES + lane] & KNOWN_LANE)) ||
           (c[CLASS_OFFERS] && (f[FIELD_KNOWN] & KNOWN_OF_B || c[CLASS_KNOWS]));
}

/* The k-th need of the other's, which meets no better than strength. */
static void sides_add(const struct query *q, const uint16_t *f, const uint16_t *c, size_t k,
                      int32_t strength, struct sides *s)
{
    int32_t wish = q->m->w.need_wish, *unasked = &s->of_a[q->a.need_count];
    int32_t best = larger(c[CLASS_OWN], c[CLASS_SERVES]), met = 0;
    for (size_t i = 0; i < q->a.need_count; i++) {
        int32_t v = smaller(c[CLASS_LANES + i], strength);
        if (v == 0)
            continue;
        if (!field_known(q, f, i, c))
            v = v * q->m->w.fit_field_strange / 1000;
        s->of_a[i] = larger(s->of_a[i], v * q->lanes[i].wish / 1000);
        met = larger(met, v);
    }
    if (c[CLASS_OFFERS])
        met = met * wish / 1000;
    s->of_b[k] = larger(best, met);
    *unasked = larger(*unasked, larger(c[CLASS_OWN] * wish / 1000, c[CLASS_SERVES]));
    s->sector = larger(s->sector, c[CLASS_SOUGHT] * q->m->w.sector_sought / 100);
    s->kinds |= c[CLASS_KINDS];
}

static bool field_passes(const struct query *q, const struct field *f)
{
    if (q->f == NULL || q->f->sector == 0)
        return true;
    for (size_t i = 0; i < f->sector_count; i++)
        if (f->sectors[i] == q->f->sector || q->m->sectors[f->sectors[i]].group == q->f->sector)
            return true;
    return false;
}

/* By what is known of its needs, f being what its field gives. */
static int32_t sides_most(const struct query *q, const struct record *r, const uint16_t *f,
                          int32_t strength)
{
    struct sides s;
    const struct model *m = q->m;
    size_t n = record_needs(r);
    sides_open(q, f, n, &s);
    for (size_t k = 0; k < n; k++)
        sides_add(q, f, class_known(q, r->needs[k]), k, strength, &s);
    if (q->f != NULL && q->f->kind >= 0 && (s.kinds >> q->f->kind & 1) == 0)
        return 0;
    int32_t need = need_of_sides(q, s.of_a, q->a.need_count + 1, s.of_b, n + 1);
    int32_t value = q->room->value[record_cell(r)];
    if ((s.kinds & KINDS_ANY_SIZE) == 0)
        value -= q->size_loss[record_size(r)];
    return total_most(m, need, s.sector, (int64_t)m->w.total_sector * s.sector + value);
}

int32_t record_most(struct query *q, const struct record *r, int32_t strength, int32_t least)
{
    if (!field_passes(q, &q->t->fields[r->field]))
        return 0;
    const uint16_t *f = field_get(q, r->field);
    if (f == NULL)
        return -1;
    int32_t most = sides_most(q, r, f, strength);
    if (most < least)
        return most;
    for (size_t k = 0; k < record_needs(r); k++)
        class_fetch(q, r->needs[k]);
    for (size_t k = 0; k < record_needs(r); k++)
        if (class_get(q, r->needs[k]) == NULL)
            return -1;
    return sides_most(q, r, field_get(q, r->field), strength); /* which has moved maybe */
}
