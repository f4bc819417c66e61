#include "client.h"
#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <spean/buf.h>
#include <spean/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPANIES "100000"

static struct buf plans; /* what auto_explain says */

static const char *make_companies =
    "SET session_replication_role = replica;" /* the references hold; no need to look */
    "INSERT INTO spean.company SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::"
    "uuid, 1, CASE n % 2 WHEN 0 THEN 'KH' ELSE 'CA' END, 'Company ' || n, 'KH-' || n % 25 + 1, "
    "NULL,"
    " (ARRAY['draft', 'published', 'published', 'paused'])[n % 4 + 1], ARRAY[s],"
    " spean.sector_terms(ARRAY[s]), NULL, NULL, now() - n * interval '1 second', '{}', '\\x00', 1,"
    " 'm' FROM (SELECT n, 'group' || n % 12 || '.leaf' || n % 107 AS s"
    " FROM generate_series(1, " COMPANIES ") n) q;"
    "INSERT INTO spean.company_key SELECT id, '', country,"
    " (ARRAY['rice', 'mekong', 'maple', 'golden', 'angkor', 'pacific', 'boreal', 'lotus'])"
    "[1 + h % 8] || ' ' || (ARRAY['trading', 'mills', 'export', 'foods', 'energy', 'solutions',"
    " 'logistics'])[1 + h / 8 % 7] || ' ' || substr(md5(h::text), 1, 6) || ' ltd'"
    " FROM (SELECT id, country, abs(hashtext(id::text)) AS h FROM spean.company) c;"
    "INSERT INTO spean.company_contact SELECT id, '[]' FROM spean.company;"
    "INSERT INTO spean.company_external SELECT 'crm', id::text, id FROM spean.company;"
    "INSERT INTO spean.change SELECT n, '00000000-0000-7000-8000-000000000001', 'updated', 1,"
    " '[]', 'x', now() FROM generate_series(1, " COMPANIES ") n;"
    "UPDATE spean.feed SET seq = " COMPANIES ";"
    "RESET session_replication_role; ANALYZE";

static const char *names[] = {
    "Battambang Rice Mill Co., Ltd.", "Ets Québécois du Sirop", "សហគ្រាសស្រូវអង្ករបាត់ដំបង",
    "Kampot Pepper & Spices",         "Ƶ Holding 100%_",        "Kampot Pepper Archive",
};

static void add_names(void)
{
    char sql[1024];
    struct buf key;

    buf_init(&key, 1024);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        buf_reset(&key);
        assert_int_equal(0, text_search_key(&key, names[i], strlen(names[i])));
        /* every one has a second name, and counts once */
        snprintf(sql, sizeof(sql),
                 "INSERT INTO spean.company SELECT '00000000-0000-7000-9000-00000000000%zu', 1,"
                 " 'KH', $n$%s$n$, 'KH-2', NULL, '%s', ARRAY['energy.solar'], ARRAY['energy'],"
                 " NULL, NULL, now(), '{}', '', 1, 'm';"
                 "INSERT INTO spean.company_key SELECT '00000000-0000-7000-9000-00000000000%zu', l,"
                 " 'KH', '%s' || CASE l WHEN '' THEN '' ELSE ' zweigstelle' END"
                 " FROM unnest(ARRAY['', 'deu']) l",
                 i, names[i], strstr(names[i], "Archive") ? "archived" : "published", i, key.data);
        assert_int_equal(0, sql_run(conn, sql));
    }
    buf_done(&key);
}

static PGresult *run(enum statement which, int params, const char *const *values)
{
    PGresult *res =
        PQexecParams(conn, store_statements[which].sql, params, NULL, values, NULL, NULL, 0);

    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        fprintf(stderr, "%s", PQerrorMessage(conn));
    assert_int_equal(PGRES_TUPLES_OK, PQresultStatus(res));
    return res;
}

