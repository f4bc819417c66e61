#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_in.h"
#include "profiles.h"

#include <stdlib.h>
#include <string.h>

#define COUNT 3000

static struct model *model;
static struct buf packed[COUNT]; /* in the order of no ids */

static int load(void **state)
{
    (void)state;
    uint64_t seed = 90;
    model = test_model();
    for (int i = 0; i < COUNT; i++) {
        struct profile p;
        profile_random(model, &seed, &p);
        buf_init(&packed[i], PACKED_MAX);
        profile_pack(model, &p, &packed[i]);
    }
    return 0;
}

static int unload(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++)
        buf_done(&packed[i]);
    model_free(model);
    return 0;
}

static struct index_load *load_all(void)
{
    struct index_load *all = index_load_new();
    assert_non_null(all);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(index_load_put(all, packed[i].data, packed[i].len), 0);
    return all;
}

/* A writer with all of them as its base. */
static struct index_writer *writer_loaded(void)
{
    struct index_writer *w = index_writer_new(model);
    struct index_rebuild *r = index_load_begin(w, load_all());
    assert_non_null(r);
    index_rebuild_run(r);
    assert_int_equal(index_rebuild_end(w, r), 0);
    return w;
}

static void put(struct index_writer *w, const struct buf *b)
{
    assert_int_equal(index_writer_put(w, b->data, b->len), 0);
}

/* The same companies, found in the same ways. */
static void assert_same(const struct index *x, const struct index *y)
{
    static struct index_hit want[20], got[20];
    assert_int_equal(index_count_country(x, COUNTRY_KH), index_count_country(y, COUNTRY_KH));
    assert_int_equal(index_count_country(x, COUNTRY_CA), index_count_country(y, COUNTRY_CA));
    for (int i = 0; i < COUNT; i++) {
        const void *a = index_get(x, packed_id(packed[i].data));
        const void *b = index_get(y, packed_id(packed[i].data));
        assert_true((a == NULL) == (b == NULL));
        if (a == NULL)
            continue;
        assert_int_equal(packed_length(a), packed_length(b));
        assert_memory_equal(a, b, packed_length(a));
        for (size_t k = 0; k < packed_external_count(a); k++) {
            struct external e = packed_external(a, k);
            const void *found = index_get_external(x, e.system, e.id);
            assert_true((found == NULL) == (index_get_external(y, e.system, e.id) == NULL));
        }
        if (i % 100 != 0)
            continue;
        size_t n = index_search(x, NULL, a, TODAY, NULL, 0, 20, want);
        assert_int_equal(index_search(y, NULL, b, TODAY, NULL, 0, 20, got), n);
        for (size_t k = 0; k < n; k++)
            assert_memory_equal(packed_id(want[k].packed), packed_id(got[k].packed), IDENT_BYTES);
    }
}

static void a_load_is_as_putting_one_by_one(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model), *v = writer_loaded();
    for (int i = 0; i < COUNT; i++)
        put(w, &packed[i]);
    struct index *x = index_writer_publish(w, 1), *y = index_writer_publish(v, 1);
    assert_int_equal(index_count(y), COUNT);
    assert_same(x, y);
    assert_true(y->layers[0]->settled);
    index_writer_free(w);
    index_writer_free(v);
    assert_same(x, y); /* a snapshot holds what it needs */
    index_unref(x);
    index_unref(y);
}

/* The same company, now of the other country. */
static void move(const struct buf *from, struct buf *ret)
{
    buf_init(ret, PACKED_MAX);
    assert_int_equal(buf_add(ret, from->data, from->len), 0);
    ret->data[AT_COUNTRY] = from->data[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH;
    ret->data[AT_REGION] = 0;
}

static void what_comes_meanwhile_is_newer(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model), *v = index_writer_new(model);
    struct profile fresh = profile_of(COUNTRY_KH, 77, "New");
    struct buf moved, added;
    uint8_t unknown[IDENT_BYTES] = {1};
    move(&packed[5], &moved);
    buf_init(&added, PACKED_MAX);
    profile_pack(model, &fresh, &added);
    struct index_rebuild *r = index_load_begin(w, load_all());
    assert_non_null(r);
    assert_null(index_rebuild_begin(w)); /* one at a time */
    for (int i = 0; i < COUNT; i++)
        put(v, &packed[i]);
    index_rebuild_prepare(r);
    for (int turn = 0; turn < 2; turn++) {
        struct index_writer *x = turn == 0 ? w : v;
        put(x, &moved);
        put(x, &added);
        assert_int_equal(index_writer_remove(x, packed_id(packed[6].data)), 0);
        assert_int_equal(index_writer_remove(x, unknown), 0);
        put(x, &packed[7]);
        assert_int_equal(index_writer_remove(x, packed_id(packed[8].data)), 0);
        put(x, &packed[8]);
    }
    index_rebuild_half(r, 1);
    index_rebuild_half(r, 0);
    assert_int_equal(index_rebuild_end(w, r), 0);
    struct index *x = index_writer_publish(w, 1), *y = index_writer_publish(v, 1);
    assert_int_equal(index_count(x), COUNT);
    assert_null(index_get(x, packed_id(packed[6].data)));
    assert_int_equal(packed_country(index_get(x, packed_id(moved.data))), moved.data[AT_COUNTRY]);
    assert_non_null(index_get(x, fresh.id));
    assert_same(x, y);
    index_unref(x);
    index_unref(y);
    index_writer_free(w);
    index_writer_free(v);
    buf_done(&moved);
    buf_done(&added);
}

