#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "interner.h"

#include <string.h>

static void equal_bytes_have_one_number(void **state)
{
    (void)state;
    struct interner in;
    bool fresh;
    interner_init(&in);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++) {
            uint8_t bytes[40] = {0};
            memcpy(bytes, &i, sizeof i);
            assert_int_equal(intern(&in, bytes, 4 + i % 37, &fresh), i);
            assert_int_equal(fresh, round == 0);
        }
    assert_int_equal(in.count, 5000);
    interner_done(&in);
}

/* Bytes that differ in length alone are different. */
static void length_counts(void **state)
{
    (void)state;
    struct interner in;
    uint8_t zeros[16] = {0};
    bool fresh;
    interner_init(&in);
    for (uint32_t len = 0; len <= 16; len++)
        assert_int_equal(intern(&in, zeros, len, &fresh), len);
    interner_done(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equal_bytes_have_one_number),
                                       cmocka_unit_test(length_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
