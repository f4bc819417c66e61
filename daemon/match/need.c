#include "pair.h"

/* What passes between two companies. All numbers are thousandths unless said. */

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Whole groups are no lack of precision for capital: a fund names fields, not products. And capital
 * offered under finance itself is for any field. */
static int32_t close_pair(const struct model *m, const struct need_view *x,
                          const struct need_view *y, uint8_t sx, uint8_t sy)
{
    int32_t c = m->close[sx][sy];
    if (x->kind != KIND_CAPITAL || y->kind != KIND_CAPITAL)
        return c;
    bool group = m->sectors[sx].group == sx || m->sectors[sy].group == sy;
    if (group && sx != sy && m->sectors[sx].group == m->sectors[sy].group)
        c = larger(c, m->w.close_group_capital);
    const struct need_view *offer = x->role < SIDE_SEEK * KIND_COUNT ? x : y;
    if (m->sectors[offer->sector].finance)
        c = larger(c, m->w.close_finance);
    return c;
}

/* What a need is narrowed to counts more than the rest of the group that it is listed under; but a
 * fund that names an example means the field all the same. */
int32_t need_core_weight(const struct model *m, const struct need_view *n, size_t i)
{
    if (n->core_count == 1 || (n->core[i] == n->sector && n->kind == KIND_CAPITAL))
        return 1000;
    return n->core[i] != n->sector ? n->core_close : m->w.close_beside;
}

static int32_t close_core(const struct model *m, const struct need_view *x,
                          const struct need_view *y)
{
    int32_t best = 0;
    for (size_t i = 0; i < x->core_count; i++)
        for (size_t k = 0; k < y->core_count; k++) {
            int32_t c = close_pair(m, x, y, x->core[i], y->core[k]);
            /* Products first: what is cut off must not depend on who comes first. */
            c = c * (need_core_weight(m, x, i) * need_core_weight(m, y, k)) / 1000000;
            best = larger(best, c);
        }
    return best;
}

static void close_named(const struct model *m, const struct need_view *x, const struct need_view *y,
                        struct closeness *ret)
{
    for (size_t i = 0; i < x->named_count; i++) {
        ret->one = larger(ret->one, m->close[x->named[i]][y->sector]);
        for (size_t k = 0; k < y->named_count; k++)
            ret->both = larger(ret->both, m->close[x->named[i]][y->named[k]]);
    }
    for (size_t k = 0; k < y->named_count; k++)
        ret->one = larger(ret->one, m->close[x->sector][y->named[k]]);
}

/* A thing that both texts name, but neither is listed under, may be a mere circumstance. */
static int32_t close_text(const struct model *m, const struct closeness *c, bool shared)
{
    if (!shared)
        return larger(c->one, c->both) * m->w.fit_text_loose / 1000;
    return larger(c->one * m->w.fit_text / 1000, c->both * m->w.fit_text_both / 1000);
}

/* Both lists are sorted. */
static int shared_topics(const struct need_view *x, const struct need_view *y)
{
    int n = 0;
    for (size_t i = 0, k = 0; i < x->topic_count && k < y->topic_count;) {
        if (x->topics[i] == y->topics[k])
            n++, i++, k++;
        else if (x->topics[i] < y->topics[k])
            i++;
        else
            k++;
    }
    return n;
}

static int32_t hs_factor(const struct model *m, const struct need_view *x,
                         const struct need_view *y)
{
    if (x->hs_count == 0 && y->hs_count == 0)
        return 1000;
    if (x->hs_count == 0 || y->hs_count == 0)
        return m->w.fit_hs_silent;
    int best = 0;
    bool whole = false; /* the shorter code is met to its last digit */
    for (size_t i = 0; i < x->hs_count; i++)
        for (size_t k = 0; k < y->hs_count; k++) {
            int n = hs_common(x->hs[i], y->hs[k]);
            best = n > best ? n : best;
            whole |= n == 4 && (x->hs[i] < HS_SUBHEADING || y->hs[k] < HS_SUBHEADING);
        }
    if (best == 6 || whole)
        return m->w.fit_hs6;
    return best == 4 ? m->w.fit_hs4 : best == 2 ? m->w.fit_hs2 : m->w.fit_hs_none;
}

static int32_t topic_factor(const struct model *m, const struct need_view *x,
                            const struct need_view *y, int shared)
{
    if (shared > 0)
        return shared > 1 ? m->w.fit_topic2 : m->w.fit_topic1;
    return x->topic_count > 0 && y->topic_count > 0 ? m->w.fit_topic_none : m->w.fit_topic_silent;
}

int32_t need_fit(const struct model *m, const struct need_view *x, const struct need_view *y,
                 const struct closeness *close)
{
    if (close->core == 0 && close->one == 0 && close->both == 0)
        return 0;
    int shared = shared_topics(x, y);
    int32_t c = larger(close->core, close_text(m, close, shared > 0));
    c = c * topic_factor(m, x, y, shared) / 1000 * hs_factor(m, x, y) / 1000;
    c = c * (x->specific * y->specific) / 1000000;
    return c >= m->w.fit_least ? c : 0;
}

