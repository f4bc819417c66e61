#include "client.h"
#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <spean/ident.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cluster cluster;
static PGconn *conn; /* the test's own view of the database */
static struct event_base *base;

#define IDS 8192 /* companies are numbered in the last two bytes of their id */

/* What a feed has told. */
struct listener {
    struct feed *feed;
    int resets, rows, caught_ups, gone, docs, token_moves;
    bool up;
    uint64_t seq, database_seq;
    char epoch[64];
    int64_t versions[IDS];
    bool ordered; /* seq never went back */
    int kill_at;  /* ends the feed's connection while the row of this number is given */
};
static struct listener one, two;

static const char *feed_pids =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'speand' AND datname = current_database()";

static void on_reset(void *ctx)
{
    struct listener *l = ctx;

    l->resets++;
    l->seq = 0;
    memset(l->versions, 0, sizeof(l->versions));
}

static void on_row(void *ctx, const struct feed_row *row)
{
    struct listener *l = ctx;
    unsigned n = ((unsigned)row->id[14] << 8 | row->id[15]) % IDS;

    l->rows++;
    l->gone += row->packed == NULL;
    l->docs += row->doc != NULL;
    if (row->packed) {
        assert_int_equal(3, row->packed_len);
        assert_memory_equal("\x01\x00\x02", row->packed, 3);
        assert_int_equal(row->doc ? strlen(row->doc) : 0, row->doc_len);
        assert_true(row->updated_ms > 1700000000000);
    }
    l->versions[n] = row->packed ? row->version : -1;
    if (l->rows == l->kill_at)
        sql_value(conn, feed_pids);
}

static void on_caught_up(void *ctx, uint64_t seq, const char *epoch)
{
    struct listener *l = ctx;

    l->ordered = l->ordered && seq >= l->seq;
    l->caught_ups++;
    l->seq = seq;
    snprintf(l->epoch, sizeof(l->epoch), "%s", epoch);
}

static void on_state(void *ctx, bool up, uint64_t database_seq)
{
    struct listener *l = ctx;

    l->up = up;
    l->database_seq = database_seq;
}

static void on_tokens(void *ctx, uint64_t version)
{
    struct listener *l = ctx;

    (void)version;
    l->token_moves++;
}

static const struct feed_callbacks callbacks = {.reset = on_reset,
                                                .row = on_row,
                                                .caught_up = on_caught_up,
                                                .state = on_state,
                                                .tokens = on_tokens};

static void listen_on(struct listener *l, uint64_t poll_ms, const char *model)
{
    struct feed_options o = {.conninfo = cluster.conninfo,
                             .connect_ms = 2000,
                             .retry_ms = 50,
                             .poll_ms = poll_ms,
                             .pack_format = 1,
                             .pack_model = model};

    memset(l, 0, sizeof(*l));
    l->ordered = true;
    l->feed = feed_new(base, &o, NULL, &callbacks, l);
    assert_non_null(l->feed);
}

/* The counter is where the test left it, so a listener is even with it or will be. */
static uint64_t counter(void)
{
    return strtoull(sql_value(conn, "SELECT seq FROM spean.feed"), NULL, 10);
}

static void wait_even(struct listener *l)
{
    uint64_t seq = counter();

    WAIT_UNTIL(base, l->caught_ups > 0 && l->seq >= seq);
}

/* Writes company n through the real function, as version expect + 1. */
static int write_company(PGconn *c, unsigned n, int64_t expect)
{
    char sql[700];

    snprintf(sql, sizeof(sql),
             "SELECT * FROM spean.company_write('[{\"id\":\"00000000-0000-7000-8000-00000000%04x\","
             "\"expect\":%lld,\"type\":\"%s\",\"doc\":{\"country\":\"KH\",\"name\":\"n\","
             "\"status\":\"published\"},\"contacts\":[],\"keys\":[],\"packed\":\"AQAC\"}]',"
             " 'test', NULL, NULL, NULL, 0, 1, 'm1')",
             n, (long long)expect, expect ? "updated" : "created");
    return sql_run(c, sql);
}

/* Companies 1..count as if they had been there always: no changes. */
static void fill(int count)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO spean.company SELECT ('00000000-0000-7000-8000-00000000' ||"
             " lpad(to_hex(n), 4, '0'))::uuid, 1, 'KH', 'n', NULL, NULL, 'published', '{}', '{}',"
             " NULL, NULL, now(), '{\"name\": \"n\"}', '\\x010002', 1, 'm1'"
             " FROM generate_series(1, %d) n",
             count);
    assert_int_equal(0, sql_run(conn, sql));
}

static int setup(void **state)
{
    (void)state;
    conn = sql_open(cluster.conninfo);
    base = event_base_new();
    return sql_run(conn, "TRUNCATE spean.company, spean.company_external, spean.company_contact,"
                         " spean.company_key, spean.change;"
                         "UPDATE spean.feed SET epoch = gen_random_uuid(), seq = 0");
}

static int teardown(void **state)
{
    (void)state;
    feed_free(one.feed);
    feed_free(two.feed);
    one.feed = two.feed = NULL;
    event_base_free(base);
    PQfinish(conn);
    return 0;
}

