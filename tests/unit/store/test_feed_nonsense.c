#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/*
 * Loads that the server ends in the middle, and loads of what cannot be, which come as a sound
 * stream. None is called level, and the next that is whole is taken.
 */

#define COMPANIES 40

static int setup(void **state)
{
    return words_open() < 0 ? -1 : feed_setup(state);
}

static int teardown(void **state)
{
    feed_teardown(state);
    words_close();
    return 0;
}

/* The server ends the statement after rows have come: tried again, on the same connection. */
static void test_cancelled(void **state)
{
    char pid[24];

    (void)state;
    fill(7000);
    widen();
    listen_logged(&one, 50, "m1", NULL, feed_log);
    one.act_at = 100;
    one.act = cancel_copy;
    WAIT_UNTIL(base, one.rows >= 100);
    snprintf(pid, sizeof(pid), "%s",
             sql_value(conn, "SELECT pid FROM pg_stat_activity WHERE application_name = 'speand'"));
    WAIT_UNTIL(base, one.downs > 0);
    assert_int_equal(0, one.caught_ups);
    wait_even(&one);
    assert_true(said("feed_refused statement=feed_load sqlstate=57014"));
    assert_int_equal(2, one.resets);
    assert_all_told(&one, 7000);
    assert_string_equal(pid, sql_value(conn, "SELECT pid FROM pg_stat_activity WHERE"
                                             " application_name = 'speand'"));
}

/* From elsewhere: the primary takes over, and what had come is forgotten. */
static void lost_there(void (*act)(void), const char *reason)
{
    fill(7000);
    widen();
    listen_logged(&one, 50, "m1", cluster.conninfo, feed_log);
    one.act_at = 100;
    one.act = act;
    wait_even(&one);
    assert_true(said(reason));
    assert_int_equal(2, one.resets);
    assert_in_range(one.rows_before, 100, 6999);
    assert_int_equal(1, one.caught_ups);
    assert_all_told(&one, 7000);
}

static void test_cancelled_there(void **state)
{
    (void)state;
    lost_there(cancel_copy, "feed_reader_left reason=57014");
}

static void test_killed_there(void **state)
{
    (void)state;
    lost_there(kill_copy, "feed_reader_left reason=lost");
}

/* ---- a sound stream of what cannot be ---- */

/* The table's place is taken by a view of it, until it is back. */
static void replace(const char *table, const char *view)
{
    char sql[1000];

    snprintf(sql, sizeof(sql),
             "BEGIN; ALTER TABLE spean.%s RENAME TO moved; CREATE VIEW spean.%s AS %s; COMMIT",
             table, table, view);
    assert_int_equal(0, sql_run(conn, sql));
}

static void put_back(const char *table)
{
    char sql[200];

    snprintf(sql, sizeof(sql),
             "BEGIN; DROP VIEW spean.%s; ALTER TABLE spean.moved RENAME TO %s; COMMIT", table,
             table);
    assert_int_equal(0, sql_run(conn, sql));
}

static void assert_never_level(const char *table, const char *view, const char *model)
{
    replace(table, view);
    listen_logged(&one, 50, model, NULL, feed_log);
    WAIT_UNTIL(base, one.downs >= 3);
    assert_int_equal(0, one.caught_ups);
    put_back(table);
    wait_even(&one);
    assert_int_equal(1, one.caught_ups);
    assert_all_told(&one, COMPANIES);
    feed_free(one.feed);
    one.feed = NULL;
}

#define MOVED_AS(id, packed, version, updated)                                                     \
    "SELECT " id " AS id, " packed " AS packed, " version " AS version, " updated                  \
    " AS updated_at, doc, pack_format, pack_model FROM spean.moved"
#define NOT_OF(n, type, column)                                                                    \
    "CASE WHEN right(id::text, 2) <> '" n "' THEN " column " ELSE NULL::" type " END"

static void test_rows_that_cannot_be(void **state)
{
    (void)state;
    fill(COMPANIES);
    assert_never_level(
        "company", MOVED_AS(NOT_OF("14", "uuid", "id"), "packed", "version", "updated_at"), "m1");
    assert_never_level(
        "company", MOVED_AS("id", NOT_OF("14", "bytea", "packed"), "version", "updated_at"), "m1");
    assert_never_level(
        "company", MOVED_AS("id", "packed", NOT_OF("14", "bigint", "version"), "updated_at"), "m1");
    assert_never_level("company", MOVED_AS("id", "packed", "version::integer", "updated_at"), "m1");
    assert_never_level(
        "company", MOVED_AS("id", "packed", "version", NOT_OF("14", "timestamptz", "updated_at")),
        "m2");
    assert_true(said("makes no sense"));
}

/* Two counters, but only for the load: whatever looked before it saw one. */
static void test_two_counters(void **state)
{
    (void)state;
    fill(COMPANIES);
    assert_never_level("feed",
                       "SELECT * FROM spean.moved UNION ALL SELECT * FROM spean.moved"
                       " WHERE current_setting('transaction_isolation') = 'repeatable read'",
                       "m1");
}

/* Another history, but only for the load. */
static void test_other_history_there(void **state)
{
    (void)state;
    fill(COMPANIES);
    replace("feed",
            "SELECT CASE current_setting('transaction_isolation') WHEN 'repeatable read'"
            " THEN gen_random_uuid() ELSE epoch END AS epoch, seq, token_version FROM spean.moved");
    listen_logged(&one, 50, "m1", cluster.conninfo, feed_log);
    WAIT_UNTIL(base, said("feed_reader_left reason=lost"));
    put_back("feed");
    wait_even(&one);
    assert_all_told(&one, COMPANIES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cancelled),           TEST(test_cancelled_there), TEST(test_killed_there),
        TEST(test_rows_that_cannot_be), TEST(test_two_counters),    TEST(test_other_history_there),
    };
    FEED_MAIN(tests);
}
