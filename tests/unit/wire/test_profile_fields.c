#include "help_profile.h"

/* `n` entries of a list, parted by commas, in {'FIELD':[...]}, to free. */
static char *list_of(const char *field, const char *entry, size_t n)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_addf(&text, "{'%s':[", field);
    for (size_t i = 0; i < n; i++) {
        buf_adds(&text, i > 0 ? "," : "");
        for (const char *c = entry; *c; c++) {
            if (*c == '#')
                buf_addf(&text, "%zu", i);
            else
                buf_addc(&text, *c);
        }
    }
    buf_adds(&text, "]}");
    return buf_take(&text, NULL);
}

static void test_list_limits(void **state)
{
    static const struct {
        const char *field, *entry;
        size_t max;
    } cases[] = {
        {"external_ids", "{'system':'s','id':'#'}", 16},
        {"offers", "{'kind':'goods','sector':'ai'}", 16},
        {"seeks", "{'kind':'research','sector':'ai'}", 16},
        {"certifications", "'iso-#'", 32},
        {"contacts", "{'name':'n#'}", 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *fits = list_of(cases[i].field, cases[i].entry, cases[i].max);
        char *over = list_of(cases[i].field, cases[i].entry, cases[i].max + 1);

        help_assert_bad(fits, "");
        help_assert_bad(over, cases[i].field);
        free(fits);
        free(over);
    }
    help_assert_bad("{'sectors':['ai','ai','ai','ai','ai','ai','ai','ai','ai']}", "sectors");
    help_assert_bad("{'sectors':'ai','offers':5,'contacts':{},'external_ids':true}",
                    "external_ids sectors offers contacts");
}

static void test_entries_of_wrong_type(void **state)
{
    (void)state;
    help_assert_bad("{'external_ids':[5],'sectors':[null],'languages':['eng'],'offers':[[]],"
                    "'export_markets':[1],'certifications':[{}],'contacts':['a']}",
                    "external_ids[0] sectors[0] languages[0] offers[0] export_markets[0] "
                    "certifications[0] contacts[0]");
}

static void test_external_ids(void **state)
{
    (void)state;
    help_assert_stored("{'external_ids':[{'system':'a','id':'1'},{'id':'1','system':'a'},"
                       "{'system':'a','id':'2'}]}",
                       "external_ids", "[{'system':'a','id':'1'},{'system':'a','id':'2'}]");
    help_assert_bad("{'external_ids':[{'system':'a'},{'id':'1'},{'system':'a','id':'1','x':0}]}",
                    "external_ids[0].id external_ids[1].system external_ids[2].x");
}

static void test_languages(void **state)
{
    (void)state;
    help_assert_stored("{'languages':[{'lang':'khm','level':'basic'}]}", "languages",
                       "[{'lang':'khm','level':'basic'}]");
    help_assert_bad("{'languages':[{'lang':'khm','level':'fluent'},{'lang':'fra','level':'basic'},"
                    "{'lang':'khm','level':'basic'}]}",
                    "languages[2].lang");
    help_assert_bad("{'languages':[{'level':'fluent'},{'lang':'en','level':'native'}]}",
                    "languages[0].lang languages[1].lang languages[1].level");
}

static void test_needs(void **state)
{
    (void)state;
    help_assert_stored("{'seeks':[{'kind':'capital','sector':'fintech.payments','hs':[],"
                       "'text':null}]}",
                       "seeks", "[{'kind':'capital','sector':'fintech.payments'}]");
    help_assert_stored("{'offers':[{'kind':'goods','sector':'ai','hs':['10','1006','10']}]}",
                       "offers", "[{'kind':'goods','sector':'ai','hs':['10','1006']}]");
    help_assert_bad("{'offers':[{},{'kind':'Goods','sector':'ai'},{'kind':'goods','sector':'x'},"
                    "{'kind':'goods','sector':'ai','hs':'10'},"
                    "{'kind':'goods','sector':'ai','hs':[10,'98','77']},"
                    "{'kind':'goods','sector':'ai','price':1}]}",
                    "offers[0].kind offers[0].sector offers[1].kind offers[2].sector offers[3].hs "
                    "offers[4].hs[0] offers[4].hs[1] offers[4].hs[2] offers[5].price");
    help_assert_bad("{'seeks':[{'kind':'services','sector':'ai','hs':['10']}]}", "seeks[0].hs");
    help_assert_bad("{'seeks':[{'kind':'goods','sector':'ai','hs':['01','02','03','04','05','06',"
                    "'07','08','09']}]}",
                    "seeks[0].hs");
}

static void test_every_kind(void **state)
{
    (void)state;
    help_assert_bad("{'offers':[{'kind':'goods','sector':'ai'},{'kind':'services','sector':'ai'},"
                    "{'kind':'technology','sector':'ai'},{'kind':'capital','sector':'ai'},"
                    "{'kind':'training','sector':'ai'},{'kind':'distribution','sector':'ai'},"
                    "{'kind':'joint-venture','sector':'ai'},{'kind':'research','sector':'ai'}]}",
                    "");
}

static void test_numbers(void **state)
{
    (void)state;
    help_assert_bad("{'employees':0,'founded':1000}", "");
    help_assert_bad("{'employees':10000000,'founded':2027}", "");
    help_assert_bad("{'employees':10000001,'founded':2028}", "employees founded");
    help_assert_bad("{'employees':-1,'founded':999}", "employees founded");
    help_assert_bad("{'employees':1.0,'founded':'1999'}", "employees founded");
    help_assert_bad("{'employees':true,'founded':[]}", "employees founded");
}

static void test_dates(void **state)
{
    (void)state;
    help_assert_bad("{'verified':'2024-02-29','valid_until':'2030-01-01'}", "");
    help_assert_bad("{'verified':'2025-02-29','valid_until':20300101}", "verified valid_until");
    help_assert_stored("{'verified':null}", "status", "'draft'");
}

static void test_contacts(void **state)
{
    (void)state;
    help_assert_stored("{'contacts':[{'name':'A','role':null,'languages':['khm','eng','khm']}]}",
                       "contacts", "[{'name':'A','languages':['khm','eng']}]");
    help_assert_bad("{'contacts':[{'role':'CEO'},{'phone':'012'},{'name':'A','age':5},"
                    "{'name':'A','languages':['english']}]}",
                    "contacts[2].age contacts[3].languages[0] contacts[0]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_limits),  cmocka_unit_test(test_entries_of_wrong_type),
        cmocka_unit_test(test_external_ids), cmocka_unit_test(test_languages),
        cmocka_unit_test(test_needs),        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_dates),
        cmocka_unit_test(test_contacts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
