#include "writes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All or nothing, and the counter stays where it was: no gap. */
static void test_conflicts(void **state)
{
    const char *fresh = one_write(C, 0, "created",
                                  "{\"country\":\"CA\",\"name\":\"c\","
                                  "\"status\":\"draft\"}",
                                  "[]", "[]");

    (void)state;
    write_a_and_b();
    assert_refused(write_two(fresh, one_write(A, 2, "updated", DOC_A, "[]", "[]")), "SP001");
    assert_refused(write_two(fresh, one_write(A, 0, "created", DOC_A, "[]", "[]")), "SP001");
    assert_refused(write_two(one_write(C, 1, "updated", DOC_A, "[]", "[]"), NULL), "SP001");
    /* crm 2 belongs to B */
    assert_refused(write_two(one_write(A, 1, "updated", DOC_B, "[]", "[]"), NULL), "SP001");
    assert_refused(write_two(fresh, fresh), "22023");
    assert_string_equal("2", sql_value(conn, "SELECT seq FROM spean.feed"));
    assert_string_equal("2", sql_value(conn, "SELECT count(*) FROM spean.change"));
    assert_string_equal("0",
                        sql_value(conn, "SELECT count(*) FROM spean.company WHERE id = '" C "'"));
    /* An id may move from one company to another in one write. */
    const struct answer *a =
        write_two(one_write(A, 1, "updated", DOC_B, "[]", "[]"),
                  one_write(B, 1, "updated",
                            "{\"country\":\"CA\",\"name\":\"b\",\"status\":\"draft\","
                            "\"external_ids\":[{\"system\":\"crm\",\"id\":\"1\"}]}",
                            "[]", "[]"));
    assert_int_equal(STORE_OK, a->status);
    assert_string_equal(A, cell(ASK(&client, STMT_COMPANY_GET, NULL, "crm", "2"), 0, "id"));
    assert_string_equal(B, cell(ASK(&client, STMT_COMPANY_GET, NULL, "crm", "1"), 0, "id"));
}

static void test_replay(void **state)
{
    const char *w = one_write(A, 0, "created", DOC_A, "[]", "[]");

    (void)state;
    assert_int_equal(0, PQntuples(ASK(&client, STMT_IDEMPOTENCY_FIND, "crm-1", "k")->res));
    assert_string_equal("f", cell(write_keyed("k", "d1", w, NULL), 0, "replay"));
    const struct answer *a = ASK(&client, STMT_IDEMPOTENCY_FIND, "crm-1", "k");
    assert_string_equal("d1", cell(a, 0, "digest"));
    assert_string_equal("{\"first\": true}", cell(a, 0, "answer"));
    assert_string_equal("1", cell(a, 0, "seq"));
    /* Again, even with other content: the service sees it by the digest. Nothing is written. */
    a = write_keyed("k", "d2", one_write(B, 0, "created", DOC_B, "[]", "[]"), NULL);
    assert_string_equal("t", cell(a, 0, "replay"));
    assert_string_equal("d1", cell(a, 0, "kept_digest"));
    assert_string_equal("{\"first\": true}", cell(a, 0, "kept_answer"));
    assert_string_equal("1", cell(a, 0, "kept_seq"));
    assert_string_equal("1", sql_value(conn, "SELECT count(*) FROM spean.company"));
    /* A write that failed keeps nothing. */
    assert_refused(write_keyed("k2", "d", w, NULL), "SP001");
    assert_int_equal(0, PQntuples(ASK(&client, STMT_IDEMPOTENCY_FIND, "crm-1", "k2")->res));
    /* Nothing to write is kept, too. */
    a = write_keyed("k3", "d", NULL, NULL);
    assert_string_equal("1", cell(a, 0, "seq"));
    assert_string_equal("t", cell(write_keyed("k3", "d", NULL, NULL), 0, "replay"));
    /* What has expired is new again, and other expired keys go. */
    assert_int_equal(0, sql_run(conn, "UPDATE spean.idempotency SET expires_at = now()"));
    assert_int_equal(0, PQntuples(ASK(&client, STMT_IDEMPOTENCY_FIND, "crm-1", "k")->res));
    assert_string_equal("f", cell(write_keyed("k", "d3", NULL, NULL), 0, "replay"));
    assert_string_equal("1", sql_value(conn, "SELECT count(*) FROM spean.idempotency"));
}

/* Many at once with one key: one writes, the others wait and get its answer. */
#define TWINS 8
static atomic_int fresh_answers, replays, bad_answers;

static void *twin_run(void *arg)
{
    PGconn *c = sql_open(cluster.conninfo);
    char sql[2048];

    snprintf(sql, sizeof(sql),
             "SELECT replay, kept_digest, kept_seq FROM spean.company_write('[%s]', 'p', 'race',"
             " 'd', '{}', 60000, 1, 'm1')",
             (const char *)arg);
    PGresult *res = PQexec(c, sql);
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        bad_answers++;
    else if (PQgetvalue(res, 0, 0)[0] == 'f')
        fresh_answers++;
    else if (strcmp(PQgetvalue(res, 0, 1), "d") == 0 && strcmp(PQgetvalue(res, 0, 2), "1") == 0)
        replays++;
    PQclear(res);
    PQfinish(c);
    return NULL;
}

static void test_replay_race(void **state)
{
    char w[2048];
    pthread_t threads[TWINS];

    (void)state;
    snprintf(w, sizeof(w), "%s", one_write(A, 0, "created", DOC_A, "[]", "[]"));
    for (int i = 0; i < TWINS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, twin_run, w));
    for (int i = 0; i < TWINS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(0, bad_answers);
    assert_int_equal(1, fresh_answers);
    assert_int_equal(TWINS - 1, replays);
    assert_string_equal("1", sql_value(conn, "SELECT seq FROM spean.feed"));
}

/* Two writers that take the same companies in opposite order do not lock each other out. */
static atomic_int deadlocks;

static void *crossing_run(void *arg)
{
    bool turned = arg != NULL;
    PGconn *c = sql_open(cluster.conninfo);

    for (int i = 0; i < 60; i++) {
        char sql[1024];
        snprintf(sql, sizeof(sql),
                 "SELECT spean.company_write(jsonb_agg(jsonb_build_object('id', id, 'expect',"
                 " version, 'type', 'updated', 'doc', doc, 'packed', '') ORDER BY id %s), 'p',"
                 " NULL, NULL, NULL, 0, 1, 'm') FROM spean.company",
                 turned ? "DESC" : "");
        PGresult *res = PQexec(c, sql);
        const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
        const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
        deadlocks += state && (strcmp(state, "SP001") != 0 || strstr(message, "deadlock"));
        PQclear(res);
    }
    PQfinish(c);
    return NULL;
}

static void test_crossing_writers(void **state)
{
    pthread_t threads[4];

    (void)state;
    write_a_and_b();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            0, pthread_create(&threads[i], NULL, crossing_run, i % 2 ? &threads[0] : NULL));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(0, deadlocks);
    assert_string_equal("t", sql_value(conn, "SELECT seq = (SELECT count(*) FROM spean.change)"
                                             " FROM spean.feed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITES_TEST(test_conflicts),
        WRITES_TEST(test_replay),
        WRITES_TEST(test_replay_race),
        WRITES_TEST(test_crossing_writers),
    };
    WRITES_MAIN(tests);
}
