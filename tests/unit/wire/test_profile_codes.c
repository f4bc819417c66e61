#include "help_profile.h"

static void test_country(void **state)
{
    (void)state;
    help_assert_bad("{'country':'CA'}", "");
    help_assert_bad("{'country':'kh'}", "country");
    help_assert_bad("{'country':'US'}", "country");
    help_assert_bad("{'country':5}", "country");
}

static void test_region(void **state)
{
    (void)state;
    help_assert_bad("{'region':'KH-12'}", "");
    help_assert_bad("{'country':'CA','region':'CA-QC'}", "");
    help_assert_bad("{'region':'CA-QC'}", "region");
    help_assert_bad("{'country':'CA','region':'KH-2'}", "region");
    help_assert_bad("{'region':'KH-99'}", "region");
    help_assert_bad("{'region':''}", "region");
    help_assert_bad("{'region':12}", "region");
    /* With a country that is wrong itself, a real region is no second fault. */
    help_assert_bad("{'country':'XX','region':'CA-QC'}", "country");
    help_assert_bad("{'country':'XX','region':'XX-1'}", "country region");
}

static void test_sectors(void **state)
{
    (void)state;
    help_assert_stored("{'sectors':['energy.solar','agro-industry']}", "sectors",
                       "['energy.solar','agro-industry']");
    help_assert_bad("{'sectors':['Energy.solar','energy.','',1]}",
                    "sectors[0] sectors[1] sectors[2] sectors[3]");
    help_assert_bad("{'sectors':['ai','energy.solar','ai']}", "sectors[2]");
}

static void test_markets(void **state)
{
    (void)state;
    help_assert_stored("{'export_markets':['jp','JP','Fr','kh']}", "export_markets",
                       "['JP','FR','KH']");
    help_assert_bad("{'export_markets':['UK','J','JPN','',1,'ÉÉ']}",
                    "export_markets[0] export_markets[1] export_markets[2] export_markets[3] "
                    "export_markets[4] export_markets[5]");
}

static void test_certifications(void **state)
{
    static const char *const cases[][2] = {
        {"HACCP", "haccp"},
        {"ISO 9001", "iso-9001"},
        {"ISO_9001:2015", "iso-9001-2015"},
        {"  iso--9001 ", "iso-9001"},
        {"organic-EU", "organic-eu"},
        {"Écocert", "ecocert"},
        {"v1.2+", "v1.2+"},
        {"-x-", "x"},
        {"FSC/PEFC", "fsc-pefc"},
        {"ISO 9001 (2015)", "iso-9001-2015"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char members[128], expected[64];

        snprintf(members, sizeof(members), "{'certifications':['%s']}", cases[i][0]);
        snprintf(expected, sizeof(expected), "['%s']", cases[i][1]);
        help_assert_stored(members, "certifications", expected);
    }
    help_assert_stored("{'certifications':['ISO 9001','iso-9001','Halal']}", "certifications",
                       "['iso-9001','halal']");
}

static void test_bad_certifications(void **state)
{
    char members[128], word[80];

    (void)state;
    help_assert_bad("{'certifications':['','-','សរីរាង្គ','*',5]}",
                    "certifications[0] certifications[1] certifications[2] certifications[3] "
                    "certifications[4]");
    memset(word, 'a', sizeof(word));
    snprintf(members, sizeof(members), "{'certifications':['%.64s']}", word);
    help_assert_bad(members, "");
    snprintf(members, sizeof(members), "{'certifications':['%.65s']}", word);
    help_assert_bad(members, "certifications[0]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_country),        cmocka_unit_test(test_region),
        cmocka_unit_test(test_sectors),        cmocka_unit_test(test_markets),
        cmocka_unit_test(test_certifications), cmocka_unit_test(test_bad_certifications),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
