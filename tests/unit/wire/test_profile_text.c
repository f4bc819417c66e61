#include "help_profile.h"

/* {'FIELD': a string of n times `unit`}, to free. */
static char *repeated(const char *before, const char *unit, size_t n, const char *after)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_adds(&text, before);
    for (size_t i = 0; i < n; i++)
        buf_adds(&text, unit);
    buf_adds(&text, after);
    return buf_take(&text, NULL);
}

/* Characters are counted, not bytes. */
static void test_lengths(void **state)
{
    static const struct {
        const char *before, *after, *field;
        size_t max;
    } cases[] = {
        {"{'name':'", "'}", "name", 200},
        {"{'names':{'khm':'", "'}}", "names.khm", 200},
        {"{'city':'", "'}", "city", 200},
        {"{'website':'", "'}", "website", 500},
        {"{'phone':'", "'}", "phone", 50},
        {"{'description':{'khm':'", "'}}", "description.khm", 4000},
        {"{'offers':[{'kind':'goods','sector':'ai','text':'", "'}]}", "offers[0].text", 1000},
        {"{'external_ids':[{'id':'1','system':'", "'}]}", "external_ids[0].system", 64},
        {"{'external_ids':[{'system':'a','id':'", "'}]}", "external_ids[0].id", 200},
        {"{'contacts':[{'name':'", "'}]}", "contacts[0].name", 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *fits = repeated(cases[i].before, "ស", cases[i].max, cases[i].after);
        char *over = repeated(cases[i].before, "ស", cases[i].max + 1, cases[i].after);

        help_assert_bad(fits, "");
        help_assert_bad(over, cases[i].field);
        free(fits);
        free(over);
    }
}

/* Counted in the form that is stored: e and a combining accent are one character. */
static void test_length_after_nfc(void **state)
{
    char *fits = repeated("{'name':'", "e\xcc\x81", 200, "'}");

    (void)state;
    help_assert_bad(fits, "");
    free(fits);
}

static void test_nfc(void **state)
{
    (void)state;
    help_assert_stored("{'name':'Que\xcc\x81"
                       "bec'}",
                       "name", "'Québec'");
    help_assert_stored("{'description':{'fra':'e\xcc\x81'}}", "description", "{'fra':'é'}");
    help_assert_stored("{'offers':[{'kind':'goods','sector':'ai','text':'e\xcc\x81'}]}", "offers",
                       "[{'kind':'goods','sector':'ai','text':'é'}]");
    /* What a CRM looks its record up by stays as the CRM has it. */
    help_assert_stored("{'external_ids':[{'system':'e\xcc\x81','id':'e\xcc\x81'}]}", "external_ids",
                       "[{'system':'e\xcc\x81','id':'e\xcc\x81'}]");
}

/* Odd text is stored as it is; making it harmless is the business of who shows it. */
static void test_odd_text_is_stored(void **state)
{
    static const char *const texts[] = {"'\\u202eevil'", "'a\\u200bb'", "'😀'",    "'\\u001b[31m'",
                                        "'\\u0001'",     "'\\uffff'",   "' x  '", "'=1+1'"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *members = repeated("{'name':", texts[i], 1, "}");

        help_assert_stored(members, "name", texts[i]);
        free(members);
    }
}

static void test_blank(void **state)
{
    (void)state;
    help_assert_bad("{'name':''}", "name");
    help_assert_bad("{'name':' \\t\\n'}", "name");
    help_assert_bad("{'names':{'khm':''}}", "names.khm");
    help_assert_bad("{'external_ids':[{'system':' ','id':''}]}",
                    "external_ids[0].system external_ids[0].id");
    help_assert_bad("{'city':'','website':'','phone':'','description':{'eng':''}}", "");
}

static void test_types(void **state)
{
    (void)state;
    help_assert_bad("{'name':5}", "name");
    help_assert_bad("{'name':['X']}", "name");
    help_assert_bad("{'names':'X'}", "names");
    help_assert_bad("{'names':['X']}", "names");
    help_assert_bad("{'description':{'eng':{'a':1}}}", "description.eng");
    help_assert_bad("{'external_ids':[{'system':1,'id':2}]}",
                    "external_ids[0].system external_ids[0].id");
}

static void test_text_languages(void **state)
{
    (void)state;
    help_assert_bad("{'names':{'KHM':'a','kh':'b','zzz':'c','':'d','und':'e'}}",
                    "names.KHM names.kh names.zzz names. names.und");
    help_assert_bad("{'description':{'khm':'a','fra':'b','zho':'c'}}", "");
}

static void test_website(void **state)
{
    static const char *const good[] = {
        "www.example.com", "http://example.com", "HTTPS://Example.com/", "example.com:8080/a?b=c:d",
        "សៀមរាប.example",  "example.com/a:b",    "facebook.com/Company"};
    static const char *const bad[] = {
        "javascript:alert(1)", "mailto:a@b.example", "ftp://a.example",   "data:text/html,x",
        "www.a b.example",     "a\\nb.example",      "file:///etc/passwd"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char *members = repeated("{'website':'", good[i], 1, "'}");
        help_assert_bad(members, "");
        free(members);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *members = repeated("{'website':'", bad[i], 1, "'}");
        help_assert_bad(members, "website");
        free(members);
    }
}

static void test_email(void **state)
{
    (void)state;
    help_assert_bad("{'contacts':[{'email':'a@b.example'},{'email':'សុខ@ឧទាហរណ៍.example'}]}", "");
    help_assert_bad("{'contacts':[{'email':'a'},{'email':'@b'},{'email':'a@'},{'email':'a b@c'}]}",
                    "contacts[0].email contacts[1].email contacts[2].email contacts[3].email");
}

/* A profile that did not come through the parser may hold what it would have refused. */
static void test_nul(void **state)
{
    struct rpc_error e = {0};
    json_t *profile = json_pack("{s:s, s:s%}", "country", "KH", "name", "a\0b", (size_t)3);

    (void)state;
    assert_int_equal(profile_check(profile, &help_codes, &e), -1);
    assert_non_null(help_problem(&e, "name"));
    rpc_error_done(&e);
    json_decref(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_length_after_nfc),
        cmocka_unit_test(test_nfc),
        cmocka_unit_test(test_odd_text_is_stored),
        cmocka_unit_test(test_blank),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_text_languages),
        cmocka_unit_test(test_website),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
