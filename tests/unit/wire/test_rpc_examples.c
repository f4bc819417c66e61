#include "help.h"

/*
 * The examples of the JSON-RPC 2.0 specification, with method names of this protocol, through parse
 * and answer. A few lines below stand for the service: they know three methods.
 */

static void answer_call(struct buf *out, const struct rpc_call *call)
{
    struct rpc_error e = {0};

    if (call->error.code)
        rpc_write_error(out, call->id, &call->error, "r");
    else if (!call->id)
        return;
    else if (!strcmp(call->method, "system.ping"))
        rpc_write_result(out, call->id, "\"pong\"", 6);
    else if (!strcmp(call->method, "system.version"))
        rpc_write_result(out, call->id, "{\"name\":\"speand\"}", 17);
    else {
        rpc_error_set(&e, RPC_NO_METHOD, NULL, NULL);
        rpc_write_error(out, call->id, &e, "r");
    }
    rpc_error_done(&e);
}

static void answer_line(struct buf *out, const char *line)
{
    struct rpc_doc doc = {0};
    struct rpc_error e = {0};
    size_t start;

    if (rpc_parse(line, strlen(line), &help_limits, &doc, &e) < 0)
        rpc_write_error(out, NULL, &e, "r");
    start = out->len;
    for (size_t i = 0; i < doc.count; i++) {
        size_t before = out->len;

        if (doc.batch)
            buf_addc(out, out->len == start ? '[' : ',');
        answer_call(out, &doc.calls[i]);
        if (doc.batch && out->len == before + 1)
            out->len = before; /* a notification: nothing to part from what is next */
    }
    if (doc.batch && out->len > start)
        buf_addc(out, ']');
    rpc_doc_done(&doc);
    rpc_error_done(&e);
}

/* What the specification fixes of an answer: all but the message and the data. */
static void strip(json_t *answer)
{
    json_t *error = json_object_get(answer, "error");

    if (error) {
        assert_true(json_is_string(json_object_get(error, "message")));
        assert_true(json_is_object(json_object_get(error, "data")));
        json_object_del(error, "message");
        json_object_del(error, "data");
    }
}

static void check(const char *line, const char *expected)
{
    json_t *want, *got;
    struct buf out;
    size_t n;
    json_t *entry;
    char *copy = strdup(line);

    assert_non_null(copy);
    for (char *c = copy; *c; c++) {
        if (*c == '\'')
            *c = '"';
    }
    buf_init(&out, 65536);
    answer_line(&out, copy);
    free(copy);
    if (!expected) {
        assert_int_equal(out.len, 0);
        buf_done(&out);
        return;
    }
    want = help_json(expected);
    got = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(got);
    strip(got);
    json_array_foreach(got, n, entry) strip(entry);
    if (!json_equal(want, got))
        fail_msg("%s: %s", line, out.data);
    json_decref(want);
    json_decref(got);
    buf_done(&out);
}

#define INVALID "{'jsonrpc':'2.0','error':{'code':-32600},'id':null}"
#define BROKEN "{'jsonrpc':'2.0','error':{'code':-32700},'id':null}"

static void test_single(void **state)
{
    (void)state;
    check("{'jsonrpc': '2.0', 'method': 'system.ping', 'params': [], 'id': 1}",
          "{'jsonrpc':'2.0','result':'pong','id':1}");
    check("{'jsonrpc': '2.0', 'method': 'system.version', 'params': {}, 'id': 3}",
          "{'jsonrpc':'2.0','result':{'name':'speand'},'id':3}");
    check("{'jsonrpc': '2.0', 'method': 'system.ping', 'params': [1,2,3,4,5]}", NULL);
    check("{'jsonrpc': '2.0', 'method': 'foobar'}", NULL);
    check("{'jsonrpc': '2.0', 'method': 'foobar', 'id': '1'}",
          "{'jsonrpc':'2.0','error':{'code':-32601},'id':'1'}");
    check("{'jsonrpc': '2.0', 'method': 'foobar, 'params': 'bar', 'baz]", BROKEN);
    check("{'jsonrpc': '2.0', 'method': 1, 'params': 'bar'}", INVALID);
}

static void test_batches(void **state)
{
    (void)state;
    check("[{'jsonrpc': '2.0', 'method': 'system.ping', 'id': '1'},{'jsonrpc': '2.0', 'method']",
          BROKEN);
    check("[]", INVALID);
    check("[1]", "[" INVALID "]");
    check("[1,2,3]", "[" INVALID "," INVALID "," INVALID "]");
    check("[{'jsonrpc': '2.0', 'method': 'system.ping', 'id': '1'},"
          "{'jsonrpc': '2.0', 'method': 'system.ping', 'params': [7]},"
          "{'jsonrpc': '2.0', 'method': 'system.version', 'id': '2'},"
          "{'foo': 'boo'},"
          "{'jsonrpc': '2.0', 'method': 'foo.get', 'params': {'name': 'myself'}, 'id': '5'},"
          "{'jsonrpc': '2.0', 'method': 'system.ping', 'id': '9'}]",
          "[{'jsonrpc':'2.0','result':'pong','id':'1'},"
          "{'jsonrpc':'2.0','result':{'name':'speand'},'id':'2'}," INVALID ","
          "{'jsonrpc':'2.0','error':{'code':-32601},'id':'5'},"
          "{'jsonrpc':'2.0','result':'pong','id':'9'}]");
    check("[{'jsonrpc': '2.0', 'method': 'system.ping', 'params': [1,2,4]},"
          "{'jsonrpc': '2.0', 'method': 'foobar', 'params': [7]}]",
          NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
