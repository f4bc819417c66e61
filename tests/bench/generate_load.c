#include "generate.h"
#include "generate_tables.h"

#include <inttypes.h>
#include <pthread.h>
#include <spean/buf.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 10000
#define CHUNK_MAX (256u * 1024 * 1024)
#define PIECE (64 * 1024) /* what libpq is given at a time: it keeps room for a whole piece */
#define JOBS_MAX 16
#define ERR_LEN 512

struct load {
    const struct world *w;
    const struct load_options *o;
    atomic_uint_fast64_t next; /* the next chunk begins here */
    atomic_bool failed;
};

struct job { /* a thread and its session */
    struct load *load;
    PGconn *conn;
    pthread_t thread;
    bool started;
    struct company *company;
    struct buf doc, packed, key, company_rows, external_rows, key_rows;
    int rc;
    char err[ERR_LEN];
};

static void job_done(struct job *j)
{
    struct buf *bufs[] = {&j->doc,          &j->packed,        &j->key,
                          &j->company_rows, &j->external_rows, &j->key_rows};

    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        buf_done(bufs[i]);
    free(j->company);
    PQfinish(j->conn);
}

static int job_init(struct job *j, struct load *load)
{
    j->load = load;
    buf_init(&j->doc, CHUNK_MAX);
    buf_init(&j->packed, PACKED_MAX);
    buf_init(&j->key, CHUNK_MAX);
    buf_init(&j->company_rows, CHUNK_MAX);
    buf_init(&j->external_rows, CHUNK_MAX);
    buf_init(&j->key_rows, CHUNK_MAX);
    j->company = malloc(sizeof *j->company);
    if (!j->company) {
        snprintf(j->err, sizeof j->err, "no memory");
        return -1;
    }
    j->conn = tables_connect(load->o->conninfo, j->err, sizeof j->err);
    return j->conn ? 0 : -1;
}

static int job_fail(struct job *j, const char *what)
{
    snprintf(j->err, sizeof j->err, "%s: %s", what, PQerrorMessage(j->conn));
    return -1;
}

/* One COPY of a buffer that holds it all. */
static int job_copy(struct job *j, const char *copy, struct buf *rows)
{
    PGresult *res;
    int rc = 0;

    if (rows_end(rows)) {
        snprintf(j->err, sizeof j->err, "no memory for rows");
        return -1;
    }
    res = PQexec(j->conn, copy);
    if (PQresultStatus(res) != PGRES_COPY_IN)
        rc = job_fail(j, copy);
    PQclear(res);
    for (size_t at = 0; at < rows->len && rc == 0; at += PIECE) {
        size_t len = rows->len - at < PIECE ? rows->len - at : PIECE;
        if (PQputCopyData(j->conn, rows->data + at, (int)len) != 1)
            rc = job_fail(j, copy);
    }
    if (rc == 0 && PQputCopyEnd(j->conn, NULL) != 1)
        rc = job_fail(j, copy);
    if (rc)
        return -1;
    res = PQgetResult(j->conn);
    if (PQresultStatus(res) != PGRES_COMMAND_OK)
        rc = job_fail(j, copy);
    PQclear(res);
    while ((res = PQgetResult(j->conn)))
        PQclear(res);
    return rc;
}

static int rows_start(struct buf *b)
{
    buf_reset(b);
    return rows_begin(b);
}

static int job_chunk(struct job *j, uint64_t from, uint64_t to)
{
    const struct world *w = j->load->w;
    const struct rows_scratch scratch = {&j->doc, &j->packed, &j->key};

    snprintf(j->err, sizeof j->err, "no memory for rows");
    if (rows_start(&j->company_rows) || rows_start(&j->external_rows) || rows_start(&j->key_rows))
        return -1;
    for (uint64_t n = from; n < to; n++) {
        company_make(w, n, j->company);
        if (rows_company(w, j->company, &scratch, &j->company_rows) ||
            rows_external(j->company, &j->external_rows) ||
            rows_key(j->company, &j->key, &j->key_rows)) {
            snprintf(j->err, sizeof j->err, "company %" PRIu64 " can't be made", n);
            return -1;
        }
    }
    if (job_copy(j, rows_company_copy, &j->company_rows) ||
        job_copy(j, rows_external_copy, &j->external_rows) ||
        job_copy(j, rows_key_copy, &j->key_rows))
        return -1;
    return 0;
}

static void *job_companies(void *ctx)
{
    struct job *j = ctx;
    struct load *load = j->load;
    uint64_t end = load->w->first + load->w->count;

    while (!atomic_load(&load->failed)) {
        uint64_t from = atomic_fetch_add(&load->next, CHUNK);
        if (from >= end)
            break;
        if (from > load->w->first && (from - load->w->first) % (20 * CHUNK) == 0)
            fprintf(stderr, "spean-generate: %" PRIu64 " of %" PRIu64 " companies\n",
                    from - load->w->first, load->w->count);
        j->rc = job_chunk(j, from, from + CHUNK < end ? from + CHUNK : end);
        if (j->rc)
            atomic_store(&load->failed, true);
    }
    return NULL;
}

/* Indexes, one after the other, until none is left. */
static void *job_indexes(void *ctx)
{
    struct job *j = ctx;

    do
        j->rc = tables_again(j->conn, false, j->err, sizeof j->err);
    while (j->rc > 0);
    if (j->rc)
        atomic_store(&j->load->failed, true);
    return NULL;
}

