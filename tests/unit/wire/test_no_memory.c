#include "help.h"

#include <spean/json_writer.h>
#include <spean/params.h>

/*
 * jansson's allocations fail in turn: first the first, then the second, and so on. Whatever fails,
 * the room says so or does without, and neither crashes nor leaks (the sanitizers look). Parsing
 * is left out: jansson 2.14 itself writes beyond a block when its lexer gets no memory (its issue
 * 362), which no caller can mend.
 */

static size_t countdown; /* allocations until one fails; of jansson, which has one hook a process */

static void *failing_malloc(size_t size)
{
    if (countdown > 0 && --countdown == 0)
        return NULL;
    return malloc(size);
}

static const char line[] =
    "[{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"company.upsert\",\"params\":{\"company\":"
    "{\"country\":\"KH\",\"name\":\"Que\xcc\x81"
    "bec\",\"export_markets\":[\"jp\",\"jp\"],\"certifications\":[\"ISO 9001\",\"Écocert\"],"
    "\"sectors\":[\"ai\"],\"seeks\":[{\"kind\":\"goods\",\"sector\":\"ai\",\"hs\":[\"10\",\"10\"]}]"
    ","
    "\"colour\":5,\"names\":{\"khm\":null,\"eng\":\"\"},\"city\":\"X\"}}},7]";

static const struct param table[] = {{.name = "company", .type = PARAM_OBJECT}, {0}};

static void answer(const json_t *id, const struct rpc_error *e)
{
    struct buf out;

    buf_init(&out, 65536);
    assert_int_equal(rpc_write_error(&out, id, e, "r"), 0);
    buf_done(&out);
}

/* A request from the parsed line on, with the n-th allocation failing; true if it came to its end.
 */
static bool whole_way(size_t n)
{
    struct rpc_doc doc = {0};
    struct rpc_error e = {0};
    json_t *profile = NULL;
    bool reached = false;

    countdown = 0;
    assert_int_equal(rpc_parse(line, strlen(line), &help_limits, &doc, &e), 0);
    countdown = n;
    assert_int_equal(doc.count, 2);
    assert_int_equal(doc.calls[1].error.code, RPC_INVALID_REQUEST);
    assert_int_equal(params_check(doc.calls[0].params, table, &e), 0);
    json_t *company = json_object_get(doc.calls[0].params, "company");
    profile = profile_merge(NULL, company, HELP_TODAY);
    if (!profile)
        goto out;
    /* Refused in any case, for the field that no company has or for want of memory. */
    assert_int_equal(profile_check(profile, &help_codes, &e), -1);
    reached = e.code == RPC_INVALID && help_problem(&e, "colour") && help_problem(&e, "names.eng");
    if (reached && json_array_size(e.fields) == 2 && json_object_del(profile, "colour") == 0 &&
        json_object_set_new(profile, "names", json_object()) == 0) {
        struct rpc_error again = {0};
        reached = profile_check(profile, &help_codes, &again) == 0;
        rpc_error_done(&again);
    }
out:
    if (e.code)
        answer(doc.calls ? doc.calls[0].id : NULL, &e);
    json_decref(profile);
    rpc_doc_done(&doc);
    rpc_error_done(&e);
    return reached;
}

static void test_every_allocation(void **state)
{
    size_t n = 0;
    bool reached = false;

    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    while (!reached) {
        reached = whole_way(++n) && countdown > 0; /* it counted on to the end: nothing failed */
        assert_true(n < 5000);
    }
    countdown = 0;
    json_set_alloc_funcs(malloc, free);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
