#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

static void assert_escape(const char *s, size_t len, const char *want)
{
    struct buf b;

    buf_init(&b, 1000);
    assert_int_equal(text_escape(&b, s, len), 0);
    assert_string_equal(b.data ? b.data : "", want);
    buf_done(&b);
}

static void assert_nfc(const char *s, const char *want)
{
    struct buf b;

    buf_init(&b, 1000);
    assert_int_equal(text_nfc(&b, s, strlen(s)), 0);
    assert_string_equal(b.data, want);
    buf_done(&b);
}

#define BYTES(s) (s), sizeof(s) - 1

static void only_well_formed_utf8(void **state)
{
    (void)state;
    assert_true(text_valid(BYTES("")));
    assert_true(text_valid(BYTES("ស្ពាន é 😀 \xf4\x8f\xbf\xbf")));
    assert_false(text_valid(BYTES("a\0b")));
    assert_false(text_valid(BYTES("\xc0\xaf")));         /* overlong / */
    assert_false(text_valid(BYTES("\xe0\x80\xaf")));     /* overlong / */
    assert_false(text_valid(BYTES("\xf0\x80\x80\xaf"))); /* overlong / */
    assert_false(text_valid(BYTES("\xc0\x80")));         /* overlong NUL */
    assert_false(text_valid(BYTES("\xed\xa0\x80")));     /* surrogate */
    assert_false(text_valid(BYTES("\xed\xbf\xbf")));
    assert_false(text_valid(BYTES("\xf4\x90\x80\x80"))); /* past U+10FFFF */
    assert_false(text_valid(BYTES("\xf8\x88\x80\x80\x80")));
    assert_false(text_valid(BYTES("\x80")));
    assert_false(text_valid(BYTES("caf\xc3")));
    assert_false(text_valid(BYTES("\xff\xfe")));
}

static void counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(text_length(BYTES("")), 0);
    assert_int_equal(text_length(BYTES("caf\xc3\xa9")), 4);
    assert_int_equal(text_length(BYTES("ស្ពាន")), 5);
    assert_int_equal(text_length(BYTES("😀")), 1);
}

static void composes(void **state)
{
    struct buf b;

    (void)state;
    assert_nfc("e\xcc\x81", "\xc3\xa9");
    assert_nfc("\xc3\xa9", "\xc3\xa9");
    assert_nfc("ស្ពាន", "ស្ពាន");
    assert_nfc("សហគ្រាស​កសិកម្ម",
               "សហគ្រាស​កសិកម្ម");
    assert_nfc("", "");
    buf_init(&b, 1000);
    buf_adds(&b, "kept:");
    assert_int_equal(text_nfc(&b, BYTES("\xed\xa0\x80")), -1);
    assert_int_equal(text_nfc(&b, BYTES("e\xcc\x81")), 0);
    assert_string_equal(b.data, "kept:\xc3\xa9");
    buf_done(&b);
    buf_init(&b, 1);
    assert_int_equal(text_nfc(&b, BYTES("\xc3\xa9")), -1);
    buf_done(&b);
}

static void widths_are_the_terminals(void **state)
{
    (void)state;
    assert_int_equal(text_width(BYTES("abc")), 3);
    assert_int_equal(text_width(BYTES("e\xcc\x81t\xc3\xa9")), 3);
    assert_int_equal(text_width(BYTES("日本")), 4);
    assert_int_equal(text_width(BYTES("a\tb\033")), 2);
    /* the coeng takes no column of its own */
    assert_int_equal(text_width(BYTES("ស")), 1);
    assert_int_equal(text_width(BYTES("ស្")), 1);
}

static void cuts_between_clusters(void **state)
{
    (void)state;
    assert_int_equal(text_cut(BYTES("abc"), 2), 2);
    assert_int_equal(text_cut(BYTES("abc"), 3), 3);
    assert_int_equal(text_cut(BYTES("abc"), 99), 3);
    assert_int_equal(text_cut(BYTES("abc"), 0), 0);
    assert_int_equal(text_cut(BYTES(""), 5), 0);
    assert_int_equal(text_cut(BYTES("e\xcc\x81x"), 1), 3);
    assert_int_equal(text_cut(BYTES("日本"), 3), 3);
    assert_int_equal(text_cut(BYTES("日本"), 1), 0);
    /* a family is one */
    assert_int_equal(text_cut(BYTES("👨‍👩‍👧!"), 1), 0);
}

/* Marks heaped on marks end somewhere, and at a code point. */
static void a_heap_of_marks_is_parted(void **state)
{
    char text[1001] = "e";
    size_t n;

    (void)state;
    for (int i = 0; i < 500; i++)
        memcpy(text + 1 + 2 * i, "\xcc\x81", 2);
    n = text_cut(text, 1001, 1);
    assert_int_equal(n, 1001); /* the rest takes no column */
    assert_int_equal(text_cut(text, 1001, 0), 0);
    for (size_t len = 240; len < 280; len++)
        if (text_valid(text, len))
            assert_int_equal(text_cut(text, len, 1), len);
}

