#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mapping_text.h"

static int64_t employees(const char *s)
{
    int64_t n = -1;

    return employees_parse(s, &n) == 0 ? n : -1;
}

static void head_counts(void **state)
{
    (void)state;
    assert_int_equal(employees("35"), 35);
    assert_int_equal(employees("1,000"), 1000);
    assert_int_equal(employees("12 500"), 12500);
    assert_int_equal(employees("1.200"), 1200);
    assert_int_equal(employees("12.5"), 12);
    assert_int_equal(employees("0.125"), 0);
    assert_int_equal(employees("1\xC2\xA0"
                               "200"),
                     1200);
    assert_int_equal(employees("35.0"), 35);
    assert_int_equal(employees("500+"), 500);
    assert_int_equal(employees("11-50"), 30);
    assert_int_equal(employees("11 to 50"), 30);
    assert_int_equal(employees("1,001 – 5,000 employees"), 3000);
    assert_int_equal(employees("50-11"), 50);
    assert_int_equal(employees("about 20"), 20);
    assert_int_equal(employees("none"), -1);
    assert_int_equal(employees(""), -1);
    assert_int_equal(employees("99999999999999999999"), -1);
}

static void years(void **state)
{
    int64_t year = -1;

    (void)state;
    assert_int_equal(year_parse("1983", &year), 0);
    assert_int_equal(year, 1983);
    assert_int_equal(year_parse("founded 12/03/2004", &year), 0);
    assert_int_equal(year, 2004);
    assert_int_equal(year_parse("19834", &year), -1);
    assert_int_equal(year_parse("3019", &year), -1);
    assert_int_equal(year_parse("", &year), -1);
    assert_int_equal(year, 2004);
}

static void check_title(const char *from, const char *to)
{
    char *s = title_case(from);

    assert_string_equal(s, to);
    free(s);
}

static void titles(void **state)
{
    (void)state;
    check_title("WOODBRIDGE", "Woodbridge");
    check_title("SAINT-JEAN-SUR-RICHELIEU", "Saint-Jean-sur-Richelieu");
    check_title("QUÉBEC", "Québec");
    check_title("ÉVAIN", "Évain");
    check_title("L'ASSOMPTION", "L'Assomption");
    check_title("LA TUQUE", "La Tuque");
    check_title("McAdam", "McAdam");
    check_title("ភ្នំពេញ", "ភ្នំពេញ");
    check_title("", "");
}

static void check_line(const char *from, size_t max, const char *to)
{
    char *s = one_line(from, strlen(from), max);

    assert_string_equal(s, to);
    free(s);
}

static void lines(void **state)
{
    (void)state;
    check_line("  two\n\n words\t\xC2\xA0", 100, "two words");
    check_line("", 10, "");
    check_line("ខ្មែរ", 3, "ខ្ម");
    check_line("one two three four five six", 14, "one two three");
    check_line("a bbbbbbbbbbbbbbbbbbb", 10, "a bbbbbbbb");
    assert_null(one_line("\xC3", 1, 10));
}

static const char *tongues(const char *s)
{
    static char out[32];
    struct tongues t = {0};
    const char *found[3];
    size_t n;

    tongues_count(&t, s, strlen(s));
    n = tongues_decide(&t, found);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strcat(out, i > 0 ? " " : "");
        strcat(out, found[i]);
    }
    return out;
}

static void languages(void **state)
{
    (void)state;
    assert_string_equal(tongues("We are the makers of pumps for the industry."), "eng");
    assert_string_equal(tongues("Nous fabriquons des pompes pour les usines du Québec."), "fra");
    assert_string_equal(tongues("យើងលក់អង្ករ និងស្រូវ នៅខេត្តបាត់ដំបង ប្រទេសកម្ពុជា"), "khm");
    assert_string_equal(tongues("We make pumps for the industry in Canada and with our partners of "
                                "the world. Nous fabriquons des pompes pour les usines du Québec "
                                "et de la France avec nos partenaires."),
                        "eng fra");
    /* a French street in English text is no French */
    assert_string_equal(
        tongues("We are the makers of pumps for all of the industry on rue de la Paix"), "eng");
    assert_string_equal(tongues("ISO 9001"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_counts), cmocka_unit_test(years),     cmocka_unit_test(titles),
        cmocka_unit_test(lines),       cmocka_unit_test(languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
