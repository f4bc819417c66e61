#include "cmocka_all.h"

#include <jansson.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <failing.h>
#include <spean/buf.h>
#include <spean/json_reader.h>

#include "answer.h"
#include "app.h"
#include "company_view.h"
#include "complete.h"
#include "csv_reader.h"
#include "edit.h"
#include "import_source.h"
#include "json_diff.h"
#include "mapping.h"
#include "mapping_file.h"
#include "match_view.h"
#include "settings.h"

/*
 * Every allocation fails in turn. What is printed is then printed whole, or said to have failed;
 * what is read gives the row that stands there, or none.
 */

#define COMPANY                                                                                    \
    "{\"id\":\"019365a0-0000-7000-8000-000000000001\",\"version\":3,\"country\":\"KH\","           \
    "\"name\":\"\\u179f\\u17d2\\u1796\\u17b6\\u1793 "                                              \
    "\\u001b[31mMill\",\"names\":{\"fra\":\"Moulin\"},"                                            \
    "\"external_ids\":[{\"system\":\"crm\",\"id\":\"42\"}],\"description\":{\"eng\":\"Rice."       \
    "\\nMore.\"},"                                                                                 \
    "\"sectors\":[\"agro-industry.rice\"],\"languages\":[{\"lang\":\"khm\",\"level\":\"fluent\"}]" \
    ","                                                                                            \
    "\"offers\":[{\"kind\":\"goods\",\"sector\":\"agro-industry.rice\",\"hs\":[\"1006\"],"         \
    "\"text\":\"Jasmine\"}],\"seeks\":[],\"employees\":40,\"contacts\":[{\"name\":\"=A\","         \
    "\"email\":\"a@example.org\",\"languages\":[\"khm\"]}]}"

/* ---- what is printed ---- */

struct print {
    struct style style;
    bool whole; /* one record, not a list */
    json_t *record;
    char *expected; /* of the first time */
    char *text;     /* of a stream that outlives the failures */
    size_t len;
    FILE *f;
};

static int print_list(struct print *p)
{
    struct printer *printer = printer_new(p->f, &p->style, company_columns, company_column_count);
    int r = printer ? printer_add(printer, p->record) : -1;

    if (r == 0)
        r = printer_add(printer, p->record);
    return printer_end(printer) < 0 ? -1 : r;
}

static bool print_once(void *ctx)
{
    struct print *p = ctx;
    int r;

    rewind(p->f);
    r = p->whole ? output_record(p->f, &p->style, company_columns, company_column_count, p->record)
                 : print_list(p);
    failing_rest();
    if (r == 0) {
        assert_int_equal(fflush(p->f), 0);
        if (!p->expected)
            p->expected = strndup(p->text, p->len);
        assert_int_equal(strlen(p->expected), p->len);
        assert_memory_equal(p->text, p->expected, p->len);
    }
    return r == 0;
}

static void test_printing(void **state)
{
    static const enum format formats[] = {FORMAT_TABLE, FORMAT_PLAIN, FORMAT_JSON, FORMAT_NDJSON,
                                          FORMAT_CSV};

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        struct print p = {.style = {.format = formats[i / 2], .terminal = true, .columns = 60},
                          .whole = i % 2};

        p.record = json_loads(COMPANY, 0, NULL);
        assert_non_null(p.record);
        p.f = open_memstream(&p.text, &p.len);
        assert_non_null(p.f);
        assert_true(failing_each(print_once, &p) > 2);
        fclose(p.f);
        free(p.text);
        free(p.expected);
        json_decref(p.record);
    }
}

static const char match_json[] =
    "{\"company\": {\"name\": \"Lotus \\u001b[31mFoods\"}, \"score\": 93.61, \"a_to_b\": 90,"
    " \"b_to_a\": 95.5, \"language\": null, \"factors\": ["
    "{\"name\": \"need\", \"value\": 80, \"weight\": 60, \"reason\": \"Buys \\u202erice.\"}],"
    " \"excluded\": {\"sentence\": \"Both are of one country.\"}}";

static bool match_once(void *ctx)
{
    const struct style style = {.columns = 50, .colour = true};
    json_t *match = ctx;
    struct buf out, reason;
    bool done;

    buf_init(&out, 1 << 20);
    buf_init(&reason, 1 << 20);
    done = match_text(&out, &style, "khm", "Mill", match) == 0 &&
           cell_reason(&reason, NULL, match) == 0;
    failing_rest();
    if (done) {
        assert_non_null(strstr(out.data, "Lotus \\x1B[31mFoods"));
        assert_non_null(strstr(out.data, "Both are of one country."));
        assert_non_null(strstr(out.data, "Buys "));
        assert_string_equal(reason.data, "Buys \u202erice.");
    }
    buf_done(&out);
    buf_done(&reason);
    return done;
}

