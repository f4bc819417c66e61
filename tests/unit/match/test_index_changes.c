#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_changes.h"
#include "profiles.h"

#include <spean/index.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct model *model;

static int load(void **state)
{
    (void)state;
    model = test_model();
    return 0;
}

static int unload(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

static void put(struct index_writer *w, uint32_t number)
{
    struct profile p = profile_of(number % 2 == 0 ? COUNTRY_KH : COUNTRY_CA, 0, "C");
    struct buf b;
    memcpy(p.id, &number, sizeof number);
    profile_sector(model, &p, "energy.solar");
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    assert_int_equal(index_writer_put(w, b.data, b.len), 0);
    buf_done(&b);
}

static uint32_t changed(const struct index *ix, uint64_t number)
{
    uint32_t id;
    const uint8_t *at = index_change(ix, number);
    assert_non_null(at);
    memcpy(&id, at, sizeof id);
    return id;
}

static void tells_puts_and_removes_in_their_order(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    put(w, 1);
    struct index *first = index_writer_publish(w, 7);
    put(w, 2);
    put(w, 1);
    uint8_t id[IDENT_BYTES] = {2};
    assert_int_equal(index_writer_remove(w, id), 0);
    id[0] = 9; /* not there: nothing changes */
    assert_int_equal(index_writer_remove(w, id), 0);
    struct index *second = index_writer_publish(w, 7);
    uint64_t from = index_mark(first);
    assert_int_equal(index_mark(second), from + 3);
    assert_int_equal(changed(second, from), 2);
    assert_int_equal(changed(second, from + 1), 1);
    assert_int_equal(changed(second, from + 2), 2);
    assert_null(index_change(second, from + 3));
    assert_null(index_change(first, from)); /* it has not seen that */
    assert_true(index_same_writer(first, second));
    index_unref(first);
    index_unref(second);
    index_writer_free(w);
}

static void writers_are_told_apart(void **state)
{
    (void)state;
    struct index_writer *v = index_writer_new(model);
    struct index *old = index_writer_publish(v, 1);
    index_writer_free(v); /* the old snapshot outlives its writer */
    struct index_writer *w = index_writer_new(model);
    struct index *new = index_writer_publish(w, 1);
    assert_false(index_same_writer(old, new));
    index_unref(old);
    index_unref(new);
    index_writer_free(w);
}

static void forgets_what_is_long_ago(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_writer_publish(w, 0);
    uint64_t first = index_mark(ix);
    for (uint32_t i = 0; i < 3 * CHANGES_CHUNK + 5; i++) {
        put(w, i % 300);
        if (i % 1000 != 0 && i != 3 * CHANGES_CHUNK + 4)
            continue;
        struct index *next = index_writer_publish(w, i);
        index_unref(ix);
        ix = next;
    }
    uint64_t mark = index_mark(ix);
    assert_int_equal(mark, first + 3 * CHANGES_CHUNK + 5);
    for (uint64_t n = mark - CHANGES_CHUNK; n < mark; n++)
        assert_int_equal(changed(ix, n), (n - first) % 300);
    assert_null(index_change(ix, first));
    assert_null(index_change(ix, mark - 2 * CHANGES_CHUNK - 1));
    index_unref(ix);
    index_writer_free(w);
}

static void a_bulk_makes_all_marks_too_old(void **state)
{
    (void)state;
    struct changes c;
    struct changes_view before, after;
    uint8_t id[IDENT_BYTES] = {5};
    assert_int_equal(changes_init(&c), 0);
    changes_see(&c, &before);
    changes_add(&c, id);
    changes_forget(&c);
    changes_add(&c, id);
    changes_see(&c, &after);
    assert_true(after.start > before.mark); /* so what came between is not told */
    assert_int_equal(after.mark - after.start, 1);
    changes_done(&c);
    changes_view_done(&before);
    changes_view_done(&after);
}

struct reading {
    struct index *ix;
    uint64_t from;
};

static void *read_all(void *arg)
{
    struct reading *r = arg;
    uint64_t sum = 0;
    for (uint64_t n = r->from; n < index_mark(r->ix); n++)
        sum += index_change(r->ix, n)[0];
    index_unref(r->ix);
    return (void *)(uintptr_t)sum;
}

/* For the thread sanitizer: a snapshot is read while the writer goes on in the same chunk. */
static void reads_while_the_writer_goes_on(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct index *first = index_writer_publish(w, 0);
    for (uint32_t round = 0; round < 10; round++) {
        pthread_t thread;
        void *sum;
        for (uint32_t i = 0; i < 50; i++)
            put(w, 1);
        struct reading r = {index_writer_publish(w, round), index_mark(first)};
        assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
        for (uint32_t i = 0; i < 50; i++)
            put(w, 1);
        pthread_join(thread, &sum);
        assert_int_equal((uintptr_t)sum, 50 + round * 100);
    }
    index_unref(first);
    index_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_puts_and_removes_in_their_order),
        cmocka_unit_test(writers_are_told_apart),
        cmocka_unit_test(forgets_what_is_long_ago),
        cmocka_unit_test(a_bulk_makes_all_marks_too_old),
        cmocka_unit_test(reads_while_the_writer_goes_on),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
