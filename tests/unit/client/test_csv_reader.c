#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "csv_reader.h"
#include <spean/file.h>

/* Records as "line:field|field" lines. */
static char seen[8192];

static int note(void *ctx, const struct csv_record *r)
{
    size_t used = strlen(seen);

    (void)ctx;
    used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%ld:", r->line);
    for (size_t i = 0; i < r->n; i++)
        used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s%s", i > 0 ? "|" : "",
                                 r->fields[i]);
    snprintf(seen + used, sizeof(seen) - used, "%s%s/", r->problem != NULL ? "!" : "",
             r->problem != NULL ? r->problem : "");
    return 0;
}

/* step: how many bytes are fed at a time. */
static const char *read_all(const char *text, char delimiter, size_t step)
{
    struct csv_reader *r = csv_reader_new(delimiter, note, NULL);
    size_t len = strlen(text);

    seen[0] = '\0';
    for (size_t at = 0; at < len; at += step)
        assert_int_equal(csv_reader_feed(r, text + at, len - at < step ? len - at : step), 0);
    assert_int_equal(csv_reader_end(r), 0);
    csv_reader_free(r);
    return seen;
}

static void records_and_their_lines(void **state)
{
    static const char text[] = "a,b\r\n1,\"two\nlines\"\r\n\r\n3,4\n5,\"x \"\"y\"\"\"";

    (void)state;
    for (size_t step = 1; step < sizeof(text); step++)
        assert_string_equal(read_all(text, ',', step), "1:a|b/2:1|two\nlines/5:3|4/6:5|x \"y\"/");
}

static void line_ends_of_three_kinds(void **state)
{
    (void)state;
    assert_string_equal(read_all("a\rb\rc", ',', 100), "1:a/2:b/3:c/");
    assert_string_equal(read_all("a\r\nb\r\nc", ',', 1), "1:a/2:b/3:c/");
    assert_string_equal(read_all("a\n\nb\n", ',', 100), "1:a/3:b/");
}

static void other_delimiters(void **state)
{
    (void)state;
    assert_string_equal(read_all("a;b,c;\"d;e\"\n", ';', 100), "1:a|b,c|d;e/");
    assert_string_equal(read_all("a\tb c\t\n", '\t', 100), "1:a|b c|/");
}

static void an_open_quote_is_told(void **state)
{
    (void)state;
    assert_string_equal(read_all("a,b\n1,\"open\n2,3\n", ',', 100),
                        "1:a|b/2:1!a quote is left open/");
}

static void a_record_without_end_stops(void **state)
{
    struct csv_reader *r = csv_reader_new(',', note, NULL);
    char chunk[4096];
    int status = 0;

    (void)state;
    seen[0] = '\0';
    memset(chunk, 'x', sizeof(chunk));
    assert_int_equal(csv_reader_feed(r, "\"", 1), 0);
    for (size_t i = 0; i < 1000 && status == 0; i++)
        status = csv_reader_feed(r, chunk, sizeof(chunk));
    assert_int_equal(status, -EFBIG);
    assert_string_equal(seen, "1:!longer than 1 MiB; is a quote left open?/");
    csv_reader_free(r);
}

static void too_many_columns_are_a_problem_of_the_row(void **state)
{
    char text[2 * CSV_FIELDS_MAX + 20];

    (void)state;
    memset(text, ',', sizeof(text));
    strcpy(text + CSV_FIELDS_MAX, "\nb\n");
    read_all(text, ',', 100);
    assert_non_null(strstr(seen, "!more than 1024 columns/2:b/"));
}

static void the_first_line_tells_the_delimiter(void **state)
{
    (void)state;
    assert_int_equal(csv_delimiter("a,b,c;d\n;;;;;", 13), ',');
    assert_int_equal(csv_delimiter("a;b;\"x,y,z\"\n", 12), ';');
    assert_int_equal(csv_delimiter("a\tb\n", 4), '\t');
    assert_int_equal(csv_delimiter("a|b", 3), '|');
    assert_int_equal(csv_delimiter("alone", 5), ',');
    assert_int_equal(csv_delimiter("", 0), ',');
}

/* csv-spectrum: every file beside the project parses as its JSON says. */

struct rows {
    json_t *header, *list;
};

static int row_collect(void *ctx, const struct csv_record *r)
{
    struct rows *rows = ctx;
    json_t *row = json_object();

    assert_null(r->problem);
    for (size_t i = 0; i < r->n; i++) {
        if (rows->header == NULL || i >= json_array_size(rows->header))
            continue;
        json_object_set_new(row, json_string_value(json_array_get(rows->header, i)),
                            json_stringn(r->fields[i], r->lens[i]));
    }
    if (rows->header != NULL)
        return json_array_append_new(rows->list, row);
    json_decref(row);
    rows->header = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(rows->header, json_stringn(r->fields[i], r->lens[i]));
    return 0;
}

static void spectrum_check(const char *dir, const char *name)
{
    struct rows rows = {.list = json_array()};
    struct csv_reader *r = csv_reader_new(',', row_collect, &rows);
    char path[PATH_MAX], *text = NULL;
    size_t len;
    json_t *expected;

    snprintf(path, sizeof(path), "%s/csvs/%s.csv", dir, name);
    assert_int_equal(file_read(path, 1 << 20, &text, &len), 0);
    assert_int_equal(csv_reader_feed(r, text, len), 0);
    assert_int_equal(csv_reader_end(r), 0);
    snprintf(path, sizeof(path), "%s/json/%s.json", dir, name);
    expected = json_load_file(path, 0, NULL);
    assert_non_null(expected);
    if (json_is_object(expected)) { /* one row only, and its number was changed in the CSV alone */
        json_object_set_new(expected, "Contact Phone Number", json_string("2095257564"));
        expected = json_pack("[o]", expected);
    }
    if (!json_equal(expected, rows.list))
        fail_msg("%s is read otherwise", name);
    csv_reader_free(r);
    free(text);
    json_decref(expected);
    json_decref(rows.list);
    json_decref(rows.header);
}

static void csv_spectrum(void **state)
{
    static const char dir[] = SPEAN_SOURCE_DIR "/../shared/data/torture/csv-spectrum";
    static const char *const names[] = {"comma_in_quotes", "empty",         "empty_crlf",
                                        "escaped_quotes",  "json",          "newlines",
                                        "simple",          "newlines_crlf", "quotes_and_newlines",
                                        "simple_crlf",     "utf8",          "location_coordinates"};
    struct stat st;

    (void)state;
    if (stat(dir, &st) != 0) {
        print_message("csv-spectrum is not beside the project: skipped\n");
        skip();
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        spectrum_check(dir, names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_their_lines),
        cmocka_unit_test(line_ends_of_three_kinds),
        cmocka_unit_test(other_delimiters),
        cmocka_unit_test(an_open_quote_is_told),
        cmocka_unit_test(a_record_without_end_stops),
        cmocka_unit_test(too_many_columns_are_a_problem_of_the_row),
        cmocka_unit_test(the_first_line_tells_the_delimiter),
        cmocka_unit_test(csv_spectrum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