static void test_matches(void **state)
{
    json_t *match = json_loads(match_json, 0, NULL);

    (void)state;
    assert_true(failing_each(match_once, match) > 10);
    json_decref(match);
}

/* ---- what is read ---- */

static bool message_once(void *ctx)
{
    static const char line[] =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"id\":\"x\",\"list\":[1]}}";
    struct message m;
    struct answer a = {0};
    bool done = message_parse(line, sizeof(line) - 1, &m) == 0;

    (void)ctx;
    failing_rest();
    if (done) {
        assert_int_equal(m.number, 7);
        answer_take(&a, m.root);
        assert_int_equal(a.kind, ANSWER_RESULT);
    }
    answer_done(&a);
    return done;
}

static void test_messages(void **state)
{
    (void)state;
    assert_true(failing_each(message_once, NULL) > 10);
}

/* A patch that leaves something out would leave something unwritten. */
static bool diff_once(void *ctx)
{
    json_t *pair = ctx, *patch = json_diff(json_array_get(pair, 0), json_array_get(pair, 1));
    bool done = patch != NULL;

    failing_rest();
    if (done)
        assert_true(json_equal(patch, json_array_get(pair, 2)));
    json_decref(patch);
    return done;
}

static void test_diff(void **state)
{
    json_t *pair =
        json_loads("[{\"a\":1,\"b\":{\"c\":[1],\"d\":\"x\"},\"e\":5},"
                   "{\"a\":2,\"b\":{\"c\":[1],\"n\":\"y\"},\"f\":{\"g\":[]}},"
                   "{\"a\":2,\"b\":{\"d\":null,\"n\":\"y\"},\"e\":null,\"f\":{\"g\":[]}}]",
                   0, NULL);

    (void)state;
    assert_non_null(pair);
    assert_true(failing_each(diff_once, pair) > 4);
    json_decref(pair);
}

static bool edit_once(void *ctx)
{
    static const char text[] = "{\"name\":\"Mill\",\"sectors\":[\"a\"]}";
    char err[200] = "";
    json_t *doc = edit_parse(text, sizeof(text) - 1, err, sizeof(err));
    bool done = doc != NULL;

    (void)ctx;
    failing_rest();
    assert_true(done || err[0]);
    json_decref(doc);
    return done;
}

static void test_edit(void **state)
{
    (void)state;
    assert_true(failing_each(edit_once, NULL) > 4);
}

static bool complete_once(void *ctx)
{
    char first[] = "company", last[] = "";
    char *words[] = {first, last};
    json_t *all = complete_words(2, words);
    bool done = all != NULL;
    size_t n = json_array_size(all);

    (void)ctx;
    json_decref(all);
    failing_rest();
    if (done)
        assert_true(n >= 5);
    return done;
}

static void test_complete(void **state)
{
    (void)state;
    assert_true(failing_each(complete_once, NULL) > 4);
}

struct csv {
    size_t records, cells;
};

static int csv_take(void *ctx, const struct csv_record *r)
{
    struct csv *c = ctx;

    c->records++;
    c->cells += r->n;
    return r->problem != NULL;
}

static bool csv_once(void *ctx)
{
    static const char text[] = "name,city\r\n\"Mill, \"\"the old\"\"\",Siem Reap\r\nLast,Kampot";
    struct csv c = {0};
    struct csv_reader *r = csv_reader_new(',', csv_take, &c);
    bool done = r && csv_reader_feed(r, text, sizeof(text) - 1) == 0 && csv_reader_end(r) == 0;

    (void)ctx;
    csv_reader_free(r);
    failing_rest();
    if (done) {
        assert_int_equal(c.records, 3);
        assert_int_equal(c.cells, 6);
    }
    return done;
}

static void test_csv(void **state)
{
    (void)state;
    assert_true(failing_each(csv_once, NULL) > 2);
}

#define PROFILES SPEAN_SOURCE_DIR "/conf/import/"

/* ---- imports: a file becomes companies ---- */

struct import {
    char path[64];
    size_t rows;
};

