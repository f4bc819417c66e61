#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <spean/file.h>
#include <spean/log.h>
#include <spean/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIGRATIONS_MAX 9999
#define FILE_MAX (1024 * 1024)

struct migration {
    PGconn *conn;
    struct log *log;
    char *err;
    size_t errlen;
};

/* Keeps the server's words, in one line. */
static int migration_fail(struct migration *m, const char *doing)
{
    snprintf(m->err, m->errlen, "%s: %s", doing, PQerrorMessage(m->conn));
    for (char *c = m->err; *c; c++)
        if (*c == '\n')
            *c = c[1] ? ' ' : '\0';
    return -1;
}

/* Runs statements; 0 with the first column of the last row as a number (0 if none), or -1. */
static int migration_run(struct migration *m, const char *sql, const char *doing, int *ret)
{
    PGresult *res = PQexec(m->conn, sql);
    ExecStatusType status = PQresultStatus(res);
    int code = 0;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        code = migration_fail(m, doing);
    else if (ret)
        *ret = PQntuples(res) > 0 ? atoi(PQgetvalue(res, 0, 0)) : 0;
    PQclear(res);
    return code;
}

static int migration_filter(const struct dirent *d)
{
    size_t len = strlen(d->d_name);

    return len > 9 && strspn(d->d_name, "0123456789") == 4 && d->d_name[4] == '_' &&
           strcmp(d->d_name + len - 4, ".sql") == 0;
}

static void names_free(struct dirent **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* The files in order: 0001_, 0002_ ... without a gap. Their number, or -1. */
static int names_read(const char *dir, struct dirent ***ret, char *err, size_t errlen)
{
    struct dirent **names = NULL;
    int count = scandir(dir, &names, migration_filter, alphasort);

    if (count < 0) {
        snprintf(err, errlen, "%s: %s", dir, strerror(errno));
        return -1;
    }
    for (int i = 0; i < count; i++)
        if (atoi(names[i]->d_name) != i + 1) {
            snprintf(err, errlen, "%s: expected number %04d, found %s", dir, i + 1,
                     names[i]->d_name);
            names_free(names, count);
            return -1;
        }
    if (count == 0) {
        snprintf(err, errlen, "%s: no migrations", dir);
        names_free(names, count);
        return -1;
    }
    *ret = names;
    return count;
}

/* One file, and the number it brings the schema to: both or nothing. */
static int migration_apply(struct migration *m, const char *dir, const char *name, int number)
{
    char *sql = NULL, done[96];
    size_t len = 0;
    int code = file_read_at(dir, name, FILE_MAX, &sql, &len);

    if (code < 0) {
        snprintf(m->err, m->errlen, "%s/%s: %s", dir, name, strerror(-code));
        return -1;
    }
    snprintf(done, sizeof(done), "UPDATE spean.schema_version SET version = %d; COMMIT", number);
    code = migration_run(m, "BEGIN", name, NULL);
    if (code == 0)
        code = migration_run(m, sql, name, NULL);
    if (code == 0)
        code = migration_run(m, done, name, NULL);
    free(sql);
    if (code == 0)
        log_event(m->log, LOG_LEVEL_INFO, "migrated", "file=%s version=%d", name, number);
    return code;
}

/* The version of the schema, 0 for none; -1 also for one that serves newer daemons only. */
static int migration_version(struct migration *m, int *ret)
{
    int there = 0, oldest = 0;

    if (migration_run(m, "SELECT (to_regclass('spean.schema_version') IS NOT NULL)::integer",
                      "looking for the schema", &there) < 0)
        return -1;
    *ret = 0;
    if (!there)
        return 0;
    if (migration_run(m, "SELECT oldest_daemon FROM spean.schema_version",
                      "reading the oldest daemon that the schema serves", &oldest) < 0 ||
        migration_run(m, "SELECT version FROM spean.schema_version", "reading the schema's version",
                      ret) < 0)
        return -1;
    if (oldest <= STORE_SCHEMA)
        return 0;
    snprintf(m->err, m->errlen, "the schema has version %d, this program knows %d: use a newer one",
             *ret, STORE_SCHEMA);
    return -1;
}

static int migration_all(struct migration *m, const char *dir, struct dirent **names, int count,
                         int *ret_version)
{
    int version, utf8 = 0;

    if (migration_run(m, "SELECT (current_setting('server_encoding') = 'UTF8')::integer",
                      "reading the encoding", &utf8) < 0)
        return -1;
    if (!utf8) {
        snprintf(m->err, m->errlen, "the database's encoding must be UTF8");
        return -1;
    }
    /* Whoever comes second waits for the first, then finds everything done. */
    if (migration_run(m,
                      "SET client_min_messages = warning; SET lock_timeout = '60s';"
                      " SELECT pg_advisory_lock(hashtext('spean.migrate'))",
                      "waiting for another migration", NULL) < 0 ||
        migration_version(m, &version) < 0)
        return -1;
    for (; version < count; version++)
        if (migration_apply(m, dir, names[version]->d_name, version + 1) < 0)
            return -1;
    *ret_version = version;
    return 0;
}

int store_migrate(const char *conninfo, const char *dir, struct log *log, int *ret_version,
                  char *err, size_t errlen)
{
    const char *keywords[] = {"fallback_application_name", "dbname", "client_encoding",
                              "gssencmode", NULL};
    const char *values[] = {"speand-migrate", conninfo, "UTF8", "disable", NULL};
    struct migration m = {.log = log, .err = err, .errlen = errlen};
    struct dirent **names = NULL;
    int count = names_read(dir, &names, err, errlen);

    if (count < 0)
        return -1;
    int code = -1;
    m.conn = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(m.conn) != CONNECTION_OK)
        migration_fail(&m, "connecting");
    else
        code = migration_all(&m, dir, names, count, ret_version);
    PQfinish(m.conn);
    names_free(names, count);
    return code;
}