static void bad_bytes_and_second_copies_change_nothing(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct index_load *all = load_all();
    assert_int_equal(index_load_put(all, packed[0].data, packed[0].len - 1), -2);
    assert_int_equal(index_load_count(all), COUNT);
    for (int i = 0; i < 40; i++)
        assert_int_equal(index_load_put(all, packed[i * 7].data, packed[i * 7].len), 0);
    struct index_rebuild *r = index_load_begin(w, all);
    index_rebuild_run(r);
    assert_int_equal(index_rebuild_end(w, r), 0);
    struct index *x = index_writer_publish(w, 1);
    assert_int_equal(index_count(x), COUNT);
    assert_int_equal(x->layers[0]->count, COUNT);
    index_unref(x);
    index_writer_free(w);
    index_load_free(load_all()); /* cut off: nothing leaks */
}

/* Companies that changed are by themselves, and gaps where they were; when it has become much, all
 * move into an arena of a new base. Who holds an older snapshot goes on with the older one. */
static void a_base_does_not_keep_what_nobody_needs(void **state)
{
    (void)state;
    struct index_writer *w = writer_loaded();
    struct index *before = index_writer_publish(w, 1);
    size_t taken = arena_taken(before->layers[0]->arena);
    for (int i = 0; i < COUNT * 2 / 3; i++) {
        struct buf moved;
        move(&packed[i], &moved);
        put(w, &moved);
        buf_done(&moved);
        if (i % 500 == 499) {
            struct index *between = index_writer_publish(w, 2);
            if (i == 499) /* too little to make much of */
                assert_ptr_equal(between->layers[0]->arena, before->layers[0]->arena);
            index_unref(between);
            struct index_rebuild *r = index_rebuild_begin(w);
            if (r != NULL) {
                index_rebuild_run(r);
                assert_int_equal(index_rebuild_end(w, r), 0);
            }
        }
    }
    struct index *after = index_writer_publish(w, 3);
    assert_ptr_not_equal(after->layers[0]->arena, before->layers[0]->arena);
    assert_true(arena_taken(after->layers[0]->arena) <= taken);
    for (int i = 0; i < COUNT; i++) {
        const uint8_t *id = packed_id(packed[i].data);
        assert_memory_equal(index_get(before, id), packed[i].data, packed[i].len);
        assert_int_equal(packed_country(index_get(after, id)) != packed_country(packed[i].data),
                         i < COUNT * 2 / 3);
    }
    index_unref(before);
    index_unref(after);
    index_writer_free(w);
}

static void an_arena_keeps_pieces_of_any_size(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    uint32_t *piece[64];
    size_t sum = 0;
    for (size_t i = 0; i < 64; i++) {
        size_t size = i == 40 ? (size_t)9 << 20 : (i + 1) * 4096 + i % 4;
        piece[i] = arena_take(a, size);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % sizeof *piece[i], 0);
        memset(piece[i], (int)i, size);
        sum += size;
    }
    assert_int_equal(arena_taken(a), sum);
    assert_null(arena_take(a, SIZE_MAX - 8));
    struct arena *b = arena_ref(a);
    arena_unref(a);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(*(const uint8_t *)piece[i], i);
    arena_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_is_as_putting_one_by_one),
        cmocka_unit_test(what_comes_meanwhile_is_newer),
        cmocka_unit_test(bad_bytes_and_second_copies_change_nothing),
        cmocka_unit_test(a_base_does_not_keep_what_nobody_needs),
        cmocka_unit_test(an_arena_keeps_pieces_of_any_size),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
