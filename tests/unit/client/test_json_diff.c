#include "cmocka_all.h"

#include <jansson.h>

#include "json_diff.h"

static void diff(const char *before, const char *after, const char *patch)
{
    json_t *b = json_loads(before, 0, NULL), *a = json_loads(after, 0, NULL);
    json_t *wanted = json_loads(patch, 0, NULL), *got = json_diff(b, a);

    if (!json_equal(got, wanted))
        fail_msg("%s -> %s: %s", before, after, json_dumps(got, 0));
    json_decref(b);
    json_decref(a);
    json_decref(wanted);
    json_decref(got);
}

static void test_diff(void **state)
{
    (void)state;
    diff("{}", "{}", "{}");
    diff("{\"a\": 1, \"b\": [1]}", "{\"b\": [1], \"a\": 1}", "{}");
    diff("{\"a\": 1}", "{\"a\": 2}", "{\"a\": 2}");
    diff("{\"a\": 1, \"b\": 2}", "{\"a\": 1}", "{\"b\": null}");
    diff("{\"a\": 1}", "{\"a\": 1, \"c\": \"x\"}", "{\"c\": \"x\"}");
    diff("{\"n\": {\"khm\": \"k\", \"fra\": \"f\"}}", "{\"n\": {\"khm\": \"K\"}}",
         "{\"n\": {\"khm\": \"K\", \"fra\": null}}");
    diff("{\"l\": [1, 2, 3]}", "{\"l\": [1, 3]}", "{\"l\": [1, 3]}");
    diff("{\"a\": {\"x\": 1}}", "{\"a\": \"text\"}", "{\"a\": \"text\"}");
}

static void test_prune(void **state)
{
    json_t *v = json_loads("{\"a\": \"\", \"b\": [], \"c\": {\"d\": \"\", \"e\": {}}, \"f\": null,"
                           " \"g\": 0, \"h\": false, \"i\": {\"j\": \"x\", \"k\": \"\"}}",
                           0, NULL);
    json_t *wanted = json_loads("{\"g\": 0, \"h\": false, \"i\": {\"j\": \"x\"}}", 0, NULL);

    (void)state;
    json_prune(v);
    assert_true(json_equal(v, wanted));
    json_decref(v);
    json_decref(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diff),
        cmocka_unit_test(test_prune),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
