#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>

static void grows_and_stays_terminated(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    for (int i = 0; i < 50000; i++)
        assert_int_equal(buf_addc(&b, 'x'), 0);
    assert_int_equal(b.len, 50000);
    assert_int_equal(strlen(b.data), 50000);
    buf_done(&b);
    buf_done(&b);
    assert_null(b.data);
}

static void stops_at_the_ceiling(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 8);
    assert_int_equal(buf_adds(&b, "12345678"), 0);
    assert_int_equal(buf_addc(&b, '9'), -1);
    assert_true(b.failed);
    assert_string_equal(b.data, "12345678");
    /* sticky: even nothing is refused now */
    assert_int_equal(buf_add(&b, "", 0), -1);
    buf_reset(&b);
    assert_false(b.failed);
    assert_int_equal(b.len, 0);
    assert_int_equal(buf_adds(&b, "again"), 0);
    assert_string_equal(b.data, "again");
    buf_done(&b);
}

static void a_huge_length_does_not_wrap(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_adds(&b, "abc"), 0);
    assert_null(buf_reserve(&b, SIZE_MAX - 3));
    assert_true(b.failed);
    buf_done(&b);
    buf_init(&b, 16);
    assert_null(buf_reserve(&b, SIZE_MAX));
    buf_done(&b);
}

static void formats_past_its_first_size(void **state)
{
    struct buf b;
    char want[301];

    (void)state;
    memset(want, 'y', 300);
    want[300] = '\0';
    buf_init(&b, 310);
    assert_int_equal(buf_addf(&b, "%d:", 7), 0);
    assert_int_equal(buf_addf(&b, "%s", want), 0);
    assert_int_equal(b.len, 302);
    assert_string_equal(b.data + 2, want);
    /* what is over the ceiling leaves no half of itself */
    assert_int_equal(buf_addf(&b, "%s", "0123456789"), -1);
    assert_int_equal(b.len, 302);
    assert_int_equal(strlen(b.data), 302);
    buf_done(&b);
}

static void a_reserve_may_be_used_in_part(void **state)
{
    struct buf b;
    char *at;

    (void)state;
    buf_init(&b, 1000);
    buf_adds(&b, "zzzzzzzzzzzzzzzzzzzz");
    buf_reset(&b);
    at = buf_reserve(&b, 500);
    assert_non_null(at);
    memcpy(at, "hi", 2);
    b.len += 2;
    assert_string_equal(b.data, "hi");
    buf_done(&b);
}

static void take_hands_over_and_empties(void **state)
{
    struct buf b;
    size_t len = 9;
    char *s;

    (void)state;
    buf_init(&b, 10);
    s = buf_take(&b, &len);
    assert_non_null(s);
    assert_string_equal(s, "");
    assert_int_equal(len, 0);
    free(s);
    buf_adds(&b, "mine");
    s = buf_take(&b, NULL);
    assert_string_equal(s, "mine");
    free(s);
    assert_null(b.data);
    assert_int_equal(buf_adds(&b, "far too long a text"), -1);
    len = 77;
    assert_null(buf_take(&b, &len));
    assert_int_equal(len, 77);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(stops_at_the_ceiling),
        cmocka_unit_test(a_huge_length_does_not_wrap),
        cmocka_unit_test(formats_past_its_first_size),
        cmocka_unit_test(a_reserve_may_be_used_in_part),
        cmocka_unit_test(take_hands_over_and_empties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
