#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_load_and_follow(void **state)
{
    (void)state;
    fill(5000); /* three pages */
    listen_on(&one, 600000, "m1");
    wait_even(&one);
    assert_int_equal(1, one.resets);
    assert_int_equal(5000, one.rows);
    assert_int_equal(0, one.docs);
    assert_string_equal(sql_value(conn, "SELECT epoch FROM spean.feed"), one.epoch);
    /* With a poll in ten minutes, only the notification can be what wakes it. */
    assert_int_equal(0, write_company(conn, 6000, 0));
    assert_int_equal(0, write_company(conn, 17, 1));
    wait_even(&one);
    assert_int_equal(1, one.versions[6000]);
    assert_int_equal(2, one.versions[17]);
    assert_int_equal(5002, one.rows);
    assert_int_equal(1, one.resets);
    assert_int_equal(2, one.database_seq);
}

/* Several changes of one company in a page are one row: the company as it stands. */
static void test_coalesces(void **state)
{
    (void)state;
    listen_on(&one, 100, "m1");
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "BEGIN"));
    for (int i = 0; i < 5; i++)
        assert_int_equal(0, write_company(conn, 3, i));
    assert_int_equal(0, sql_run(conn, "COMMIT"));
    wait_even(&one);
    assert_int_equal(1, one.rows);
    assert_int_equal(5, one.versions[3]);
    assert_int_equal(5, one.seq);
}

static void test_pages_of_changes(void **state)
{
    (void)state;
    listen_on(&one, 100, "m1");
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "BEGIN"));
    for (unsigned i = 1; i <= 2500; i++)
        assert_int_equal(0, write_company(conn, i, 0));
    assert_int_equal(0, sql_run(conn, "COMMIT"));
    wait_even(&one);
    assert_int_equal(2500, one.rows);
    assert_int_equal(2500, one.seq);
    assert_int_equal(2, one.caught_ups); /* after the load, and at the head: not at every page */
}

/* Where a row found no memory a load begins anew and a page of changes is given again, and nothing
 * is called level before. */
static void test_starved(void **state)
{
    (void)state;
    fill(5000);
    listen_on(&one, 50, "m1");
    one.starve = 3;
    wait_even(&one);
    assert_int_equal(0, one.starve);
    assert_int_equal(4, one.resets);
    assert_int_equal(5000, one.rows);
    for (unsigned n = 1; n <= 5000; n++)
        assert_int_equal(1, one.versions[n]);
    one.starve = 2;
    assert_int_equal(0, write_company(conn, 6000, 0));
    assert_int_equal(0, write_company(conn, 17, 1));
    wait_even(&one);
    assert_int_equal(0, one.starve);
    assert_int_equal(1, one.versions[6000]);
    assert_int_equal(2, one.versions[17]);
    assert_true(one.ordered);
}

static void test_without_notify(void **state)
{
    (void)state;
    fill(1);
    listen_on(&one, 100, "m1");
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "BEGIN; DELETE FROM spean.company;"
                                      "UPDATE spean.feed SET seq = seq + 1;"
                                      "INSERT INTO spean.change SELECT seq,"
                                      " '00000000-0000-7000-8000-000000000001', 'erased', 2,"
                                      " '[]', 'test', now() FROM spean.feed; COMMIT"));
    wait_even(&one);
    assert_int_equal(1, one.gone);
    assert_int_equal(-1, one.versions[1]);
}

static void test_doc_for_other_packing(void **state)
{
    (void)state;
    fill(3);
    listen_on(&one, 100, "m2");
    wait_even(&one);
    assert_int_equal(3, one.docs);
    assert_int_equal(0, write_company(conn, 2, 1));
    wait_even(&one);
    assert_int_equal(4, one.docs);
}

static void test_reconnect_goes_on(void **state)
{
    (void)state;
    fill(10);
    listen_on(&one, 100, "m1");
    wait_even(&one);
    assert_int_equal(0, cluster_halt(&cluster));
    WAIT_UNTIL(base, !one.up);
    assert_int_equal(0, cluster_resume(&cluster));
    PQreset(conn);
    assert_int_equal(0, write_company(conn, 5, 1)); /* perhaps before the feed is back */
    wait_even(&one);
    assert_true(one.up);
    assert_int_equal(1, one.resets);
    assert_int_equal(11, one.rows);
    assert_int_equal(2, one.versions[5]);
}

