#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <spean/tsv.h>

static void reads_records_and_passes_comments(void **state)
{
    char text[] = "# a comment\n\ncode\ttitle\r\na\t\tc\n#x\ty\nlast";
    struct tsv t;

    (void)state;
    tsv_init(&t, text);
    assert_int_equal(tsv_next(&t), 1);
    assert_int_equal(t.line, 3);
    assert_int_equal(t.n, 2);
    assert_string_equal(t.field[0], "code");
    assert_string_equal(t.field[1], "title");
    assert_string_equal(t.field[TSV_FIELDS_MAX - 1], "");
    assert_int_equal(tsv_next(&t), 1);
    assert_int_equal(t.n, 3);
    assert_string_equal(t.field[1], "");
    assert_string_equal(t.field[2], "c");
    assert_int_equal(tsv_next(&t), 1);
    assert_int_equal(t.line, 6);
    assert_string_equal(t.field[0], "last");
    assert_int_equal(tsv_next(&t), 0);
    assert_int_equal(tsv_next(&t), 0);
}

static void too_many_fields_are_an_error(void **state)
{
    char full[] = "1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\n";
    char over[] = "1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t\n";
    struct tsv t;

    (void)state;
    tsv_init(&t, full);
    assert_int_equal(tsv_next(&t), 1);
    assert_int_equal(t.n, TSV_FIELDS_MAX);
    assert_string_equal(t.field[15], "16");
    tsv_init(&t, over);
    assert_int_equal(tsv_next(&t), -1);
    assert_int_equal(t.line, 1);
}

static void nothing_gives_nothing(void **state)
{
    char empty[] = "", blank[] = "\n\r\n#";
    struct tsv t;

    (void)state;
    tsv_init(&t, empty);
    assert_int_equal(tsv_next(&t), 0);
    tsv_init(&t, blank);
    assert_int_equal(tsv_next(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_records_and_passes_comments),
        cmocka_unit_test(too_many_fields_are_an_error),
        cmocka_unit_test(nothing_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
