#include "cmocka_all.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#include "labels.h"
#include "match_view.h"

static void test_bar(void **state)
{
    static const struct {
        double value;
        const char *bar;
    } cases[] = {
        {0, "····"}, {100, "████"}, {50, "██··"}, {53.125, "██▏·"}, {-5, "····"}, {1e9, "████"},
    };
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_reset(&b);
        assert_int_equal(bar(&b, cases[i].value, 4), 0);
        assert_string_equal(b.data, cases[i].bar);
    }
    buf_reset(&b);
    assert_int_equal(bar(&b, (double)NAN, 4), 0);
    assert_string_equal(b.data, "····");
    buf_done(&b);
}

static const char match_json[] =
    "{\"company\": {\"name\": \"Lotus \\u001b[31mFoods\"}, \"score\": 93.61, \"a_to_b\": 90,"
    " \"b_to_a\": 95.5, \"language\": null, \"factors\": ["
    "{\"name\": \"language\", \"value\": 100, \"weight\": 10, \"reason\": \"They can talk.\"},"
    "{\"name\": \"need\", \"value\": 80, \"weight\": 60, \"reason\": \"Buys \\u202erice.\"},"
    "{\"name\": \"novel\", \"value\": 1, \"weight\": 1, \"reason\": \"\"}],"
    " \"excluded\": {\"sentence\": \"Both are of one country.\"}}";

static void test_reason(void **state)
{
    json_t *match = json_loads(match_json, 0, NULL), *empty = json_object();
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    assert_int_equal(cell_reason(&b, NULL, match), 0);
    assert_non_null(strstr(b.data, "Buys")); /* 80 of 60 counts more than 100 of 10 */
    buf_reset(&b);
    assert_int_equal(cell_reason(&b, NULL, empty), 0);
    assert_int_equal(b.len, 0);
    json_decref(match);
    json_decref(empty);
    buf_done(&b);
}

static void test_text(void **state)
{
    static const char *const langs[][2] = {
        {"eng", "need "}, {"fra", "besoin "}, {"khm", "តម្រូវការ "}};
    json_t *match = json_loads(match_json, 0, NULL);
    const struct style style = {.format = FORMAT_TABLE, .columns = 60};
    struct buf b;

    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    buf_init(&b, 64 * 1024);
    for (size_t i = 0; i < 3; i++) {
        buf_reset(&b);
        assert_int_equal(match_text(&b, &style, langs[i][0], "ស្ពាន Mill", match), 0);
        assert_non_null(strstr(b.data, "ស្ពាន Mill  ⇄  Lotus \\x1B[31mFoods"));
        assert_non_null(strstr(b.data, langs[i][1]));
        assert_non_null(strstr(b.data, " 93.6  ██████████████████▊·"));
        assert_non_null(strstr(b.data, "    They can talk.\n"));
        assert_non_null(strstr(b.data, "\nnovel "));
        assert_non_null(strstr(b.data, "Both are of one country."));
        assert_null(strchr(b.data, '\033'));
        assert_null(strstr(b.data, "\xe2\x80\xae"));
    }
    json_decref(match);
    /* An empty answer is shown as far as it goes. */
    match = json_object();
    buf_reset(&b);
    assert_int_equal(match_text(&b, &style, "eng", "A", match), 0);
    json_decref(match);
    buf_done(&b);
}

static void test_labels(void **state)
{
    (void)state;
    for (int i = 0; i < LABEL_COUNT; i++) {
        assert_true(strlen(label_text("eng", (enum label)i)) > 0);
        assert_true(strlen(label_text("fra", (enum label)i)) > 0);
        assert_true(strlen(label_text("khm", (enum label)i)) > 0);
    }
    assert_string_equal(label_factor("fra", "sector"), "secteur");
    assert_string_equal(label_factor("fra", "novel"), "novel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bar),
        cmocka_unit_test(test_reason),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
