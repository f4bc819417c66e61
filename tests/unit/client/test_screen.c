#include "cmocka_all.h"

#include <locale.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#include "output.h"

static int setup(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static void cut(const char *in, size_t width, const char *out)
{
    struct buf b;

    buf_init(&b, 4096);
    assert_int_equal(screen_text(&b, in, strlen(in), width), 0);
    assert_string_equal(b.data ? b.data : "", out);
    if (width > 0)
        assert_true(text_width(b.data ? b.data : "", b.len) <= width);
    buf_done(&b);
}

static void test_cut(void **state)
{
    (void)state;
    cut("", 5, "");
    cut("abcde", 5, "abcde");
    cut("abcdef", 5, "abcd…");
    cut("abcdef", 0, "abcdef");
    cut("é́x", 2, "é́x");
    /* Four letters with what stands above, below and around them: never a sign without its letter.
     */
    cut("ស្ពានថ្មី", 0, "ស្ពានថ្មី");
    for (size_t width = 1; width < 8; width++) {
        const char *name = "ស្ពានថ្មី";
        struct buf b;
        size_t len;

        buf_init(&b, 4096);
        assert_int_equal(screen_text(&b, name, strlen(name), width), 0);
        assert_true(text_width(b.data, b.len) <= width);
        len = b.len;
        if (len >= 3 && strcmp(b.data + len - 3, "…") == 0)
            len -= 3;
        assert_memory_equal(b.data, name, len);
        /* Not after a coeng (U+17D2), which would hang in the air. */
        assert_false(len >= 3 && memcmp(b.data + len - 3, "\xe1\x9f\x92", 3) == 0);
        buf_done(&b);
    }
}

static void test_controls(void **state)
{
    (void)state;
    cut("a\033[2Jb", 0, "a\\x1B[2Jb");
    cut("a\nb\tc\r\nd", 0, "a b c d");
    cut("\xff", 0, "\\xFF");
    cut("a\xe2\x80\xae"
        "b",
        0, "a\\u{202E}b");
    cut("\033\033\033", 6, "\\x1B\\…");
}

static void wrapped(const char *in, size_t width, size_t indent, const char *out)
{
    struct buf b;

    buf_init(&b, 4096);
    assert_int_equal(screen_wrap(&b, in, strlen(in), width, indent), 0);
    assert_string_equal(b.data ? b.data : "", out);
    buf_done(&b);
}

static void test_wrap(void **state)
{
    (void)state;
    wrapped("one two three", 8, 0, "one two\nthree\n");
    wrapped("one two three", 7, 0, "one two\nthree\n");
    wrapped("one two three", 9, 2, "  one two\n  three\n");
    wrapped("one two three", 0, 0, "one two three\n");
    wrapped("abcdefghij", 4, 0, "abcd\nefgh\nij\n");
    wrapped("a     b", 2, 0, "a\nb\n");
    wrapped("", 10, 0, "");
    /* Khmer has no blanks: between graphemes. */
    wrapped("កខគឃង", 2, 0, "កខ\nគឃ\nង\n");
    /* Wider than the line: out it goes, or nothing would ever end. */
    wrapped("\xe6\xbc\xa2", 1, 0, "\xe6\xbc\xa2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_wrap),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
