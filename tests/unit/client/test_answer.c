#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "app.h"

static int parse(const char *line, struct message *ret)
{
    *ret = (struct message){0};
    return message_parse(line, strlen(line), ret);
}

static void test_kinds(void **state)
{
    struct message m;

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}", &m), 0);
    assert_int_equal(m.kind, MESSAGE_ANSWER);
    assert_int_equal(m.number, 7);
    json_decref(m.root);
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"method\":\"changes.event\"}", &m), 0);
    assert_int_equal(m.kind, MESSAGE_NOTIFICATION);
    json_decref(m.root);
    assert_int_equal(
        parse("{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not JSON\"}}", &m), 0);
    assert_int_equal(m.kind, MESSAGE_GENERAL_ERROR);
    assert_string_equal(m.text, "not JSON");
    json_decref(m.root);
}

static void test_hostile(void **state)
{
    static const char *const bad[] = {
        "",
        "HTTP/1.1 400 Bad Request",
        "[]",
        "7",
        "{}",
        "{\"id\":1}",
        "{\"id\":1,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
        "{\"id\":1,\"error\":\"no\"}",
        "{\"id\":1,\"error\":{}}",
        "{\"id\":1,\"error\":{\"code\":\"1\"}}",
        "{\"id\":\"1\",\"result\":1}",
        "{\"id\":0,\"result\":1}",
        "{\"id\":-1,\"result\":1}",
        "{\"id\":null,\"result\":1}",
        "{\"id\":1,\"id\":2,\"result\":1}",
        "{\"id\":1,\"result\":\"\xff\"}",
        "{\"id\":1,\"result\":1",
    };
    char *deep = calloc(1, 5000);
    struct message m;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (parse(bad[i], &m) == 0)
            fail_msg("taken: %s", bad[i]);
    memset(deep, '[', 4000);
    assert_int_equal(parse(deep, &m), -1);
    free(deep);
}

/* A megabyte of commas would be a hundred of heap. */
static void test_too_many_elements(void **state)
{
    size_t n = 600000, len;
    char *line = malloc(2 * n + 100);
    struct message m;

    (void)state;
    len = (size_t)sprintf(line, "{\"id\":1,\"result\":[0");
    for (size_t i = 0; i < n; i++) {
        line[len++] = ',';
        line[len++] = '0';
    }
    len += (size_t)sprintf(line + len, "]}");
    assert_int_equal(message_parse(line, len, &m), -1);
    free(line);
}

static struct answer answer(const char *line)
{
    struct answer a = {0};
    struct message m;

    assert_int_equal(parse(line, &m), 0);
    answer_take(&a, m.root);
    return a;
}

static void test_take(void **state)
{
    struct answer a = answer("{\"id\":1,\"error\":{\"code\":1005,\"message\":\"bad\",\"data\":"
                             "{\"reason\":\"invalid\",\"retryable\":true,\"fields\":[]}}}");

    (void)state;
    assert_int_equal(a.kind, ANSWER_ERROR);
    assert_int_equal(a.code, 1005);
    assert_true(a.retryable);
    assert_string_equal(a.reason, "invalid");
    assert_string_equal(a.message, "bad");
    assert_non_null(json_path(a.error, "data.fields"));
    answer_done(&a);
    answer_done(&a);
    a = answer("{\"id\":1,\"result\":{\"x\":1}}");
    assert_int_equal(a.kind, ANSWER_RESULT);
    assert_int_equal(json_integer_value(json_object_get(a.result, "x")), 1);
    answer_done(&a);
    /* Nonsense in an error's data is no reason to fall over. */
    a = answer("{\"id\":1,\"error\":{\"code\":1,\"message\":7,\"data\":[1]}}");
    assert_int_equal(a.kind, ANSWER_ERROR);
    assert_string_equal(a.reason, "");
    answer_done(&a);
}

static void test_exit_codes(void **state)
{
    static const struct {
        int code, exit;
    } cases[] = {
        {-32010, EXIT_NOT_ALLOWED}, {-32011, EXIT_NOT_ALLOWED}, {1001, EXIT_NOT_FOUND},
        {1002, EXIT_FAILED},        {1005, EXIT_FAILED},        {-32602, EXIT_FAILED},
        {-32013, EXIT_FAILED},      {-32603, EXIT_FAILED},      {0, EXIT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(answer_exit(&(struct answer){.kind = ANSWER_ERROR, .code = cases[i].code}),
                         cases[i].exit);
    assert_int_equal(answer_exit(&(struct answer){.kind = ANSWER_RESULT}), EXIT_DONE);
    assert_int_equal(answer_exit(&(struct answer){.kind = ANSWER_LOST}), EXIT_NO_CONNECTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_too_many_elements),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
