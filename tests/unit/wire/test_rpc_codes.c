#include "help.h"

#include <spean/text.h>

/* Programs branch on these: a change is a change of the protocol. */
static void test_table(void **state)
{
    static const struct {
        int code;
        bool retryable;
        const char *reason;
    } promised[] = {
        {-32700, false, "parse_error"},         {-32600, false, "invalid_request"},
        {-32601, false, "method_not_found"},    {-32602, false, "invalid_params"},
        {-32603, false, "internal_error"},      {-32010, false, "unauthenticated"},
        {-32011, false, "forbidden"},           {-32012, true, "rate_limited"},
        {-32013, true, "unavailable"},          {-32014, true, "timeout"},
        {-32015, false, "too_large"},           {1001, false, "not_found"},
        {1002, false, "version_conflict"},      {1003, false, "idempotency_key_reused"},
        {1004, false, "cursor_expired"},        {1005, false, "invalid"},
        {1006, false, "ambiguous_external_id"},
    };
    size_t n;
    const struct rpc_code_info *codes = rpc_codes(&n);

    (void)state;
    assert_int_equal(n, sizeof(promised) / sizeof(promised[0]));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(codes[i].code, promised[i].code);
        assert_int_equal(codes[i].retryable, promised[i].retryable);
        assert_string_equal(codes[i].reason, promised[i].reason);
        assert_true(strlen(codes[i].message) > 0);
    }
}

static void test_set(void **state)
{
    struct rpc_error e = {0};

    (void)state;
    assert_int_equal(rpc_error_set(&e, RPC_NOT_FOUND, "no_company", "No %s %d", "company", 7), -1);
    assert_int_equal(e.code, 1001);
    assert_string_equal(e.reason, "no_company");
    assert_string_equal(e.message, "No company 7");
    rpc_error_set(&e, RPC_TIMEOUT, NULL, NULL);
    assert_string_equal(e.reason, "");
    assert_string_equal(e.message, "");
    rpc_error_done(&e);
    rpc_error_done(NULL);
}

/* A message may quote a client's text: nothing in it reaches a terminal raw. */
static void test_message_is_safe(void **state)
{
    struct rpc_error e = {0};

    (void)state;
    rpc_error_set(&e, RPC_PARSE, NULL, "bad: %s", "a\033[31m\r\n\x80z");
    assert_string_equal(e.message, "bad: a\\x1B[31m\\x0D\\x0A\\x80z");
    rpc_error_done(&e);
}

/* Long text is cut between characters, not inside one. */
static void test_message_is_cut(void **state)
{
    struct rpc_error e = {0};
    char text[1024] = "";

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        text[shift] = '\0';
        while (strlen(text) + 3 < sizeof(text))
            strcat(text, "ស");
        rpc_error_set(&e, RPC_PARSE, NULL, "%s", text);
        assert_true(strlen(e.message) > 190);
        assert_true(text_valid(e.message, strlen(e.message)));
        assert_null(strchr(e.message, '\\'));
    }
    rpc_error_done(&e);
}

static void test_fields(void **state)
{
    struct rpc_error e = {0};
    char name[32];

    (void)state;
    assert_int_equal(rpc_error_field(&e, RPC_INVALID, "name", "is required"), -1);
    rpc_error_field(&e, RPC_INVALID_PARAMS, "name", "is required");
    rpc_error_field(&e, RPC_INVALID, "name", "is blank");
    rpc_error_field(&e, RPC_INVALID, "a\nb", "is no field here");
    assert_int_equal(e.code, RPC_INVALID);
    assert_int_equal(json_array_size(e.fields), 3);
    assert_non_null(help_problem(&e, "a\\x0Ab"));
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        rpc_error_field(&e, RPC_INVALID, name, "is no field here");
    }
    assert_int_equal(json_array_size(e.fields), 64);
    rpc_error_done(&e);
    assert_int_equal(e.code, 0);
    assert_null(e.fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_set),
        cmocka_unit_test(test_message_is_safe), cmocka_unit_test(test_message_is_cut),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
