#include "help.h"

/* Parses a line that must be taken. */
static struct rpc_doc take(const char *line)
{
    struct rpc_doc doc = {0};
    struct rpc_error e = {0};

    if (rpc_parse(line, strlen(line), &help_limits, &doc, &e) < 0)
        fail_msg("%s: %s", line, e.message);
    return doc;
}

/* The code that a whole line is refused with. */
static int refuse(const char *line, size_t len, const struct rpc_limits *limits)
{
    struct rpc_doc doc = {.count = 77};
    struct rpc_error e = {0};
    int code;

    if (rpc_parse(line, len, limits, &doc, &e) == 0)
        fail_msg("taken: %.*s", (int)len, line);
    assert_int_equal(doc.count, 77);
    code = e.code;
    rpc_error_done(&e);
    return code;
}

static void test_call(void **state)
{
    struct rpc_doc doc =
        take("{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"params\":{\"a\":1},"
             "\"id\":7}");

    (void)state;
    assert_false(doc.batch);
    assert_int_equal(doc.count, 1);
    assert_int_equal(doc.calls[0].error.code, 0);
    assert_string_equal(doc.calls[0].method, "system.ping");
    assert_int_equal(json_integer_value(doc.calls[0].id), 7);
    assert_int_equal(json_integer_value(json_object_get(doc.calls[0].params, "a")), 1);
    rpc_doc_done(&doc);
    rpc_doc_done(&doc);
}

static void test_ids(void **state)
{
    struct rpc_doc doc = take("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}");

    (void)state;
    assert_null(doc.calls[0].id);
    assert_null(doc.calls[0].params);
    rpc_doc_done(&doc);
    doc = take("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":null,\"params\":null}");
    assert_true(json_is_null(doc.calls[0].id));
    assert_null(doc.calls[0].params);
    rpc_doc_done(&doc);
    doc = take(" {\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":\"\",\"more\":[1],\"params\":[]}\t");
    assert_string_equal(json_string_value(doc.calls[0].id), "");
    assert_int_equal(doc.calls[0].error.code, 0);
    rpc_doc_done(&doc);
}

/* Elements that are no calls are answered one by one; their id where it can be told. */
static void test_invalid_calls(void **state)
{
    static const struct {
        const char *line;
        bool has_id;
    } cases[] = {
        {"1", false},
        {"\"x\"", false},
        {"null", false},
        {"{}", false},
        {"{\"jsonrpc\":\"2.0\"}", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":1,\"params\":\"bar\"}", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":true}", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":[1]}", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":{}}", false},
        {"{\"jsonrpc\":\"1.0\",\"method\":\"x\",\"id\":1}", true},
        {"{\"jsonrpc\":2.0,\"method\":\"x\",\"id\":1}", true},
        {"{\"method\":\"x\",\"id\":1}", true},
        {"{\"jsonrpc\":\"2.0\",\"method\":null,\"id\":1}", true},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":\"bar\",\"id\":\"1\"}", true},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":5,\"id\":\"1\"}", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpc_doc doc = take(cases[i].line);

        assert_int_equal(doc.calls[0].error.code, RPC_INVALID_REQUEST);
        assert_int_equal(doc.calls[0].id != NULL, cases[i].has_id);
        rpc_doc_done(&doc);
    }
}

static void test_batch(void **state)
{
    struct rpc_doc doc = take("[{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1},5,"
                              "{\"jsonrpc\":\"2.0\",\"method\":\"b\"}]");

    (void)state;
    assert_true(doc.batch);
    assert_int_equal(doc.count, 3);
    assert_int_equal(doc.calls[0].error.code, 0);
    assert_int_equal(doc.calls[1].error.code, RPC_INVALID_REQUEST);
    assert_int_equal(doc.calls[2].error.code, 0);
    assert_null(doc.calls[2].id);
    rpc_doc_done(&doc);
    assert_int_equal(refuse("[]", 2, &help_limits), RPC_INVALID_REQUEST);
}