/* Name of the company found first for what a user types; "" if none is. */
static const char *first(const char *typed, const char *country)
{
    static char name[256];
    struct buf key;

    buf_init(&key, 1024);
    assert_int_equal(0, text_search_key(&key, typed, strlen(typed)));
    PGresult *res = run(STMT_COMPANY_SEARCH, 3, (const char *[]){key.data, country, "10"});
    name[0] = '\0';
    double last = 1;
    for (int i = 0; i < PQntuples(res); i++) {
        double rank = strtod(PQgetvalue(res, i, PQfnumber(res, "rank")), NULL);
        assert_true(rank > 0 && rank <= last);
        last = rank;
        for (int j = 0; j < i; j++)
            assert_string_not_equal(PQgetvalue(res, i, 0), PQgetvalue(res, j, 0));
    }
    if (PQntuples(res) > 0)
        snprintf(name, sizeof(name), "%s", PQgetvalue(res, 0, PQfnumber(res, "name")));
    PQclear(res);
    buf_done(&key);
    return name;
}

static void test_finds(void **state)
{
    (void)state;
    assert_string_equal(names[0], first("Batambang", NULL)); /* a typing slip */
    assert_string_equal(names[0], first("BATTAMBANG rice", NULL));
    assert_string_equal(names[0], first("rice batambang", "KH"));
    assert_string_equal("", first("Batambang", "CA"));
    assert_string_equal(names[1], first("quebecois", NULL)); /* without its accents */
    assert_string_equal(names[1], first("Québécois", NULL));
    assert_string_equal(names[1], first("quebcois", NULL));
    assert_string_equal(names[2], first("សហគ្រាស", NULL)); /* from the start */
    assert_string_equal(names[2], first("បាត់ដំបង", NULL)); /* from the end */
    assert_string_equal(names[2], first("អង្ករ", NULL));   /* from within */
    assert_string_equal(names[2], first("ស", NULL));      /* one letter */
    assert_string_equal(names[3], first("ka", NULL));
    assert_string_equal(names[3], first("k", NULL));
    assert_string_equal(names[3], first("sp", NULL));            /* a word that is not the first */
    assert_string_equal(names[3], first("Kampot Pepper", NULL)); /* archived ones come after */
    assert_string_equal("", first("", NULL));
    assert_string_equal("", first("wxyzzy qqq", NULL));
    assert_string_not_equal("", first("ltd", NULL));
    assert_string_equal("", first("%", NULL)); /* means nothing special */
    assert_string_equal(names[4], first("Ƶ", NULL));
}

static void test_exact_name_is_certain(void **state)
{
    (void)state;
    PGresult *res =
        run(STMT_COMPANY_SEARCH, 3, (const char *[]){"kampot pepper spices", NULL, "3"});
    assert_string_equal("1", PQgetvalue(res, 0, PQfnumber(res, "rank")));
    assert_string_equal("KH", PQgetvalue(res, 0, PQfnumber(res, "country")));
    assert_string_equal("KH-2", PQgetvalue(res, 0, PQfnumber(res, "region")));
    assert_string_equal("[\"energy.solar\"]", PQgetvalue(res, 0, PQfnumber(res, "sectors")));
    PQclear(res);
}

