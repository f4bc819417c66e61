#include "client.h"
#include "cluster.h"
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <spean/log.h>
#include <spean/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The same with everything read at once: the server is through before the client looks. */
static void test_commit_failure_in_one_read(void **state)
{
    char sql[128];
    uint64_t end = clock_mono_ms() + WAIT_MS;

    (void)state;
    snprintf(sql, sizeof(sql),
             "SELECT state FROM pg_stat_activity WHERE pid = %d AND query LIKE"
             " '%%pool_child%%'",
             (int)backend_pid());
    int64_t number = run(DEFERRED, WAIT_MS, "41");
    conn = sql_open(cluster.conninfo);
    while (strcmp(sql_value(conn, sql), "idle") != 0 && clock_mono_ms() < end)
        ;
    PQfinish(conn);
    WAIT_UNTIL(client.base, client.answers[number].times == 1);
    assert_int_equal(STORE_SQL, client.answers[number].status);
    assert_string_equal("23503", client.answers[number].sqlstate);
    assert_string_equal("x", cell(ASK(&client, ECHO, "x"), 0, "echo"));
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
    conn = sql_open(conninfo);
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

/* True once the log has it. */
static bool said(FILE *words, const char *what)
{
    char line[1000];
    bool found = false;

    rewind(words);
    while (!found && fgets(line, sizeof(line), words))
        found = strstr(line, what) != NULL;
    return found;
}

/* Why a connection does not come up is told, and it comes up once that has gone. */
static void test_reasons(void **state)
{
    static const struct store_statement bad[] = {{"bad", "SELECT nonsense()", 0}};
    static const struct {
        const char *before, *after, *reason;
    } cases[] = {
        {"UPDATE spean.schema_version SET version = 1",
         "UPDATE spean.schema_version SET version = $",
         "the schema has version 1, this program needs"},
        {"ALTER TABLE spean.schema_version RENAME version TO hidden",
         "ALTER TABLE spean.schema_version RENAME hidden TO version",
         "the schema's version cannot be read"},
    };
    struct store_options o = client_options(cluster.conninfo);
    FILE *words = tmpfile();
    struct log *log = log_new(fileno(words), LOG_LEVEL_INFO);
    char number[20], sql[200];

    (void)state;
    pool_free(client.pool);
    conn = sql_open(cluster.conninfo);
    snprintf(number, sizeof(number), "%d", STORE_SCHEMA);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *gap = strchr(cases[i].after, '$');
        int len = gap ? (int)(gap - cases[i].after) : (int)strlen(cases[i].after);

        assert_int_equal(0, sql_run(conn, cases[i].before));
        client.pool = pool_new(client.base, &o, log, echo_statements, STATEMENTS, NULL, NULL);
        WAIT_UNTIL(client.base, said(words, cases[i].reason));
        assert_false(pool_up(client.pool));
        snprintf(sql, sizeof(sql), "%.*s%s", len, cases[i].after, gap ? number : "");
        assert_int_equal(0, sql_run(conn, sql));
        WAIT_UNTIL(client.base, pool_up(client.pool));
        pool_free(client.pool);
    }
    client.pool = pool_new(client.base, &o, log, bad, 1, NULL, NULL);
    WAIT_UNTIL(client.base, said(words, "cannot prepare"));
    assert_false(pool_up(client.pool));
    PQfinish(conn);
    pool_free(client.pool);
    client.pool = NULL;
    log_free(log);
    fclose(words);
}

/* What waits for a place waits no longer than it said, each by itself. */
static void test_waiting_ends(void **state)
{
    (void)state;
    WAIT_UNTIL(client.base, pool_up(client.pool));
    for (int i = 0; i < 16; i++) /* the pipeline is full */
        assert_int_equal(i, run(SLEEP, WAIT_MS, i == 0 ? "4" : "0"));
    assert_int_equal(16, run(ECHO, WAIT_MS, "patient"));
    assert_int_equal(17, run(ECHO, 50, "hasty"));
    assert_int_equal(18, run(ECHO, WAIT_MS, "patient"));
    WAIT_UNTIL(client.base, client.answers[17].times == 1);
    assert_int_equal(STORE_UNAVAILABLE, client.answers[17].status);
    assert_int_equal(0, client.answers[16].times + client.answers[18].times);
    WAIT_UNTIL(client.base, client.count == 19);
    assert_int_equal(STORE_OK, client.answers[16].status);
    assert_int_equal(STORE_OK, client.answers[18].status);
}

/* A host name is looked up off the loop; one that does not exist is no more than a reason. */
static void test_host_names(void **state)
{
    struct store_options o = client_options("host=no-such-host.invalid port=1 dbname=x");

    (void)state;
    client_close(&client);
    client_open(&client, &o, echo_statements, STATEMENTS);
    uint64_t begun = clock_mono_ms();
    for (int i = 0; i < 20; i++)
        loop_turn(client.base);
    assert_true(clock_mono_ms() - begun < WAIT_MS / 4);
    assert_false(pool_up(client.pool));
}

/* A migration beneath a running program: what was prepared is of no use, and made anew. */
static void test_prepared_anew(void **state)
{
    (void)state;
    const struct answer *a = client_ask(&client, ALL, 0, NULL);
    assert_int_equal(1, PQnfields(a->res));
    conn = sql_open(cluster.conninfo);
    assert_int_equal(0, sql_run(conn, "ALTER TABLE pool_parent ADD COLUMN more text"));
    PQfinish(conn);
    a = client_ask(&client, ALL, 0, NULL);
    assert_int_equal(STORE_SQL, a->status);
    assert_string_equal("0A000", a->sqlstate);
    a = client_ask(&client, ALL, 0, NULL);
    assert_int_equal(STORE_OK, a->status);
    assert_int_equal(2, PQnfields(a->res));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ECHO_TEST(test_before_it_is_up),
        ECHO_TEST(test_error_isolation),
        ECHO_TEST(test_commit_failure_is_an_error),
        ECHO_TEST(test_commit_failure_in_one_read),
        ECHO_TEST(test_full_queue),
        ECHO_TEST(test_large_statements),
        ECHO_TEST(test_free_gives_everything_back),
        ECHO_TEST(test_schema),
        ECHO_TEST(test_reasons),
        ECHO_TEST(test_waiting_ends),
        ECHO_TEST(test_host_names),
        ECHO_TEST(test_prepared_anew),
    };
    ECHO_MAIN(tests);
}