/* Cut off in the middle of a load: all anew, and nothing is told as a whole before it is one. */
static void test_load_cut_off(void **state)
{
    (void)state;
    fill(7000);
    widen();
    listen_on(&one, 100, "m2");
    one.kill_at = 2500;
    WAIT_UNTIL(base, one.resets == 2);
    assert_int_equal(0, one.caught_ups);
    assert_in_range(one.rows_before, 2500, 6999);
    wait_even(&one);
    assert_int_equal(7000, one.rows - one.rows_before);
    assert_int_equal(2, one.resets);
    for (int n = 1; n <= 7000; n++)
        assert_int_equal(1, one.versions[n]);
}

/* While rows come: a new company, changes of one that has been given and of one that has not, and
 * one that is gone. */
static void write_meanwhile(void)
{
    assert_int_equal(0, write_company(conn, 7001, 0));
    assert_int_equal(0, write_company(conn, 1, 1));
    assert_int_equal(0, write_company(conn, 6999, 1));
    assert_int_equal(0, sql_run(conn, "BEGIN; DELETE FROM spean.company WHERE right(id::text, 4) ="
                                      " '1b58'; UPDATE spean.feed SET seq = seq + 1;"
                                      "INSERT INTO spean.change SELECT seq,"
                                      " '00000000-0000-7000-8000-000000001b58', 'erased', 2,"
                                      " '[]', 'test', now() FROM spean.feed; COMMIT"));
}

/* A write that had its number when the snapshot was taken and is committed while rows come. */
static PGconn *slow;

static void commit_meanwhile(void)
{
    assert_int_equal(0, sql_run(slow, "COMMIT"));
    write_meanwhile();
}

static void test_writes_during_a_load(void **state)
{
    (void)state;
    slow = sql_open(cluster.conninfo);
    fill(7000);
    widen();
    assert_int_equal(0, write_company(conn, 3, 1));
    assert_int_equal(0, sql_run(slow, "BEGIN"));
    assert_int_equal(0, write_company(slow, 5, 1));
    listen_on(&one, 600000, "m2");
    one.act_at = 100;
    one.act = commit_meanwhile;
    WAIT_UNTIL(base, one.caught_ups == 1);
    assert_int_equal(1, one.seq); /* what the snapshot shows, not what is there by now */
    assert_int_equal(7000, one.rows);
    assert_int_equal(2, one.versions[3]);
    assert_int_equal(1, one.versions[5]);
    assert_int_equal(1, one.versions[6999]);
    assert_int_equal(0, one.versions[7001]);
    wait_even(&one);
    assert_int_equal(6, one.seq);
    assert_int_equal(7005, one.rows); /* each once more, and no other */
    assert_int_equal(1, one.resets);
    assert_int_equal(2, one.versions[5]);
    assert_int_equal(2, one.versions[1]);
    assert_int_equal(2, one.versions[6999]);
    assert_int_equal(1, one.versions[7001]);
    assert_int_equal(-1, one.versions[7000]);
    PQfinish(slow);
}

/* Told to stop in the middle of a load: it stops, and the server does so, too. */
static void test_stopped_while_loading(void **state)
{
    (void)state;
    fill(7000);
    widen();
    assert_int_equal(0, sql_run(conn, "ANALYZE spean.company"));
    listen_on(&one, 100, "m2");
    WAIT_UNTIL(base, one.rows > 0);
    assert_int_equal(0, one.caught_ups);
    assert_true(one.loading && one.about == 7000);
    feed_free(one.feed);
    one.feed = NULL;
    WAIT_UNTIL(base, strcmp(sql_value(conn, "SELECT count(*) FROM pg_stat_activity WHERE"
                                            " application_name = 'speand'"),
                            "0") == 0);
    assert_int_equal(0, one.caught_ups);
}

