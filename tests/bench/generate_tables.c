#include "generate_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES                                                                                     \
    "('spean.company'::regclass, 'spean.company_external'::regclass,"                              \
    " 'spean.company_key'::regclass, 'spean.company_contact'::regclass)"

/* Keeps the server's words, in one line. */
static int tables_fail(PGconn *conn, const char *what, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s: %s", what, PQerrorMessage(conn));
    for (char *c = err; *c; c++)
        if (*c == '\n')
            *c = c[1] ? ' ' : '\0';
    return -1;
}

PGconn *tables_connect(const char *conninfo, char *err, size_t errlen)
{
    const char *keywords[] = {"fallback_application_name", "dbname", "client_encoding",
                              "gssencmode", NULL};
    const char *values[] = {"spean-generate", conninfo, "UTF8", "disable", NULL};
    PGconn *conn = PQconnectdbParams(keywords, values, 1);

    if (PQstatus(conn) == CONNECTION_OK &&
        tables_run(conn,
                   "SET client_min_messages = warning; SET synchronous_commit = off;"
                   " SET maintenance_work_mem = '512MB'; SET statement_timeout = 0",
                   err, errlen) == 0)
        return conn;
    if (PQstatus(conn) != CONNECTION_OK)
        tables_fail(conn, "connecting", err, errlen);
    PQfinish(conn);
    return NULL;
}

int tables_run(PGconn *conn, const char *sql, char *err, size_t errlen)
{
    PGresult *res = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(res);
    int rc = 0;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        rc = tables_fail(conn, sql, err, errlen);
    PQclear(res);
    return rc;
}

int tables_number(PGconn *conn, const char *sql, int64_t *ret, char *err, size_t errlen)
{
    PGresult *res = PQexec(conn, sql);
    int rc = 0;

    if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1)
        rc = tables_fail(conn, sql, err, errlen);
    else
        *ret = atoll(PQgetvalue(res, 0, 0));
    PQclear(res);
    return rc;
}

int tables_aside(PGconn *conn, char *err, size_t errlen)
{
    /* The dearest first: it is what the others are made beside. */
    return tables_run(
        conn,
        "BEGIN;"
        "CREATE TABLE spean.generate_aside (n serial PRIMARY KEY, key boolean NOT NULL,"
        " again text NOT NULL);"
        "INSERT INTO spean.generate_aside (key, again)"
        " SELECT false, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid IN " TABLES " AND NOT indisunique"
        " ORDER BY pg_get_indexdef(indexrelid) LIKE '%trgm%' DESC, indexrelid;"
        "INSERT INTO spean.generate_aside (key, again)"
        " SELECT true, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,"
        " pg_get_constraintdef(oid)) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid IN " TABLES " ORDER BY oid;"
        "DO $$ DECLARE dropped text; BEGIN"
        " FOR dropped IN SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass,"
        "  conname) FROM pg_constraint WHERE contype = 'f' AND conrelid IN " TABLES " LOOP"
        "  EXECUTE dropped;"
        " END LOOP;"
        " FOR dropped IN SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index"
        "  WHERE indrelid IN " TABLES " AND NOT indisunique LOOP"
        "  EXECUTE dropped;"
        " END LOOP;"
        "END $$;"
        "COMMIT",
        err, errlen);
}

int tables_again(PGconn *conn, bool keys, char *err, size_t errlen)
{
    PGresult *res;
    int rc = -1;

    if (tables_run(conn, "BEGIN", err, errlen))
        return -1;
    res = PQexec(conn, keys ? "DELETE FROM spean.generate_aside WHERE n = (SELECT n FROM"
                              " spean.generate_aside WHERE key ORDER BY n LIMIT 1) RETURNING again"
                            : "DELETE FROM spean.generate_aside WHERE n = (SELECT n FROM"
                              " spean.generate_aside WHERE NOT key ORDER BY n LIMIT 1"
                              " FOR UPDATE SKIP LOCKED) RETURNING again");
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        tables_fail(conn, "making indexes", err, errlen);
    else if (PQntuples(res) == 0)
        rc = 0;
    else if (tables_run(conn, PQgetvalue(res, 0, 0), err, errlen) == 0)
        rc = 1;
    PQclear(res);
    if (rc < 0 || tables_run(conn, "COMMIT", err, errlen)) {
        PQclear(PQexec(conn, "ROLLBACK"));
        return -1;
    }
    return rc;
}

int tables_again_all(PGconn *conn, char *err, size_t errlen)
{
    int64_t there = 0;
    int rc;

    if (tables_number(conn, "SELECT (to_regclass('spean.generate_aside') IS NOT NULL)::integer",
                      &there, err, errlen))
        return -1;
    if (!there)
        return 0;
    for (int keys = 0; keys < 2; keys++)
        do {
            rc = tables_again(conn, keys, err, errlen);
            if (rc < 0)
                return -1;
        } while (rc > 0);
    return tables_run(conn, "DROP TABLE spean.generate_aside", err, errlen);
}