static void test_limits_hold(void **state)
{
    struct rpc_limits small = {.depth = 3, .elements = 8, .batch = 2};
    struct rpc_doc doc = {0};
    struct rpc_error e = {0};

    (void)state;
    assert_int_equal(rpc_parse("[1,2]", 5, &small, &doc, &e), 0);
    rpc_doc_done(&doc);
    assert_int_equal(refuse("[1,2,3]", 7, &small), RPC_TOO_LARGE);
    assert_int_equal(refuse("[[[[]]]]", 8, &small), RPC_TOO_LARGE);
    assert_int_equal(refuse("{\"a\":[0,1,2,3,4,5,6,7]}", 23, &small), RPC_TOO_LARGE);
}

static void test_not_json(void **state)
{
    static const char *const lines[] = {"",
                                        " ",
                                        "{",
                                        "{\"a\":1} x",
                                        "{\"a\":1}{\"a\":1}",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\"]",
                                        "[\"\xff\"]",
                                        "[\"\xed\xa0\x80\"]",
                                        "[\"\xc0\xaf\"]",
                                        "[\"\\ud800\"]",
                                        "\xef\xbb\xbf{}",
                                        "{\"a\\u0000\":1}",
                                        "[1e999]",
                                        "NaN"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(refuse(lines[i], strlen(lines[i]), &help_limits), RPC_PARSE);
    assert_int_equal(refuse("[\"a\0b\"]", 7, &help_limits), RPC_PARSE);
}

/* Well-formed, so the call gets an answer under its own id, that names the place. */
static void test_nul(void **state)
{
    struct rpc_doc doc = take("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":9,\"params\":"
                              "{\"company\":{\"names\":{\"khm\":[\"a\",\"\\u0000\"]}}}}");

    (void)state;
    assert_int_equal(doc.calls[0].error.code, RPC_INVALID_PARAMS);
    assert_int_equal(json_integer_value(doc.calls[0].id), 9);
    assert_non_null(help_problem(&doc.calls[0].error, "company.names.khm[1]"));
    rpc_doc_done(&doc);
    doc = take("[{\"jsonrpc\":\"2.0\",\"method\":\"x\\u0000\",\"id\":1},"
               "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":\"\\u0000\"},"
               "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":[\"\\u0000\"]},"
               "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":[\"\\\\u0000\"]}]");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(doc.calls[i].error.code, RPC_INVALID_REQUEST);
    assert_int_equal(json_integer_value(doc.calls[0].id), 1);
    assert_null(doc.calls[1].id);
    assert_int_equal(doc.calls[3].error.code, 0);
    rpc_doc_done(&doc);
}

/* A name longer than any method's is an unknown method, not a broken call. */
static void test_long_method(void **state)
{
    char line[256], name[100];
    struct rpc_doc doc;

    (void)state;
    memset(name, 'm', sizeof(name));
    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"method\":\"%.*s\",\"id\":1}", 64, name);
    doc = take(line);
    assert_int_equal(strlen(doc.calls[0].method), 64);
    rpc_doc_done(&doc);
    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"method\":\"%.*s\",\"id\":1}", 65, name);
    doc = take(line);
    assert_int_equal(doc.calls[0].error.code, 0);
    assert_true(strlen(doc.calls[0].method) < 64);
    rpc_doc_done(&doc);
}

static void test_parse_json(void **state)
{
    struct rpc_error e = {0};
    json_t *value = rpc_parse_json("\"x\"", 3, &help_limits, &e);

    (void)state;
    assert_string_equal(json_string_value(value), "x");
    json_decref(value);
    assert_null(rpc_parse_json("{\"a\":\"\\u0000\"}", 14, &help_limits, &e));
    assert_int_equal(e.code, RPC_PARSE);
    assert_non_null(strstr(e.message, "a"));
    assert_null(rpc_parse_json("{", 1, &help_limits, &e));
    rpc_error_done(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),          cmocka_unit_test(test_ids),
        cmocka_unit_test(test_invalid_calls), cmocka_unit_test(test_batch),
        cmocka_unit_test(test_limits_hold),   cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_nul),           cmocka_unit_test(test_long_method),
        cmocka_unit_test(test_parse_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
