#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gains.h"
#include "index_in.h"
#include "profiles.h"

#include <string.h>

/* A small tree that takes over the groups of a large one gives what it would give by itself. */

#define LARGE 4000
#define SMALL 60
#define SMALLS 40
#define ASKERS 40

static struct model *model;
static struct index *large, *small[SMALLS]; /* each of a single layer: its base */
static struct index_room *room;

static int load(void **state)
{
    (void)state;
    model = test_model();
    room = index_room_new();
    large = profiles_index(model, 81, LARGE);
    for (int i = 0; i < SMALLS; i++)
        small[i] = profiles_index(model, 82 + (uint64_t)i, SMALL);
    return room == NULL || large == NULL ? -1 : 0;
}

static int unload(void **state)
{
    (void)state;
    for (int i = 0; i < SMALLS; i++)
        index_unref(small[i]);
    index_unref(large);
    index_room_free(room);
    model_free(model);
    return 0;
}

static const struct tree *large_tree(enum country c)
{
    return large->layers[0]->trees[c];
}

static struct tree *small_tree(int i, enum country c)
{
    struct tree *t = tree_new(model, small[i]->layers[0], c, large_tree(c));
    assert_non_null(t);
    return t;
}

static void same_content(const struct shape *x, const struct shape *y)
{
    assert_int_equal(x->role, y->role);
    assert_int_equal(x->sector, y->sector);
    assert_int_equal(x->core_close, y->core_close);
    assert_int_equal(x->core_count, y->core_count);
    assert_int_equal(x->named_count, y->named_count);
    assert_memory_equal(x->core, y->core, sizeof x->core);
    assert_memory_equal(x->named, y->named, sizeof x->named);
}

static void shapes_stand_in_order(void **state)
{
    (void)state;
    for (enum country c = 0; c < COUNTRY_COUNT; c++) {
        const struct tree *t = large_tree(c);
        assert_true(t->shape_count > 100);
        for (size_t i = 0; i < t->shape_count; i++) {
            const struct shape *s = &t->shapes[i];
            assert_true(i >= t->role_first[s->role] && i < t->role_first[s->role + 1]);
            if (i == 0)
                continue;
            bool same = s[-1].role == s->role && s[-1].sector == s->sector;
            assert_true(s[-1].role < s->role ||
                        (s[-1].role == s->role && s[-1].sector <= s->sector));
            assert_int_equal(s->group, s[-1].group + !same);
        }
    }
}

static void shapes_are_found_at_home(void **state)
{
    (void)state;
    size_t at_home = 0, known = 0, unknown = 0;
    for (int n = 0; n < SMALLS; n++) {
        const struct tree *home = large_tree(COUNTRY_CA);
        struct tree *t = small_tree(n, COUNTRY_CA);
        at_home += t->home != 0;
        assert_true(t->home == 0 || t->home == home->number);
        for (size_t i = 0; t->home != 0 && i < t->shape_count; i++) {
            const struct shape *s = &t->shapes[i];
            assert_int_equal(t->roles[s->group], s->role);
            assert_int_equal(t->kins[s->group], home->kins[s->group]);
            if (t->shape_home[i] == NO_SHAPE) {
                unknown++;
                continue;
            }
            known++;
            same_content(s, &home->shapes[t->shape_home[i]]);
            assert_int_equal(s->group, home->shapes[t->shape_home[i]].group);
        }
        tree_free(t);
    }
    /* Else the rest was never tried. */
    assert_true(at_home > 0 && known > 0 && unknown > 0);
}

static void an_unknown_group_makes_it_stand_alone(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_CA, 1, "Sun");
    struct layer *l = layer_new(1);
    struct buf packed;
    buf_init(&packed, PACKED_MAX);
    profile_offer(model, &p, KIND_SERVICES, "energy.solar", NULL, NULL);
    profile_pack(model, &p, &packed);
    assert_non_null(l);
    l->entries[0].blob = blob_new(packed.data, packed.len);
    struct tree *home = tree_new(model, l, COUNTRY_CA, NULL);
    assert_non_null(home);
    struct tree *alone = tree_new(model, large->layers[0], COUNTRY_CA, home);
    assert_non_null(alone);
    assert_true(alone->home == 0);
    assert_null(alone->shape_home);
    assert_int_equal(alone->group_count, large_tree(COUNTRY_CA)->group_count);
    struct tree *again = tree_new(model, l, COUNTRY_CA, large_tree(COUNTRY_CA));
    assert_non_null(again);
    assert_true(again->home == large_tree(COUNTRY_CA)->number);
    tree_free(again);
    tree_free(alone);
    tree_free(home);
    layer_unref(l);
    buf_done(&packed);
}

