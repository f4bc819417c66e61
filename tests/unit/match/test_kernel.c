#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel.h"
#include "profiles.h"

#define CELLS 300
#define RUNS 1000

static uint32_t cell[RUNS], out[RUNS];
static int32_t value[CELLS];

static void cells_fill(uint64_t *seed)
{
    for (size_t i = 0; i < CELLS; i++)
        value[i] = (int32_t)random_below(seed, 2000) - 1000;
    value[0] = INT32_MIN / 2;
    value[1] = INT32_MAX;
    for (size_t i = 0; i < RUNS; i++)
        cell[i] = (uint32_t)(random_below(seed, CELLS) | random_below(seed, 1 << 16) << 16);
}

static void compare(kernel_pass *pass, size_t count, int32_t least)
{
    size_t n = pass(cell, count, 0xFFFF, value, least, 70, out), want = 0;
    for (size_t i = 0; i < count; i++)
        if (value[cell[i] & 0xFFFF] >= least)
            assert_int_equal(out[want++], 70 + i);
    assert_int_equal(n, want);
}

static void finds_what_the_plain_loop_finds(void **state)
{
    (void)state;
    uint64_t seed = 5;
    cells_fill(&seed);
    for (enum index_kernel k = INDEX_KERNEL_AUTO; k <= INDEX_KERNEL_AVX512; k++) {
        if (!test_kernel_due(k))
            continue;
        for (size_t count = 0; count < RUNS; count += 1 + count / 9) {
            /* Just reached, just missed, and anything. */
            int32_t there = value[cell[random_below(&seed, count + 1)] & 0xFFFF];
            compare(kernel_get(k), count, there);
            compare(kernel_get(k), count, there < INT32_MAX ? there + 1 : there);
            compare(kernel_get(k), count, (int32_t)random_below(&seed, 2000) - 900);
        }
    }
    assert_ptr_equal(kernel_get(INDEX_KERNEL_SCALAR), kernel_pass_scalar);
    assert_non_null(kernel_get(INDEX_KERNEL_AUTO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_the_plain_loop_finds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
