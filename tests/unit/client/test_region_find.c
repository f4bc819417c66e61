#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "mapping_table.h"
#include "region_find.h"

/* The project's own table of places, on addresses as lists have them. */

static struct table places;

static int setup(void **state)
{
    char err[300];

    (void)state;
    return table_load(&places, SPEAN_SOURCE_DIR "/conf/import/kh_places.tsv", err, sizeof(err));
}

static int teardown(void **state)
{
    (void)state;
    table_done(&places);
    return 0;
}

static const char *find(const char *address)
{
    const char *code = region_find(&places, address, strlen(address));

    return code != NULL ? code : "none";
}

static void spellings(void **state)
{
    (void)state;
    assert_string_equal(find("St. 12, Phnom Penh"), "KH-12");
    assert_string_equal(find("PHNOM-PENH, 12400, Kingdom of Cambodia"), "KH-12");
    assert_string_equal(find("Phnum Pénh"), "KH-12");
    assert_string_equal(find("Khan Bathy Thakeo Province"), "KH-21");
    assert_string_equal(find("Takéo"), "KH-21");
    assert_string_equal(find("Takêv"), "KH-21");
    assert_string_equal(find("Kâmpóng Spœ"), "KH-5");
    assert_string_equal(find("Kompong Speu Prvince National Road 3"), "KH-5");
    assert_string_equal(find("Stœ̆ng Trêng"), "KH-19");
    assert_string_equal(find("Krâchéh province"), "KH-10");
}

static void khmer_script(void **state)
{
    (void)state;
    assert_string_equal(find("ភូមិត្រពាំងឫស្សី ឃុំសំបូរ ខេត្តកំពង់ស្ពឺ"), "KH-5");
    assert_string_equal(find("ផ្លូវ២៧១ រាជធានីភ្នំពេញ"), "KH-12");
    assert_string_equal(find("ខេត្តកណ្ដាល"), "KH-8");
    assert_string_equal(find("ខេត្តកណ្តាល"), "KH-8");
    assert_string_equal(find("ខេត្តកំពត"), "KH-7");
    assert_string_equal(find("ក្រុងតាខ្មៅ"), "KH-8");
}

/* Names of provinces are names of villages and streets elsewhere. */
static void names_inside_other_names(void **state)
{
    (void)state;
    assert_string_equal(find("Preah Vihear Commune, Kong Pisey District, Kompong Speu Province"),
                        "KH-5");
    assert_string_equal(find("Kandal Province, Kampot Village"), "KH-8");
    assert_string_equal(find("Phum Kampot, Khum Takeo, Siem Reap"), "KH-17");
    assert_string_equal(find("Kampot Village, Prey Commune"), "none");
    assert_string_equal(find("Kampot Province, near the Phnom Penh road"), "KH-7");
    assert_string_equal(find("Kepong Street"), "none");
    assert_string_equal(find("Ang Snuol District Kandal"), "KH-8");
    assert_string_equal(find("Phnom Penh, Street 271, Khan Toul Kork"), "KH-12");
    assert_string_equal(find("No 5, Street 271 Phnom Penh"), "KH-12");
}

static void provinces_before_towns_and_the_last_of_equals(void **state)
{
    (void)state;
    assert_string_equal(find("Tai Seng SEZ, Bavet"), "KH-20");
    assert_string_equal(find("Bavet Street, Phnom Penh"), "KH-12");
    assert_string_equal(find("Phnom Penh office; factory in Svay Rieng"), "KH-20");
    assert_string_equal(find("32 km from Phnom Penh, Kandal Province"), "KH-8");
    assert_string_equal(find("Kandal Province, 32 km from Phnom Penh"), "KH-8");
}

static void nothing_is_guessed(void **state)
{
    (void)state;
    assert_string_equal(find("68 East 1st Ave, Vancouver"), "none");
    assert_string_equal(find(""), "none");
    assert_null(region_find(&places, "\xFF Takeo", 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings),
        cmocka_unit_test(khmer_script),
        cmocka_unit_test(names_inside_other_names),
        cmocka_unit_test(provinces_before_towns_and_the_last_of_equals),
        cmocka_unit_test(nothing_is_guessed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
