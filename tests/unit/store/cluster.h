#ifndef TESTS_STORE_CLUSTER_H
#define TESTS_STORE_CLUSTER_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * A private PostgreSQL for a test program: its own data in a new folder, a unix socket there, no
 * TCP, no fsync. As root it runs as the user postgres, else nobody.
 */
struct cluster {
    char dir[64];
    char bin[256];      /* folder of PostgreSQL's programs */
    char conninfo[160]; /* of the database "spean", which is migrated */
    pid_t postmaster;
    pid_t watcher; /* stops it should this program end early */
    int watch;
};

/* 0; 1 if there is no PostgreSQL on this machine (said on stderr: skip); -1 failed. */
int cluster_start(struct cluster *c);
void cluster_stop(struct cluster *c); /* and takes the folder away; safe on a zeroed one */
int cluster_restart(struct cluster *c);
int cluster_halt(struct cluster *c); /* stops the server only */
int cluster_resume(struct cluster *c);
/* A new database, migrated if wanted; conninfo of cluster.conninfo's size. */
int cluster_database(struct cluster *c, const char *name, bool migrate, char *conninfo);

extern struct cluster cluster; /* the one of this program */
extern PGconn *conn;           /* the test's own view of its database */

/* Blocking helpers; they fail the test by returning NULL or -1. */
PGconn *sql_open(const char *conninfo);
int sql_run(PGconn *c, const char *sql);
/* First column of the first row, in one of a few static places; "" if there is none. */
const char *sql_value(PGconn *c, const char *sql);

#endif
