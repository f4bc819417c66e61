#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_batch.h"
#include "import_form.h"

static char err[300];

/* The profile as JSON with sorted keys, or the number that import_form_read gave. */
static const char *read_row(const char *row_json)
{
    static char out[4096];
    json_t *row = json_loads(row_json, 0, NULL), *company = NULL;
    int r = import_form_read(row, &company, err, sizeof(err));
    char *text = r == 0 ? json_dumps(company, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    snprintf(out, sizeof(out), "%s", text != NULL ? text : r == 1 ? "1" : r == 2 ? "2" : "-1");
    free(text);
    json_decref(row);
    json_decref(company);
    return out;
}

static void plain_cells(void **state)
{
    (void)state;
    assert_string_equal(read_row("{\"Name\":\"A\",\"country\":\"KH\",\"employees\":\"12\","
                                 "\"founded\":\"x\",\"city\":\"\",\"version\":\"3\","
                                 "\"sectors\":\"energy, ai.analytics|health;\"}"),
                        "{\"country\":\"KH\",\"employees\":12,\"founded\":\"x\",\"name\":\"A\","
                        "\"sectors\":[\"energy\",\"ai.analytics\",\"health\"]}");
    assert_string_equal(read_row("{\"phone\":\"'+855 1\",\"name\":\"'tis\"}"),
                        "{\"name\":\"'tis\",\"phone\":\"+855 1\"}");
}

static void cells_with_more_in_them(void **state)
{
    (void)state;
    assert_string_equal(read_row("{\"languages\":\"khm fluent, eng working\","
                                 "\"external_ids\":\"crm:1, web:a:b\","
                                 "\"names\":\"khm: ក\\nfra: Riz: bon\","
                                 "\"description.ENG\":\"x\"}"),
                        "{\"description\":{\"eng\":\"x\"},"
                        "\"external_ids\":[{\"id\":\"1\",\"system\":\"crm\"},"
                        "{\"id\":\"a:b\",\"system\":\"web\"}],"
                        "\"languages\":[{\"lang\":\"khm\",\"level\":\"fluent\"},"
                        "{\"lang\":\"eng\",\"level\":\"working\"}],"
                        "\"names\":{\"fra\":\"Riz: bon\",\"khm\":\"ក\"}}");
    assert_string_equal(
        read_row(
            "{\"offers\":\"goods agro-industry.rice (hs 1006, 100630): Rice: good\\nand more\\n"
            "capital energy\",\"seeks\":\"[{\\\"kind\\\":\\\"goods\\\"}]\"}"),
        "{\"offers\":[{\"hs\":[\"1006\",\"100630\"],\"kind\":\"goods\",\"sector\":"
        "\"agro-industry.rice\",\"text\":\"Rice: good\\nand more\"},"
        "{\"kind\":\"capital\",\"sector\":\"energy\"}],\"seeks\":[{\"kind\":\"goods\"}]}");
}

static void what_is_not_of_the_form(void **state)
{
    (void)state;
    assert_string_equal(read_row("{\"name\":\"A\",\"Shoe size\":\"42\"}"), "2");
    assert_non_null(strstr(err, "Shoe size"));
    assert_string_equal(read_row("{\"languages\":\"khm\"}"), "1");
    assert_string_equal(read_row("{\"external_ids\":\":1\"}"), "1");
    assert_string_equal(read_row("{\"names\":\"Riz\"}"), "1");
    assert_string_equal(read_row("{\"offers\":\"rice\"}"), "1");
    assert_string_equal(read_row("{\"offers\":\"goods energy (hs\"}"), "1");
    assert_string_equal(read_row("{\"offers\":\"[{]\"}"), "1");
    assert_string_equal(read_row("{\"contacts\":\"Sok\"}"), "1");
    assert_string_equal(read_row("{\"name.fra\":\"x\"}"), "2");
}

static json_t *company_make(size_t text)
{
    char *s = malloc(text + 1);
    json_t *c;

    memset(s, 'x', text);
    s[text] = '\0';
    c = json_pack("{s:s,s:[s,s]}", "name", s, "sectors", "a", "b");
    free(s);
    return c;
}

static void batches_are_bounded(void **state)
{
    struct batch b = {0};
    json_t *small = company_make(10), *big = company_make(500000), *wide = json_array();

    (void)state;
    assert_int_equal(json_elements(small), 4); /* two members, two entries */
    while (batch_fits(&b, small))
        assert_int_equal(batch_add(&b, json_incref(small), 1), 0);
    assert_int_equal(b.n, BATCH_ROWS_MAX);
    batch_done(&b);
    assert_int_equal(batch_add(&b, json_incref(big), 1), 0);
    assert_false(batch_fits(&b, big));
    assert_true(batch_fits(&b, small));
    batch_done(&b);
    for (int i = 0; i < 20000; i++)
        json_array_append_new(wide, json_integer(i));
    assert_false(batch_never(wide));
    assert_true(batch_fits(&b, wide));
    assert_int_equal(batch_add(&b, json_incref(wide), 1), 0);
    assert_false(batch_fits(&b, wide));
    batch_done(&b);
    for (int i = 0; i < 11000; i++)
        json_array_append_new(wide, json_integer(i));
    assert_true(batch_never(wide));
    json_decref(small);
    json_decref(big);
    json_decref(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_cells),
        cmocka_unit_test(cells_with_more_in_them),
        cmocka_unit_test(what_is_not_of_the_form),
        cmocka_unit_test(batches_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
