#include "client.h"
#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cluster cluster;
static struct client client;

enum { ECHO, FAIL, SLEEP, PID, DEFERRED, LENGTH, STATEMENTS };
static const struct store_statement statements[STATEMENTS] = {
    [ECHO] = {"echo", "SELECT $1::text AS echo", 1},
    [FAIL] = {"fail", "SELECT 1 / $1::integer", 1},
    [SLEEP] = {"sleep", "SELECT pg_sleep($1::float8)", 1},
    [PID] = {"pid", "SELECT pg_backend_pid() AS pid", 0},
    [DEFERRED] = {"deferred", "INSERT INTO pool_child VALUES ($1::integer) RETURNING parent", 1},
    [LENGTH] = {"length", "SELECT length($1::text) AS length", 1},
};

static int open_pool(void **state)
{
    struct store_options o = client_options(cluster.conninfo);

    (void)state;
    client_open(&client, &o, statements, STATEMENTS);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    client_close(&client);
    return 0;
}

static int64_t run(size_t which, uint64_t timeout_ms, const char *value)
{
    return client_run(&client, which, timeout_ms, value ? 1 : 0, &value);
}

static pid_t backend_pid(void)
{
    const struct answer *a = client_ask(&client, PID, 0, NULL);

    return (pid_t)atoi(cell(a, 0, "pid"));
}

static void test_before_it_is_up(void **state)
{
    (void)state;
    assert_false(pool_up(client.pool));
    assert_int_equal(-1, run(ECHO, 1000, "x")); /* refused at once */
    WAIT_UNTIL(client.base, pool_up(client.pool));
    assert_int_equal(0, client.count);
    assert_int_equal(-1, run(STATEMENTS, 1000, "x")); /* no such statement */
}

/* An error concerns its own statement alone, in a full pipeline and from the queue behind it. */
static void test_error_isolation(void **state)
{
    char text[32];

    (void)state;
    WAIT_UNTIL(client.base, pool_up(client.pool));
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_int_equal(i, i % 3 == 1 ? run(FAIL, WAIT_MS, "0") : run(ECHO, WAIT_MS, text));
    }
    assert_int_equal(60 - 16, pool_queued(client.pool));
    WAIT_UNTIL(client.base, client.count == 60);
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof(text), "%d", i);
        const struct answer *a = &client.answers[i];
        assert_int_equal(1, a->times);
        if (i % 3 == 1) {
            assert_int_equal(STORE_SQL, a->status);
            assert_string_equal("22012", a->sqlstate);
        } else {
            assert_int_equal(STORE_OK, a->status);
            assert_string_equal(text, cell(a, 0, "echo"));
        }
    }
}

/* In the pipeline the transaction ends with the sync: what fails there was not done. */
static void test_commit_failure_is_an_error(void **state)
{
    (void)state;
    const struct answer *a = ASK(&client, DEFERRED, "41");
    assert_int_equal(STORE_SQL, a->status);
    assert_string_equal("23503", a->sqlstate);
    a = ASK(&client, ECHO, "still in step");
    assert_string_equal("still in step", cell(a, 0, "echo"));
    a = ASK(&client, DEFERRED, "1");
    assert_int_equal(STORE_OK, a->status);
}

static void test_full_queue(void **state)
{
    int64_t taken = 0;

    (void)state;
    WAIT_UNTIL(client.base, pool_up(client.pool));
    while (taken < 1000 && run(ECHO, WAIT_MS, "x") >= 0)
        taken++;
    assert_int_equal(16 + 64, taken);
    assert_int_equal(64, pool_queued(client.pool));
    WAIT_UNTIL(client.base, client.count == 80);
    assert_int_equal(0, pool_queued(client.pool));
    assert_true(run(ECHO, WAIT_MS, "x") >= 0);
}

/* More than any socket buffer, both ways at once. */
static void test_large_statements(void **state)
{
    size_t size = 3 * 1024 * 1024;
    char *text = malloc(size + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'k', size);
    text[size] = '\0';
    WAIT_UNTIL(client.base, pool_up(client.pool));
    for (int i = 0; i < 20; i++)
        assert_true(run(i % 2 ? ECHO : LENGTH, WAIT_MS, text) >= 0);
    WAIT_UNTIL(client.base, client.count == 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(STORE_OK, client.answers[i].status);
        if (i % 2)
            assert_string_equal(text, cell(&client.answers[i], 0, "echo"));
        else
            assert_string_equal("3145728", cell(&client.answers[i], 0, "length"));
    }
    free(text);
}

