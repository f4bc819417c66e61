#include "help.h"

static json_t *parse_line(const struct buf *out)
{
    json_error_t why;
    json_t *answer;

    assert_false(out->failed);
    assert_null(strchr(out->data, '\n'));
    answer = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, &why);
    if (!answer)
        fail_msg("%s: %s", out->data, why.text);
    return answer;
}

static void test_result(void **state)
{
    struct buf out;
    json_t *id = json_string("a\"b");

    (void)state;
    buf_init(&out, 4096);
    assert_int_equal(rpc_write_result(&out, id, "[1,2]", 5), 0);
    assert_string_equal(out.data, "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"result\":[1,2]}");
    buf_reset(&out);
    assert_int_equal(rpc_write_result(&out, NULL, "null", 4), 0);
    assert_string_equal(out.data, "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":null}");
    buf_done(&out);
    buf_init(&out, 10);
    assert_int_equal(rpc_write_result(&out, id, "[1,2]", 5), -1);
    buf_done(&out);
    json_decref(id);
}

/* Ids come back as the same value. */
static void test_ids_echo(void **state)
{
    static const char *const ids[] = {
        "0",    "-1",   "9223372036854775807", "1.5",     "0.1", "1e300",
        "null", "\"\"", "\"\\u0001\\n\"",      "\"ស្ពាន\""};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        json_t *id = json_loads(ids[i], JSON_DECODE_ANY, NULL), *answer;
        struct buf out;

        buf_init(&out, 4096);
        assert_int_equal(rpc_write_result(&out, id, "1", 1), 0);
        answer = parse_line(&out);
        assert_true(json_equal(json_object_get(answer, "id"), id));
        json_decref(answer);
        json_decref(id);
        buf_done(&out);
    }
}

static void test_error(void **state)
{
    struct rpc_error e = {0};
    struct buf out;
    json_t *answer, *expected;

    (void)state;
    buf_init(&out, 4096);
    rpc_error_set(&e, RPC_UNAVAILABLE, NULL, NULL);
    assert_int_equal(rpc_write_error(&out, NULL, &e, "r1"), 0);
    answer = parse_line(&out);
    expected = help_json("{'jsonrpc':'2.0','id':null,'error':{'code':-32013,'message':"
                         "'The database cannot be reached; try again later','data':"
                         "{'reason':'unavailable','request_id':'r1','retryable':true}}}");
    assert_true(json_equal(answer, expected));
    json_decref(answer);
    json_decref(expected);
    rpc_error_done(&e);
    buf_done(&out);
}

static void test_error_fields(void **state)
{
    struct rpc_error e = {0};
    struct buf out;
    json_t *answer, *data, *id = json_integer(3), *error;

    (void)state;
    buf_init(&out, 4096);
    rpc_error_field(&e, RPC_INVALID, "region", "is not in the company's country");
    rpc_error_field(&e, RPC_INVALID, "name", "is required");
    assert_int_equal(rpc_write_error(&out, id, &e, NULL), 0);
    answer = parse_line(&out);
    error = json_object_get(answer, "error");
    data = json_object_get(error, "data");
    assert_int_equal(json_integer_value(json_object_get(answer, "id")), 3);
    assert_int_equal(json_integer_value(json_object_get(error, "code")), 1005);
    assert_non_null(strstr(json_string_value(json_object_get(error, "message")), "region is not"));
    assert_non_null(strstr(json_string_value(json_object_get(error, "message")), "1 more"));
    assert_true(json_equal(json_object_get(data, "fields"), e.fields));
    assert_string_equal(json_string_value(json_object_get(data, "reason")), "invalid");
    assert_true(json_is_null(json_object_get(data, "request_id")));
    assert_true(json_is_false(json_object_get(data, "retryable")));
    json_decref(answer);
    json_decref(id);
    rpc_error_done(&e);
    buf_done(&out);
}

/* 1005 always has its list; a code that nobody knows is our own failure. */
static void test_error_edges(void **state)
{
    struct rpc_error invalid = {.code = RPC_INVALID, .reason = "own"}, odd = {.code = 5};
    struct buf out;
    json_t *answer, *error;

    (void)state;
    buf_init(&out, 4096);
    rpc_write_error(&out, NULL, &invalid, "r");
    answer = parse_line(&out);
    error = json_object_get(json_object_get(answer, "error"), "data");
    assert_int_equal(json_array_size(json_object_get(error, "fields")), 0);
    assert_true(json_is_array(json_object_get(error, "fields")));
    assert_string_equal(json_string_value(json_object_get(error, "reason")), "own");
    json_decref(answer);
    buf_reset(&out);
    rpc_write_error(&out, NULL, &odd, "r");
    answer = parse_line(&out);
    error = json_object_get(answer, "error");
    assert_int_equal(json_integer_value(json_object_get(error, "code")), RPC_INTERNAL);
    json_decref(answer);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result),      cmocka_unit_test(test_ids_echo),
        cmocka_unit_test(test_error),       cmocka_unit_test(test_error_fields),
        cmocka_unit_test(test_error_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
