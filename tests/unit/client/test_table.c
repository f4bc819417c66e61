#include "cmocka_all.h"

#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spean/text.h>

#include "output.h"

static const struct column columns[] = {
    {.title = "name", .path = "name", .wide = true},
    {.title = "n", .path = "n", .right = true},
    {.title = "note", .path = "note", .below = true},
    {.title = "id", .path = "id"},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static int setup(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

/* Prints an array of records; heap text. */
static char *print(const char *records, const struct style *style)
{
    json_t *list = json_loads(records, 0, NULL);
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    struct printer *p = printer_new(f, style, columns, COLUMNS);

    assert_non_null(list);
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_int_equal(printer_add(p, json_array_get(list, i)), 0);
    assert_int_equal(printer_end(p), 0);
    fclose(f);
    json_decref(list);
    return text;
}

static void expect(const char *records, struct style style, const char *out)
{
    char *text = print(records, &style);

    assert_string_equal(text, out);
    free(text);
}

#define TWO                                                                                        \
    "[{\"name\": \"ស្ពាន\", \"n\": 5, \"id\": \"x\", \"note\": \"why\"},"                \
    " {\"name\": \"Mill\", \"n\": 120, \"id\": \"y\"}]"

static void test_table(void **state)
{
    (void)state;
    expect(TWO, (struct style){.format = FORMAT_TABLE},
           "name    n  id\n"
           "────  ───  ──\n"
           "ស្ពាន    5  x\n"
           "    why\n"
           "Mill  120  y\n");
    expect("[]", (struct style){.format = FORMAT_TABLE}, "");
}

/* The column after a Khmer name begins at the same place in every line. */
static void test_khmer_lines_up(void **state)
{
    static const char *const names[] = {"អង្ករក្រអូប", "រោងម៉ាស៊ីន", "ស្រូវ", "Québec é", "漢字"};
    char records[2000] = "[";
    char *text, *line;
    size_t at = 0;
    const struct style style = {.format = FORMAT_TABLE};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        snprintf(records + strlen(records), sizeof(records) - strlen(records),
                 "%s{\"name\": \"%s\", \"n\": 1, \"id\": \"x\"}", i ? "," : "", names[i]);
    strcat(records, "]");
    text = print(records, &style);
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        const char *end = strstr(line, "  x");

        if (!end)
            continue;
        if (at == 0)
            at = text_width(line, (size_t)(end - line));
        assert_int_equal(text_width(line, (size_t)(end - line)), at);
    }
    assert_true(at > 0);
    free(text);
}

static void test_fits(void **state)
{
    const struct style style = {.format = FORMAT_TABLE, .columns = 22};
    char *text =
        print("[{\"name\": \"A company whose name is long\", \"n\": 1, \"id\": \"abc\"}]", &style);

    (void)state;
    assert_non_null(strstr(text, "A company who…  1  abc\n"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(text_width(line, strlen(line)) <= 22);
    free(text);
}

static void test_colour(void **state)
{
    struct style style = {.format = FORMAT_TABLE, .colour = true};
    char *text = print(TWO, &style);

    (void)state;
    assert_non_null(strstr(text, "\033[1mname\033[0m"));
    free(text);
}

static void test_lines_for_programs(void **state)
{
    (void)state;
    expect(TWO, (struct style){.format = FORMAT_PLAIN}, "ស្ពាន\t5\twhy\tx\nMill\t120\t\ty\n");
    expect("[{\"name\": \"a\\tb\\nc\\u001b\", \"n\": 1, \"id\": \"x\"}]",
           (struct style){.format = FORMAT_PLAIN}, "a b c\\x1B\t1\t\tx\n");
    expect("[]", (struct style){.format = FORMAT_PLAIN}, "");
    expect("[{\"b\": 1, \"a\": \"\\u0085\"}]", (struct style){.format = FORMAT_NDJSON},
           "{\"b\": 1, \"a\": \"\\u0085\"}\n");
    expect("[]", (struct style){.format = FORMAT_NDJSON}, "");
    expect("[]", (struct style){.format = FORMAT_JSON}, "[]\n");
}

static void test_json_is_one_value(void **state)
{
    const struct style style = {.format = FORMAT_JSON};
    char *text = print(TWO, &style);
    json_t *back = json_loads(text, 0, NULL), *was = json_loads(TWO, 0, NULL);

    (void)state;
    assert_true(json_equal(back, was));
    json_decref(back);
    json_decref(was);
    free(text);
}

static void test_csv(void **state)
{
    static const char hostile[] =
        "[{\"name\": \"=cmd\\u001b,x\", \"n\": -5, \"note\": \"two\\nlines\", \"id\": \"-y\"}]";

    (void)state;
    expect(hostile, (struct style){.format = FORMAT_CSV},
           "name,n,note,id\r\n\"'=cmd\033,x\",-5,\"two\nlines\",'-y\r\n");
    expect(hostile, (struct style){.format = FORMAT_CSV, .raw = true},
           "name,n,note,id\r\n\"=cmd\033,x\",-5,\"two\nlines\",-y\r\n");
    /* On a terminal even CSV steers nothing. */
    expect(hostile, (struct style){.format = FORMAT_CSV, .raw = true, .terminal = true},
           "name,n,note,id\r\n\"=cmd\\x1B,x\",-5,two lines,-y\r\n");
    expect("[]", (struct style){.format = FORMAT_CSV}, "name,n,note,id\r\n");
}

/* More records than are looked at first: all come, none twice. */
static void test_long_list(void **state)
{
    const struct style style = {.format = FORMAT_TABLE};
    char *text = NULL, name[32];
    size_t len, lines = 0;
    FILE *f = open_memstream(&text, &len);
    struct printer *p = printer_new(f, &style, columns, COLUMNS);

    (void)state;
    for (int i = 0; i < 450; i++) {
        json_t *record;

        snprintf(name, sizeof(name), "%s-%d", i == 449 ? "much-longer-than-the-first" : "n", i);
        record = json_pack("{s:s, s:i, s:s}", "name", name, "n", i, "id", "x");
        assert_int_equal(printer_add(p, record), 0);
        json_decref(record);
    }
    printer_end(p);
    fclose(f);
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 452);
    assert_non_null(strstr(text, "n-448"));
    free(text);
}

static void test_format_words(void **state)
{
    enum format f = FORMAT_CSV;

    (void)state;
    assert_int_equal(format_parse(NULL, true, &f), 0);
    assert_int_equal(f, FORMAT_TABLE);
    assert_int_equal(format_parse(NULL, false, &f), 0);
    assert_int_equal(f, FORMAT_PLAIN);
    assert_int_equal(format_parse("table", false, &f), 0);
    assert_int_equal(f, FORMAT_TABLE);
    assert_int_equal(format_parse("ndjson", true, &f), 0);
    assert_int_equal(f, FORMAT_NDJSON);
    assert_int_equal(format_parse("xml", true, &f), -1);
    assert_int_equal(f, FORMAT_NDJSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_khmer_lines_up),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_lines_for_programs),
        cmocka_unit_test(test_json_is_one_value),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_format_words),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
