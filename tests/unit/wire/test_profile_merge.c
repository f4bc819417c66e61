#include "help.h"

#include "merge_patch.h"

/* The test cases of RFC 7396, appendix A. */
static void test_rfc_examples(void **state)
{
    static const char *const cases[][3] = {
        {"{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
        {"{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
        {"{'a':'b'}", "{'a':null}", "{}"},
        {"{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}"},
        {"{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
        {"{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
        {"{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
        {"{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
        {"['a','b']", "['c','d']", "['c','d']"},
        {"{'a':'b'}", "['c']", "['c']"},
        {"{'a':'foo'}", "null", "null"},
        {"{'a':'foo'}", "'bar'", "'bar'"},
        {"{'e':null}", "{'a':1}", "{'e':null,'a':1}"},
        {"[1,2]", "{'a':'b','c':null}", "{'a':'b'}"},
        {"{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *target = help_json(cases[i][0]), *patch = help_json(cases[i][1]);
        json_t *want = help_json(cases[i][2]), *before = json_deep_copy(target);
        json_t *got = merge_patch(target, patch);

        if (!json_equal(got, want))
            fail_msg("%s + %s", cases[i][0], cases[i][1]);
        assert_true(json_equal(target, before));
        json_decref(target);
        json_decref(patch);
        json_decref(want);
        json_decref(before);
        json_decref(got);
    }
}

static void assert_merged(const char *stored, const char *patch, const char *expected)
{
    json_t *s = stored ? help_json(stored) : NULL, *p = help_json(patch);
    json_t *want = help_json(expected), *got = profile_merge(s, p, HELP_TODAY);

    if (!json_equal(got, want))
        fail_msg("%s + %s: %s", stored, patch, json_dumps(got, 0));
    json_decref(s);
    json_decref(p);
    json_decref(want);
    json_decref(got);
}

static void test_new_company(void **state)
{
    (void)state;
    assert_merged(NULL, "{'name':'X','city':null,'id':'i','version':3,'updated_at':'t'}",
                  "{'name':'X','status':'draft','valid_until':'2027-11-24'}");
    assert_merged(NULL, "{'status':'published','valid_until':'2026-12-01'}",
                  "{'status':'published','valid_until':'2026-12-01'}");
}

/* A CRM that knows ten fields never wipes the others. */
static void test_stored_company(void **state)
{
    (void)state;
    assert_merged("{'name':'X','names':{'khm':'a','fra':'b'},'sectors':['ai'],'city':'C',"
                  "'status':'published','valid_until':'2027-01-01'}",
                  "{'names':{'fra':null,'eng':'c'},'sectors':[],'city':null}",
                  "{'name':'X','names':{'khm':'a','eng':'c'},'sectors':[],'status':'published',"
                  "'valid_until':'2027-01-01'}");
}

/* A company always has a status and an end: clearing them gives the presets again. */
static void test_cleared_presets(void **state)
{
    (void)state;
    assert_merged("{'name':'X','status':'published','valid_until':'2026-01-01'}",
                  "{'status':null,'valid_until':null}",
                  "{'name':'X','status':'draft','valid_until':'2027-11-24'}");
}

/* The merged profile is changed by the check; what it came from must not be. */
static void test_arguments_unchanged(void **state)
{
    json_t *stored = help_json("{'country':'CA','name':'X','export_markets':['jp']}");
    json_t *patch = help_json("{'seeks':[{'kind':'goods','sector':'ai','hs':[],'text':null}]}");
    json_t *stored_before = json_deep_copy(stored), *patch_before = json_deep_copy(patch);
    json_t *merged = profile_merge(stored, patch, HELP_TODAY);
    struct rpc_error e = {0};

    (void)state;
    assert_int_equal(profile_check(merged, &help_codes, &e), 0);
    assert_true(json_equal(stored, stored_before));
    assert_true(json_equal(patch, patch_before));
    json_decref(stored);
    json_decref(patch);
    json_decref(stored_before);
    json_decref(patch_before);
    json_decref(merged);
}

static void assert_equal(const char *a, const char *b, bool equal)
{
    json_t *left = help_json(a), *right = help_json(b);

    assert_int_equal(profile_equal(left, right), equal);
    assert_int_equal(profile_equal(right, left), equal);
    json_decref(left);
    json_decref(right);
}

static void test_equal(void **state)
{
    (void)state;
    assert_equal("{'a':1,'b':{'c':2,'d':3}}", "{'b':{'d':3,'c':2},'a':1}", true);
    assert_equal("{'a':1}", "{'a':2}", false);
    assert_equal("{'a':1}", "{'b':1}", false);
    assert_equal("{'a':1}", "{'a':1,'b':1}", false);
    assert_equal("{'a':[1,2]}", "{'a':[2,1]}", false);
    assert_equal("{'a':1,'id':'x','version':7}", "{'a':1,'updated_at':'y'}", true);
    assert_equal("{'a':1,'id':'x'}", "{'b':1,'id':'x'}", false);
    assert_equal("{}", "[]", false);
    assert_false(profile_equal(NULL, NULL));
}

static void assert_verified(const char *stored, const char *patch, bool changes)
{
    json_t *s = stored ? help_json(stored) : NULL, *p = help_json(patch);

    assert_int_equal(profile_changes_verified(s, p), changes);
    json_decref(s);
    json_decref(p);
}

static void test_changes_verified(void **state)
{
    (void)state;
    assert_verified(NULL, "{'name':'X'}", false);
    assert_verified(NULL, "{'verified':null}", false);
    assert_verified(NULL, "{'verified':'2026-01-01'}", true);
    assert_verified("{'verified':'2026-01-01'}", "{'verified':'2026-01-01'}", false);
    assert_verified("{'verified':'2026-01-01'}", "{'verified':'2026-01-02'}", true);
    assert_verified("{'verified':'2026-01-01'}", "{'verified':null}", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_examples),        cmocka_unit_test(test_new_company),
        cmocka_unit_test(test_stored_company),      cmocka_unit_test(test_cleared_presets),
        cmocka_unit_test(test_arguments_unchanged), cmocka_unit_test(test_equal),
        cmocka_unit_test(test_changes_verified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
