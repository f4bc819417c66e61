#include "client.h"
#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cluster cluster;
static struct client client;
static PGconn *conn;

#define A "00000000-0000-7000-8000-00000000000a"
#define B "00000000-0000-7000-8000-00000000000b"
#define C "00000000-0000-7000-8000-00000000000c"

static int setup(void **state)
{
    struct store_options o = client_options(cluster.conninfo);

    (void)state;
    client_open(&client, &o, store_statements, STMT_COUNT);
    conn = sql_open(cluster.conninfo);
    return sql_run(conn, "TRUNCATE spean.company, spean.company_external, spean.company_contact,"
                         " spean.company_key, spean.change, spean.idempotency, spean.token;"
                         "UPDATE spean.feed SET seq = 0, token_version = 0");
}

static int teardown(void **state)
{
    (void)state;
    client_close(&client);
    PQfinish(conn);
    return 0;
}

/* One company as the service sends it; externals and the like are JSON. */
static const char *one_write(const char *id, int expect, const char *type, const char *doc,
                             const char *contacts, const char *keys)
{
    static char places[16][2048];
    static unsigned next;
    char *place = places[next++ % 16];

    snprintf(place, sizeof(places[0]),
             "{\"id\":\"%s\",\"expect\":%d,\"type\":\"%s\",\"doc\":%s,\"contacts\":%s,\"keys\":%s,"
             "\"packed\":\"AAEC\"}",
             id, expect, type, doc, contacts, keys);
    return place;
}

static const struct answer *write_keyed(const char *key, const char *digest, const char *one,
                                        const char *two)
{
    char writes[8192];

    snprintf(writes, sizeof(writes), "[%s%s%s]", one ? one : "", two ? "," : "", two ? two : "");
    return ASK(&client, STMT_COMPANY_WRITE, writes, "crm-1", key, digest, "{\"first\": true}",
               "86400000", "1", "m1");
}

static const struct answer *write_two(const char *one, const char *two)
{
    return write_keyed(NULL, NULL, one, two);
}

#define DOC_A                                                                                      \
    "{\"country\":\"KH\",\"name\":\"Battambang Rice\",\"region\":\"KH-2\",\"city\":\"X\","         \
    "\"status\":\"published\",\"sectors\":[\"agro-industry.rice\",\"energy\"],"                    \
    "\"valid_until\":\"2027-01-31\",\"verified\":null,"                                            \
    "\"external_ids\":[{\"system\":\"crm\",\"id\":\"1\"},{\"system\":\"osh\",\"id\":\"1\"}]}"
#define DOC_B                                                                                      \
    "{\"country\":\"CA\",\"name\":\"Ets Qu\u00e9b\u00e9cois\",\"status\":\"draft\","               \
    "\"sectors\":[],\"external_ids\":[{\"system\":\"crm\",\"id\":\"2\"}]}"

static void write_a_and_b(void)
{
    const struct answer *a = write_two(
        one_write(A, 0, "created", DOC_A, "[{\"name\":\"Sok\",\"email\":\"s@example.org\"}]",
                  "[{\"lang\":\"\",\"key\":\"battambang rice\"}]"),
        one_write(B, 0, "created", DOC_B, "[]", "[{\"lang\":null,\"key\":\"ets quebecois\"}]"));
    assert_int_equal(STORE_OK, a->status);
    assert_string_equal("2", cell(a, 0, "seq"));
    assert_string_equal("f", cell(a, 0, "replay"));
    assert_string_equal("(null)", cell(a, 0, "kept_answer"));
    assert_true(strtoll(cell(a, 0, "at_ms"), NULL, 10) > 1700000000000);
}

static void test_write_and_get(void **state)
{
    (void)state;
    write_a_and_b();
    const struct answer *a = ASK(&client, STMT_COMPANY_GET, A, NULL, NULL);
    assert_int_equal(1, PQntuples(a->res));
    assert_string_equal(A, cell(a, 0, "id"));
    assert_string_equal("1", cell(a, 0, "version"));
    assert_non_null(strstr(cell(a, 0, "doc"), "s@example.org"));
    assert_true(strtoll(cell(a, 0, "updated_ms"), NULL, 10) > 1700000000000);
    a = ASK(&client, STMT_COMPANY_GET, NULL, "crm", "2");
    assert_string_equal(B, cell(a, 0, "id"));
    assert_non_null(strstr(cell(a, 0, "doc"), "Ets Qu\u00e9b\u00e9cois"));
    assert_non_null(strstr(cell(a, 0, "doc"), "\"contacts\": []"));
    assert_int_equal(0, PQntuples(ASK(&client, STMT_COMPANY_GET, C, NULL, NULL)->res));
    assert_int_equal(0, PQntuples(ASK(&client, STMT_COMPANY_GET, NULL, "crm", "9")->res));
    /* Contacts are not in the table that lists, loads and exports read. */
    assert_string_equal("0", sql_value(conn, "SELECT count(*) FROM spean.company"
                                             " WHERE doc::text LIKE '%example.org%'"));

    /* An update replaces what is written beside the profile, too. */
    a = write_two(one_write(A, 1, "updated",
                            "{\"country\":\"KH\",\"name\":\"Rice\",\"status\":\"published\","
                            "\"external_ids\":[{\"system\":\"osh\",\"id\":\"7\"}]}",
                            "[]", "[{\"lang\":\"\",\"key\":\"rice\"}]"),
                  NULL);
    assert_string_equal("3", cell(a, 0, "seq"));
    assert_int_equal(0, PQntuples(ASK(&client, STMT_COMPANY_GET, NULL, "crm", "1")->res));
    a = ASK(&client, STMT_COMPANY_GET, NULL, "osh", "7");
    assert_string_equal("2", cell(a, 0, "version"));
    assert_null(strstr(cell(a, 0, "doc"), "s@example.org"));
    assert_string_equal("rice", sql_value(conn, "SELECT string_agg(key, ',') FROM spean.company_key"
                                                " WHERE company_id = '" A "'"));
}

