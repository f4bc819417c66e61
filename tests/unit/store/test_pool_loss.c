#include "client.h"
#include "cluster.h"
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
    assert_true(clock_mono_ms() - begun < WAIT_MS / 2); /* nor did it wait for the others' time */
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
    int64_t slow = run(SLEEP, WAIT_MS, "3"), last = -1;
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
    o.connect_ms = client_wait_ms() / 20;
    client_close(&client);
    assert_int_equal(0, kill(cluster.postmaster, SIGSTOP));
    client_open(&client, &o, echo_statements, STATEMENTS);
    uint64_t end = clock_mono_ms() + o.connect_ms * 3 / 2; /* one attempt is given up */
    WAIT_UNTIL(client.base, clock_mono_ms() > end);
    assert_false(pool_up(client.pool));
    assert_int_equal(-1, run(ECHO, 1000, "x"));
    assert_int_equal(0, kill(cluster.postmaster, SIGCONT));
    const struct answer *a = ASK(&client, ECHO, "thawed");
    assert_string_equal("thawed", cell(a, 0, "echo"));
}

/* Nothing is said, nothing answers: who is in doubt is down soon, and long before any deadline. */
static void test_doubt(void **state)
{
    (void)state;
    pid_t pid = backend_pid();
    pool_doubt(client.pool);
    int64_t number = run(ECHO, WAIT_MS, "x"); /* waits for the sign of life, which comes */
    WAIT_UNTIL(client.base, client.answers[number].times == 1);
    assert_int_equal(STORE_OK, client.answers[number].status);
    assert_int_equal(pid, backend_pid());
    assert_int_equal(0, kill(pid, SIGSTOP));
    pool_doubt(client.pool);
    pool_doubt(client.pool);
    number = run(ECHO, 10 * WAIT_MS, "x");
    WAIT_UNTIL(client.base, client.answers[number].times == 1);
    assert_int_equal(STORE_UNAVAILABLE, client.answers[number].status); /* was never sent */
    assert_int_not_equal(pid, backend_pid());
    kill(pid, SIGCONT);
}

/* What was sent before the doubt keeps its time; what comes after does not wait for it. */
static void test_doubt_with_something_in_flight(void **state)
{
    (void)state;
    pid_t pid = backend_pid();
    int64_t slow = run(SLEEP, WAIT_MS, "3");
    pool_doubt(client.pool);
    int64_t behind = run(ECHO, WAIT_MS, "x");
    assert_int_equal(1, pool_queued(client.pool));
    WAIT_UNTIL(client.base, client.answers[behind].times == 1);
    assert_int_equal(STORE_UNAVAILABLE, client.answers[behind].status);
    assert_int_equal(0, client.answers[slow].times);
    assert_false(pool_up(client.pool));
    WAIT_UNTIL(client.base, client.answers[slow].times == 1);
    assert_int_equal(STORE_OK, client.answers[slow].status);
    assert_true(pool_up(client.pool));
    assert_int_equal(pid, backend_pid());
}

static void test_terminated_backend(void **state)
{
    char sql[64];

    (void)state;
    pid_t pid = backend_pid();
    client.count = 0;
    int64_t asleep = run(SLEEP, WAIT_MS, "60"), behind = run(ECHO, WAIT_MS, "x");
    conn = sql_open(cluster.conninfo);
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
    client_open(&client, &o, echo_statements, STATEMENTS);
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
    int64_t first = run(ECHO, 3000, "x"), second = run(ECHO, 3000, "x");
    int64_t third = run(ECHO, WAIT_MS, "x");
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
    assert_true(clock_mono_ms() - back < WAIT_MS / 4);
    assert_string_equal("x", cell(ASK(&client, ECHO, "x"), 0, "echo"));
}

/* Of two servers the first takes connections and never answers: the second is found. */
static void test_first_host_hangs(void **state)
{
    char dir[] = "/tmp/spean-hang-XXXXXX", conninfo[256] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct store_options o = client_options(conninfo);

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(fd, 128));
    snprintf(conninfo, sizeof(conninfo), "host=%s,%s user=spean dbname=spean", dir, cluster.dir);
    o.connect_ms = client_wait_ms() / 20;
    client_close(&client);
    client_open(&client, &o, echo_statements, STATEMENTS);
    assert_string_equal("x", cell(ASK(&client, ECHO, "x"), 0, "echo"));
    close(fd);
    unlink(address.sun_path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ECHO_TEST(test_deadline),
        ECHO_TEST(test_deadline_in_the_queue),
        ECHO_TEST(test_frozen_backend),
        ECHO_TEST(test_frozen_server),
        ECHO_TEST(test_doubt),
        ECHO_TEST(test_doubt_with_something_in_flight),
        ECHO_TEST(test_terminated_backend),
        ECHO_TEST(test_one_of_two),
        ECHO_TEST(test_restart),
        ECHO_TEST(test_first_host_hangs),
    };
    ECHO_MAIN(tests);
}
