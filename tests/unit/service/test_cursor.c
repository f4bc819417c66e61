#include "cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t filter[DIGEST_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint8_t other[DIGEST_BYTES] = {1, 2, 3, 4, 5, 6, 7, 9, 9};

static void comes_back(void **state)
{
    uint8_t id[IDENT_BYTES], got[IDENT_BYTES];
    char text[CURSOR_TEXT];

    (void)state;
    for (int n = 0; n < 256; n++) {
        for (size_t i = 0; i < sizeof id; i++)
            id[i] = (uint8_t)(n * 7 + (int)i * 31);
        cursor_format(id, filter, text);
        assert_int_equal(strlen(text), 34);
        assert_int_equal(
            strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 34);
        assert_int_equal(cursor_parse(text, filter, got), 0);
        assert_memory_equal(got, id, sizeof id);
    }
}

static void comes_back_with_a_number(void **state)
{
    uint8_t id[IDENT_BYTES], got[IDENT_BYTES];
    char text[CURSOR_TEXT];

    (void)state;
    for (uint64_t n = 1; n != 0; n = n * 3 << 1) {
        uint64_t number = 0;
        for (size_t i = 0; i < sizeof id; i++)
            id[i] = (uint8_t)(n * 7 + i * 31);
        cursor_number_format(n, id, filter, text);
        assert_int_equal(strlen(text), 44);
        assert_int_equal(cursor_number_parse(text, filter, &number, got), 0);
        assert_true(number == n);
        assert_memory_equal(got, id, sizeof id);
        assert_int_equal(cursor_parse(text, filter, got), -1);
        assert_int_equal(cursor_number_parse(text, other, &number, got), -1);
        cursor_format(id, filter, text);
        assert_int_equal(cursor_number_parse(text, filter, &number, got), -1);
    }
}

static void of_another_list_is_refused(void **state)
{
    uint8_t id[IDENT_BYTES] = {0xab}, got[IDENT_BYTES] = {0};
    char text[CURSOR_TEXT];

    (void)state;
    cursor_format(id, filter, text);
    assert_int_equal(cursor_parse(text, other, got), -1);
    assert_int_equal(got[0], 0);
}

static void garbage_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "AQGiC6_UTnjQm95vWwKjo1dNkh8TmIeB_",
                                      "AQGiC6_UTnjQm95vWwKjo1dNkh8TmIeB_QQ",
                                      "////////////////////////////////__",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    uint8_t id[IDENT_BYTES] = {0}, got[IDENT_BYTES];
    char text[CURSOR_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(cursor_parse(bad[i], filter, got), -1);
    /* The spare bits at the end are part of the form: one cursor, one text. */
    cursor_format(id, filter, text);
    text[33]++;
    assert_int_equal(cursor_parse(text, filter, got), -1);
}

static void digest_of(const char *json, uint8_t ret[DIGEST_BYTES])
{
    static const char *const without[] = {"idempotency_key", NULL};
    json_t *params = json_loads(json, 0, NULL);

    assert_non_null(params);
    assert_int_equal(call_digest("company.upsert", params, without, ret), 0);
    json_decref(params);
}

static void digest_ignores_order_and_key(void **state)
{
    uint8_t a[DIGEST_BYTES], b[DIGEST_BYTES];

    (void)state;
    digest_of("{\"company\":{\"a\":1,\"b\":[1,{\"x\":null,\"y\":2}]},\"idempotency_key\":\"1\"}",
              a);
    digest_of("{\"idempotency_key\":\"2\",\"company\":{\"b\":[1,{\"y\":2,\"x\":null}],\"a\":1}}",
              b);
    assert_memory_equal(a, b, sizeof a);
    /* An absent parameter and a null one are the same call; null inside a patch clears. */
    digest_of("{\"company\":{\"a\":1,\"b\":[1,{\"x\":null,\"y\":2}]},\"if_version\":null}", b);
    assert_memory_equal(a, b, sizeof a);
    digest_of("{\"company\":{\"a\":1,\"b\":[1,{\"y\":2}]}}", b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void digest_sees_the_method(void **state)
{
    static const char *const none[] = {NULL};
    uint8_t a[DIGEST_BYTES], b[DIGEST_BYTES];
    json_t *params = json_object();

    (void)state;
    assert_int_equal(call_digest("one", params, none, a), 0);
    assert_int_equal(call_digest("two", params, none, b), 0);
    assert_memory_not_equal(a, b, sizeof a);
    json_decref(params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(comes_back_with_a_number),
        cmocka_unit_test(of_another_list_is_refused),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(digest_ignores_order_and_key),
        cmocka_unit_test(digest_sees_the_method),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
