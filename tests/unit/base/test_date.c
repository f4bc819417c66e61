#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <spean/date.h>

#define UNTOUCHED 424242

static int32_t day_of(const char *text)
{
    int32_t day = UNTOUCHED;

    assert_int_equal(date_parse(text, strlen(text), &day), 0);
    return day;
}

static int64_t stamp_of(const char *text)
{
    int64_t ms = UNTOUCHED;

    if (stamp_parse(text, strlen(text), &ms) != 0)
        fail_msg("refused %s", text);
    return ms;
}

static void known_days(void **state)
{
    (void)state;
    assert_int_equal(day_of("1970-01-01"), 0);
    assert_int_equal(day_of("1969-12-31"), -1);
    assert_int_equal(day_of("2000-03-01"), 11017);
    assert_int_equal(day_of("2026-11-24"), 20781);
    assert_int_equal(day_of("0001-01-01"), -719162);
    assert_int_equal(day_of("9999-12-31"), 2932896);
}

static void every_day_comes_back(void **state)
{
    char text[DATE_TEXT], last[DATE_TEXT] = "0000-00-00";
    int32_t back;

    (void)state;
    for (int32_t day = -719162; day <= 2932896; day++) {
        date_format(day, text);
        assert_int_equal(date_parse(text, 10, &back), 0);
        assert_int_equal(back, day);
        assert_true(strcmp(last, text) < 0);
        memcpy(last, text, sizeof(last));
    }
}

static void refuses_what_is_no_day(void **state)
{
    static const char *const bad[] = {"",           "2026-02-29", "1900-02-29", "2100-02-29",
                                      "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00",
                                      "0000-01-01", "2026-1-01",  "2026/01/01", "+026-01-01",
                                      "2026-01-1 ", " 026-01-01", "2026-01-011"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int32_t day = UNTOUCHED;

        if (date_parse(bad[i], strlen(bad[i]), &day) != -1)
            fail_msg("took %s", bad[i]);
        assert_int_equal(day, UNTOUCHED);
    }
    day_of("2000-02-29");
    day_of("2024-02-29");
}

static void assert_months(const char *from, int months, const char *want)
{
    char text[DATE_TEXT];

    date_format(date_add_months(day_of(from), months), text);
    assert_string_equal(text, want);
}

static void months_are_cut_to_their_end(void **state)
{
    (void)state;
    assert_months("2026-11-24", 12, "2027-11-24");
    assert_months("2024-02-29", 12, "2025-02-28");
    assert_months("2024-02-29", 48, "2028-02-29");
    assert_months("2026-01-31", 1, "2026-02-28");
    assert_months("2026-08-31", 1, "2026-09-30");
    assert_months("2026-03-31", -1, "2026-02-28");
    assert_months("2026-12-15", 1, "2027-01-15");
    assert_months("9999-06-01", 12, "9999-12-31");
    assert_months("0001-06-01", -12, "0001-01-01");
    assert_months("2026-01-01", INT32_MAX, "9999-12-31");
    assert_months("2026-01-01", INT32_MIN, "0001-01-01");
}

static void stamps_with_offsets_and_fractions(void **state)
{
    (void)state;
    assert_true(stamp_of("1970-01-01T00:00:00Z") == 0);
    assert_true(stamp_of("1969-12-31T23:59:59.999Z") == -1);
    assert_true(stamp_of("2026-11-24T03:00:00.123Z") == INT64_C(1795489200123));
    assert_true(stamp_of("2026-11-24t10:00:00.1239+07:00") == INT64_C(1795489200123));
    assert_true(stamp_of("2026-11-23T22:00:00.1-05:00") == INT64_C(1795489200100));
    assert_true(stamp_of("2016-12-31T23:59:60z") == stamp_of("2017-01-01T00:00:00Z"));
    assert_true(stamp_of("2017-01-01T06:59:60+07:00") == stamp_of("2017-01-01T00:00:00Z"));
}

static void refuses_what_is_no_stamp(void **state)
{
    static const char *const bad[] = {
        "2026-11-24",
        "2026-11-24T03:00:00",
        "2026-11-24 03:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T03:60:00Z",
        "2026-11-24T03:00:61Z",
        "2026-11-24T03:00:60Z",
        "2026-11-24T03:00:00.Z",
        "2026-11-24T03:00:00,5Z",
        "2026-11-24T03:00:00+0700",
        "2026-11-24T03:00:00+24:00",
        "2026-11-24T03:00:00+07:60",
        "2026-11-24T03:00:00ZZ",
        "2026-02-30T03:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-11-24T03:00:00.00000000000000000000000000000000000000Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int64_t ms = UNTOUCHED;

        if (stamp_parse(bad[i], strlen(bad[i]), &ms) != -1)
            fail_msg("took %s", bad[i]);
        assert_true(ms == UNTOUCHED);
    }
}

static void stamps_come_back(void **state)
{
    static const char *const same[] = {"2026-11-24T03:00:00.123Z", "1969-07-20T20:17:40.001Z",
                                       "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"};
    char text[STAMP_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        stamp_format(stamp_of(same[i]), text);
        assert_string_equal(text, same[i]);
    }
    stamp_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    stamp_format(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(refuses_what_is_no_day),
        cmocka_unit_test(months_are_cut_to_their_end),
        cmocka_unit_test(stamps_with_offsets_and_fractions),
        cmocka_unit_test(refuses_what_is_no_stamp),
        cmocka_unit_test(stamps_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
