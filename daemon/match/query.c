#include "gains.h"
#include "told.h"

#include <stdlib.h>

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static void near_add(const struct model *m, uint64_t set[2], const uint8_t *sectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set[0] |= m->near[sectors[i]][0];
        set[1] |= m->near[sectors[i]][1];
    }
}

static void lane_open(const struct query *q, const struct need_view *n, struct lane *ret)
{
    const struct weights *w = &q->m->w;
    *ret = (struct lane){.offer = n->role < SIDE_SEEK * KIND_COUNT,
                         .capital = n->kind == KIND_CAPITAL,
                         .own = need_own_weight(q->m, n),
                         .wish = 1000};
    ret->unspoken = ret->own * n->specific / 1000;
    if (ret->offer) {
        int32_t serves = n->named_count > 0 ? w->serve_offer : 0;
        ret->wish = w->need_wish;
        ret->unspoken = ret->capital ? larger(serves, w->serve_capital) : serves;
    }
    near_add(q->m, ret->reach, n->core, n->core_count);
    near_add(q->m, ret->reach, n->named, n->named_count);
}

static void own_open(struct query *q)
{
    const struct view *a = &q->a;
    uint16_t *close = q->room->own_close;
    memset(close, 0, sizeof q->room->own_close);
    for (size_t i = 0; i < a->sector_count; i++) {
        const uint16_t *row = q->m->close[a->sectors[i]];
        for (size_t s = 0; s < SECTOR_IDS; s++)
            close[s] = row[s] > close[s] ? row[s] : close[s];
    }
    for (size_t s = 0; s < SECTOR_IDS; s++)
        if (close[s] >= q->m->w.close_field)
            q->own_field[s / 64] |= UINT64_C(1) << s % 64;
}

static int32_t own_most(const struct weights *w)
{
    return larger(larger(w->own_goods, w->own_services),
                  larger(larger(w->own_technology, w->own_training), w->own_joint));
}

static int32_t unasked_most(const struct weights *w)
{
    return larger(larger(own_most(w) * w->need_wish / 1000, w->serve_described),
                  larger(w->serve_offer, w->serve_capital));
}

/* What a size in the range of `size` costs at least. */
static int32_t size_loss(const struct query *q, unsigned size)
{
    uint32_t people = get32(q->a.p + AT_EMPLOYEES);
    int32_t best = q->m->w.size_unknown;
    if (size != SIZE_UNKNOWN && q->a.p[AT_FLAGS] & FLAG_EMPLOYEES) {
        uint64_t above = UINT64_C(1) << (size - 1);
        uint32_t least = size == 1 ? 0 : (uint32_t)(above / 2), most = (uint32_t)(above - 1);
        uint32_t nearest = people < least ? least : people > most ? most : people;
        best = size_value(q->m, people, nearest);
    }
    return (SCORE_MAX - best) * q->m->w.practical_size / 10000 * q->m->w.total_practical;
}

static void shapes_clear(struct shapes_met *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->best[s->at[i]] = 0;
    s->count = 0;
}

void query_open(struct query *q, const struct model *m, const void *a, int32_t today,
                const struct index_filter *f, struct index_room *room)
{
    *q = (struct query){.m = m, .f = f, .room = room, .today = today};
    view_open(m, a, &q->a);
    for (size_t i = 0; i < q->a.sector_count; i++)
        q->own[q->a.sectors[i] / 64] |= UINT64_C(1) << q->a.sectors[i] % 64;
    near_add(m, q->own_near, q->a.sectors, q->a.sector_count);
    if (room != NULL) {
        own_open(q);
        memset(room->langs, 0xFF, sizeof room->langs);
        memset(room->practicals, 0xFF, sizeof room->practicals);
        for (size_t s = 0; s < SECTOR_IDS; s++)
            room->sector_most[s] = SECTOR_UNASKED;
        shapes_clear(&room->home_shapes);
        room->home = 0;
    }
    q->share[0] = m->w.need_next1 / 1e6;
    q->share[1] = m->w.need_next2 / 1e6;
    q->share[2] = m->w.need_next3 / 1e6;
    q->own_most = own_most(&m->w);
    q->unasked_most = unasked_most(&m->w);
    for (unsigned size = 0; size < SIZES; size++)
        q->size_loss[size] = size_loss(q, size);
    for (size_t i = 0; i < q->a.need_count; i++) {
        lane_open(q, &q->a.needs[i], &q->lanes[i]);
        if (room != NULL)
            reach_open(m, &q->a.needs[i], &room->reach[i]);
        for (size_t r = SIDE_SEEK * KIND_COUNT; r < ROLES; r++)
            q->seeks_meet |= m->meets[q->a.needs[i].role][r] > 0;
    }
}

/* ---- the cells of a tree ---- */

static bool cell_passes(const struct query *q, unsigned code)
{
    return q->f == NULL || q->f->lang[0] == '\0' || cell_may_speak(code, q->f->lang);
}

