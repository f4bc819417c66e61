#include "help.h"

#include "scan.h"

static enum scan_result scan(const char *text, size_t depth, size_t elements, bool *nul)
{
    struct rpc_limits limits = {.depth = depth, .elements = elements, .batch = 1};

    return scan_json(text, strlen(text), &limits, nul);
}

static void test_depth(void **state)
{
    bool nul;

    (void)state;
    assert_int_equal(scan("[[[]]]", 3, 100, &nul), SCAN_OK);
    assert_int_equal(scan("[[[]]]", 2, 100, &nul), SCAN_DEEP);
    assert_int_equal(scan("{\"a\":{\"b\":[1]}}", 2, 100, &nul), SCAN_DEEP);
    assert_int_equal(scan("[[],[],[],[]]", 2, 100, &nul), SCAN_OK);
    assert_int_equal(scan("]]]][", 1, 100, &nul), SCAN_OK);
}

static void test_elements(void **state)
{
    bool nul;

    (void)state;
    assert_int_equal(scan("[1,2,3]", 9, 3, &nul), SCAN_OK);
    assert_int_equal(scan("[1,2,3,4]", 9, 3, &nul), SCAN_MANY);
    assert_int_equal(scan("[{},{}]", 9, 4, &nul), SCAN_OK);
    assert_int_equal(scan("[{},{}]", 9, 3, &nul), SCAN_MANY);
}

/* What stands in a string is text, whatever it looks like. */
static void test_strings(void **state)
{
    bool nul;

    (void)state;
    assert_int_equal(scan("\"[[[[,,,,\"", 1, 0, &nul), SCAN_OK);
    assert_int_equal(scan("[\"\\\"[[[[\"]", 1, 1, &nul), SCAN_OK);
    assert_int_equal(scan("[\"\\\\\",[]]", 1, 9, &nul), SCAN_DEEP);
    assert_int_equal(scan("\"\\", 1, 9, &nul), SCAN_OK);
    assert_int_equal(scan("\"unclosed [[", 1, 9, &nul), SCAN_OK);
}

static void test_nul(void **state)
{
    static const struct {
        const char *text;
        bool nul;
    } cases[] = {
        {"\"\\u0000\"", true},  {"\"a\\u0000b\"", true},   {"\"\\\\u0000\"", false},
        {"\"\\u00000\"", true}, {"\"\\u0001\"", false},    {"\"\\u000\"", false},
        {"\\u0000", false},     {"\"\\\\\\u0000\"", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool nul = !cases[i].nul;
        assert_int_equal(scan(cases[i].text, 9, 9, &nul), SCAN_OK);
        assert_int_equal(nul, cases[i].nul);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
