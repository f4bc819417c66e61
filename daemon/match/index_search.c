#include "index_in.h"
#include "pair.h"

/* A plain scan that keeps the best; exact by construction. */

struct search {
    const struct index *ix;
    const struct index_filter *f;
    struct view a;
    uint32_t reach; /* groups that anything of a is close to */
    int32_t today, min_total;
    size_t limit, count;
    struct index_hit *hits; /* a heap with the worst hit on top while searching */
};

/* True if x stands after y in the answer. */
static bool hit_worse(const struct index_hit *x, const struct index_hit *y)
{
    if (x->score.total != y->score.total)
        return x->score.total < y->score.total;
    return memcmp(packed_id(x->packed), packed_id(y->packed), IDENT_BYTES) > 0;
}

static void hits_swap(struct index_hit *x, struct index_hit *y)
{
    struct index_hit t = *x;
    *x = *y;
    *y = t;
}

static void heap_down(struct index_hit *hits, size_t count, size_t at)
{
    for (;;) {
        size_t worst = at, child = 2 * at + 1;
        if (child < count && hit_worse(&hits[child], &hits[worst]))
            worst = child;
        if (child + 1 < count && hit_worse(&hits[child + 1], &hits[worst]))
            worst = child + 1;
        if (worst == at)
            return;
        hits_swap(&hits[at], &hits[worst]);
        at = worst;
    }
}

static void hits_add(struct search *s, const struct index_hit *hit)
{
    if (s->count == s->limit) {
        if (!hit_worse(&s->hits[0], hit))
            return;
        s->hits[0] = *hit;
        heap_down(s->hits, s->count, 0);
        return;
    }
    size_t at = s->count++;
    s->hits[at] = *hit;
    for (; at > 0 && hit_worse(&s->hits[at], &s->hits[(at - 1) / 2]); at = (at - 1) / 2)
        hits_swap(&s->hits[at], &s->hits[(at - 1) / 2]);
}

static bool sector_passes(const struct model *m, const uint8_t *p, int sector)
{
    for (size_t i = 0; i < p[AT_SECTOR_COUNT]; i++) {
        int id = p[AT_SECTORS + i];
        if (id == sector || m->sectors[id].group == sector)
            return true;
    }
    return false;
}

static bool lang_passes(const uint8_t *p, const char lang[4])
{
    const uint8_t *l = p + PACKED_HEAD;
    for (size_t i = 0; i < p[AT_LANG_COUNT]; i++, l += 4)
        if (memcmp(l, lang, 3) == 0)
            return true;
    return false;
}

/* What the head alone decides. */
static bool passes(const struct search *s, const uint8_t *p)
{
    const struct index_filter *f = s->f;
    if (p[AT_COUNTRY] == s->a.p[AT_COUNTRY] || p[AT_STATUS] != STATUS_PUBLISHED ||
        (int32_t)get32(p + AT_VALID) < s->today || (get32(p + AT_GROUPS) & s->reach) == 0 ||
        memcmp(p + AT_ID, s->a.p + AT_ID, IDENT_BYTES) == 0)
        return false;
    return f == NULL || ((f->sector == 0 || sector_passes(s->ix->model, p, f->sector)) &&
                         (f->region == 0 || p[AT_REGION] == f->region) &&
                         (f->lang[0] == '\0' || lang_passes(p, f->lang)));
}

static void try(struct search *s, const struct blob *blob)
{
    if (blob == NULL || !passes(s, blob->bytes))
        return;
    struct view b;
    struct pair pair;
    view_open(s->ix->model, blob->bytes, &b);
    pair_score(s->ix->model, &s->a, &b, s->today, &pair);
    if (pair.score.total <= 0 || pair.score.total < s->min_total)
        return;
    if (s->f != NULL && s->f->kind >= 0 && (pair.need.kinds >> s->f->kind & 1) == 0)
        return;
    struct index_hit hit = {blob->bytes, pair.score};
    hits_add(s, &hit);
}

/* Base and delta side by side; where both know a company the delta is right. */
static void scan(struct search *s)
{
    const struct layer *base = s->ix->base, *delta = s->ix->delta;
    size_t k = 0;
    for (size_t i = 0; i < base->count; i++) {
        const struct entry *e = &base->entries[i];
        while (k < delta->count && memcmp(delta->entries[k].id, e->id, IDENT_BYTES) < 0)
            try(s, delta->entries[k++].blob);
        if (k < delta->count && memcmp(delta->entries[k].id, e->id, IDENT_BYTES) == 0)
            continue;
        try(s, e->blob);
    }
    for (; k < delta->count; k++)
        try(s, delta->entries[k].blob);
}

/* Groups that a's sectors, needs and texts are close to: a company that touches none of them
 * scores nothing. */
static uint32_t reach_of(const struct model *m, const uint8_t *p)
{
    uint32_t groups = get32(p + AT_GROUPS), reach = 0;
    for (size_t i = 0; i < m->sector_count; i++) {
        int id = m->sector_order[i];
        if (groups >> m->sectors[id].group_no & 1)
            reach |= m->reach[id];
    }
    return reach;
}

size_t index_search(const struct index *ix, const void *a, int32_t today,
                    const struct index_filter *f, int32_t min_total, size_t limit,
                    struct index_hit *hits)
{
    struct search s = {.ix = ix,
                       .f = f,
                       .reach = reach_of(ix->model, a),
                       .today = today,
                       .min_total = min_total,
                       .limit = limit,
                       .hits = hits};
    if (limit == 0)
        return 0;
    view_open(ix->model, a, &s.a);
    scan(&s);
    for (size_t n = s.count; n > 1; n--) { /* the worst goes to the end */
        hits_swap(&hits[0], &hits[n - 1]);
        heap_down(hits, n - 1, 0);
    }
    return s.count;
}
