#include "help.h"

#include <spean/json_writer.h>
#include <spean/params.h>

static const char *const words[] = {"red", "green", NULL};
static const struct param inner[] = {
    {.name = "system", .type = PARAM_STRING, .required = true, .min = 1, .max = 4, .help = "S."},
    {.name = "id", .type = PARAM_STRING, .required = true},
    {0}};
static const struct param element[] = {{.name = "n", .type = PARAM_INT}, {0}};
static const struct param entry[] = {{.name = "e", .type = PARAM_OBJECT, .fields = inner}, {0}};
static const struct param table[] = {
    {.name = "text", .type = PARAM_STRING, .required = true, .min = 1, .max = 3, .help = "Text."},
    {.name = "limit", .type = PARAM_INT, .min = 1, .max = 100},
    {.name = "score", .type = PARAM_NUMBER, .min = 0, .max = 100},
    {.name = "free", .type = PARAM_INT},
    {.name = "flag", .type = PARAM_BOOL},
    {.name = "day", .type = PARAM_DATE},
    {.name = "at", .type = PARAM_STAMP},
    {.name = "colour", .type = PARAM_WORD, .words = words},
    {.name = "external_id", .type = PARAM_OBJECT, .fields = inner},
    {.name = "any", .type = PARAM_OBJECT},
    {.name = "list", .type = PARAM_ARRAY, .min = 0, .max = 3, .fields = element},
    {.name = "entries", .type = PARAM_ARRAY, .min = 1, .max = 3, .fields = entry},
    {.name = "cursor", .type = PARAM_INT_OR_STRING},
    {.name = "seq", .type = PARAM_INT, .min = 0, .max = INT64_MAX},
    {0}};

/* The bad fields of params, joined; "" when all is well, "!" when it is no matter of fields. */
static char *bad_fields(const char *text)
{
    struct rpc_error e = {0};
    json_t *params = text ? help_json(text) : NULL;
    int r = params_check(params, table, &e);
    char *fields = help_fields(&e);

    assert_int_equal(r, e.code ? -1 : 0);
    assert_true(e.code == 0 || e.code == RPC_INVALID_PARAMS);
    if (e.code && !e.fields)
        strcpy(fields, "!");
    json_decref(params);
    rpc_error_done(&e);
    return fields;
}

static void assert_bad(const char *text, const char *expected)
{
    char *fields = bad_fields(text);

    if (strcmp(fields, expected) != 0)
        fail_msg("%s: '%s', not '%s'", text ? text : "(none)", fields, expected);
    free(fields);
}

static void test_good(void **state)
{
    (void)state;
    assert_bad("{'text':'abc'}", "");
    assert_bad("{'text':'ស្ព'}", "");
    assert_bad("{'text':'a','limit':100,'score':99.5,'free':-9,'flag':false,'day':'2026-11-24',"
               "'at':'2026-11-24T01:02:03+07:00','colour':'green','external_id':"
               "{'system':'crm','id':'1'},'any':{'x':[]},'list':[1,2,3],'entries':"
               "[{'system':'a','id':''}],'cursor':'x'}",
               "");
    assert_bad("{'text':'a','limit':null,'external_id':null,'cursor':5,'auth':'token'}", "");
}

