#include "help_profile.h"

/* A profile with every field: stored as it was given. */
static const char full[] =
    "{'external_ids':[{'system':'crm','id':'42'}],'country':'CA','name':'Érablière du Nord',"
    "'names':{'khm':'ក្រុមហ៊ុន','eng':'Northern Maple'},'region':'CA-QC','city':'Saguenay',"
    "'website':'https://erabliere.example','phone':'+1 418 555 0100',"
    "'description':{'fra':'Sirop d’érable.\\n','eng':''},'sectors':['agro-industry','ai'],"
    "'languages':[{'lang':'fra','level':'fluent'},{'lang':'eng','level':'working'}],"
    "'offers':[{'kind':'goods','sector':'agro-industry','hs':['1702','170220'],'text':'Sirop'}],"
    "'seeks':[{'kind':'joint-venture','sector':'agro-industry.rice'}],'employees':12,"
    "'founded':1998,'export_markets':['JP','KH'],'certifications':['haccp','organic-eu'],"
    "'verified':'2026-09-14','status':'published','valid_until':'2027-11-30',"
    "'contacts':[{'name':'A. Roy','role':'Export','email':'a@b.example','phone':'1',"
    "'languages':['fra']}]}";

static void test_full(void **state)
{
    struct rpc_error e = {0};
    json_t *given = help_json(full), *profile = profile_merge(NULL, given, HELP_TODAY);

    (void)state;
    if (profile_check(profile, &help_codes, &e) < 0)
        fail_msg("%s", json_dumps(e.fields, 0));
    assert_true(json_equal(given, profile));
    json_decref(given);
    json_decref(profile);
}

/* The stored form is stable: checking it again changes nothing. */
static void test_least(void **state)
{
    struct rpc_error e = {0};
    json_t *given = help_json("{'country':'KH','name':'X','id':'i','version':4,'updated_at':'t'}");
    json_t *want = help_json("{'country':'KH','name':'X','status':'draft','external_ids':[],"
                             "'sectors':[],'languages':[],'offers':[],'seeks':[],"
                             "'export_markets':[],'certifications':[],'contacts':[],'names':{},"
                             "'description':{}}");

    (void)state;
    assert_int_equal(profile_check(given, &help_codes, &e), 0);
    assert_true(json_equal(given, want));
    assert_int_equal(profile_check(given, &help_codes, &e), 0);
    assert_true(json_equal(given, want));
    json_decref(given);
    json_decref(want);
}

static void test_required(void **state)
{
    struct rpc_error e = {0};
    json_t *profile = json_object(), *list = json_array();
    char *fields;

    (void)state;
    assert_int_equal(profile_check(profile, &help_codes, &e), -1);
    fields = help_fields(&e);
    assert_string_equal(fields, "country name");
    free(fields);
    rpc_error_done(&e);
    assert_int_equal(profile_check(list, &help_codes, &e), -1);
    assert_int_equal(e.code, RPC_INVALID);
    rpc_error_done(&e);
    json_decref(profile);
    json_decref(list);
}

static void test_published(void **state)
{
    (void)state;
    help_assert_bad("{'status':'published'}", "sectors");
    help_assert_bad("{'status':'published','sectors':[]}", "sectors");
    help_assert_bad("{'status':'published','sectors':5}", "sectors");
    help_assert_bad("{'status':'published','sectors':['ai']}", "");
    help_assert_bad("{'status':'draft'}", "");
    help_assert_bad("{'status':'paused'}", "");
    help_assert_bad("{'status':'archived'}", "");
    help_assert_bad("{'status':'Published','sectors':['ai']}", "status");
    help_assert_bad("{'status':5}", "status");
}