static void test_deadline(void **state)
{
    (void)state;
    pid_t before = backend_pid();
    client.count = 0;
    int64_t late = run(SLEEP, 300, "60"), behind = run(ECHO, WAIT_MS, "x"), waiting[20];
    for (int i = 0; i < 20; i++)
        waiting[i] = run(ECHO, WAIT_MS, "x"); /* 14 sent, 6 behind them */
    uint64_t begun = clock_mono_ms();
    WAIT_UNTIL(client.base, client.count == 22);
    assert_true(clock_mono_ms() - begun < 2000);
    assert_int_equal(STORE_TIMEOUT, client.answers[late].status);
    assert_int_equal(STORE_LOST, client.answers[behind].status);
    assert_int_equal(STORE_LOST, client.answers[waiting[13]].status);
    assert_int_equal(STORE_UNAVAILABLE, client.answers[waiting[14]].status);
    assert_int_equal(-1, run(ECHO, 1000, "x"));
    assert_int_not_equal(before, backend_pid()); /* and it comes back */
}

/* What waits behind a slow statement and is late was never sent. */
static void test_deadline_in_the_queue(void **state)
{
    (void)state;
    WAIT_UNTIL(client.base, pool_up(client.pool));
    int64_t slow = run(SLEEP, WAIT_MS, "0.6"), last = -1;
    for (int i = 0; i < 15; i++)
        run(ECHO, WAIT_MS, "x");
    last = run(ECHO, 100, "x");
    WAIT_UNTIL(client.base, client.answers[last].times == 1);
    assert_int_equal(STORE_UNAVAILABLE, client.answers[last].status);
    WAIT_UNTIL(client.base, client.count == 17);
    assert_int_equal(STORE_OK, client.answers[slow].status);
}

static void test_frozen_backend(void **state)
{
    (void)state;
    pid_t pid = backend_pid();
    assert_int_equal(0, kill(pid, SIGSTOP));
    int64_t number = run(ECHO, 300, "x");
    WAIT_UNTIL(client.base, client.answers[number].times == 1);
    assert_int_equal(STORE_TIMEOUT, client.answers[number].status);
    assert_int_not_equal(pid, backend_pid());
    kill(pid, SIGCONT);
}

/* The postmaster itself: connections are accepted by the kernel and never answered. */
static void test_frozen_server(void **state)
{
    struct store_options o = client_options(cluster.conninfo);

    (void)state;
    o.connect_ms = 200;
    client_close(&client);
    assert_int_equal(0, kill(cluster.postmaster, SIGSTOP));
    client_open(&client, &o, statements, STATEMENTS);
    uint64_t end = clock_mono_ms() + 700;
    WAIT_UNTIL(client.base, clock_mono_ms() > end);
    assert_false(pool_up(client.pool));
    assert_int_equal(-1, run(ECHO, 1000, "x"));
    assert_int_equal(0, kill(cluster.postmaster, SIGCONT));
    const struct answer *a = ASK(&client, ECHO, "thawed");
    assert_string_equal("thawed", cell(a, 0, "echo"));
}

static void test_terminated_backend(void **state)
{
    char sql[64];

    (void)state;
    pid_t pid = backend_pid();
    client.count = 0;
    int64_t asleep = run(SLEEP, WAIT_MS, "60"), behind = run(ECHO, WAIT_MS, "x");
    PGconn *conn = sql_open(cluster.conninfo);
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d)", pid);
    for (int i = 0; i < 5; i++)
        loop_turn(client.base);
    assert_int_equal(0, sql_run(conn, sql));
    PQfinish(conn);
    WAIT_UNTIL(client.base, client.count == 2);
    /* The server said 57P01, but that is its last word, not an answer. */
    assert_int_equal(STORE_LOST, client.answers[asleep].status);
    assert_int_equal(STORE_LOST, client.answers[behind].status);
    assert_int_not_equal(pid, backend_pid());
}

/* Two connections: one that is lost takes nothing of the other with it. */
static void test_one_of_two(void **state)
{
    struct store_options o = client_options(cluster.conninfo);
    pid_t pids[2];

    (void)state;
    client_close(&client);
    o.connections = 2;
    o.pipeline = 1;
    client_open(&client, &o, statements, STATEMENTS);
    do {
        client.count = 0;
        WAIT_UNTIL(client.base, pool_up(client.pool));
        int64_t one = client_run(&client, PID, WAIT_MS, 0, NULL);
        int64_t two = client_run(&client, PID, WAIT_MS, 0, NULL);
        WAIT_UNTIL(client.base, client.count == 2);
        pids[0] = (pid_t)atoi(cell(&client.answers[one], 0, "pid"));
        pids[1] = (pid_t)atoi(cell(&client.answers[two], 0, "pid"));
    } while (pids[0] == pids[1]); /* until both are up */
    assert_int_equal(0, kill(pids[0], SIGSTOP));
    int64_t first = run(ECHO, 500, "x"), second = run(ECHO, 500, "x"), third = run(ECHO, 500, "x");
    WAIT_UNTIL(client.base, client.answers[first].times && client.answers[second].times &&
                                client.answers[third].times);
    int lost = (client.answers[first].status == STORE_TIMEOUT) +
               (client.answers[second].status == STORE_TIMEOUT);
    assert_int_equal(1, lost);
    assert_int_equal(STORE_OK, client.answers[third].status);
    assert_true(pool_up(client.pool));
    kill(pids[0], SIGCONT);
}

