#include "writes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int writes_setup(void **state)
{
    struct store_options o = client_options(cluster.conninfo);

    (void)state;
    client_open(&client, &o, store_statements, STMT_COUNT);
    conn = sql_open(cluster.conninfo);
    return sql_run(conn, "TRUNCATE spean.company, spean.company_external, spean.company_contact,"
                         " spean.company_key, spean.change, spean.idempotency, spean.token;"
                         "UPDATE spean.feed SET seq = 0, token_version = 0");
}

int writes_teardown(void **state)
{
    (void)state;
    client_close(&client);
    PQfinish(conn);
    return 0;
}

const char *one_write(const char *id, int expect, const char *type, const char *doc,
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

const struct answer *write_keyed(const char *key, const char *digest, const char *one,
                                 const char *two)
{
    char writes[8192];

    snprintf(writes, sizeof(writes), "[%s%s%s]", one ? one : "", two ? "," : "", two ? two : "");
    return ASK(&client, STMT_COMPANY_WRITE, writes, "crm-1", key, digest, "{\"first\": true}",
               "86400000", "1", "m1");
}

const struct answer *write_two(const char *one, const char *two)
{
    return write_keyed(NULL, NULL, one, two);
}

void write_a_and_b(void)
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

void assert_refused(const struct answer *a, const char *sqlstate)
{
    assert_int_equal(STORE_SQL, a->status);
    assert_string_equal(sqlstate, a->sqlstate);
}