static void test_find(void **state)
{
    (void)state;
    write_a_and_b();
    const struct answer *a =
        ASK(&client, STMT_COMPANY_FIND,
            "[{\"id\":null,\"externals\":[{\"system\":\"crm\",\"id\":\"9\"}]},"
            "{\"id\":\"" A "\",\"externals\":[{\"system\":\"crm\",\"id\":\"2\"}]},"
            "{\"id\":null,\"externals\":[{\"system\":\"crm\",\"id\":\"1\"},"
            "{\"system\":\"osh\",\"id\":\"1\"}]},"
            "{\"id\":null,\"externals\":[{\"system\":\"crm\",\"id\":\"1\"},"
            "{\"system\":\"crm\",\"id\":\"2\"}]},"
            "{\"id\":\"" C "\",\"externals\":[]},{\"id\":null}]");
    const char *rows[][2] = {{"1", A}, {"2", A}, {"3", A}, {"3", B}};
    assert_int_equal(4, PQntuples(a->res));
    for (int i = 0; i < 4; i++) {
        assert_string_equal(rows[i][0], cell(a, i, "ord"));
        assert_string_equal(rows[i][1], cell(a, i, "id"));
        assert_string_equal("1", cell(a, i, "version"));
        assert_string_not_equal("(none)", cell(a, i, "updated_ms"));
        assert_non_null(strstr(cell(a, i, "doc"), "\"contacts\""));
    }
}

static void assert_refused(const struct answer *a, const char *sqlstate)
{
    assert_int_equal(STORE_SQL, a->status);
    assert_string_equal(sqlstate, a->sqlstate);
}

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

