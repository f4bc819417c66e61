#include "help.h"

#include <locale.h>

#include <spean/json_writer.h>

/* Writes with one function and gives the text, to free. */
static char *written(void (*write)(struct json_writer *w))
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, 65536);
    jw_init(&w, &out);
    write(&w);
    return buf_take(&out, NULL);
}

static void assert_written(void (*write)(struct json_writer *w), const char *expected)
{
    char *text = written(write);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void write_nested(struct json_writer *w)
{
    jw_object(w);
    jw_key(w, "a");
    jw_array(w);
    jw_int(w, 1);
    jw_object(w);
    jw_object_end(w);
    jw_array(w);
    jw_array_end(w);
    jw_null(w);
    jw_array_end(w);
    jw_key_text(w, "b", NULL);
    jw_key_int(w, "c", INT64_MIN);
    jw_key(w, "d");
    jw_bool(w, true);
    jw_key(w, "e");
    jw_raw(w, "{\"x\":[]}", 8);
    jw_key(w, "f");
    jw_bool(w, false);
    jw_object_end(w);
}

static void test_commas(void **state)
{
    (void)state;
    assert_written(write_nested, "{\"a\":[1,{},[],null],\"b\":null,\"c\":-9223372036854775808,"
                                 "\"d\":true,\"e\":{\"x\":[]},\"f\":false}");
}

static void write_hundredths(struct json_writer *w)
{
    static const int64_t values[] = {8725, 8700, 8750, 0, 5, 10000, -5, -8750, 100};

    jw_array(w);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        jw_hundredths(w, values[i]);
    jw_array_end(w);
}

static void test_hundredths(void **state)
{
    (void)state;
    assert_written(write_hundredths, "[87.25,87,87.5,0,0.05,100,-0.05,-87.5,1]");
}

static void write_escapes(struct json_writer *w)
{
    jw_array(w);
    jw_text(w, "a\"b\\c/d\b\f\n\r\t\v\x01\x1f\x7fស្ពាន😀");
    jw_string(w, "\n\n", 2);
    jw_string(w, "", 0);
    jw_array_end(w);
}

static void test_escapes(void **state)
{
    (void)state;
    assert_written(write_escapes, "[\"a\\\"b\\\\c/d\\b\\f\\n\\r\\t\\u000b\\u0001\\u001f\x7fស្ពាន😀\","
                                  "\"\\n\\n\",\"\"]");
}

/* Every byte below 0x80 reads back as itself, wherever it stands in a string of whatever length. */
static void test_bytes_read_back(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 20; len++)
        for (size_t at = 0; at < len; at++)
            for (char c = 1; c < 0x7f; c++) {
                struct json_writer w;
                struct buf out;
                json_t *value;
                char text[32];

                memset(text, 'x', sizeof text);
                text[at] = c;
                if (len > at + 2)
                    memcpy(text + len - 2, "é", 2);
                text[len] = '\0';
                buf_init(&out, 200);
                jw_init(&w, &out);
                jw_text(&w, text);
                value = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
                assert_string_equal(json_string_value(value), text);
                json_decref(value);
                buf_done(&out);
            }
}

/* A key of any length, with a comma where one is due. */
static void test_keys(void **state)
{
    (void)state;
    char key[200];
    for (size_t len = 0; len < sizeof key - 1; len++) {
        struct json_writer w;
        struct buf out;
        json_t *value;

        memset(key, 'k', sizeof key);
        key[len] = '\0';
        buf_init(&out, 1000);
        jw_init(&w, &out);
        jw_object(&w);
        jw_key_int(&w, "first", 1);
        jw_key_int(&w, key, -2);
        jw_object_end(&w);
        value = json_loadb(out.data, out.len, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(value, "first")), 1);
        assert_int_equal(json_integer_value(json_object_get(value, key)), -2);
        json_decref(value);
        buf_done(&out);
    }
}

/* What jansson read is written so that it reads the same again. */
static void test_json(void **state)
{
    static const char *const texts[] = {
        "null",
        "[]",
        "{}",
        "[[],{},[[]]]",
        "{'':0}",
        "{'a\\nb':{'c':[true,false,null]}}",
        "[0.1,-0.0,1e300,1.0,123456789.125,0.3333333333333333,5e-324,1e22]",
        "[9223372036854775807,-9223372036854775808]",
        "{'name':'ក្រុមហ៊ុន','x':'\\u0001\\u2028\\uffff'}"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *value = help_json(texts[i]), *again;
        struct json_writer w;
        struct buf out;

        buf_init(&out, 4096);
        jw_init(&w, &out);
        jw_json(&w, value);
        assert_false(out.failed);
        again = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
        if (!json_equal(value, again))
            fail_msg("%s -> %s", texts[i], out.data);
        json_decref(value);
        json_decref(again);
        buf_done(&out);
    }
}

static void write_reals(struct json_writer *w)
{
    static const double values[] = {0.1, 87.25, 1, 1e21, 1e300, -2.5, 1.0 / 3};

    jw_array(w);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        json_t *v = json_real(values[i]);
        jw_json(w, v);
        json_decref(v);
    }
    jw_json(w, NULL);
    jw_array_end(w);
}

static void test_reals(void **state)
{
    const char *expected = "[0.1,87.25,1.0,1e+21,1e+300,-2.5,0.33333333333333331,null]";

    (void)state;
    assert_written(write_reals, expected);
    /* A locale with a decimal comma changes nothing. */
    if (setlocale(LC_NUMERIC, "fr_CA.UTF-8") || setlocale(LC_NUMERIC, "de_DE.UTF-8"))
        assert_written(write_reals, expected);
    setlocale(LC_NUMERIC, "C");
}

/* Too deep, or over the buffer's ceiling: the buffer says so, nothing is overrun. */
static void test_failures(void **state)
{
    struct json_writer w;
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    jw_init(&w, &out);
    for (int i = 0; i < 63; i++)
        jw_array(&w);
    assert_false(out.failed);
    for (int i = 0; i < 100; i++)
        jw_array(&w);
    assert_true(out.failed);
    for (int i = 0; i < 300; i++)
        jw_array_end(&w);
    buf_done(&out);
    buf_init(&out, 3);
    jw_init(&w, &out);
    jw_text(&w, "abcdef");
    assert_true(out.failed);
    buf_done(&out);
}

/* As jansson writes it, whole or marked as failed. */
static void test_dump(void **state)
{
    json_t *v = json_pack("{s:i, s:[s, n]}", "b", 1, "a", "x");
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    assert_int_equal(jw_dump(&out, v, JSON_COMPACT | JSON_SORT_KEYS), 0);
    assert_string_equal(out.data, "{\"a\":[\"x\",null],\"b\":1}");
    buf_done(&out);
    buf_init(&out, 10);
    assert_int_equal(jw_dump(&out, v, JSON_COMPACT), -1);
    assert_true(out.failed);
    buf_done(&out);
    buf_init(&out, 65536);
    assert_int_equal(jw_dump(&out, NULL, 0), -1); /* no value at all */
    buf_done(&out);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas),  cmocka_unit_test(test_hundredths),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_bytes_read_back),
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_json),
        cmocka_unit_test(test_reals),   cmocka_unit_test(test_failures),
        cmocka_unit_test(test_dump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