static void file_make(char path[64], const char *end, const char *text)
{
    FILE *f;
    int fd;

    snprintf(path, 64, "/tmp/spean-memory-XXXXXX%s", end);
    fd = mkstemps(path, (int)strlen(end));
    assert_true(fd >= 0);
    f = fdopen(fd, "w");
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static const char salesforce_csv[] =
    "Account ID,Account Name,Billing Country,Billing State/Province,Billing City,Industry,Website,"
    "Phone,Employees,Description,Account Owner\r\n"
    "0015x00002AbCdE,\"Moulin, du Nord\",Canada,Quebec,MONTREAL,Food & Beverage,www.example.org,"
    "+1 514,12,\"Riz\r\net plus\",X\r\n"
    "0015x00002AbCdF,Battambang Rice,Cambodia,Battambang,battambang,Agriculture,,,,,\r\n";

static bool read_once(void *ctx)
{
    struct import *i = ctx;
    struct import_source *s = NULL;
    struct import_row row;
    char err[300] = "";
    size_t n = 0;
    int r = import_source_open(i->path, IMPORT_KEYS_FOLDED, &s, err, sizeof(err));
    bool odd = r < 0 && !err[0];

    while (r >= 0 && (r = import_source_next(s, &row, err, sizeof(err))) > 0) {
        odd = odd || (row.value != NULL) == (row.problem[0] != '\0');
        n += row.value != NULL;
        import_row_done(&row);
    }
    import_source_free(s);
    failing_rest();
    assert_false(odd);
    assert_true(r == 0 || err[0]);
    assert_true(n <= i->rows);
    return r == 0 && n == i->rows;
}

static void test_reading_files(void **state)
{
    struct import csv = {.rows = 2}, ndjson = {.rows = 2};

    (void)state;
    file_make(csv.path, ".csv", salesforce_csv);
    file_make(ndjson.path, ".ndjson", COMPANY "\n\n" COMPANY "\n");
    assert_true(failing_each(read_once, &csv) > 10);
    assert_true(failing_each(read_once, &ndjson) > 10);
    unlink(csv.path);
    unlink(ndjson.path);
}

static bool load_once(void *ctx)
{
    struct mapping *m = NULL;
    char err[500] = "";
    bool done = mapping_load(ctx, &m, err, sizeof(err)) == 0;

    failing_rest();
    assert_true(done == (m != NULL));
    assert_true(done || err[0]);
    mapping_free(m);
    return done;
}

static void test_profiles(void **state)
{
    char salesforce[] = PROFILES "salesforce.ini", hubspot[] = PROFILES "hubspot.ini";

    (void)state;
    assert_true(failing_thinly(load_once, salesforce) > 50);
    assert_true(failing_thinly(load_once, hubspot) > 50);
}

/* A row by a profile: the company whole, with all notes, or none. */
struct row {
    const struct mapping *mapping;
    json_t *row, *company, *notes; /* what the first time made of it */
};

static bool map_once(void *ctx)
{
    struct row *r = ctx;
    struct mapped mapped;
    bool done = mapping_apply(r->mapping, r->row, &mapped) == 0;

    failing_rest();
    if (done) {
        assert_string_equal(mapped.problem, "");
        if (!r->company) {
            r->company = json_incref(mapped.company);
            r->notes = json_incref(mapped.notes);
        }
        assert_true(json_equal(r->company, mapped.company));
        assert_true(json_equal(r->notes, mapped.notes));
    }
    mapped_done(&mapped);
    return done;
}

static void test_mapping(void **state)
{
    struct row r = {0};
    struct import_source *s = NULL;
    struct import_row row;
    struct mapping *m = NULL;
    char err[500], file[64];
    size_t n = 0;

    (void)state;
    assert_int_equal(mapping_load(PROFILES "salesforce.ini", &m, err, sizeof(err)), 0);
    file_make(file, ".csv", salesforce_csv);
    assert_int_equal(import_source_open(file, IMPORT_KEYS_FOLDED, &s, err, sizeof(err)), 0);
    while (import_source_next(s, &row, err, sizeof(err)) > 0) {
        r = (struct row){.mapping = m, .row = row.value};
        assert_true(failing_each(map_once, &r) > 20);
        assert_non_null(json_object_get(r.company, "name"));
        json_decref(r.company);
        json_decref(r.notes);
        import_row_done(&row);
        n++;
    }
    assert_int_equal(n, 2);
    import_source_free(s);
    mapping_free(m);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printing), cmocka_unit_test(test_matches),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_diff),
        cmocka_unit_test(test_edit),     cmocka_unit_test(test_complete),
        cmocka_unit_test(test_csv),      cmocka_unit_test(test_reading_files),
        cmocka_unit_test(test_profiles), cmocka_unit_test(test_mapping),
    };

    jr_init(malloc, free);
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