/* An error of the server's after it has given rows: tried again, on the same connection. */
static void test_refused_load(void **state)
{
    (void)state;
    fill(7000);
    widen();
    assert_int_equal(0, sql_run(conn, "UPDATE spean.company SET updated_at = 'infinity'"
                                      " WHERE right(id::text, 4) = '1500'"));
    listen_on(&one, 100, "m2");
    WAIT_UNTIL(base, one.downs >= 2);
    assert_true(one.rows > 0);
    assert_int_equal(0, one.caught_ups);
    assert_int_equal(0, sql_run(conn, "UPDATE spean.company SET updated_at = now()"));
    wait_even(&one);
    assert_int_equal(7000, one.rows - one.rows_before);
    assert_string_equal("1", sql_value(conn, "SELECT count(*) FROM pg_stat_activity WHERE"
                                             " application_name = 'speand'"));
}

static void test_frozen_server(void **state)
{
    (void)state;
    listen_on(&one, 100, "m1");
    wait_even(&one);
    pid_t pid = (pid_t)atoi(sql_value(conn, "SELECT pid FROM pg_stat_activity WHERE"
                                            " application_name = 'speand' LIMIT 1"));
    assert_true(pid > 0);
    assert_int_equal(0, kill(pid, SIGSTOP));
    WAIT_UNTIL(base, !one.up);
    WAIT_UNTIL(base, one.up);
    kill(pid, SIGCONT);
}

/* Another history: everything anew. */
static void test_new_epoch(void **state)
{
    (void)state;
    fill(10);
    listen_on(&one, 100, "m1");
    assert_int_equal(0, write_company(conn, 1, 1));
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "UPDATE spean.feed SET epoch = gen_random_uuid()"));
    WAIT_UNTIL(base, one.resets == 2 && one.caught_ups > 0 && one.seq == 1);
    assert_string_equal(sql_value(conn, "SELECT epoch FROM spean.feed"), one.epoch);

    /* The counter goes back: two feeds notice, the epoch moves once, cursors find out. */
    listen_on(&two, 100, "m1");
    wait_even(&two);
    char before[64];
    snprintf(before, sizeof(before), "%s", one.epoch);
    assert_int_equal(0, sql_run(conn, "BEGIN; UPDATE spean.feed SET seq = 0;"
                                      " DELETE FROM spean.change; COMMIT"));
    WAIT_UNTIL(base, one.resets == 3 && two.resets == 2);
    WAIT_UNTIL(base, strcmp(one.epoch, before) != 0 && strcmp(two.epoch, before) != 0);
    assert_string_equal(one.epoch, two.epoch);
    assert_string_equal(sql_value(conn, "SELECT epoch FROM spean.feed"), one.epoch);
}

/* Changes that are no longer in the table can't be followed: load. */
static void test_changes_missing(void **state)
{
    (void)state;
    fill(10);
    listen_on(&one, 100, "m1");
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "BEGIN"));
    assert_int_equal(0, write_company(conn, 1, 1));
    assert_int_equal(0, write_company(conn, 2, 1));
    assert_int_equal(0, sql_run(conn, "DELETE FROM spean.change WHERE seq = 1; COMMIT"));
    WAIT_UNTIL(base, one.resets == 2 && one.seq == 2);
    assert_int_equal(2, one.versions[1]);
}

static void test_tokens(void **state)
{
    (void)state;
    listen_on(&one, 600000, "m1");
    WAIT_UNTIL(base, one.token_moves == 1);
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "SELECT spean.token_create('t', 'n', 'admin', 'd', NULL,"
                                      " 'test', 0, 'admin', 'r1')"));
    WAIT_UNTIL(base, one.token_moves == 2);
    assert_int_equal(0, sql_run(conn, "SELECT spean.token_revoke('t', 'test', 'admin', 'r2')"));
    WAIT_UNTIL(base, one.token_moves == 3);
    assert_int_equal(0, sql_run(conn, "DELETE FROM spean.token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(test_load_and_follow),      FEED_TEST(test_coalesces),
        FEED_TEST(test_pages_of_changes),     FEED_TEST(test_starved),
        FEED_TEST(test_without_notify),       FEED_TEST(test_doc_for_other_packing),
        FEED_TEST(test_reconnect_goes_on),    FEED_TEST(test_load_cut_off),
        FEED_TEST(test_frozen_server),        FEED_TEST(test_new_epoch),
        FEED_TEST(test_changes_missing),      FEED_TEST(test_tokens),
        FEED_TEST(test_writes_during_a_load), FEED_TEST(test_stopped_while_loading),
        FEED_TEST(test_refused_load),
    };
    FEED_MAIN(tests);
}