/* Starts work in every job but the first `skip`. */
static void jobs_run(struct job *jobs, unsigned skip, void *(*work)(void *))
{
    struct load *load = jobs[0].load;
    unsigned count = load->o->jobs;

    for (unsigned i = skip; i < count; i++) {
        jobs[i].rc = 0;
        jobs[i].started = pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) == 0;
        if (!jobs[i].started) {
            snprintf(jobs[i].err, ERR_LEN, "no more threads");
            jobs[i].rc = -1;
            atomic_store(&load->failed, true);
        }
    }
}

/* 0, or -1 with the message of one that failed. */
static int jobs_wait(struct job *jobs, char *err, size_t errlen)
{
    unsigned count = jobs[0].load->o->jobs;
    int rc = 0;

    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].started)
            pthread_join(jobs[i].thread, NULL);
        jobs[i].started = false;
        if (jobs[i].rc && rc == 0)
            snprintf(err, errlen, "%s", jobs[i].err);
        rc |= jobs[i].rc;
    }
    return rc ? -1 : 0;
}

static int jobs_sql(struct job *jobs, const char *sql, char *err, size_t errlen)
{
    for (unsigned i = 0; i < jobs[0].load->o->jobs; i++)
        if (tables_run(jobs[i].conn, sql, err, errlen))
            return -1;
    return 0;
}

/*
 * The change rows and the counter, in one transaction, with the counter taken before as every
 * write takes it: who follows sees all of it or nothing, and in order.
 */
static int load_changes(struct job *j, uint64_t *ret_seq)
{
    const struct world *w = j->load->w;
    char sql[160];
    int64_t last;

    snprintf(j->err, sizeof j->err, "no memory for rows");
    snprintf(sql, sizeof sql, "UPDATE spean.feed SET seq = seq + %" PRIu64 " RETURNING seq",
             w->count);
    if (tables_run(j->conn, "BEGIN", j->err, sizeof j->err) ||
        tables_number(j->conn, sql, &last, j->err, sizeof j->err))
        return -1;
    uint64_t seq = (uint64_t)last - w->count;
    for (uint64_t from = 0; from < w->count; from += CHUNK) {
        if (rows_start(&j->key_rows))
            return -1;
        for (uint64_t n = from; n < w->count && n < from + CHUNK; n++) {
            company_identity(w, w->first + n, j->company);
            if (rows_change(j->company, ++seq, &j->key, &j->key_rows))
                return -1;
        }
        if (job_copy(j, rows_change_copy, &j->key_rows))
            return -1;
    }
    snprintf(sql, sizeof sql, "SELECT pg_notify('spean_changes', '%" PRId64 "')", last);
    if (tables_run(j->conn, sql, j->err, sizeof j->err) ||
        tables_run(j->conn, "COMMIT", j->err, sizeof j->err))
        return -1;
    *ret_seq = (uint64_t)last;
    return 0;
}

/* Rows of all jobs, each in a transaction of its own, committed when all are in. */
static int load_companies(struct job *jobs, char *err, size_t errlen)
{
    int rc = jobs_sql(jobs, "BEGIN", err, errlen);

    if (rc == 0) {
        jobs_run(jobs, 0, job_companies);
        rc = jobs_wait(jobs, err, errlen);
    }
    if (rc == 0)
        rc = jobs_sql(jobs, "COMMIT", err, errlen);
    else
        for (unsigned i = 0; i < jobs[0].load->o->jobs; i++)
            PQclear(PQexec(jobs[i].conn, "ROLLBACK"));
    return rc;
}

/* The changes by the first job while the others make the indexes. */
static int load_finish(struct job *jobs, uint64_t *ret_seq, char *err, size_t errlen)
{
    bool aside = !jobs[0].load->o->append;

    if (aside)
        jobs_run(jobs, 1, job_indexes);
    jobs[0].rc = load_changes(&jobs[0], ret_seq);
    if (jobs[0].rc == 0 && aside)
        job_indexes(&jobs[0]);
    return jobs_wait(jobs, err, errlen);
}

int load_run(const struct world *w, const struct load_options *o, uint64_t *ret_seq, char *err,
             size_t errlen)
{
    struct load load = {.w = w, .o = o};
    struct job *jobs = calloc(o->jobs, sizeof *jobs);
    int rc = -1;

    *err = '\0';
    atomic_init(&load.next, w->first);
    if (!jobs || o->jobs > JOBS_MAX) {
        snprintf(err, errlen, "no memory for %u jobs", o->jobs);
        goto out;
    }
    for (unsigned i = 0; i < o->jobs; i++)
        if (job_init(&jobs[i], &load)) {
            snprintf(err, errlen, "%s", jobs[i].err);
            goto out;
        }
    if (!o->append && tables_aside(jobs[0].conn, err, errlen))
        goto out;
    if (load_companies(jobs, err, errlen)) {
        char again[ERR_LEN];
        tables_again_all(jobs[0].conn, again, sizeof again);
        goto out;
    }
    fprintf(stderr, "spean-generate: all companies are in; indexes and changes\n");
    if (load_finish(jobs, ret_seq, err, errlen) || tables_again_all(jobs[0].conn, err, errlen))
        goto out;
    rc = 0;
out:
    for (unsigned i = 0; jobs && i < o->jobs; i++)
        job_done(&jobs[i]);
    free(jobs);
    return rc;
}