static void cells_value(struct query *q)
{
    int32_t *langs = q->room->langs, *practicals = q->room->practicals;
    if (q->room->newest != q->t->newest)
        memset(practicals, 0xFF, sizeof q->room->practicals);
    q->room->newest = q->t->newest;
    q->value_most = -1;
    for (size_t i = 0; i < q->t->cell_count; i++) {
        unsigned lang = cell_lang(q->t->cells[i]), practical = cell_practical(q->t->cells[i]);
        if (langs[lang] < 0)
            langs[lang] = cell_passes(q, lang) ? cell_lang_most(q->m, &q->a, lang) : INT32_MIN / 2;
        if (practicals[practical] < 0)
            practicals[practical] =
                cell_practical_most(q->m, &q->a, practical, q->t->newest, q->today);
        q->room->value[i] = langs[lang] + practicals[practical];
        q->value_most = larger(q->value_most, q->room->value[i]);
    }
}

/* Room for count numbers, all 0. 0 or -1. */
static int memo_room(struct memo *memo, size_t count)
{
    if (count <= memo->cap)
        return 0;
    uint32_t *at = calloc(count, sizeof *at);
    if (at == NULL)
        return -1;
    free(memo->at);
    memo->at = at;
    memo->cap = count;
    return 0;
}

/* 0 or -1. */
static int room_for_shapes(struct shapes_met *s, size_t count)
{
    if (count <= s->cap)
        return 0;
    uint16_t *best = calloc(count, sizeof *best);
    uint32_t *at = malloc(count * sizeof *at);
    if (best == NULL || at == NULL) {
        free(best);
        free(at);
        return -1;
    }
    free(s->best);
    free(s->at);
    *s = (struct shapes_met){.best = best, .at = at, .cap = count};
    return 0;
}

static int room_for_tree(struct index_room *room, const struct tree *t)
{
    if (memo_room(&room->classes, t->class_count) < 0 ||
        memo_room(&room->fields, t->field_count) < 0 ||
        room_for_shapes(&room->shapes, t->shape_count) < 0)
        return -1;
    if (t->cell_count > room->value_cap) {
        int32_t *value = malloc(t->cell_count * sizeof *value);
        if (value == NULL)
            return -1;
        free(room->value);
        room->value = value;
        room->value_cap = t->cell_count;
    }
    return 0;
}

int query_tree(struct query *q, const struct tree *t, bool lasts)
{
    if (room_for_tree(q->room, t) < 0)
        return -1;
    q->t = t;
    if (t->home != 0 && t->home == q->room->home) {
        groups_share(q);
    } else if (groups_open(q, lasts) < 0) {
        query_tree_done(q);
        return -1;
    }
    cells_value(q);
    return 0;
}

static void memo_clear(struct memo *memo)
{
    for (size_t i = 0; i < memo->touched_count; i++)
        memo->at[memo->touched[i]] = 0;
    memo->touched_count = 0;
}

/* What was worked out for the first tree stays for those that share its groups. */
void query_tree_done(struct query *q)
{
    struct index_room *room = q->room;
    memo_clear(&room->classes);
    memo_clear(&room->fields);
    if (room->home == q->t->number) {
        struct shapes_met s = room->shapes;
        room->shapes = room->home_shapes;
        room->home_shapes = s;
    }
    shapes_clear(&room->shapes);
}

/* ---- strengths ---- */

static bool set_has(const uint64_t set[2], uint8_t sector)
{
    return set[sector / 64] >> sector % 64 & 1;
}

static int32_t sector_most(const struct query *q, uint8_t sector)
{
    const struct view *a = &q->a;
    int32_t best = set_has(q->own_near, sector) ? 0 : -1;
    bool own = set_has(q->own, sector);
    for (size_t i = 0; i < a->need_count; i++) {
        const struct need_view *n = &a->needs[i];
        int32_t c = 0;
        if (!q->lanes[i].offer)
            c = q->m->close[n->core[0]][sector]; /* sought */
        if (c > 0)
            best = larger(best, c * q->lanes[i].own / 1000 * n->specific / 1000);
        if (!own && q->lanes[i].offer)
            c = need_serve_weight(q->m, n, sector);
        if (!own && q->lanes[i].offer && c > 0)
            best = larger(best, c * n->specific / 1000);
    }
    if (!own && a->offer_count > 0 && memchr(a->described, sector, a->described_count) != NULL)
        best = larger(best, q->m->w.serve_described);
    return best;
}

int32_t sector_strength(struct query *q, uint8_t sector)
{
    int16_t *most = &q->room->sector_most[sector];
    if (*most == SECTOR_UNASKED)
        *most = (int16_t)sector_most(q, sector);
    return *most;
}

int32_t described_strength(const struct query *q, uint8_t sector)
{
    return set_has(q->own, sector) ? q->m->w.serve_described : -1;
}
