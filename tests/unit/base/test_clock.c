#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spean/clock.h>

static void monotonic_never_goes_back(void **state)
{
    uint64_t last = clock_mono_ms();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_ms();

        assert_true(now >= last);
        last = now;
    }
}

static void today_is_the_day_of_the_wall_clock(void **state)
{
    int64_t before = clock_wall_ms() / 86400000;
    int32_t today = clock_today();
    int64_t after = clock_wall_ms() / 86400000;

    (void)state;
    assert_true(today >= before && today <= after);
    assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_never_goes_back),
        cmocka_unit_test(today_is_the_day_of_the_wall_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