static void test_load_and_follow(void **state)
{
    (void)state;
    fill(5000); /* three pages */
    listen_on(&one, 60000, "m1");
    wait_even(&one);
    assert_int_equal(1, one.resets);
    assert_int_equal(5000, one.rows);
    assert_int_equal(0, one.docs);
    assert_string_equal(sql_value(conn, "SELECT epoch FROM spean.feed"), one.epoch);
    /* With a poll a minute, only the notification can be what wakes it. */
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

static void test_without_notify(void **state)
{
    (void)state;
    fill(1);
    listen_on(&one, 100, "m1");
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "BEGIN; DELETE FROM spean.company;"
                                      "UPDATE spean.feed SET seq = seq + 1;"
                                      "INSERT INTO spean.change SELECT seq,"
                                      " '00000000-0000-7000-8000-000000000001', 'deleted', 2,"
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

/* Cut off in the middle of a load: on with the next page, nothing twice. */
static void test_load_cut_off(void **state)
{
    (void)state;
    fill(7000);
    listen_on(&one, 100, "m1");
    one.kill_at = 2500;
    WAIT_UNTIL(base, one.rows >= 2500);
    assert_int_equal(0, one.caught_ups);
    wait_even(&one);
    assert_int_equal(7000, one.rows);
    assert_int_equal(1, one.resets);
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
    listen_on(&one, 60000, "m1");
    WAIT_UNTIL(base, one.token_moves == 1);
    wait_even(&one);
    assert_int_equal(0, sql_run(conn, "SELECT spean.token_create('t', 'n', 'admin', 'd', NULL,"
                                      " 'test', 0)"));
    WAIT_UNTIL(base, one.token_moves == 2);
    assert_int_equal(0, sql_run(conn, "SELECT spean.token_revoke('t')"));
    WAIT_UNTIL(base, one.token_moves == 3);
    assert_int_equal(0, sql_run(conn, "DELETE FROM spean.token"));
}

/* ---- many writers ---- */

#define WRITERS 8
#define WRITES 100
#define CONTESTED 8000

static atomic_int writers_left, problems, won;

/* New companies of its own, some of them taken back, and one company that all fight over. */
static void *writer_run(void *arg)
{
    unsigned me = *(unsigned *)arg;
    PGconn *c = sql_open(cluster.conninfo);
    PGresult *res;

    for (unsigned i = 0; i < WRITES; i++) {
        bool taken_back = i % 10 == 9;
        if (taken_back)
            problems += sql_run(c, "BEGIN") != 0;
        problems += write_company(c, 1 + me * WRITES + i, 0) != 0;
        if (taken_back)
            problems += sql_run(c, "ROLLBACK") != 0;
        res = PQexec(
            c, "SELECT spean.company_write(jsonb_build_array(jsonb_build_object('id', id,"
               " 'expect', version, 'type', 'updated', 'doc', doc, 'contacts', '[]'::jsonb,"
               " 'keys', '[]'::jsonb, 'packed', 'AQAC')), 'test', NULL, NULL, NULL, 0, 1, 'm1')"
               " FROM spean.company WHERE right(id::text, 4) = '1f40'");
        const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
        won += state == NULL;
        problems += state && strcmp(state, "SP001") != 0;
        PQclear(res);
    }
    PQfinish(c);
    writers_left--;
    return NULL;
}

/* Whoever reads all after the last seq gets the very next one, at every moment. */
static void *reader_run(void *arg)
{
    uint64_t *last = arg;
    PGconn *c = sql_open(cluster.conninfo);
    bool through;

    do {
        char sql[96];
        through = writers_left == 0;
        snprintf(sql, sizeof(sql), "SELECT seq FROM spean.change WHERE seq > %llu ORDER BY seq",
                 (unsigned long long)*last);
        PGresult *res = PQexec(c, sql);
        for (int i = 0; i < PQntuples(res); i++)
            problems += strtoull(PQgetvalue(res, i, 0), NULL, 10) != ++*last;
        PQclear(res);
    } while (!through);
    PQfinish(c);
    return NULL;
}

static void test_many_writers_two_feeds(void **state)
{
    pthread_t threads[WRITERS], reader;
    unsigned numbers[WRITERS];
    uint64_t read = 0;

    (void)state;
    assert_int_equal(0, write_company(conn, CONTESTED, 0));
    listen_on(&one, 100, "m1");
    listen_on(&two, 100, "m1");
    problems = won = 0;
    writers_left = WRITERS;
    for (unsigned i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        assert_int_equal(0, pthread_create(&threads[i], NULL, writer_run, &numbers[i]));
    }
    assert_int_equal(0, pthread_create(&reader, NULL, reader_run, &read));
    while (writers_left > 0)
        loop_turn(base);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(reader, NULL);
    wait_even(&one);
    wait_even(&two);
    assert_int_equal(0, problems);
    assert_int_equal(1 + WRITERS * WRITES * 9 / 10 + won, counter());
    assert_int_equal(counter(), read);
    struct listener *listeners[] = {&one, &two};
    for (int n = 0; n < 2; n++) {
        assert_int_equal(1, listeners[n]->resets);
        assert_true(listeners[n]->ordered);
        assert_int_equal(1 + won, listeners[n]->versions[CONTESTED]);
        for (unsigned i = 0; i < WRITERS * WRITES; i++)
            assert_int_equal(i % 10 == 9 ? 0 : 1, listeners[n]->versions[1 + i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load_and_follow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_coalesces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages_of_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_notify, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doc_for_other_packing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reconnect_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frozen_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_epoch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_writers_two_feeds, setup, teardown),
    };
    int code = cluster_start(&cluster);

    if (code == 0)
        code = cmocka_run_group_tests(tests, NULL, NULL);
    else
        code = code > 0 ? 0 : 1;
    cluster_stop(&cluster);
    return code;
}
