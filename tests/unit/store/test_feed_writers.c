#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        FEED_TEST(test_many_writers_two_feeds),
    };
    FEED_MAIN(tests);
}