/* One answer names every bad field, at every depth, known or not. */
static void test_all_named(void **state)
{
    (void)state;
    help_assert_bad(
        "{'country':'FR','name':'','names':{'xx':'a','khm':5},'region':'CA-XX','city':7,"
        "'website':'javascript:alert(1)','sectors':['ai','nope','ai'],"
        "'languages':[{'lang':'eng'},{'lang':'eng','level':'poor','x':1}],"
        "'offers':[{'kind':'goods','sector':'ai','hs':['1']},{'kind':'services','sector':'ai',"
        "'hs':['10']}],'seeks':{},'employees':-1,'founded':999,'export_markets':['XX'],"
        "'certifications':['សរីរាង្គ'],'verified':'2026-13-01','valid_until':'soon','contacts':[{}],"
        "'colour':'red'}",
        "country name names.xx names.khm region city website sectors[1] sectors[2] "
        "languages[0].level languages[1].level languages[1].x languages[1].lang offers[0].hs[0] "
        "offers[1].hs seeks employees founded export_markets[0] certifications[0] verified "
        "valid_until contacts[0] colour");
}

/* Without a model every code of a right shape will do: a client's dry run has none. */
static void test_no_codes(void **state)
{
    struct rpc_error e = {0};
    json_t *profile = help_json("{'country':'KH','name':'X','region':'KH-99','sectors':['zzz']}");

    (void)state;
    assert_int_equal(profile_check(profile, NULL, &e), 0);
    json_decref(profile);
}

static void assert_patch(const char *text, bool may_verify, int code, const char *fields)
{
    struct rpc_error e = {0};
    json_t *patch = help_json(text);
    char *got;

    assert_int_equal(profile_patch_check(patch, may_verify, &e), code ? -1 : 0);
    got = help_fields(&e);
    assert_int_equal(e.code, code);
    assert_string_equal(got, fields);
    free(got);
    rpc_error_done(&e);
    json_decref(patch);
}

static void test_patch(void **state)
{
    (void)state;
    assert_patch("{}", false, 0, "");
    assert_patch("{'id':'x','version':3,'updated_at':'2026-11-24T00:00:00Z','name':5}", false, 0,
                 "");
    assert_patch("{'id':null,'version':null}", false, 0, "");
    assert_patch("{'id':5,'version':'3','updated_at':1}", false, RPC_INVALID,
                 "id version updated_at");
    assert_patch("{'nmae':'x','colour':null}", false, RPC_INVALID, "nmae colour");
    assert_patch("{'verified':'2026-01-01'}", true, 0, "");
    assert_patch("{'verified':'2026-01-01'}", false, RPC_FORBIDDEN, "verified");
    assert_patch("{'verified':null}", false, RPC_FORBIDDEN, "verified");
    assert_patch("[]", true, RPC_INVALID, "");
}

/* The patch's bad fields and the profile's add up in one error, none twice. */
static void test_patch_then_check(void **state)
{
    struct rpc_error e = {0};
    json_t *patch = help_json("{'nope':1,'gone':null,'name':''}");
    json_t *profile = profile_merge(NULL, patch, HELP_TODAY);
    char *fields;

    (void)state;
    assert_int_equal(profile_patch_check(patch, true, &e), -1);
    assert_int_equal(profile_check(profile, &help_codes, &e), -1);
    fields = help_fields(&e);
    assert_string_equal(fields, "nope gone country name");
    free(fields);
    rpc_error_done(&e);
    json_decref(patch);
    json_decref(profile);
}

static void test_fields(void **state)
{
    const char *const *fields = profile_fields();
    size_t n = 0;

    (void)state;
    while (fields[n])
        n++;
    assert_int_equal(n, 24);
    assert_string_equal(fields[0], "id");
    assert_string_equal(fields[23], "updated_at");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),      cmocka_unit_test(test_least),
        cmocka_unit_test(test_required),  cmocka_unit_test(test_published),
        cmocka_unit_test(test_all_named), cmocka_unit_test(test_no_codes),
        cmocka_unit_test(test_patch),     cmocka_unit_test(test_patch_then_check),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
