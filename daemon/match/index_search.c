#include "index_in.h"
#include "tree.h"
#include "tree_search.h"

#define LASTING 1024 /* companies: a smaller tree is soon part of a larger one */

struct search {
    const struct index *ix;
    const struct index_filter *f;
    const struct view *a;
    int32_t today;
    size_t layer;
    struct hits hits;
};

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
    if (p[AT_COUNTRY] == s->a->p[AT_COUNTRY] || p[AT_STATUS] != STATUS_PUBLISHED ||
        (int32_t)get32(p + AT_VALID) < s->today ||
        memcmp(p + AT_ID, s->a->p + AT_ID, IDENT_BYTES) == 0)
        return false;
    return f == NULL || ((f->sector == 0 || sector_passes(s->ix->model, p, f->sector)) &&
                         (f->region == 0 || p[AT_REGION] == f->region) &&
                         (f->lang[0] == '\0' || lang_passes(p, f->lang)));
}

/* Scores one company and keeps it if it is among the best. */
static void look(struct search *s, const struct blob *blob)
{
    if (blob == NULL || !passes(s, blob->bytes) || hits_has(&s->hits, blob->bytes))
        return;
    struct view b;
    struct pair pair;
    view_open(s->ix->model, blob->bytes, &b);
    pair_score(s->ix->model, s->a, &b, s->today, &pair);
    if (s->f != NULL && s->f->kind >= 0 && (pair.need.kinds >> s->f->kind & 1) == 0)
        return;
    /* Few get so far, and fewer have changed: to look for that takes longer than to score. */
    if (pair.score.total < s->hits.least ||
        index_superseded(s->ix, s->layer, packed_id(blob->bytes)))
        return;
    struct index_hit hit = {blob->bytes, pair.score};
    hits_add(&s->hits, &hit);
}

static void look_entry(void *ctx, uint32_t entry)
{
    struct search *s = ctx;
    look(s, s->ix->layers[s->layer]->entries[entry].blob);
}

static void note_entry(void *ctx, uint32_t entry)
{
    const struct search *s = ctx;
    __builtin_prefetch(&s->ix->layers[s->layer]->entries[entry].blob);
}

static void fetch_entry(void *ctx, uint32_t entry)
{
    const struct search *s = ctx;
    const struct blob *blob = s->ix->layers[s->layer]->entries[entry].blob;
    for (size_t line = 0; line < 4; line++)
        __builtin_prefetch((const char *)blob + line * 64);
}

static void look_at_all(struct search *s)
{
    const struct layer *l = s->ix->layers[s->layer];
    for (size_t i = 0; i < l->count; i++)
        look(s, l->entries[i].blob);
}

/* With no memory for a search by the tree, everybody is looked at: as exact, only slower. */
static void search_layer(struct search *s, struct query *q)
{
    enum country other = s->a->p[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH;
    const struct tree *t = s->ix->layers[s->layer]->trees[other];
    struct tree_search ts = {.q = q,
                             .pass = s->ix->pass,
                             .hits = &s->hits,
                             .look = look_entry,
                             .note = note_entry,
                             .fetch = fetch_entry,
                             .ctx = s};
    bool done = false, lasts = t != NULL && t->record_count >= LASTING;
    if (t != NULL && q->room != NULL && query_tree(q, t, lasts) == 0) {
        done = tree_search(&ts) == 0;
        query_tree_done(q);
    }
    if (!done)
        look_at_all(s);
}

size_t index_search(const struct index *ix, struct index_room *room, const void *a, int32_t today,
                    const struct index_filter *f, int32_t min_total, size_t limit,
                    struct index_hit *hits)
{
    struct query q;
    struct search s = {.ix = ix, .f = f, .a = &q.a, .today = today};
    if (limit == 0)
        return 0;
    query_open(&q, ix->model, a, today, f, room);
    hits_init(&s.hits, hits, limit, min_total);
    for (s.layer = 0; s.layer < ix->layer_count; s.layer++)
        search_layer(&s, &q);
    hits_sort(&s.hits);
    return s.hits.count;
}
