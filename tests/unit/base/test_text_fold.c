#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <unistr.h>

#include <spean/buf.h>
#include <spean/text.h>

typedef int transform(struct buf *out, const char *s, size_t len);

static void assert_gives(transform *run, const char *s, const char *want)
{
    struct buf b;

    buf_init(&b, 1000);
    assert_int_equal(run(&b, s, strlen(s)), 0);
    assert_string_equal(b.data ? b.data : "", want);
    buf_done(&b);
}

static void folds_accents_case_and_punctuation(void **state)
{
    (void)state;
    assert_gives(text_fold, "Ets Québécois", "ets quebecois");
    assert_gives(text_fold,
                 "Ets Que\xcc\x81"
                 "be\xcc\x81"
                 "cois",
                 "ets quebecois");
    assert_gives(text_fold, "  L'Œuvre -- d’Été, S.A.R.L. ", "l oeuvre d ete s a r l");
    assert_gives(text_fold, "STRASSE Straße ﬁn ＡＢＣ", "strasse strasse fin abc");
    assert_gives(text_fold, "Łódź Ærø İstanbul ΆΣ Й", "lodz aero istanbul ασ и");
    assert_gives(text_fold, "A & B\t\n(2026)", "a b 2026");
    assert_gives(text_fold, "...", "");
    assert_gives(text_fold, "", "");
}

static void khmer_keeps_its_signs(void **state)
{
    (void)state;
    assert_gives(text_fold, "ស្ពាន", "ស្ពាន");
    assert_gives(text_fold, "សហគ្រាស ។ កសិកម្ម", "សហគ្រាស កសិកម្ម");
    /* zero-width spaces between words come and go with the typist */
    assert_gives(text_fold, "សហគ្រាស\xe2\x80\x8bកសិកម្ម", "សហគ្រាសកសិកម្ម");
    assert_gives(text_fold, "が", "か\xe3\x82\x99");
}

static void refuses_invalid_text(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    assert_int_equal(text_fold(&b, "\xed\xa0\x80", 3), -1);
    assert_int_equal(text_fold(&b, "a\0b", 3), -1);
    assert_int_equal(text_search_key(&b, "\xc0\xaf", 2), -1);
    assert_int_equal(b.len, 0);
    buf_done(&b);
    buf_init(&b, 3);
    assert_int_equal(text_fold(&b, "abcd", 4), -1);
    assert_true(b.failed);
    buf_done(&b);
}

/* Folding what is folded changes nothing, whatever the letter; stored and asked keys meet. */
static void folding_twice_is_folding_once(void **state)
{
    struct buf once, twice;

    (void)state;
    buf_init(&once, 1000);
    buf_init(&twice, 1000);
    for (ucs4_t c = 1; c < 0x20000; c++) {
        uint8_t s[8] = {'x'};
        int n = u8_uctomb(s + 1, c, 6);

        if (n < 0)
            continue;
        buf_reset(&once);
        buf_reset(&twice);
        assert_int_equal(text_fold(&once, (const char *)s, (size_t)n + 1), 0);
        assert_int_equal(text_fold(&twice, once.data, once.len), 0);
        if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
            fail_msg("U+%04X: \"%s\" then \"%s\"", (unsigned)c, once.data, twice.data);
    }
    buf_done(&once);
    buf_done(&twice);
}

static void search_keys_of_khmer_are_ascii(void **state)
{
    struct buf key;
    char seen[256][3];
    int n = 0;

    (void)state;
    assert_gives(text_search_key, "Ets Québécois", "ets quebecois");
    assert_gives(text_search_key, "ក ខ", "ja jb");
    buf_init(&key, 100);
    assert_int_equal(text_search_key(&key, "សហគ្រាស Co.", strlen("សហគ្រាស Co.")), 0);
    for (size_t i = 0; i < key.len; i++)
        assert_true((unsigned char)key.data[i] < 0x80);
    /* one to one: no two letters share a key */
    for (ucs4_t c = 0x1780; c <= 0x17d3; c++) {
        uint8_t s[6];
        int len = u8_uctomb(s, c, 6);

        buf_reset(&key);
        assert_int_equal(text_search_key(&key, (const char *)s, (size_t)len), 0);
        if (key.len == 0)
            continue; /* an invisible sign */
        assert_int_equal(key.len, 2);
        for (int i = 0; i < n; i++)
            assert_string_not_equal(seen[i], key.data);
        memcpy(seen[n++], key.data, 3);
    }
    assert_true(n > 70);
    buf_done(&key);
}

/*
 * English and French go a short way; with a letter of another script behind them, the long one.
 * Both give the same, for each character and what stands around it.
 */
static void folds_as_any_text(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0x2030; c = c == 0x17f ? 0x2000 : c + 1)
        for (uint32_t d = 1; d < 0x100; d++) {
            uint8_t plain[64], longer[64];
            size_t n = 0;
            struct buf a, b;

            if (c >= 0x80 && c != d && d % 7 != 0)
                continue; /* not all of them: a million pairs take too long */
            plain[n++] = 'Q';
            n += (size_t)u8_uctomb(plain + n, c, 8);
            plain[n++] = 'x';
            n += (size_t)u8_uctomb(plain + n, d, 8);
            n += (size_t)u8_uctomb(plain + n, c, 8);
            memcpy(longer, plain, n);
            memcpy(longer + n, " ж", 3);
            buf_init(&a, 200);
            buf_init(&b, 200);
            assert_int_equal(text_fold(&a, (const char *)plain, n), 0);
            assert_int_equal(buf_adds(&a, " ж"), 0);
            assert_int_equal(text_fold(&b, (const char *)longer, n + 3), 0);
            assert_string_equal(a.data, b.data);
            buf_done(&a);
            buf_done(&b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_accents_case_and_punctuation),
        cmocka_unit_test(khmer_keeps_its_signs),
        cmocka_unit_test(refuses_invalid_text),
        cmocka_unit_test(folding_twice_is_folding_once),
        cmocka_unit_test(search_keys_of_khmer_are_ascii),
        cmocka_unit_test(folds_as_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
