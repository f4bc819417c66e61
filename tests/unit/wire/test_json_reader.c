#include "help.h"

#include <spean/json_reader.h>

/*
 * Each allocation of the parser fails in turn, and what follows it, too. The answer is "no memory",
 * never "invalid", and nothing is written where it should not be (the sanitizers look).
 */

static size_t countdown; /* allocations until they fail; 0: none does */
static size_t fails;     /* how many then */

static void *failing_allocate(size_t size)
{
    if (countdown > 1)
        countdown--;
    else if (countdown == 1 && fails > 0) {
        fails--;
        return NULL;
    }
    return malloc(size);
}

/* True if it came to its end without a failure. */
static bool parse_once(const char *text, size_t at, size_t more)
{
    json_error_t why;
    bool no_memory;
    json_t *root;

    countdown = at;
    fails = more;
    root = jr_parse(text, strlen(text), JSON_REJECT_DUPLICATES, &why, &no_memory);
    bool failed = fails < more;
    countdown = 0;
    assert_int_equal(no_memory, failed);
    assert_int_equal(root == NULL, failed);
    json_decref(root);
    return !failed;
}

static void parse_all(const char *text)
{
    static const size_t more[] = {1, 10, 1000000};

    for (size_t m = 0; m < sizeof more / sizeof *more; m++) {
        size_t at = 1;

        while (!parse_once(text, at, more[m]))
            assert_true(++at < 20000);
        assert_true(at > 5);
    }
}

static void test_small(void **state)
{
    (void)state;
    parse_all("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"company.upsert\",\"params\":{\"name\":"
              "\"Qu\\u00e9bec \\ud83d\\ude00 \\\"quoted\\\"\",\"list\":[1,2.5,true,null,[]]}}");
}

/* Tokens and tables that grow while nothing is left. */
static void test_large(void **state)
{
    char *text = malloc(200000), *at = text;

    (void)state;
    assert_non_null(text);
    *at++ = '[';
    for (int i = 0; i < 300; i++)
        at += sprintf(at, "{\"%d\":\"%d\"},", i, i);
    *at++ = '"';
    for (int i = 0; i < 20000; i++)
        at += sprintf(at, "\\u17%02x", 0x80 + i % 0x33);
    strcpy(at, "\"]");
    parse_all(text);
    free(text);
}

/* What is invalid is still called so, and where. */
static void test_invalid(void **state)
{
    json_error_t why;
    bool no_memory;

    (void)state;
    assert_null(jr_parse("[1,2,", 5, 0, &why, &no_memory));
    assert_false(no_memory);
    assert_int_equal(json_error_code(&why), json_error_premature_end_of_input);
    assert_null(jr_parse("[1,x]", 5, 0, &why, &no_memory));
    assert_false(no_memory);
    assert_int_equal(why.position, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_invalid),
    };

    jr_init(failing_allocate, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
