#include "writes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_write_and_get(void **state)
{
    (void)state;
    write_a_and_b();
    const struct answer *a = ASK(&client, STMT_COMPANY_GET, A, NULL, NULL);
    assert_int_equal(1, PQntuples(a->res));
    assert_string_equal(A, cell(a, 0, "id"));
    assert_string_equal("1", cell(a, 0, "version"));
    assert_null(strstr(cell(a, 0, "doc"), "s@example.org"));
    assert_true(strtoll(cell(a, 0, "updated_ms"), NULL, 10) > 1700000000000);
    a = ASK(&client, STMT_COMPANY_GET, NULL, "crm", "2");
    assert_string_equal(B, cell(a, 0, "id"));
    assert_non_null(strstr(cell(a, 0, "doc"), "Ets Qu\u00e9b\u00e9cois"));
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
    a = ASK(&client, STMT_COMPANY_READ, A, NULL, NULL, "p", "staff", "r");
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
                                 "admin-1", "1700000000123", "admin", "r1");
    assert_string_equal("t1", cell(a, 0, "id"));
    ASK(&client, STMT_TOKEN_CREATE, "t2", "CRM", "integration", "bb", "32503680000000", "admin-1",
        "1700000000999", "admin", "r2");
    ASK(&client, STMT_TOKEN_CREATE, "t3", "Old", "viewer", "cc", "1700000001000", "admin-1",
        "1700000000999", "admin", "r3");
    /* the same digest, the same id */
    assert_refused(
        ASK(&client, STMT_TOKEN_CREATE, "t4", "n", "staff", "aa", NULL, "x", "0", "admin", "r4"),
        "23505");
    assert_string_equal("3", sql_value(conn, "SELECT token_version FROM spean.feed"));
    a = ASK(&client, STMT_TOKEN_REVOKE, "t1", "admin-2", "admin", "r5");
    assert_string_equal("t", cell(a, 0, "found"));
    a = ASK(&client, STMT_TOKEN_REVOKE, "t1", "admin-2", "admin",
            "r6"); /* again: found, nothing moves */
    assert_string_equal("t", cell(a, 0, "found"));
    a = ASK(&client, STMT_TOKEN_REVOKE, "nobody", "admin-2", "admin", "r7");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITES_TEST(test_write_and_get), WRITES_TEST(test_find),   WRITES_TEST(test_changes),
        WRITES_TEST(test_list),          WRITES_TEST(test_tokens),
    };
    WRITES_MAIN(tests);
}