int32_t need_close_most(const struct model *m, const struct closeness *close)
{
    int32_t text = larger(close_text(m, close, true), close_text(m, close, false));
    return larger(close->core, text);
}

int32_t need_fit_most(const struct model *m, const struct need_view *x, int32_t close_most)
{
    int32_t c = close_most * x->specific / 1000;
    return c >= m->w.fit_least ? c : 0;
}

int32_t need_content(const struct model *m, const struct need_view *x, const struct need_view *y)
{
    struct closeness close = {.core = close_core(m, x, y)};
    close_named(m, x, y, &close);
    return need_fit(m, x, y, &close);
}

int32_t need_own_weight(const struct model *m, const struct need_view *n)
{
    switch (n->role - SIDE_SEEK * KIND_COUNT) {
    case KIND_GOODS:
        return m->w.own_goods;
    case KIND_SERVICES:
        return m->w.own_services;
    case KIND_TECHNOLOGY:
        return m->w.own_technology;
    case KIND_TRAINING:
        return m->w.own_training;
    case KIND_JOINT_VENTURE:
        return m->w.own_joint;
    default:
        return 0;
    }
}

/* What each need of a company finds at the other; the last place, after its needs, is for what it
 * has not asked for. */
struct tally {
    int32_t of_x[2 * NEEDS_MAX + 1], of_y[2 * NEEDS_MAX + 1];
};

static void meet_note(struct need_result *ret, const struct meet *meet)
{
    if (meet->strength > ret->best.strength)
        ret->best = *meet;
}

/* A seek that no offer answers, in a field that is y's own. */
static void own_meets(const struct model *m, const struct view *x, const struct view *y,
                      bool x_is_b, int32_t *of_x, int32_t *of_y, struct need_result *ret)
{
    for (size_t i = x->offer_count; i < x->need_count; i++) {
        const struct need_view *n = &x->needs[i];
        int32_t w = need_own_weight(m, n);
        for (size_t k = 0; w > 0 && k < y->sector_count; k++) {
            int32_t c = m->close[n->core[0]][y->sectors[k]] * w / 1000 * n->specific / 1000;
            if (y->p[AT_FLAGS] & FLAG_VAGUE)
                c = c * m->w.fit_vague_company / 1000;
            if (c < m->w.fit_least)
                continue;
            of_x[i] = larger(of_x[i], c);
            *of_y = larger(*of_y, c * m->w.need_wish / 1000);
            ret->kinds |= 1u << n->kind;
            meet_note(ret, &(struct meet){.strength = c,
                                          .how = MEET_OWN,
                                          .x_is_b = x_is_b,
                                          .need_x = (uint8_t)i,
                                          .sector = y->sectors[k]});
        }
    }
}

int32_t need_serve_weight(const struct model *m, const struct need_view *n, uint8_t s)
{
    if (n->kind == KIND_DISTRIBUTION)
        return 0; /* it names its customers at home */
    if (memchr(n->named, s, n->named_count) != NULL)
        return m->w.serve_offer;
    if (n->kind != KIND_CAPITAL)
        return 0;
    return n->sector == s || n->sector == m->sectors[s].group ? m->w.serve_capital : 0;
}

/* x says that it serves y's field: in an offer, or in its description. */
static void serve_meets(const struct model *m, const struct view *x, const struct view *y,
                        bool x_is_b, int32_t *of_x, int32_t *of_y, struct need_result *ret)
{
    int32_t vague =
        x->p[AT_FLAGS] & FLAG_VAGUE || y->p[AT_FLAGS] & FLAG_VAGUE ? m->w.fit_vague_company : 1000;
    for (size_t k = 0; k < y->sector_count; k++) {
        uint8_t s = y->sectors[k];
        struct meet meet = {.x_is_b = x_is_b, .sector = s};
        if (memchr(x->sectors, s, x->sector_count) != NULL)
            continue; /* its own field: colleagues, not customers */
        for (size_t i = 0; i < x->offer_count; i++) {
            const struct need_view *n = &x->needs[i];
            int32_t w = need_serve_weight(m, n, s);
            if (w == 0)
                continue;
            meet.strength = w * n->specific / 1000 * vague / 1000;
            meet.how = MEET_SERVES;
            meet.need_x = (uint8_t)i;
            of_x[i] = larger(of_x[i], meet.strength);
            *of_y = larger(*of_y, meet.strength);
            ret->kinds |= 1u << n->kind;
            meet_note(ret, &meet);
        }
        if (memchr(x->described, s, x->described_count) != NULL && x->offer_count > 0) {
            meet.strength = m->w.serve_described * vague / 1000;
            meet.how = MEET_DESCRIBED;
            of_x[x->need_count] = larger(of_x[x->need_count], meet.strength);
            *of_y = larger(*of_y, meet.strength);
            meet_note(ret, &meet);
        }
    }
}

