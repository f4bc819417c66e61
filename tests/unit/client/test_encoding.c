#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "encoding.h"

/* Decodes bytes as a file; cap is how much is asked for at a time. */
static char *decode(const char *bytes, size_t len, size_t cap, enum encoding *ret)
{
    static char out[65536];
    FILE *file = tmpfile();
    struct decoder d;
    size_t skip = 99, at = 0;
    ssize_t n;

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(encoding_detect(file, ret, &skip), 0);
    assert_int_equal(decoder_init(&d, file, *ret, skip), 0);
    while ((n = decoder_read(&d, out + at, cap)) > 0) {
        at += (size_t)n;
        assert_true(at + cap < sizeof(out));
    }
    assert_int_equal(n, 0);
    out[at] = '\0';
    decoder_done(&d);
    fclose(file);
    return out;
}

#define DECODES(bytes, expected, text)                                                             \
    do {                                                                                           \
        enum encoding e;                                                                           \
        assert_string_equal(decode(bytes, sizeof(bytes) - 1, 100, &e), text);                      \
        assert_int_equal(e, expected);                                                             \
    } while (0)

static void marks_decide(void **state)
{
    (void)state;
    DECODES("\xEF\xBB\xBFna\xC3\xAFve", ENCODING_UTF8, "naïve");
    DECODES("\xFF\xFEn\0\xEF\0", ENCODING_UTF16LE, "nï");
    DECODES("\xFE\xFF\0n\0\xEF", ENCODING_UTF16BE, "nï");
}

static void nul_bytes_mean_utf16(void **state)
{
    (void)state;
    DECODES("a\0;\0b\0\n\0", ENCODING_UTF16LE, "a;b\n");
    DECODES("\0a\0;\0b\0\n", ENCODING_UTF16BE, "a;b\n");
    /* Khmer has no NUL of its own: the separator and the line end have */
    DECODES("\x9F\x17;\0\x96\x17\n\0", ENCODING_UTF16LE, "\xE1\x9E\x9F;\xE1\x9E\x96\n");
}

static void what_is_no_utf8_is_cp1252(void **state)
{
    (void)state;
    DECODES("Qu\xE9"
            "bec \x80 \x93x\x94",
            ENCODING_CP1252, "Québec € “x”");
    DECODES("Qu\xC3\xA9"
            "bec",
            ENCODING_UTF8, "Québec");
    DECODES("", ENCODING_UTF8, "");
    /* 0x81 is no character there */
    DECODES("\xE9\x81.", ENCODING_CP1252, "é\xEF\xBF\xBD.");
    /* a character cut off at the end */
    DECODES("ab\xC3", ENCODING_CP1252, "abÃ");
}

static void a_late_byte_decides_too(void **state)
{
    char text[20001];
    enum encoding e;

    (void)state;
    memset(text, 'x', sizeof(text));
    decode(text, sizeof(text), 1000, &e);
    assert_int_equal(e, ENCODING_UTF8);
    text[20000] = '\xE9';
    decode(text, sizeof(text), 1000, &e);
    assert_int_equal(e, ENCODING_CP1252);
}

/* Characters of three bytes lie across every border of a chunk of 8192. */
static void characters_across_chunks(void **state)
{
    char text[30000], *out;
    enum encoding e;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xE1\x9E\x80", 3);
    out = decode(text, sizeof(text), 16, &e);
    assert_int_equal(e, ENCODING_UTF8);
    assert_memory_equal(out, text, sizeof(text));
}

static void odd_bytes_of_utf16_do_not_hang(void **state)
{
    (void)state;
    DECODES("\xFF\xFEn\0\xEF", ENCODING_UTF16LE, "n\xEF\xBF\xBD");
    /* half a surrogate pair */
    DECODES("\xFF\xFE\x3D\xD8n\0", ENCODING_UTF16LE, "\xEF\xBF\xBDn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_decide),
        cmocka_unit_test(nul_bytes_mean_utf16),
        cmocka_unit_test(what_is_no_utf8_is_cp1252),
        cmocka_unit_test(a_late_byte_decides_too),
        cmocka_unit_test(characters_across_chunks),
        cmocka_unit_test(odd_bytes_of_utf16_do_not_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
