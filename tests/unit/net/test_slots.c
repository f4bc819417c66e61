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
    struct slots s;
    uint64_t first, second;

    (void)state;
    slots_init(&s);
    first = slots_add(&s, fake(1));
    assert_true(first != 0);
    assert_ptr_equal(slots_find(&s, first), fake(1));
    slots_remove(&s, first);
    assert_null(slots_find(&s, first));
    second = slots_add(&s, fake(2));
    assert_int_equal((uint32_t)first, (uint32_t)second); /* the slot is */
    assert_true(first != second);
    assert_null(slots_find(&s, first));
    assert_ptr_equal(slots_find(&s, second), fake(2));
    slots_remove(&s, first); /* stale: nothing happens */
    assert_ptr_equal(slots_find(&s, second), fake(2));
    slots_done(&s);
}

static void nonsense_is_not_found(void **state)
{
    struct slots s;

    (void)state;
    slots_init(&s);
    assert_null(slots_find(&s, 0));
    assert_null(slots_find(&s, 1));
    assert_true(slots_add(&s, fake(1)) != 0);
    assert_null(slots_find(&s, 0));
    assert_null(slots_find(&s, 2));
    assert_null(slots_find(&s, UINT64_MAX));
    assert_null(slots_find(&s, (uint64_t)7 << 32 | 1));
    slots_done(&s);
}

static void many_grow_and_shrink(void **state)
{
    static uint64_t ids[3000];
    struct slots s;

    (void)state;
    slots_init(&s);
    for (int round = 0; round < 3; round++) {
        for (uintptr_t i = 0; i < 3000; i++) {
            ids[i] = slots_add(&s, fake(i));
            assert_true(ids[i] != 0);
        }
        assert_int_equal(s.used, 3000);
        for (uintptr_t i = 0; i < 3000; i++)
            assert_ptr_equal(slots_find(&s, ids[i]), fake(i));
        for (uintptr_t i = 0; i < 3000; i++)
            slots_remove(&s, ids[i]);
        assert_int_equal(s.used, 0);
    }
    assert_int_equal(s.size, 3000);
    slots_done(&s);
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
