#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import_source.h"

static char path[64];

static const char *file_make(const char *end, const char *bytes, size_t len)
{
    int fd;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/spean-source-XXXXXX%s", end);
    fd = mkstemps(path, (int)strlen(end));
    assert_true(fd >= 0);
    f = fdopen(fd, "wb");
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    return path;
}

/* All rows as "line {json}" or "line !problem" lines, and the format first. */
static char *rows_of(const char *end, const char *bytes, size_t len, enum import_keys keys)
{
    static char out[16384];
    struct import_source *s;
    struct import_row row;
    char err[300];
    size_t at;
    int r;

    file_make(end, bytes, len);
    r = import_source_open(path, keys, &s, err, sizeof(err));
    unlink(path);
    if (r < 0) {
        snprintf(out, sizeof(out), "?");
        return out;
    }
    at = (size_t)snprintf(out, sizeof(out), "%s\n", import_source_format(s));
    while ((r = import_source_next(s, &row, err, sizeof(err))) > 0) {
        char *json =
            row.value != NULL ? json_dumps(row.value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

        at += (size_t)snprintf(out + at, sizeof(out) - at, "%ld %s%s\n", row.line,
                               json != NULL ? json : "!", row.problem);
        free(json);
        import_row_done(&row);
    }
    if (r < 0)
        snprintf(out + at, sizeof(out) - at, "? %s\n", err);
    import_source_free(s);
    return out;
}

#define ROWS(end, text, keys) rows_of(end, text, sizeof(text) - 1, keys)

static void csv_rows_are_objects_by_header(void **state)
{
    (void)state;
    assert_string_equal(
        ROWS(".csv", " Name ;City;\nA;\"B;C\";\n\n;;\nD;;\n", IMPORT_KEYS_RAW),
        "CSV (;), UTF-8\n2 {\"City\":\"B;C\",\"Name\":\"A\"}\n5 {\"Name\":\"D\"}\n");
    assert_string_equal(ROWS(".csv", "Company Name,company_name\n,x\ny,z\n", IMPORT_KEYS_FOLDED),
                        "CSV (,), UTF-8\n2 {\"companyname\":\"x\"}\n3 {\"companyname\":\"y\"}\n");
    assert_string_equal(ROWS(".txt", "sep=;\nname;x\n1,2;3\n", IMPORT_KEYS_RAW),
                        "CSV (;), UTF-8\n3 {\"name\":\"1,2\",\"x\":\"3\"}\n");
}

static void rows_that_can_not_be_read_are_told(void **state)
{
    (void)state;
    assert_string_equal(ROWS(".csv", "a,b\n1,2,3\n4,5\n", IMPORT_KEYS_RAW),
                        "CSV (,), UTF-8\n2 !more cells than the header has columns (2)\n"
                        "3 {\"a\":\"4\",\"b\":\"5\"}\n");
    assert_string_equal(
        ROWS(".ndjson", "{\"a\":1}\n\n{\"a\":1,\"a\":2}\n[1]\n \t{\"b\":2}", IMPORT_KEYS_RAW),
        "NDJSON, UTF-8\n1 {\"a\":1}\n3 !not JSON: A member is given twice, at byte 10\n"
        "4 !a JSON object is wanted\n5 {\"b\":2}\n");
}

static void content_tells_what_names_do_not(void **state)
{
    (void)state;
    assert_string_equal(ROWS("", "\n {\"a\":1}", IMPORT_KEYS_RAW), "NDJSON, UTF-8\n2 {\"a\":1}\n");
    assert_string_equal(ROWS("", "a\n1", IMPORT_KEYS_RAW), "CSV (,), UTF-8\n2 {\"a\":\"1\"}\n");
    assert_string_equal(ROWS(".jsonl", "\xEF\xBB\xBF{\"A b\":\"x\"}\r\n", IMPORT_KEYS_FOLDED),
                        "NDJSON, UTF-8\n1 {\"ab\":\"x\"}\n");
    assert_string_equal(ROWS(".csv", "", IMPORT_KEYS_RAW), "CSV (,), UTF-8\n");
}

static void a_line_over_the_limit_is_one_bad_row(void **state)
{
    size_t len = IMPORT_LINE_MAX + 100;
    char *text = malloc(len + 20), *out;

    (void)state;
    memset(text, ' ', len);
    memcpy(text + len, "\n{\"a\":1}\n", 9);
    out = rows_of(".ndjson", text, len + 9, IMPORT_KEYS_RAW);
    assert_string_equal(out, "NDJSON, UTF-8\n1 !longer than 1 MiB\n2 {\"a\":1}\n");
    free(text);
}

static void an_open_quote_does_not_eat_the_file_silently(void **state)
{
    size_t len = IMPORT_LINE_MAX * 2;
    char *text = malloc(len), *out;

    (void)state;
    memset(text, 'x', len);
    memcpy(text, "a,b\n1,2\n3,\"", 11);
    out = rows_of(".csv", text, len, IMPORT_KEYS_RAW);
    assert_non_null(strstr(out, "2 {\"a\":\"1\",\"b\":\"2\"}\n3 !longer than 1 MiB"));
    free(text);
}

static void keys_forget_case_accents_and_blanks(void **state)
{
    char *key = import_key(" N\xC2\xB0 d\xE2\x80\x99"
                           "employ\xC3\xA9s_total ",
                           25);

    (void)state;
    assert_non_null(key);
    assert_non_null(strstr(key, "employestotal"));
    free(key);
    assert_null(import_key("\xFF", 1));
    key = import_key("", 0);
    assert_string_equal(key, "");
    free(key);
}

static void missing_files_and_folders_are_told(void **state)
{
    struct import_source *s = NULL;
    char err[300];

    (void)state;
    assert_int_equal(import_source_open("/nowhere/x.csv", IMPORT_KEYS_RAW, &s, err, sizeof(err)),
                     -1);
    assert_non_null(strstr(err, "/nowhere/x.csv"));
    assert_int_equal(import_source_open("/tmp", IMPORT_KEYS_RAW, &s, err, sizeof(err)), -1);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_rows_are_objects_by_header),
        cmocka_unit_test(rows_that_can_not_be_read_are_told),
        cmocka_unit_test(content_tells_what_names_do_not),
        cmocka_unit_test(a_line_over_the_limit_is_one_bad_row),
        cmocka_unit_test(an_open_quote_does_not_eat_the_file_silently),
        cmocka_unit_test(keys_forget_case_accents_and_blanks),
        cmocka_unit_test(missing_files_and_folders_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