static void test_bad_values(void **state)
{
    static const char *const cases[][2] = {
        {"{'text':5}", "text"},
        {"{'text':''}", "text"},
        {"{'text':'abcd'}", "text"},
        {"{'text':'a','limit':0}", "limit"},
        {"{'text':'a','limit':101}", "limit"},
        {"{'text':'a','limit':1.5}", "limit"},
        {"{'text':'a','limit':'5'}", "limit"},
        {"{'text':'a','limit':true}", "limit"},
        {"{'text':'a','score':100.5}", "score"},
        {"{'text':'a','score':'x'}", "score"},
        {"{'text':'a','flag':0}", "flag"},
        {"{'text':'a','day':'2026-02-30'}", "day"},
        {"{'text':'a','day':20260230}", "day"},
        {"{'text':'a','at':'yesterday'}", "at"},
        {"{'text':'a','at':5}", "at"},
        {"{'text':'a','colour':'blue'}", "colour"},
        {"{'text':'a','colour':[]}", "colour"},
        {"{'text':'a','any':[]}", "any"},
        {"{'text':'a','list':{}}", "list"},
        {"{'text':'a','list':[1,2,3,4]}", "list"},
        {"{'text':'a','list':[1,'x',null]}", "list[1] list[2]"},
        {"{'text':'a','entries':[]}", "entries"},
        {"{'text':'a','entries':[{'id':'1','x':1}]}", "entries[0].x entries[0].system"},
        {"{'text':'a','external_id':{'system':'12345','id':'1'}}", "external_id.system"},
        {"{'text':'a','external_id':{'auth':'x','system':'1','id':'1'}}", "external_id.auth"},
        {"{'text':'a','cursor':1.5}", "cursor"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_bad(cases[i][0], cases[i][1]);
}

/* One answer names them all. */
static void test_all_named(void **state)
{
    (void)state;
    assert_bad("{'limit':0,'nope':1,'external_id':{},'flag':2}",
               "limit nope external_id.system external_id.id flag text");
    assert_bad(NULL, "text");
    assert_bad("[]", "text");
    assert_bad("['abc']", "!");
    assert_bad("{'text':null}", "text");
}

static void test_problems(void **state)
{
    struct rpc_error e = {0};
    json_t *params = help_json("{'text':'a','colour':'blue','limit':0,'seq':-1}");

    (void)state;
    assert_int_equal(params_check(params, table, &e), -1);
    assert_string_equal(help_problem(&e, "colour"), "must be one of red, green");
    assert_string_equal(help_problem(&e, "limit"), "must be 1 to 100");
    assert_string_equal(help_problem(&e, "seq"), "must be at least 0");
    rpc_error_done(&e);
    json_decref(params);
}

static void test_readers(void **state)
{
    json_t *params = help_json("{'s':'x','i':7,'n':1.5,'b':true,'z':null}");

    (void)state;
    assert_string_equal(param_string(params, "s", "p"), "x");
    assert_string_equal(param_string(params, "z", "p"), "p");
    assert_string_equal(param_string(NULL, "s", "p"), "p");
    assert_int_equal(param_int(params, "i", 1), 7);
    assert_int_equal(param_int(params, "q", 1), 1);
    assert_true(param_number(params, "n", 0) == 1.5);
    assert_true(param_number(params, "i", 0) == 7);
    assert_true(param_number(params, "q", 2.5) == 2.5);
    assert_true(param_bool(params, "b", false));
    assert_true(param_bool(params, "q", true));
    assert_null(param_value(params, "z"));
    assert_non_null(param_value(params, "s"));
    json_decref(params);
}

static void test_describe(void **state)
{
    struct json_writer w;
    struct buf out;
    json_t *list, *expected, *names;

    (void)state;
    buf_init(&out, 65536);
    jw_init(&w, &out);
    params_describe(&w, table);
    list = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(list);
    assert_int_equal(json_array_size(list), 14);
    expected = help_json("{'name':'text','description':'Text.','required':true,'schema':"
                         "{'type':'string','minLength':1,'maxLength':3}}");
    assert_true(json_equal(json_array_get(list, 0), expected));
    json_decref(expected);
    expected = help_json(
        "{'name':'external_id','schema':{'type':'object','properties':{'system':{'description':"
        "'S.','type':'string','minLength':1,'maxLength':4},'id':{'type':'string'}},"
        "'required':['system','id'],'additionalProperties':false}}");
    assert_true(json_equal(json_array_get(list, 8), expected));
    json_decref(expected);
    expected = help_json("{'name':'list','schema':{'type':'array','minItems':0,'maxItems':3,"
                         "'items':{'type':'integer'}}}");
    assert_true(json_equal(json_array_get(list, 10), expected));
    json_decref(expected);
    expected = help_json("{'name':'seq','schema':{'type':'integer','minimum':0}}");
    assert_true(json_equal(json_array_get(list, 13), expected));
    json_decref(expected);
    names = json_object_get(json_object_get(json_array_get(list, 7), "schema"), "enum");
    assert_int_equal(json_array_size(names), 2);
    json_decref(list);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_all_named), cmocka_unit_test(test_problems),
        cmocka_unit_test(test_readers),   cmocka_unit_test(test_describe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