/* The bounds of t, at home and by itself. */
static void same_bounds(const uint8_t *a, struct tree *t)
{
    static int32_t shared[20000], value[20000];
    struct query q, own;
    enum country c = a[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH;
    uint64_t home = t->home;
    query_open(&q, model, a, TODAY, NULL, room);
    assert_true(room->home == 0); /* of the search before */
    assert_int_equal(query_tree(&q, large_tree(c), true), 0);
    query_tree_done(&q);
    assert_int_equal(query_tree(&q, t, false), 0);
    assert_true(room->home == home);
    assert_true(t->shape_count <= 20000 && t->cell_count <= 20000);
    memcpy(value, room->value, t->cell_count * sizeof *value);
    for (uint32_t i = 0; i < t->shape_count; i++)
        shared[i] = shape_most(&q, i);
    for (uint32_t i = 0; i < t->class_count; i++) { /* what groups give bounds the classes */
        assert_true(class_strength(&q, i) >= -1);
        const uint16_t *of = class_get(&q, i), *group = group_get(&q, t->groups[i]);
        for (size_t k = 0; of[CLASS_BEST] > 0 && k < CLASS_LANES + q.a.need_count; k++)
            assert_true(k == CLASS_KINDS ? (of[k] & ~group[k]) == 0 : of[k] <= group[k]);
    }
    query_tree_done(&q);
    t->home = 0;
    query_open(&own, model, a, TODAY, NULL, room);
    assert_int_equal(query_tree(&own, t, false), 0);
    for (uint32_t i = 0; i < t->shape_count; i++)
        assert_int_equal(shape_most(&own, i), shared[i]);
    assert_memory_equal(room->value, value, t->cell_count * sizeof *value);
    query_tree_done(&own);
    t->home = home;
}

static void what_is_shared_is_what_would_be_worked_out(void **state)
{
    (void)state;
    const struct layer *l = large->layers[0];
    size_t tried = 0;
    for (int n = 0; n < test_count(SMALLS); n++)
        for (enum country c = 0; c < COUNTRY_COUNT; c++) {
            struct tree *t = small_tree(n, c);
            for (size_t i = 0; t->home != 0 && i < ASKERS; i++) {
                const uint8_t *a = l->entries[(i * 37 + (size_t)n) % l->count].blob->bytes;
                if (a[AT_COUNTRY] == c)
                    continue;
                same_bounds(a, t);
                tried++;
            }
            tree_free(t);
        }
    assert_true(tried > 0);
}

/* Changes that make layers above a base: answers as by looking at everybody. */
static void layers_that_share_answer_as_everybody_looked_at(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    uint64_t seed = 83;
    struct buf packed;
    size_t at_home = 0;
    buf_init(&packed, PACKED_MAX);
    for (size_t n = 0; n < LARGE + 800; n++) {
        struct profile p;
        profile_random(model, &seed, &p);
        uint64_t number = n % LARGE; /* the last ones are changes */
        memset(p.id, 0, sizeof p.id);
        memcpy(p.id, &number, sizeof number);
        buf_reset(&packed);
        profile_pack(model, &p, &packed);
        assert_int_equal(index_writer_put(w, packed.data, packed.len), 0);
        if (n + 1 != LARGE && (n < LARGE || n % 50 != 0))
            continue;
        struct index *ix = index_writer_publish(w, n);
        assert_non_null(ix);
        for (size_t i = 1; i + 1 < ix->layer_count; i++)
            at_home +=
                ix->layers[i]->trees[COUNTRY_CA]->home == ix->layers[0]->trees[COUNTRY_CA]->number;
        for (int i = 0; i < test_count(20); i++) {
            struct index_hit hits[10], all[10];
            const void *a =
                ix->layers[0]->entries[random_below(&seed, ix->layers[0]->count)].blob->bytes;
            size_t found = index_search(ix, room, a, TODAY, NULL, 0, 10, hits);
            assert_int_equal(found, index_search(ix, NULL, a, TODAY, NULL, 0, 10, all));
            for (size_t k = 0; k < found; k++) {
                assert_ptr_equal(hits[k].packed, all[k].packed);
                assert_ptr_equal(hits[k].packed, index_get(ix, packed_id(hits[k].packed)));
                assert_int_equal(hits[k].score.total, all[k].score.total);
            }
        }
        index_unref(ix);
    }
    assert_true(at_home > 0);
    index_writer_free(w);
    buf_done(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_stand_in_order),
        cmocka_unit_test(shapes_are_found_at_home),
        cmocka_unit_test(an_unknown_group_makes_it_stand_alone),
        cmocka_unit_test(what_is_shared_is_what_would_be_worked_out),
        cmocka_unit_test(layers_that_share_answer_as_everybody_looked_at),
    };
    return cmocka_run_group_tests_name("match/tree_shapes", tests, load, unload);
}
