#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gains.h"
#include "index_in.h"
#include "profiles.h"
#include "told.h"

#include <string.h>

/* A search passes over whoever can't reach the list, by bounds. Here every bound is held against
 * the score that it is a bound of. */

#define COMPANIES 700
#define ASKERS 60

static struct model *model;
static struct index *ix;
static struct index_room *room;

static int load(void **state)
{
    (void)state;
    model = test_model();
    room = index_room_new();
    ix = profiles_index(model, 77, COMPANIES);
    return ix == NULL || room == NULL ? -1 : 0;
}

static int unload(void **state)
{
    (void)state;
    index_unref(ix);
    index_room_free(room);
    model_free(model);
    return 0;
}

/* The layer that has trees. */
static const struct layer *planted(void)
{
    for (size_t i = 0; i < ix->layer_count; i++)
        if (ix->layers[i]->trees[COUNTRY_KH] != NULL && ix->layers[i]->count > 0)
            return ix->layers[i];
    fail_msg("no layer has a tree");
    return NULL;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The strength of the best of a record's keys: the one under which it is looked at. */
static int32_t best_key(struct query *q, const struct record *r)
{
    const struct field *f = &q->t->fields[r->field];
    int32_t best = -1;
    for (size_t i = 0; i < record_needs(r); i++)
        best = larger(best, class_strength(q, r->needs[i]));
    for (size_t i = 0; i < f->sector_count; i++)
        best = larger(best, sector_strength(q, f->sectors[i]));
    for (size_t i = 0; i < f->described_count; i++)
        best = larger(best, described_strength(q, f->described[i]));
    return best;
}

static void turn_to(struct query *q, const struct tree *t, const uint8_t *a)
{
    query_open(q, model, a, TODAY, NULL, room);
    assert_int_equal(query_tree(q, t, true), 0);
}

typedef void check_record(struct query *q, const struct record *r, const struct pair *pair);

static void for_every_pair(check_record *check)
{
    const struct layer *l = planted();
    for (size_t n = 0; n < ASKERS; n++) {
        const uint8_t *a = l->entries[n * (l->count / ASKERS)].blob->bytes;
        const struct tree *t = l->trees[a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH];
        struct query q;
        turn_to(&q, t, a);
        assert_true(t->record_count > 100);
        for (size_t at = 0; at < t->record_words;
             at += RECORD_WORDS + record_needs(record_at(t, at))) {
            struct view b;
            struct pair pair;
            view_open(model, l->entries[record_at(t, at)->entry].blob->bytes, &b);
            pair_score(model, &q.a, &b, TODAY, &pair);
            check(&q, record_at(t, at), &pair);
        }
        query_tree_done(&q);
    }
}

static void check_most(struct query *q, const struct record *r, const struct pair *pair)
{
    static const int32_t none = SCORE_MAX + 1; /* so that only groups are looked at */
    assert_true(record_most(q, r, 1000, none) >= pair->score.total);
    assert_true(record_most(q, r, 1000, 0) >= pair->score.total);
    int32_t strength = best_key(q, r);
    assert_true(record_most(q, r, larger(strength, 0), 0) >= pair->score.total);
}

static void a_record_bounds_its_score(void **state)
{
    (void)state;
    for_every_pair(check_most);
}

static void check_key(struct query *q, const struct record *r, const struct pair *pair)
{
    int32_t strength = best_key(q, r);
    if (pair->score.total == 0)
        return;
    assert_true(strength >= 0); /* else nobody would look */
    assert_true(strength >= pair->need.best.strength);
    unsigned needs = cell_needs(q->t->cells[record_cell(r)]);
    int32_t need = need_most(q, strength, needs), value = q->room->value[record_cell(r)];
    int64_t sector = (int64_t)model->w.total_sector * SCORE_MAX;
    assert_true(need >= pair->need.both);
    assert_true(total_most(model, need, SCORE_MAX, sector + value) >= pair->score.total);
    /* And the least value with which it could be reached does not rule it out. */
    assert_true(value_least(model, need, pair->score.total) <= value);
}

static void the_best_key_bounds_it_too(void **state)
{
    (void)state;
    for_every_pair(check_key);
}

static void check_cell(struct query *q, const struct record *r, const struct pair *pair)
{
    int32_t others = model->w.total_language * pair->language.value +
                     model->w.total_practical * pair->practical.value;
    assert_true(q->room->value[record_cell(r)] >= others);
}

static void a_cell_bounds_language_and_practical(void **state)
{
    (void)state;
    for_every_pair(check_cell);
}

static void a_group_gives_what_its_class_does(struct query *q, uint32_t class, int32_t most)
{
    int32_t strength = class_strength(q, class);
    assert_true(most >= strength);
    if (strength < 0)
        return; /* nothing that it says matters */
    const uint16_t *c = class_get(q, class), *group = group_get(q, q->t->groups[class]);
    for (size_t i = 0; i < CLASS_LANES + q->a.need_count; i++)
        assert_true(i == CLASS_KINDS ? (c[i] & ~group[i]) == 0 : c[i] <= group[i]);
}

/* A shape, and its group, stand above all its classes. */
static void a_shape_bounds_its_classes(void **state)
{
    (void)state;
    const struct layer *l = planted();
    for (size_t n = 0; n < ASKERS; n++) {
        const uint8_t *a = l->entries[n * (l->count / ASKERS)].blob->bytes;
        const struct tree *t = l->trees[a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH];
        struct query q;
        turn_to(&q, t, a);
        for (uint32_t i = 0; i < t->shape_count; i++) {
            int32_t most = shape_most(&q, i);
            for (uint32_t c = t->shapes[i].first; c < t->shapes[i].first + t->shapes[i].count; c++)
                a_group_gives_what_its_class_does(&q, c, most);
        }
        query_tree_done(&q);
    }
}

static int32_t exactly(const int32_t *of_a, const int32_t *of_b, size_t count)
{
    int met = 0;
    int32_t x = need_combine(model, of_a, count, &met), y = need_combine(model, of_b, count, &met);
    int32_t more = larger(x, y);
    return (more * model->w.need_better + (x + y - more) * (1000 - model->w.need_better)) / 1000;
}

/* What both sides gain is combined without divisions: never below what the score says, and one of
 * ten thousand above at most. */
static void needs_combine_to_no_less(void **state)
{
    (void)state;
    uint64_t seed = 79;
    struct query q;
    query_open(&q, model, planted()->entries[0].blob->bytes, TODAY, NULL, room);
    for (size_t n = 0; n < 200000; n++) {
        int32_t of_a[7], of_b[7];
        size_t count = 1 + random_below(&seed, 7);
        for (size_t i = 0; i < count; i++) {
            of_a[i] = (int32_t)random_below(&seed, 4) * (int32_t)random_below(&seed, 334);
            of_b[i] = (int32_t)random_below(&seed, 1001);
        }
        int32_t least = exactly(of_a, of_b, count);
        int32_t most = need_of_sides(&q, of_a, count, of_b, count);
        assert_true(most >= least && most <= least + 1);
    }
}

/* The records of a run one after the other; NULL: that was the last. */
static const struct record *run_record(const struct tree *t, uint32_t run, size_t i)
{
    uint32_t first = t->run_first[run];
    if (first & ALONE)
        return i == 0 ? record_at(t, first & ~ALONE) : NULL;
    if (i > 0 && t->postings[first + i - 1] & LAST)
        return NULL;
    return record_at(t, t->postings[first + i] & ~LAST);
}

static size_t check_run(struct query *q, const struct layer *l, uint32_t class, unsigned needs,
                        uint32_t run)
{
    size_t n = 0, place = told_place(q, needs, run_told(q->t, run));
    for (const struct record *r; (r = run_record(q->t, run, n)) != NULL; n++) {
        struct view b;
        struct pair pair;
        int32_t strength = best_key(q, r);
        assert_int_equal(record_cell(r), q->t->runs[run] & cell_mask(q->t));
        assert_true(place < TOLD_PLACES);
        if (strength < 0 || class_strength(q, class) < strength)
            continue; /* another key leads to it */
        view_open(model, l->entries[r->entry].blob->bytes, &b);
        pair_score(model, &q->a, &b, TODAY, &pair);
        int32_t need = told_need(q, class, needs, place, strength);
        assert_true(need >= pair.need.both);
        assert_true(told_need(q, class, needs, TOLD_PLACES - 1, strength) >= need);
    }
    return n;
}

/* What runs tell of their companies' other needs bounds what these bring. */
static void what_is_told_bounds_the_need(void **state)
{
    (void)state;
    const struct layer *l = planted();
    for (size_t n = 0; n < ASKERS / 2; n++) {
        const uint8_t *a = l->entries[n * (l->count / ASKERS)].blob->bytes;
        const struct tree *t = l->trees[a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH];
        struct query q;
        size_t seen[CELL_NEEDS] = {0};
        turn_to(&q, t, a);
        for (uint32_t c = 0; c < t->class_count; c++)
            for (unsigned needs = 1; needs < CELL_NEEDS; needs++)
                for (uint32_t run = t->keys[c].run[needs]; run < t->keys[c].run[needs + 1]; run++)
                    seen[needs] += check_run(&q, l, c, needs, run);
        query_tree_done(&q);
        for (unsigned needs = 1; needs < CELL_NEEDS; needs++)
            assert_true(seen[needs] > 0);
    }
}

/* Tables give what loops over both needs' sectors do. */
static void a_reach_finds_the_same_content(void **state)
{
    (void)state;
    const struct layer *l = planted();
    size_t met = 0, funds = 0;
    for (size_t n = 0; n + 1 < l->count; n++) {
        struct view a, b;
        view_open(model, l->entries[n].blob->bytes, &a);
        view_open(model, l->entries[n * 7 % l->count].blob->bytes, &b);
        for (size_t i = 0; i < a.need_count; i++) {
            struct reach reach;
            reach_open(model, &a.needs[i], &reach);
            for (size_t k = 0; k < b.need_count; k++) {
                struct closeness close = reach_close(model, &reach, &b.needs[k]);
                int32_t content = need_content(model, &a.needs[i], &b.needs[k]);
                assert_int_equal(need_fit(model, &a.needs[i], &b.needs[k], &close), content);
                assert_true(need_fit_most(model, &a.needs[i], need_close_most(model, &close)) >=
                            content);
                met += content > 0;
                funds += content > 0 && a.needs[i].kind == KIND_CAPITAL &&
                         b.needs[k].kind == KIND_CAPITAL;
            }
        }
    }
    assert_true(met > 100 && funds > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_bounds_its_score),
        cmocka_unit_test(the_best_key_bounds_it_too),
        cmocka_unit_test(a_cell_bounds_language_and_practical),
        cmocka_unit_test(a_shape_bounds_its_classes),
        cmocka_unit_test(needs_combine_to_no_less),
        cmocka_unit_test(what_is_told_bounds_the_need),
        cmocka_unit_test(a_reach_finds_the_same_content),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
