#include "slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct conn *fake(uintptr_t n)
{
    return (struct conn *)(n + 1); /* never looked into */
}

static void names_are_never_used_again(void **state)
{
    struct slot_table s;
    uint64_t first, second;

    (void)state;
    slot_table_init(&s);
    first = slot_table_add(&s, fake(1));
    assert_true(first != 0);
    assert_ptr_equal(slot_table_find(&s, first), fake(1));
    slot_table_remove(&s, first);
    assert_null(slot_table_find(&s, first));
    second = slot_table_add(&s, fake(2));
    assert_int_equal((uint32_t)first, (uint32_t)second); /* the slot is */
    assert_true(first != second);
    assert_null(slot_table_find(&s, first));
    assert_ptr_equal(slot_table_find(&s, second), fake(2));
    slot_table_remove(&s, first); /* stale: nothing happens */
    assert_ptr_equal(slot_table_find(&s, second), fake(2));
    slot_table_done(&s);
}

static void nonsense_is_not_found(void **state)
{
    struct slot_table s;

    (void)state;
    slot_table_init(&s);
    assert_null(slot_table_find(&s, 0));
    assert_null(slot_table_find(&s, 1));
    assert_true(slot_table_add(&s, fake(1)) != 0);
    assert_null(slot_table_find(&s, 0));
    assert_null(slot_table_find(&s, 2));
    assert_null(slot_table_find(&s, UINT64_MAX));
    assert_null(slot_table_find(&s, (uint64_t)7 << 32 | 1));
    slot_table_done(&s);
}

static void many_grow_and_shrink(void **state)
{
    static uint64_t ids[3000];
    struct slot_table s;

    (void)state;
    slot_table_init(&s);
    for (int round = 0; round < 3; round++) {
        for (uintptr_t i = 0; i < 3000; i++) {
            ids[i] = slot_table_add(&s, fake(i));
            assert_true(ids[i] != 0);
        }
        assert_int_equal(s.used, 3000);
        for (uintptr_t i = 0; i < 3000; i++)
            assert_ptr_equal(slot_table_find(&s, ids[i]), fake(i));
        for (uintptr_t i = 0; i < 3000; i++)
            slot_table_remove(&s, ids[i]);
        assert_int_equal(s.used, 0);
    }
    assert_int_equal(s.size, 3000);
    slot_table_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_never_used_again),
        cmocka_unit_test(nonsense_is_not_found),
        cmocka_unit_test(many_grow_and_shrink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
