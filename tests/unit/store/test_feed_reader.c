#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/*
 * Loads that read from elsewhere (read_conninfo), and answers of the database that nobody expects.
 * Whatever goes wrong, the feed ends up even with the primary.
 */

static char elsewhere[sizeof(cluster.conninfo)];
static PGconn *there;

static int setup(void **state)
{
    there = sql_open(elsewhere);
    if (words_open() < 0 || feed_setup(state) != 0)
        return -1;
    return sql_run(there, "TRUNCATE spean.company, spean.company_external, spean.company_contact,"
                          " spean.company_key, spean.change;"
                          "DELETE FROM spean.feed;"
                          "INSERT INTO spean.feed (epoch, seq, token_version)"
                          " VALUES (gen_random_uuid(), 0, 0)");
}

static int teardown(void **state)
{
    feed_teardown(state);
    PQfinish(there);
    words_close();
    return 0;
}

static void same_history(void)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "UPDATE spean.feed SET epoch = '%s'",
             sql_value(conn, "SELECT epoch FROM spean.feed"));
    assert_int_equal(0, sql_run(there, sql));
}

/* 5 companies at the primary; `count` of them at the other place. */
static void fill_both(int count)
{
    PGconn *primary = conn;

    fill(5);
    conn = there;
    fill(count);
    conn = primary;
}

/* Until it is even. A reader that does not come up within three seconds is not waited for: again,
 * where the machine was too slow for it. */
static void listen_here(void)
{
    for (int i = 0; i < 5 && !said("source=read_conninfo") && !said("feed_reader_left"); i++) {
        feed_free(one.feed);
        listen_logged(&one, 100, "m1", elsewhere, feed_log);
        wait_even(&one);
    }
}

/* It has less, so what is told shows where it was read: what is missing comes as changes. */
static void test_loads_from_there(void **state)
{
    (void)state;
    fill_both(3);
    same_history();
    listen_here();
    assert_int_equal(3, one.rows);
    assert_true(said("source=read_conninfo"));
    assert_int_equal(0, write_company(conn, 4, 1));
    wait_even(&one);
    assert_int_equal(4, one.rows);
    assert_int_equal(2, one.versions[4]);
    assert_int_equal(1, one.resets);
}

static void test_another_history_is_left(void **state)
{
    (void)state;
    fill_both(3);
    listen_here();
    assert_int_equal(5, one.rows);
    assert_true(said("reason=other_history"));
}

static void test_no_counter_there(void **state)
{
    (void)state;
    fill_both(3);
    assert_int_equal(0, sql_run(there, "DELETE FROM spean.feed"));
    listen_here();
    assert_int_equal(5, one.rows);
    assert_true(said("reason=nonsense"));
}

/* Refused while it reads: the primary goes on with what is missing. */
static void test_refused_there(void **state)
{
    (void)state;
    fill_both(3);
    same_history();
    listen_here();
    assert_int_equal(3, one.rows);
    assert_int_equal(0, sql_run(there, "ALTER TABLE spean.company RENAME TO company_gone"));
    assert_int_equal(0, sql_run(conn, "UPDATE spean.feed SET epoch = gen_random_uuid()"));
    same_history();
    WAIT_UNTIL(base, one.resets >= 2 && one.rows >= 3 + 5);
    wait_even(&one);
    assert_true(said("feed_reader_left"));
    assert_int_equal(0, sql_run(there, "ALTER TABLE spean.company_gone RENAME TO company"));
    assert_int_equal(1, one.versions[5]);
}

/* A server that is not there holds nobody up for long. */
static void test_nobody_there(void **state)
{
    (void)state;
    fill_both(3);
    listen_logged(&one, 100, "m1", "host=/nonexistent user=spean dbname=spean", feed_log);
    wait_even(&one);
    assert_int_equal(5, one.rows);
    assert_true(said("source=conninfo"));
}

/* The primary refuses a statement: said once, tried again, and all is well once it takes it. */
static void test_refused_by_the_primary(void **state)
{
    (void)state;
    fill(5);
    listen_logged(&one, 50, "m1", NULL, feed_log);
    wait_even(&one);
    assert_true(one.up);
    assert_int_equal(0, sql_run(conn, "ALTER TABLE spean.feed RENAME TO feed_gone"));
    WAIT_UNTIL(base, !one.up);
    assert_true(said("feed_refused"));
    assert_int_equal(0, sql_run(conn, "ALTER TABLE spean.feed_gone RENAME TO feed"));
    WAIT_UNTIL(base, one.up);
    assert_int_equal(0, write_company(conn, 2, 1));
    wait_even(&one);
    assert_int_equal(2, one.versions[2]);
    assert_int_equal(1, one.resets);
}

/* No counter at all is no state of the database: the connection begins anew until there is one. */
static void test_no_counter(void **state)
{
    char before[200];

    (void)state;
    fill(5);
    listen_logged(&one, 50, "m1", NULL, feed_log);
    wait_even(&one);
    snprintf(before, sizeof(before),
             "INSERT INTO spean.feed (epoch, seq, token_version)"
             " VALUES ('%s', 0, 0)",
             one.epoch);
    assert_int_equal(0, sql_run(conn, "DELETE FROM spean.feed"));
    WAIT_UNTIL(base, !one.up);
    assert_true(said("makes no sense"));
    assert_int_equal(0, sql_run(conn, before));
    WAIT_UNTIL(base, one.up);
    assert_int_equal(0, write_company(conn, 3, 1));
    wait_even(&one);
    assert_int_equal(2, one.versions[3]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loads_from_there), TEST(test_another_history_is_left),
        TEST(test_no_counter_there), TEST(test_refused_there),
        TEST(test_nobody_there),     TEST(test_refused_by_the_primary),
        TEST(test_no_counter),
    };
    int code = cluster_start(&cluster);

    if (code == 0 && cluster_database(&cluster, "elsewhere", true, elsewhere) < 0)
        code = -1;
    if (code == 0)
        code = cmocka_run_group_tests(tests, NULL, NULL);
    else
        code = code > 0 ? 0 : 1;
    cluster_stop(&cluster);
    return code;
}