static void test_restart(void **state)
{
    (void)state;
    backend_pid();
    client.count = 0;
    int64_t asleep = run(SLEEP, WAIT_MS, "60");
    for (int i = 0; i < 5; i++)
        loop_turn(client.base);
    assert_int_equal(0, cluster_halt(&cluster));
    WAIT_UNTIL(client.base, client.count == 1);
    assert_int_equal(STORE_LOST, client.answers[asleep].status);
    assert_false(pool_up(client.pool));
    uint64_t down = clock_mono_ms() + 1500; /* long enough to reach the longest wait */
    WAIT_UNTIL(client.base, clock_mono_ms() > down);
    assert_int_equal(-1, run(ECHO, 1000, "x"));
    assert_int_equal(0, cluster_resume(&cluster));
    uint64_t back = clock_mono_ms();
    WAIT_UNTIL(client.base, pool_up(client.pool));
    assert_true(clock_mono_ms() - back < 2000);
    assert_string_equal("x", cell(ASK(&client, ECHO, "x"), 0, "echo"));
}

static void test_free_gives_everything_back(void **state)
{
    (void)state;
    WAIT_UNTIL(client.base, pool_up(client.pool));
    for (int i = 0; i < 20; i++)
        assert_int_equal(i, run(SLEEP, WAIT_MS, "60"));
    pool_free(client.pool);
    client.pool = NULL;
    assert_int_equal(20, client.count);
    for (int i = 0; i < 20; i++)
        assert_int_equal(i < 16 ? STORE_LOST : STORE_UNAVAILABLE, client.answers[i].status);
}

/* Nothing runs on a schema that is not there or too new; it works as soon as it fits. */
static void test_schema(void **state)
{
    char conninfo[sizeof(cluster.conninfo)] = "", err[256];
    struct store_options o = client_options(conninfo);
    int version;

    (void)state;
    client_close(&client);
    assert_int_equal(0, cluster_database(&cluster, "empty", false, conninfo));
    client_open(&client, &o, store_statements, STMT_COUNT);
    uint64_t end = clock_mono_ms() + 500;
    WAIT_UNTIL(client.base, clock_mono_ms() > end);
    assert_false(pool_up(client.pool));
    assert_int_equal(
        0, store_migrate(conninfo, SPEAN_SOURCE_DIR "/sql", NULL, &version, err, sizeof(err)));
    WAIT_UNTIL(client.base, pool_up(client.pool));
    client_close(&client);
    PGconn *conn = sql_open(conninfo);
    assert_int_equal(0, sql_run(conn, "UPDATE spean.schema_version SET version = 99, "
                                      "oldest_daemon = 99"));
    client_open(&client, &o, store_statements, STMT_COUNT);
    end = clock_mono_ms() + 500;
    WAIT_UNTIL(client.base, clock_mono_ms() > end);
    assert_false(pool_up(client.pool));
    assert_int_equal(0, sql_run(conn, "UPDATE spean.schema_version SET oldest_daemon = 1"));
    WAIT_UNTIL(client.base, pool_up(client.pool));
    PQfinish(conn);
}

/* A host name is looked up off the loop; one that does not exist is no more than a reason. */
static void test_host_names(void **state)
{
    struct store_options o = client_options("host=no-such-host.invalid port=1 dbname=x");

    (void)state;
    client_close(&client);
    client_open(&client, &o, statements, STATEMENTS);
    uint64_t begun = clock_mono_ms();
    for (int i = 0; i < 20; i++)
        loop_turn(client.base);
    assert_true(clock_mono_ms() - begun < 2000);
    assert_false(pool_up(client.pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_before_it_is_up, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_error_isolation, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_commit_failure_is_an_error, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_full_queue, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_large_statements, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_deadline, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_deadline_in_the_queue, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_frozen_backend, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_frozen_server, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_terminated_backend, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_one_of_two, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_restart, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_free_gives_everything_back, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_schema, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(test_host_names, open_pool, close_pool),
    };
    int code = cluster_start(&cluster);

    if (code == 0) {
        PGconn *conn = sql_open(cluster.conninfo);
        code = sql_run(conn, "CREATE TABLE pool_parent (id integer PRIMARY KEY);"
                             "INSERT INTO pool_parent VALUES (1);"
                             "CREATE TABLE pool_child (parent integer REFERENCES pool_parent"
                             " DEFERRABLE INITIALLY DEFERRED)");
        PQfinish(conn);
        if (code == 0)
            code = cmocka_run_group_tests(tests, NULL, NULL);
    } else {
        code = code > 0 ? 0 : 1;
    }
    cluster_stop(&cluster);
    return code;
}