static void test_changes(void **state)
{
    (void)state;
    write_a_and_b();
    write_two(one_write(A, 1, "archived", DOC_A, "[]", "[]"), NULL);
    const struct answer *a = ASK(&client, STMT_CHANGES_LIST, "0", "2");
    assert_int_equal(3, PQntuples(a->res));
    assert_string_equal("(null)", cell(a, 0, "seq"));
    assert_string_equal("3", cell(a, 0, "head"));
    assert_string_equal(sql_value(conn, "SELECT epoch FROM spean.feed"), cell(a, 0, "epoch"));
    assert_string_equal("1", cell(a, 1, "seq"));
    assert_string_equal("(null)", cell(a, 1, "epoch"));
    assert_string_equal("created", cell(a, 1, "type"));
    assert_string_equal(A, cell(a, 1, "id"));
    assert_string_equal("1", cell(a, 1, "version"));
    assert_string_equal("crm-1", cell(a, 1, "origin"));
    assert_string_equal("[{\"id\": \"1\", \"system\": \"crm\"}, {\"id\": \"1\", \"system\": "
                        "\"osh\"}]",
                        cell(a, 1, "externals"));
    assert_true(strtoll(cell(a, 1, "at_ms"), NULL, 10) > 1700000000000);
    assert_string_equal(B, cell(a, 2, "id"));
    a = ASK(&client, STMT_CHANGES_LIST, "2", "1000");
    assert_string_equal("archived", cell(a, 1, "type"));
    assert_string_equal("2", cell(a, 1, "version"));
    assert_int_equal(1, PQntuples(ASK(&client, STMT_CHANGES_LIST, "3", "10")->res));
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

static int listed(const char *country, const char *sector, const char *region, const char *status,
                  const char *updated, const char *after)
{
    const struct answer *a =
        ASK(&client, STMT_COMPANY_LIST, country, sector, region, status, updated, after, "10");

    assert_int_equal(STORE_OK, a->status);
    return PQntuples(a->res);
}

static void test_list(void **state)
{
    (void)state;
    write_a_and_b();
    const struct answer *a =
        ASK(&client, STMT_COMPANY_LIST, NULL, NULL, NULL, NULL, NULL, NULL, "1");
    assert_int_equal(1, PQntuples(a->res));
    assert_string_equal(A, cell(a, 0, "id"));
    assert_string_equal("1", cell(a, 0, "version"));
    assert_null(strstr(cell(a, 0, "doc"), "contacts"));
    int64_t updated = strtoll(cell(a, 0, "updated_ms"), NULL, 10);
    char at[32], before[32];
    snprintf(at, sizeof(at), "%lld", (long long)updated);
    snprintf(before, sizeof(before), "%lld", (long long)updated - 1);
    assert_int_equal(2, listed(NULL, NULL, NULL, NULL, NULL, NULL));
    assert_int_equal(1, listed("KH", NULL, NULL, NULL, NULL, NULL));
    assert_int_equal(1, listed(NULL, "agro-industry", NULL, NULL, NULL, NULL));
    assert_int_equal(1, listed(NULL, "agro-industry.rice", NULL, NULL, NULL, NULL));
    assert_int_equal(1, listed(NULL, "energy", NULL, NULL, NULL, NULL));
    assert_int_equal(0, listed(NULL, "energy.solar", NULL, NULL, NULL, NULL));
    assert_int_equal(1, listed(NULL, NULL, "KH-2", NULL, NULL, NULL));
    assert_int_equal(1, listed(NULL, NULL, NULL, "draft", NULL, NULL));
    assert_int_equal(0, listed("KH", NULL, NULL, "draft", NULL, NULL));
    assert_int_equal(2, listed(NULL, NULL, NULL, NULL, before, NULL));
    assert_int_equal(0, listed(NULL, NULL, NULL, NULL, at, NULL));
    assert_int_equal(1, listed(NULL, NULL, NULL, NULL, NULL, A));
    assert_int_equal(0, listed(NULL, NULL, NULL, NULL, NULL, B));
}

static void test_tokens(void **state)
{
    (void)state;
    const struct answer *a = ASK(&client, STMT_TOKEN_CREATE, "t1", "Desk", "staff", "aa", NULL,
                                 "admin-1", "1700000000123");
    assert_string_equal("t1", cell(a, 0, "id"));
    ASK(&client, STMT_TOKEN_CREATE, "t2", "CRM", "integration", "bb", "32503680000000", "admin-1",
        "1700000000999");
    ASK(&client, STMT_TOKEN_CREATE, "t3", "Old", "viewer", "cc", "1700000001000", "admin-1",
        "1700000000999");
    /* the same digest, the same id */
    assert_refused(ASK(&client, STMT_TOKEN_CREATE, "t4", "n", "staff", "aa", NULL, "x", "0"),
                   "23505");
    assert_string_equal("3", sql_value(conn, "SELECT token_version FROM spean.feed"));
    a = ASK(&client, STMT_TOKEN_REVOKE, "t1");
    assert_string_equal("t", cell(a, 0, "found"));
    a = ASK(&client, STMT_TOKEN_REVOKE, "t1"); /* again: found, nothing moves */
    assert_string_equal("t", cell(a, 0, "found"));
    a = ASK(&client, STMT_TOKEN_REVOKE, "nobody");
    assert_string_equal("f", cell(a, 0, "found"));
    assert_string_equal("4", sql_value(conn, "SELECT token_version FROM spean.feed"));
    a = client_ask(&client, STMT_TOKEN_LIST, 0, NULL);
    assert_int_equal(3, PQntuples(a->res));
    assert_string_equal("t1", cell(a, 0, "id"));
    assert_string_equal("Desk", cell(a, 0, "name"));
    assert_string_equal("staff", cell(a, 0, "role"));
    assert_string_equal("1700000000123", cell(a, 0, "created_ms"));
    assert_string_equal("(null)", cell(a, 0, "expires_ms"));
    assert_string_equal("t", cell(a, 0, "revoked"));
    assert_string_equal("admin-1", cell(a, 0, "created_by"));
    assert_string_equal("f", cell(a, 1, "revoked"));
    a = client_ask(&client, STMT_TOKEN_LOAD, 0, NULL); /* t1 is revoked, t3 has expired */
    assert_int_equal(1, PQntuples(a->res));
    assert_string_equal("t2", cell(a, 0, "id"));
    assert_string_equal("bb", cell(a, 0, "digest"));
    assert_string_equal("integration", cell(a, 0, "role"));
    assert_string_equal("CRM", cell(a, 0, "name"));
    assert_string_equal("32503680000000", cell(a, 0, "expires_ms"));
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
        cmocka_unit_test_setup_teardown(test_write_and_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay_race, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crossing_writers, setup, teardown),
    };
    int code = cluster_start(&cluster);

    if (code == 0)
        code = cmocka_run_group_tests(tests, NULL, NULL);
    else
        code = code > 0 ? 0 : 1;
    cluster_stop(&cluster);
    return code;
}
