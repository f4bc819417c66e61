#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_in.h"
#include "profiles.h"
#include "query.h"

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
    uint64_t seed = 77;
    model = test_model();
    room = index_room_new();
    struct index_writer *w = index_writer_new(model);
    struct buf b;
    buf_init(&b, PACKED_MAX);
    for (int i = 0; i < COMPANIES; i++) {
        struct profile p;
        profile_random(model, &seed, &p);
        buf_reset(&b);
        profile_pack(model, &p, &b);
        if (index_writer_put(w, b.data, b.len) < 0)
            return -1;
    }
    buf_done(&b);
    ix = index_writer_publish(w, 1);
    index_writer_free(w);
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

typedef void check_record(struct query *q, const struct record *r, const struct pair *pair);

static void for_every_pair(check_record *check)
{
    const struct layer *l = planted();
    for (size_t n = 0; n < ASKERS; n++) {
        const uint8_t *a = l->entries[n * (l->count / ASKERS)].blob->bytes;
        const struct tree *t = l->trees[a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH];
        struct query q;
        query_open(&q, model, a, TODAY, NULL, room);
        assert_int_equal(query_tree(&q, t), 0);
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
    assert_true(record_most(q, r) >= pair->score.total);
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

/* A shape stands above all its classes. */
static void a_shape_bounds_its_classes(void **state)
{
    (void)state;
    const struct layer *l = planted();
    for (size_t n = 0; n < ASKERS; n++) {
        const uint8_t *a = l->entries[n * (l->count / ASKERS)].blob->bytes;
        const struct tree *t = l->trees[a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH];
        struct query q;
        query_open(&q, model, a, TODAY, NULL, room);
        assert_int_equal(query_tree(&q, t), 0);
        for (size_t i = 0; i < t->shape_count; i++)
            for (uint32_t c = t->shapes[i].first; c < t->shapes[i].first + t->shapes[i].count; c++)
                assert_true(shape_most(&q, &t->shapes[i], &t->abouts[i]) >= class_strength(&q, c));
        query_tree_done(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_bounds_its_score),
        cmocka_unit_test(the_best_key_bounds_it_too),
        cmocka_unit_test(a_cell_bounds_language_and_practical),
        cmocka_unit_test(a_shape_bounds_its_classes),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