static void on_notice(void *ctx, const PGresult *res)
{
    (void)ctx;
    buf_adds(&plans, PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
}

/* Runs a statement; fails if a plan within it scans a whole table. */
static void assert_no_scan(enum statement which, int params, const char *const *values)
{
    buf_reset(&plans);
    PQclear(run(which, params, values));
    assert_false(plans.failed);
    assert_non_null(strstr(plans.data, "Query Text"));
    if (strstr(plans.data, "Seq Scan on company") || strstr(plans.data, "Seq Scan on change"))
        fprintf(stderr, "%s: %s\n", store_statements[which].name, plans.data);
    assert_null(strstr(plans.data, "Seq Scan on company"));
    assert_null(strstr(plans.data, "Seq Scan on change"));
}

/* The plans are PostgreSQL's own, of every query inside the functions. */
static void test_no_sequential_scan(void **state)
{
    const char *id = "00000000-0000-7000-8000-000000000abc";
    const char *searches[] = {"batambang", "mekong trading", "k",       "qq",
                              "ltd",       "uauauauaub",     "solutons"};
    const char *lists[][6] = {
        {NULL, NULL, NULL, NULL, NULL, NULL},        {"KH", NULL, NULL, NULL, NULL, id},
        {NULL, "group3", NULL, NULL, NULL, NULL},    {NULL, "group3.leaf9", NULL, NULL, NULL, NULL},
        {NULL, NULL, "KH-4", NULL, NULL, id},        {NULL, NULL, NULL, "paused", NULL, NULL},
        {NULL, NULL, NULL, NULL, "1790000000", id},  {"CA", "group1", NULL, "draft", NULL, id},
        {NULL, "nothing", "KH-9", NULL, NULL, NULL},
    };

    (void)state;
    assert_int_equal(0, sql_run(conn, "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;"
                                      " SET auto_explain.log_nested_statements = on;"
                                      " SET client_min_messages = log"));
    PQsetNoticeReceiver(conn, on_notice, NULL);
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        assert_no_scan(STMT_COMPANY_SEARCH, 3, (const char *[]){searches[i], NULL, "10"});
        assert_no_scan(STMT_COMPANY_SEARCH, 3, (const char *[]){searches[i], "KH", "10"});
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const char *v[] = {lists[i][0], lists[i][1], lists[i][2], lists[i][3],
                           lists[i][4], lists[i][5], "101"};
        assert_no_scan(STMT_COMPANY_LIST, 7, v);
    }
    assert_no_scan(STMT_COMPANY_GET, 3, (const char *[]){id, NULL, NULL});
    assert_no_scan(STMT_COMPANY_GET, 3, (const char *[]){NULL, "crm", id});
    assert_no_scan(STMT_COMPANY_READ, 6, (const char *[]){id, NULL, NULL, "p", "staff", "r"});
    assert_no_scan(STMT_COMPANY_READ, 6, (const char *[]){NULL, "crm", id, "p", "staff", "r"});
    assert_no_scan(STMT_COMPANY_ERASE, 4,
                   (const char *[]){"00000000-0000-7000-8000-000000000abd", "p", "admin", "r"});
    assert_no_scan(STMT_CHANGES_LIST, 2, (const char *[]){"99000", "100"});
    assert_no_scan(STMT_COMPANY_FIND, 1,
                   (const char *[]){"[{\"id\":null,\"externals\":[{\"system\":\"crm\","
                                    "\"id\":\"x\"}]},{\"id\":"
                                    "\"00000000-0000-7000-8000-000000000abc\"}]"});
    assert_no_scan(STMT_COMPANY_WRITE, 8,
                   (const char *[]){"[{\"id\":\"00000000-0000-7000-8000-000000000abc\","
                                    "\"expect\":1,\"type\":\"updated\",\"doc\":{\"country\":"
                                    "\"KH\",\"name\":\"x\",\"status\":\"draft\",\"external_ids\":"
                                    "[{\"system\":\"a\",\"id\":\"b\"}]},\"contacts\":[],\"keys\":"
                                    "[{\"lang\":\"\",\"key\":\"x\"}],\"packed\":\"\"}]",
                                    "p", "k", "d", "{}", "1000", "1", "m"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_exact_name_is_certain),
        cmocka_unit_test(test_no_sequential_scan),
    };
    int code = cluster_start(&cluster);

    if (code == 0) {
        buf_init(&plans, 4 * 1024 * 1024);
        conn = sql_open(cluster.conninfo);
        code = sql_run(conn, make_companies);
        add_names();
        if (code == 0)
            code = cmocka_run_group_tests(tests, NULL, NULL);
        PQfinish(conn);
        buf_done(&plans);
    } else {
        code = code > 0 ? 0 : 1;
    }
    cluster_stop(&cluster);
    return code;
}
