#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

const struct store_statement echo_statements[STATEMENTS] = {
    [ECHO] = {"echo", "SELECT $1::text AS echo", 1},
    [FAIL] = {"fail", "SELECT 1 / $1::integer", 1},
    [SLEEP] = {"sleep", "SELECT pg_sleep($1::float8)", 1},
    [PID] = {"pid", "SELECT pg_backend_pid() AS pid", 0},
    [DEFERRED] = {"deferred", "INSERT INTO pool_child VALUES ($1::integer) RETURNING parent", 1},
    [LENGTH] = {"length", "SELECT length($1::text) AS length", 1},
    [ALL] = {"all", "SELECT * FROM pool_parent", 0},
};

int echo_setup(void **state)
{
    struct store_options o = client_options(cluster.conninfo);

    (void)state;
    client_open(&client, &o, echo_statements, STATEMENTS);
    return 0;
}

int echo_teardown(void **state)
{
    (void)state;
    client_close(&client);
    return 0;
}

int64_t run(size_t which, uint64_t timeout_ms, const char *value)
{
    return client_run(&client, which, timeout_ms, value ? 1 : 0, &value);
}

pid_t backend_pid(void)
{
    const struct answer *a = client_ask(&client, PID, 0, NULL);

    return (pid_t)atoi(cell(a, 0, "pid"));
}

int echo_begin(void)
{
    int code = cluster_start(&cluster);

    if (code)
        return code;
    conn = sql_open(cluster.conninfo);
    code = sql_run(conn, "CREATE TABLE pool_parent (id integer PRIMARY KEY);"
                         "INSERT INTO pool_parent VALUES (1);"
                         "CREATE TABLE pool_child (parent integer REFERENCES pool_parent"
                         " DEFERRABLE INITIALLY DEFERRED)");
    PQfinish(conn);
    return code;
}
