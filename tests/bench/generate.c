#include "generate.h"
#include "generate_tables.h"

#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <spean/clock.h>
#include <spean/date.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fills a database with as many companies as both countries have. */

static const char usage[] =
    "usage: spean-generate --conninfo CONNINFO [option...]\n"
    "\n"
    "Fills a migrated database (speand --migrate) with made-up companies, to try Spean at the "
    "size\n"
    "of every business of Cambodia and Canada. A database that holds companies is refused.\n"
    "\n"
    "    --conninfo CONNINFO   libpq connection string of a role that owns the tables\n"
    "    --count N             companies, 15 of 41 in Cambodia (2050000)\n"
    "    --seed S              same seed, same date: same companies (1)\n"
    "    --today DATE          the date that ages count from (today, UTC)\n"
    "    --append              add to the companies that are there; slower for each\n"
    "    --jobs N              sessions to load with (processors + 1)\n"
    "    --model-dir DIR       the daemon's model (" SPEAN_SOURCE_DIR "/conf/model)\n";

#define COUNT_DEFAULT 2050000
#define COUNT_MAX 20000000
#define JOBS_LIMIT 16

struct options {
    const char *conninfo, *model_dir;
    uint64_t count, seed;
    int32_t today;
    unsigned jobs;
    bool append;
};

static int number_read(const char *s, uint64_t least, uint64_t most, uint64_t *ret)
{
    char *end;
    unsigned long long v = strtoull(s, &end, 10);

    if (*s < '0' || *s > '9' || *end || v < least || v > most)
        return -1;
    *ret = v;
    return 0;
}

static int option_read(int which, const char *value, struct options *o)
{
    uint64_t n;

    switch (which) {
    case 'c':
        o->conninfo = value;
        return 0;
    case 'm':
        o->model_dir = value;
        return 0;
    case 'a':
        o->append = true;
        return 0;
    case 'n':
        return number_read(value, 1, COUNT_MAX, &o->count);
    case 's':
        return number_read(value, 0, UINT64_MAX, &o->seed);
    case 't':
        return date_parse(value, strlen(value), &o->today);
    case 'j':
        if (number_read(value, 1, JOBS_LIMIT, &n))
            return -1;
        o->jobs = (unsigned)n;
        return 0;
    default:
        return -1;
    }
}

static int options_read(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"conninfo", required_argument, NULL, 'c'},
        {"count", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'},
        {"today", required_argument, NULL, 't'},
        {"append", no_argument, NULL, 'a'},
        {"jobs", required_argument, NULL, 'j'},
        {"model-dir", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int which;

    while ((which = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (which == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (option_read(which, optarg, o))
            return -1;
    }
    return o->conninfo && optind == argc ? 0 : -1;
}

/* Sees what is there: 0 with the first number to give, or -1. */
static int database_check(const struct options *o, uint64_t *ret_first, char *err, size_t errlen)
{
    PGconn *conn = tables_connect(o->conninfo, err, errlen);
    int64_t ready = 0, held = 0, first = 0;
    int rc = -1;

    if (!conn)
        return -1;
    if (tables_number(conn, "SELECT (to_regclass('spean.feed') IS NOT NULL)::integer", &ready, err,
                      errlen))
        goto out;
    if (!ready) {
        snprintf(err, errlen, "the schema is not there yet: run speand --migrate first");
        goto out;
    }
    if (tables_again_all(conn, err, errlen) || /* an earlier load was cut off */
        tables_number(conn, "SELECT EXISTS (SELECT FROM spean.company)::integer", &held, err,
                      errlen) ||
        tables_number(
            conn,
            "SELECT coalesce(max(substr(id, 3)::bigint) + 1, 0)"
            " FROM spean.company_external WHERE system = 'gen' AND id ~ '^(KH|CA)[0-9]+$'",
            &first, err, errlen))
        goto out;
    if (held && !o->append) {
        snprintf(err, errlen, "the database holds companies already (--append adds to them)");
        goto out;
    }
    *ret_first = (uint64_t)first;
    rc = held ? 1 : 0;
out:
    PQfinish(conn);
    return rc;
}

static void *table_vacuum(void *ctx)
{
    const char *conninfo = ((const char **)ctx)[0], *sql = ((const char **)ctx)[1];
    char err[512];
    PGconn *conn = tables_connect(conninfo, err, sizeof err);

    /* Nothing is lost without it. */
    if (!conn || tables_run(conn, sql, err, sizeof err))
        fprintf(stderr, "spean-generate: %s\n", err);
    PQfinish(conn);
    return NULL;
}

/* Statistics for the planner; and no first reader has to mark all rows as committed. */
static void database_settle(const char *conninfo)
{
    const char *first[] = {conninfo, "VACUUM (FREEZE, ANALYZE) spean.company"};
    const char *second[] = {conninfo, "VACUUM (FREEZE, ANALYZE) spean.company_key,"
                                      " spean.company_external, spean.change, spean.feed"};
    pthread_t thread;
    bool both = pthread_create(&thread, NULL, table_vacuum, first) == 0;

    table_vacuum(second);
    if (both)
        pthread_join(thread, NULL);
    else
        table_vacuum(first);
}

static int generate(const struct options *o, struct world *w, char *err, size_t errlen)
{
    struct load_options load = {.conninfo = o->conninfo, .jobs = o->jobs};
    struct model *m = NULL;
    uint64_t seq = 0;
    int rc = -1, held;

    if (model_load(o->model_dir, &m, err, errlen) || world_init(w, m, err, errlen))
        goto out;
    w->seed = o->seed;
    w->count = o->count;
    w->today = o->today;
    held = database_check(o, &w->first, err, errlen);
    if (held < 0)
        goto out;
    load.append = held > 0;
    if (load_run(w, &load, &seq, err, errlen))
        goto out;
    fprintf(stderr, "spean-generate: settling\n");
    database_settle(o->conninfo);
    printf("%" PRIu64 " companies, seq %" PRIu64 "\n", w->count, seq);
    rc = 0;
out:
    model_free(m);
    return rc;
}

int main(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {
        .model_dir = SPEAN_SOURCE_DIR "/conf/model",
        .count = COUNT_DEFAULT,
        .seed = 1,
        .today = (int32_t)(clock_wall_ms() / 86400000),
        .jobs = processors < 1             ? 2
                : processors >= JOBS_LIMIT ? JOBS_LIMIT
                                           : (unsigned)processors + 1,
    };
    struct world *w = calloc(1, sizeof *w);
    char err[512] = "no memory";
    int rc;

    if (options_read(argc, argv, &o)) {
        fputs(usage, stderr);
        free(w);
        return 2;
    }
    rc = w ? generate(&o, w, err, sizeof err) : -1;
    if (rc)
        fprintf(stderr, "spean-generate: %s\n", err);
    free(w);
    return rc ? 1 : 0;
}
