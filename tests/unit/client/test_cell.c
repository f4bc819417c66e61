#include "cmocka_all.h"

#include <jansson.h>
#include <string.h>

#include <spean/buf.h>

#include "output.h"

static void expect(struct buf *b, const char *text)
{
    assert_false(b->failed);
    assert_string_equal(b->data ? b->data : "", text);
    buf_reset(b);
    if (b->data)
        b->data[0] = '\0';
}

static void test_csv(void **state)
{
    static const struct {
        const char *in, *safe, *raw;
    } cases[] = {
        {"plain", "plain", "plain"},
        {"", "", ""},
        {"a,b", "\"a,b\"", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\"", "\"say \"\"hi\"\"\""},
        {"two\nlines", "\"two\nlines\"", "\"two\nlines\""},
        {"=1+1", "'=1+1", "=1+1"},
        {"+855 12", "'+855 12", "+855 12"},
        {"-5", "'-5", "-5"},
        {"@SUM(A1)", "'@SUM(A1)", "@SUM(A1)"},
        {"\tx", "'\tx", "\tx"},
        {"\rx", "\"'\rx\"", "\"\rx\""},
        {"=\"a\",b", "\"'=\"\"a\"\",b\"", "\"=\"\"a\"\",b\""},
        {"a=b", "a=b", "a=b"},
        {" edge", "\" edge\"", "\" edge\""},
        {"ស្ពាន", "ស្ពាន", "ស្ពាន"},
    };
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        csv_cell(&b, cases[i].in, strlen(cases[i].in), false);
        expect(&b, cases[i].safe);
        csv_cell(&b, cases[i].in, strlen(cases[i].in), true);
        expect(&b, cases[i].raw);
    }
    buf_done(&b);
}

static void test_text(void **state)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"x\"", "x"},
        {"null", ""},
        {"12", "12"},
        {"87.3", "87.3"},
        {"true", "yes"},
        {"false", "no"},
        {"[\"a\",\"b\",3]", "a, b, 3"},
        {"{\"a\": [1]}", "{\"a\":[1]}"},
        {"[]", ""},
    };
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *v = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);

        assert_int_equal(cell_text(&b, v), 0);
        expect(&b, cases[i].text);
        json_decref(v);
    }
    assert_int_equal(cell_text(&b, NULL), 0);
    expect(&b, "");
    buf_done(&b);
}

static void test_path(void **state)
{
    json_t *v = json_loads("{\"a\": {\"b\": {\"c\": 7}}, \"ab\": 1}", 0, NULL);

    (void)state;
    assert_int_equal(json_integer_value(json_path(v, "a.b.c")), 7);
    assert_int_equal(json_integer_value(json_path(v, "ab")), 1);
    assert_null(json_path(v, "a.x.c"));
    assert_null(json_path(v, "a.b.c.d"));
    assert_null(json_path(NULL, "a"));
    json_decref(v);
}

/* What reaches a terminal as JSON is the same value, and steers nothing. */
static void test_json_screen(void **state)
{
    static const char hostile[] = "a\033[31m\x7f\xc2\x9b\xe2\x80\xae\xef\xbb\xbfស្ពាន é"
                                  "\xf0\x9f\xbf\xbf\xf0\x9f\x98\x80";
    json_t *v = json_pack("{s:s, s:f}", "k", hostile, "n", 87.3), *back;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    assert_int_equal(json_screen(&b, v, false), 0);
    assert_null(strchr(b.data, '\033'));
    assert_null(strchr(b.data, '\x7f'));
    assert_null(strstr(b.data, "\xc2\x9b"));
    assert_null(strstr(b.data, "\xe2\x80\xae"));
    assert_non_null(strstr(b.data, "ស្ពាន é"));
    assert_non_null(strstr(b.data, "\xf0\x9f\x98\x80"));
    assert_non_null(strstr(b.data, "\\ud83f\\udfff"));
    assert_non_null(strstr(b.data, "87.3}"));
    back = json_loads(b.data, 0, NULL);
    assert_true(json_equal(v, back));
    json_decref(back);
    json_decref(v);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_json_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
