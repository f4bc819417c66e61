#include "cluster.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <spean/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct cluster cluster;
PGconn *conn;

/* The highest version installed. */
static int cluster_find(struct cluster *c)
{
    glob_t found = {0};
    int best = -1;

    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int version = atoi(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"));
            if (version > best) {
                best = version;
                snprintf(c->bin, sizeof(c->bin), "/usr/lib/postgresql/%d/bin", version);
            }
        }
    globfree(&found);
    return best < 0 ? -1 : 0;
}

static struct passwd *cluster_user(void)
{
    struct passwd *pw = NULL;

    if (geteuid() == 0) {
        pw = getpwnam("postgres");
        if (!pw)
            pw = getpwnam("nobody");
    }
    return pw;
}

/* Runs a program of PostgreSQL to its end, silently. 0 if it succeeded. */
static int cluster_program(struct cluster *c, const char *arguments)
{
    struct passwd *pw = cluster_user();
    char command[1024];
    int status;

    snprintf(command, sizeof(command), "cd %s && exec %s/%s >>output 2>&1", c->dir, c->bin,
             arguments);
    pid_t pid = fork();
    if (pid == 0) {
        if (pw && (setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid)))
            _exit(126);
        setenv("LC_ALL", "C", 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void cluster_remove(struct cluster *c)
{
    pid_t pid = fork();

    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", c->dir, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

int cluster_resume(struct cluster *c)
{
    char arguments[512], path[128], line[32] = "";

    snprintf(arguments, sizeof(arguments),
             "pg_ctl -s -w -D data -l log start -o \"-k %s -h '' -c fsync=off"
             " -c shared_buffers=32MB -c max_connections=50\"",
             c->dir);
    if (cluster_program(c, arguments) < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/data/postmaster.pid", c->dir);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    if (fgets(line, sizeof(line), f))
        c->postmaster = (pid_t)atoi(line);
    fclose(f);
    return c->postmaster > 0 ? 0 : -1;
}

int cluster_halt(struct cluster *c)
{
    if (c->postmaster <= 0)
        return 0;
    if (cluster_program(c, "pg_ctl -s -w -m fast -D data stop") < 0)
        return -1;
    c->postmaster = 0;
    return 0;
}

/*
 * A process that waits for this one to end: if that happens before cluster_stop (a crash, a
 * timeout), it stops the server and takes the folder away.
 */
static int cluster_watch(struct cluster *c)
{
    int ends[2];
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    c->watcher = fork();
    if (c->watcher == 0) {
        close(ends[1]);
        setsid();
        if (read(ends[0], &byte, 1) == 0) {
            cluster_program(c, "pg_ctl -s -w -m immediate -D data stop");
            cluster_remove(c);
        }
        _exit(0);
    }
    close(ends[0]);
    c->watch = ends[1];
    return c->watcher < 0 ? -1 : 0;
}

static void cluster_unwatch(struct cluster *c)
{
    if (c->watcher <= 0)
        return;
    ssize_t n = write(c->watch, "x", 1);
    (void)n;
    close(c->watch);
    waitpid(c->watcher, NULL, 0);
    c->watcher = 0;
}

int cluster_restart(struct cluster *c)
{
    return cluster_halt(c) == 0 ? cluster_resume(c) : -1;
}

int cluster_start(struct cluster *c)
{
    memset(c, 0, sizeof(*c));
    if (cluster_find(c) < 0 || (geteuid() == 0 && !cluster_user())) {
        fprintf(stderr, "SKIPPED: no PostgreSQL server programs on this machine\n");
        return 1;
    }
    snprintf(c->dir, sizeof(c->dir), "/tmp/spean-test-XXXXXX");
    if (!mkdtemp(c->dir))
        return -1;
    struct passwd *pw = cluster_user();
    if (pw && chown(c->dir, pw->pw_uid, pw->pw_gid))
        return -1;
    if (cluster_watch(c) < 0)
        return -1;
    if (cluster_program(c, "initdb -A trust -N -U spean -E UTF8 --locale=C.UTF-8 -D data") < 0 ||
        cluster_resume(c) < 0 || cluster_database(c, "spean", true, c->conninfo) < 0) {
        fprintf(stderr, "PostgreSQL did not start; see %s\n", c->dir);
        return -1;
    }
    return 0;
}

void cluster_stop(struct cluster *c)
{
    cluster_unwatch(c);
    if (c->dir[0] && cluster_halt(c) == 0)
        cluster_remove(c);
}

int cluster_database(struct cluster *c, const char *name, bool migrate, char *conninfo)
{
    char sql[128], err[512] = "";
    int version;

    snprintf(conninfo, sizeof(c->conninfo), "host=%s user=spean dbname=postgres", c->dir);
    PGconn *admin = sql_open(conninfo);
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
    int code = sql_run(admin, sql);
    PQfinish(admin);
    snprintf(conninfo, sizeof(c->conninfo), "host=%s user=spean dbname=%s", c->dir, name);
    if (code == 0 && migrate)
        code = store_migrate(conninfo, SPEAN_SOURCE_DIR "/sql", NULL, &version, err, sizeof(err));
    if (err[0])
        fprintf(stderr, "%s\n", err);
    return code;
}

PGconn *sql_open(const char *conninfo)
{
    PGconn *c = PQconnectdb(conninfo);

    if (PQstatus(c) != CONNECTION_OK)
        fprintf(stderr, "%s", PQerrorMessage(c));
    return c;
}

int sql_run(PGconn *c, const char *sql)
{
    PGresult *res = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(res);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fprintf(stderr, "%s%.300s\n", PQerrorMessage(c), sql);
    PQclear(res);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : -1;
}

const char *sql_value(PGconn *c, const char *sql)
{
    static char places[4][256];
    static unsigned next;
    char *place = places[next++ % 4];
    PGresult *res = PQexec(c, sql);

    place[0] = '\0';
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        fprintf(stderr, "%s%.300s\n", PQerrorMessage(c), sql);
    else if (PQntuples(res) > 0)
        snprintf(place, sizeof(places[0]), "%s", PQgetvalue(res, 0, 0));
    PQclear(res);
    return place;
}
