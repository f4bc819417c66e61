#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spean/rpc.h>

#include <string.h>

static const char *found(const char *line)
{
    static char text[128];
    struct rpc_span id;
    if (!rpc_find_id(line, strlen(line), &id))
        return NULL;
    memcpy(text, line + id.at, id.len);
    text[id.len] = '\0';
    return text;
}

static void finds_the_id_of_a_call(void **state)
{
    (void)state;
    assert_string_equal(found("{\"jsonrpc\":\"2.0\",\"id\":17,\"method\":\"m\"}"), "17");
    assert_string_equal(found("{\"id\":0}"), "0");
    assert_string_equal(found(" { \"id\" : \"a b\" , \"x\":1}"), "\"a b\"");
    assert_string_equal(found("{\"id\":\"\"}"), "\"\"");
    assert_string_equal(found("{\"params\":{\"id\":\"x\",\"y\":[1,\"}\",{\"id\":3}]},\"id\":5}"),
                        "5");
    assert_string_equal(found("{\"a\":\"\\\"id\\\":1\",\"b\":null , \"id\":123456789012345678}\r"),
                        "123456789012345678");
}

static void leaves_the_others_to_the_parser(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "{",
        "[{\"id\":1}]",
        "{\"id\":}",
        "{\"id\":1",
        "{\"id\":1 2}",
        "{\"id\":-1}",
        "{\"id\":01}",
        "{\"id\":1.0}",
        "{\"id\":1e3}",
        "{\"id\":1234567890123456789}",
        "{\"id\":null}",
        "{\"id\":true}",
        "{\"id\":{}}",
        "{\"id\":\"\\u0031\"}",
        "{\"id\":\"\xc3\xa9\"}",
        "{\"id\":\"a\tb\"}",
        "{\"id\":\"\x7f\"}",
        "{\"id\":\"open}",
        "{\"i\\u0064\":1}",
        "{\"ID\":1}",
        "{\"x\":1}",
        "{\"x\":[1,2,\"id\":1}",
        "{\"x\":\"\\",
        "{\"x\"",
        "{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_null(found(lines[i]));
}

/* The span is where the parser finds the id, and any other id there is parsed as well. */
static void agrees_with_the_parser(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"id\":1},\"id\":42}",
        "{\"id\":\"q\",\"jsonrpc\":\"2.0\",\"method\":\"m\"}",
        "{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"m\", \"params\": {\"a\": [[2], \"]\"]}}",
    };
    static const char *const ids[] = {"0", "999999999999999999", "\"\"", "\"x y\"", "8"};
    struct rpc_limits limits = {.depth = 32, .elements = 1000, .batch = 10};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++) {
            struct rpc_span id;
            struct rpc_doc doc;
            struct rpc_error e = {0};
            char line[256];
            assert_true(rpc_find_id(lines[i], strlen(lines[i]), &id));
            memcpy(line, lines[i], id.at);
            strcpy(line + id.at, ids[k]);
            strcat(line, lines[i] + id.at + id.len);
            assert_int_equal(rpc_parse(line, strlen(line), &limits, &doc, &e), 0);
            char *said = json_dumps(doc.calls[0].id, JSON_ENCODE_ANY);
            assert_string_equal(said, ids[k]);
            free(said);
            rpc_doc_done(&doc);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_id_of_a_call),
        cmocka_unit_test(leaves_the_others_to_the_parser),
        cmocka_unit_test(agrees_with_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
