#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load.h"

#include <string.h>

static void percentiles_are_within_a_percent(void **state)
{
    (void)state;
    static struct hist h;
    assert_true(hist_at(&h, 0.5) == 0);
    for (uint64_t us = 1; us <= 10000; us++)
        hist_add(&h, us * 1000);
    for (int percent = 1; percent <= 100; percent++) {
        double got = hist_at(&h, percent / 100.0), want = percent * 100;
        assert_true(got >= want * 0.999 && got <= want * 1.01);
    }
    assert_int_equal(h.total, 10000);
    hist_add(&h, 17); /* small ones are exact, large ones fit */
    assert_true(hist_at(&h, 0.00001) == 0.017);
    hist_add(&h, UINT64_MAX);
    assert_true(hist_at(&h, 1) > 1e16);
}

static struct load_request find(const char *text)
{
    static char line[256];
    struct load_request r = {.text = line};
    strncpy(line, text, sizeof line - 1);
    r.len = strlen(line);
    request_find_id(&r);
    return r;
}

static void finds_the_number_of_a_call(void **state)
{
    (void)state;
    struct load_request r = find("{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"m\"}\n");
    assert_int_equal(r.id_at, 22);
    assert_int_equal(r.id_len, 2);
    r = find("{\"params\": {\"id\": \"x\"}, \"id\" : 7}\n");
    assert_int_equal(r.id_at, 31);
    assert_int_equal(r.id_len, 1);
    r = find("{\"id\":\"text\"}\n");
    assert_int_equal(r.id_len, 0);
    r = find("\"id\"");
    assert_int_equal(r.id_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_within_a_percent),
        cmocka_unit_test(finds_the_number_of_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
