#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <spean/statements.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char conninfo[sizeof(cluster.conninfo)];

struct attempt {
    int code, version;
    char err[512];
};

static void *attempt_run(void *arg)
{
    struct attempt *a = arg;

    a->code =
        store_migrate(conninfo, SPEAN_SOURCE_DIR "/sql", NULL, &a->version, a->err, sizeof(a->err));
    return NULL;
}

static void test_concurrently_then_again(void **state)
{
    pthread_t threads[4];
    struct attempt attempts[5] = {0};

    (void)state;
    assert_int_equal(0, cluster_database(&cluster, "together", false, conninfo));
    for (int i = 0; i < 4; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, attempt_run, &attempts[i]));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    attempt_run(&attempts[4]);
    for (int i = 0; i < 5; i++) {
        assert_string_equal("", attempts[i].err);
        assert_int_equal(0, attempts[i].code);
        assert_int_equal(STORE_SCHEMA, attempts[i].version);
    }
    conn = sql_open(conninfo);
    assert_string_equal("1", sql_value(conn, "SELECT count(*) FROM spean.schema_version"));
    assert_string_equal("0", sql_value(conn, "SELECT seq FROM spean.feed"));
    PQfinish(conn);
}

/* A file that fails leaves the version before it, and nothing of itself. */
static void test_failing_file(void **state)
{
    char dir[] = "/tmp/spean-sql-XXXXXX", path[256], command[512], err[512] = "";
    int version = -7;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(command, sizeof(command), "cp %s/sql/*.sql %s", SPEAN_SOURCE_DIR, dir);
    assert_int_equal(0, system(command));
    snprintf(path, sizeof(path), "%s/%04d_broken.sql", dir, STORE_SCHEMA + 1);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs("CREATE TABLE spean.half (n integer);\nSELECT no_such_function();\n", f);
    fclose(f);

    assert_int_equal(0, cluster_database(&cluster, "broken", false, conninfo));
    assert_int_equal(-1, store_migrate(conninfo, dir, NULL, &version, err, sizeof(err)));
    assert_int_equal(-7, version);
    assert_non_null(strstr(err, "_broken.sql"));
    assert_non_null(strstr(err, "no_such_function"));
    conn = sql_open(conninfo);
    assert_int_equal(STORE_SCHEMA,
                     atoi(sql_value(conn, "SELECT version FROM spean.schema_version")));
    assert_string_equal("", sql_value(conn, "SELECT to_regclass('spean.half')"));
    PQfinish(conn);

    /* A number left out is refused before anything is done. */
    snprintf(command, sizeof(command), "mv %s %s/%04d_later.sql", path, dir, STORE_SCHEMA + 2);
    assert_int_equal(0, system(command));
    assert_int_equal(-1, store_migrate(conninfo, dir, NULL, &version, err, sizeof(err)));
    assert_non_null(strstr(err, "expected number"));
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(0, system(command));
}

/* One that serves newer daemons only is no business of this one. */
static void test_too_new(void **state)
{
    char err[512] = "";
    int version = -7;

    (void)state;
    assert_int_equal(0, cluster_database(&cluster, "newer", true, conninfo));
    conn = sql_open(conninfo);
    assert_int_equal(0, sql_run(conn, "UPDATE spean.schema_version SET version = version + 1"));
    assert_int_equal(
        0, store_migrate(conninfo, SPEAN_SOURCE_DIR "/sql", NULL, &version, err, sizeof(err)));
    assert_int_equal(STORE_SCHEMA + 1, version);
    assert_int_equal(0, sql_run(conn, "UPDATE spean.schema_version SET oldest_daemon = version"));
    assert_int_equal(
        -1, store_migrate(conninfo, SPEAN_SOURCE_DIR "/sql", NULL, &version, err, sizeof(err)));
    assert_non_null(strstr(err, "use a newer one"));
    PQfinish(conn);
}

static void test_refusals(void **state)
{
    char err[512] = "";
    int version;

    (void)state;
    assert_int_equal(
        -1, store_migrate(cluster.conninfo, "/nonexistent", NULL, &version, err, sizeof(err)));
    assert_int_equal(-1, store_migrate("host=/nonexistent", SPEAN_SOURCE_DIR "/sql", NULL, &version,
                                       err, sizeof(err)));
    assert_non_null(strstr(err, "connecting"));

    char dir[] = "/tmp/spean-sql-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(-1, store_migrate(cluster.conninfo, dir, NULL, &version, err, sizeof(err)));
    assert_non_null(strstr(err, "no migrations"));
    snprintf(path, sizeof(path), "%s/0001_folder.sql", dir);
    assert_int_equal(0, mkdir(path, 0755));
    assert_int_equal(0, cluster_database(&cluster, "folder", false, conninfo));
    assert_int_equal(-1, store_migrate(conninfo, dir, NULL, &version, err, sizeof(err)));
    assert_non_null(strstr(err, "0001_folder.sql"));
    assert_int_equal(0, rmdir(path));
    assert_int_equal(0, rmdir(dir));

    conn = sql_open(cluster.conninfo);
    assert_int_equal(0, sql_run(conn, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' "
                                      "TEMPLATE template0"));
    PQfinish(conn);
    snprintf(conninfo, sizeof(conninfo), "host=%s user=spean dbname=latin", cluster.dir);
    assert_int_equal(
        -1, store_migrate(conninfo, SPEAN_SOURCE_DIR "/sql", NULL, &version, err, sizeof(err)));
    assert_non_null(strstr(err, "UTF8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concurrently_then_again),
        cmocka_unit_test(test_failing_file),
        cmocka_unit_test(test_too_new),
        cmocka_unit_test(test_refusals),
    };
    int code = cluster_start(&cluster);

    if (code == 0)
        code = cmocka_run_group_tests(tests, NULL, NULL);
    else
        code = code > 0 ? 0 : 1;
    cluster_stop(&cluster);
    return code;
}