/* True if one of the sectors is a field of v's. */
static bool field_of(const struct model *m, const struct view *v, const uint8_t *sectors,
                     size_t count)
{
    for (size_t i = 0; i < v->sector_count; i++)
        for (size_t k = 0; k < count; k++)
            if (m->close[v->sectors[i]][sectors[k]] >= m->w.close_field)
                return true;
    return false;
}

/* Who knows the other's trade serves it better: a sorter for nuts, a fund for farms. */
static bool knows_field(const struct model *m, const struct view *x, const struct need_view *n,
                        const struct view *y)
{
    return field_of(m, y, x->sectors, x->sector_count) ||
           field_of(m, y, x->described, x->described_count) ||
           field_of(m, y, n->named, n->named_count);
}

static int32_t field_factor(const struct model *m, const struct view *a, const struct need_view *x,
                            const struct view *b, const struct need_view *y)
{
    bool known = (x->role < SIDE_SEEK * KIND_COUNT && knows_field(m, a, x, b)) ||
                 (y->role < SIDE_SEEK * KIND_COUNT && knows_field(m, b, y, a)) ||
                 field_of(m, a, b->sectors, b->sector_count);
    return known ? 1000 : m->w.fit_field_strange;
}

int32_t need_strength(const struct model *m, const struct view *a, const struct need_view *x,
                      const struct view *b, const struct need_view *y)
{
    int32_t r = m->meets[x->role][y->role];
    int32_t s = r == 0 ? 0 : r * need_content(m, x, y) / 1000;
    return s == 0 ? 0 : s * field_factor(m, a, x, b, y) / 1000;
}

static void need_meets(const struct model *m, const struct view *a, const struct view *b,
                       struct tally *t, struct need_result *ret)
{
    for (size_t i = 0; i < a->need_count; i++) {
        const struct need_view *x = &a->needs[i];
        for (size_t k = 0; k < b->need_count; k++) {
            const struct need_view *y = &b->needs[k];
            int32_t s = need_strength(m, a, x, b, y);
            if (s == 0)
                continue;
            bool wish_x = x->role < SIDE_SEEK * KIND_COUNT;
            bool wish_y = y->role < SIDE_SEEK * KIND_COUNT;
            t->of_x[i] = larger(t->of_x[i], wish_x ? s * m->w.need_wish / 1000 : s);
            t->of_y[k] = larger(t->of_y[k], wish_y ? s * m->w.need_wish / 1000 : s);
            ret->kinds |= 1u << x->kind | 1u << y->kind;
            meet_note(ret, &(struct meet){.strength = s,
                                          .how = MEET_NEEDS,
                                          .x_is_b = wish_x && !wish_y,
                                          .need_x = (uint8_t)(wish_x && !wish_y ? k : i),
                                          .need_y = (uint8_t)(wish_x && !wish_y ? i : k)});
        }
    }
}

int32_t need_combine(const struct model *m, const int32_t *of, size_t count, int *ret_met)
{
    int32_t top[4] = {0};
    for (size_t i = 0; i < count; i++) {
        int32_t v = of[i];
        *ret_met += v > 0;
        for (size_t k = 0; k < 4; k++) { /* no branch to be guessed wrong */
            int32_t more = larger(top[k], v);
            v = top[k] + v - more;
            top[k] = more;
        }
    }
    const int32_t share[4] = {1000, m->w.need_next1, m->w.need_next2, m->w.need_next3};
    uint64_t missing = 10000000; /* of ten millions: roundings do not add up */
    for (size_t k = 0; k < 4 && top[k] > 0; k++)
        missing = missing * (uint64_t)(1000000 - share[k] * top[k]) / 1000000;
    return (int32_t)(10000 - missing / 1000);
}

void need_score(const struct model *m, const struct view *a, const struct view *b,
                struct need_result *ret)
{
    struct tally t = {{0}, {0}};
    *ret = (struct need_result){.best = {.how = MEET_NONE}};
    need_meets(m, a, b, &t, ret);
    own_meets(m, a, b, false, t.of_x, &t.of_y[b->need_count], ret);
    own_meets(m, b, a, true, t.of_y, &t.of_x[a->need_count], ret);
    serve_meets(m, a, b, false, t.of_x, &t.of_y[b->need_count], ret);
    serve_meets(m, b, a, true, t.of_y, &t.of_x[a->need_count], ret);
    int met_a = 0, met_b = 0;
    ret->a = need_combine(m, t.of_x, a->need_count + 1, &met_a);
    ret->b = need_combine(m, t.of_y, b->need_count + 1, &met_b);
    int32_t more = larger(ret->a, ret->b), less = ret->a + ret->b - more;
    ret->both = (more * m->w.need_better + less * (1000 - m->w.need_better)) / 1000;
    int met = met_a > met_b ? met_a : met_b;
    ret->others = met > 1 ? met - 1 : 0;
}