/* ស្ព is one thing to a reader: sa, the coeng, and po below it. */
static void never_cuts_a_khmer_stack(void **state)
{
    static const char name[] = "ស្ពានស្ត្រី";

    (void)state;
    for (size_t columns = 0; columns < 12; columns++) {
        size_t n = text_cut(BYTES(name), columns);

        assert_true(text_valid(name, n));
        assert_true(text_width(name, n) <= columns);
        /* U+17D2 is E1 9F 92 */
        assert_false(n >= 3 && memcmp(name + n - 3, "\xe1\x9f\x92", 3) == 0);
        assert_false(n < sizeof(name) - 1 && memcmp(name + n, "\xe1\x9f\x92", 3) == 0);
    }
    assert_int_equal(text_cut(BYTES("ស្ពាន"), 1), 0);
}

static void a_terminal_is_not_harmed(void **state)
{
    (void)state;
    assert_escape(BYTES("Ets Québécois ស្ពាន 😀"), "Ets Québécois ស្ពាន 😀");
    assert_escape(BYTES("\033[2J\a\n\t\x7f"), "\\x1B[2J\\x07\\x0A\\x09\\x7F");
    assert_escape(BYTES("\xc2\x9b"
                        "31m"),
                  "\\u{9B}31m");
    assert_escape(BYTES("a\xe2\x80\xae"
                        "b"),
                  "a\\u{202E}b");
    assert_escape(BYTES("\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c\xef\xbb\xbf"),
                  "\\u{2066}\\u{200F}\\u{61C}\\u{FEFF}");
    assert_escape(BYTES("\xff\xed\xa0\x80z\xc3"), "\\xFF\\xED\\xA0\\x80z\\xC3");
    assert_escape(BYTES("\0x"), "\\x00x");
    assert_escape("", 0, "");
}

/* One line of GraphemeBreakTest: ÷ 0020 × 0308 ÷. The text in out, where it may be cut in ends. */
static size_t break_line_parse(const char *line, char *out, size_t size, bool *may_end)
{
    size_t len = 0;

    memset(may_end, 0, size);
    while (*(line += strspn(line, " \t")) && *line != '#') {
        unsigned c;

        if (strncmp(line, "\xc3\xb7", 2) == 0) { /* ÷ */
            may_end[len] = true;
            line += 2;
        } else if (strncmp(line, "\xc3\x97", 2) == 0) { /* × */
            line += 2;
        } else if (sscanf(line, "%x", &c) == 1) {
            while (*line && !strchr(" \t", *line))
                line++;
            if (c >= 0xd800 && c < 0xe000)
                return 0;
            if (c < 0x80)
                out[len++] = (char)c;
            else if (c < 0x800)
                out[len++] = (char)(0xc0 | c >> 6);
            else if (c < 0x10000)
                out[len++] = (char)(0xe0 | c >> 12);
            else
                out[len++] = (char)(0xf0 | c >> 18);
            for (int shift = c < 0x80      ? -1
                             : c < 0x800   ? 0
                             : c < 0x10000 ? 6
                                           : 12;
                 shift >= 0; shift -= 6)
                out[len++] = (char)(0x80 | (c >> shift & 0x3f));
        } else {
            line++;
        }
        if (len + 8 > size)
            return 0;
    }
    return len;
}

static void unicode_break_test_agrees(void **state)
{
    FILE *f = fopen(SPEAN_SOURCE_DIR "/../shared/data/torture/unicode/GraphemeBreakTest.txt", "r");
    char line[2000], text[256];
    bool may_end[256];
    int lines = 0;

    (void)state;
    if (!f) {
        print_message("GraphemeBreakTest.txt is not here\n");
        skip();
    }
    while (fgets(line, sizeof(line), f)) {
        size_t len = break_line_parse(line, text, sizeof(text), may_end);

        if (len == 0)
            continue;
        lines++;
        for (size_t columns = 0; columns <= len; columns++) {
            size_t n = text_cut(text, len, columns);

            if (n != 0 && n != len && !may_end[n])
                fail_msg("cut at %zu of: %s", n, line);
        }
        assert_int_equal(text_cut(text, len, len), len);
    }
    fclose(f);
    assert_true(lines > 500);
}

static int set_locale(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_utf8),
        cmocka_unit_test(counts_code_points),
        cmocka_unit_test(composes),
        cmocka_unit_test(widths_are_the_terminals),
        cmocka_unit_test(cuts_between_clusters),
        cmocka_unit_test(never_cuts_a_khmer_stack),
        cmocka_unit_test(a_heap_of_marks_is_parted),
        cmocka_unit_test(a_terminal_is_not_harmed),
        cmocka_unit_test(unicode_break_test_agrees),
    };

    return cmocka_run_group_tests(tests, set_locale, NULL);
}
