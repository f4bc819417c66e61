#include "help.h"

#include "codes.h"

static void test_languages(void **state)
{
    static const char *const good[] = {"khm", "fra", "eng", "zho", "cmn", "yue", "vie",
                                       "tha", "lao", "kxm", "cja", "iku", "cre", "ojs",
                                       "atj", "pan", "tgl", "aaa", "zza", "lat"};
    static const char *const bad[] = {"",    "en",  "engl", "ENG", "Eng", "xxx", "zzz", "qaa",
                                      "und", "mul", "mis",  "zxx", "fre", "chi", "e g", "123"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!code_language(good[i], strlen(good[i])))
            fail_msg("%s is a language", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (code_language(bad[i], strlen(bad[i])))
            fail_msg("%s is no language", bad[i]);
    }
}

/* The table holds as many codes as the standard: a word lost or doubled shows here. */
static void test_language_count(void **state)
{
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 26 * 26 * 26; i++) {
        const char code[3] = {(char)('a' + i / 676), (char)('a' + i / 26 % 26),
                              (char)('a' + i % 26)};
        n += code_language(code, 3);
    }
    assert_int_equal(n, 7906);
}

static void test_countries(void **state)
{
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 26 * 26; i++) {
        const char code[2] = {(char)('A' + i / 26), (char)('A' + i % 26)};
        n += code_country(code, 2);
    }
    assert_int_equal(n, 249);
    assert_true(code_country("KH", 2));
    assert_true(code_country("AD", 2));
    assert_true(code_country("ZW", 2));
    assert_false(code_country("kh", 2));
    assert_false(code_country("UK", 2));
    assert_false(code_country("EU", 2));
    assert_false(code_country("KHM", 3));
    assert_false(code_country("", 0));
}

static void test_hs(void **state)
{
    static const char *const good[] = {"01", "10", "1006", "100630", "97", "9701", "7601"};
    static const char *const bad[] = {"",        "1",     "006",  "00",      "77",
                                      "7700",    "98",    "9801", "1 06",    "10-6",
                                      "100630 ", "10063", "abcd", "10063000"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(code_hs(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(code_hs(bad[i], strlen(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_language_count),
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_hs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
