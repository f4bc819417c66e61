#include "engine.h"
#include "generate_tables.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The packed column, as COPY's binary form gives it: a head of 19 bytes, then for each row the
 * number of its fields (2), the length of the one (4) and its bytes. */

#define COPY_HEAD 19
#define COPY_ROW 6

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t search_ns(const struct engine *e)
{
    struct timespec t;

    clock_gettime(e->own_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int stream_add(struct rows *r, const char *bytes, size_t len)
{
    if (r->cap - r->len < len) {
        size_t cap = r->cap * 2 > r->len + len ? r->cap * 2 : r->len + len + (1u << 20);
        uint8_t *more = realloc(r->stream, cap);
        if (!more)
            return -1;
        r->stream = more;
        r->cap = cap;
    }
    memcpy(r->stream + r->len, bytes, len);
    r->len += len;
    return 0;
}

static uint32_t big32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Finds the rows in the stream. */
static int rows_find(struct rows *r, size_t count)
{
    size_t at = COPY_HEAD;

    r->row = calloc(count + 1, sizeof *r->row);
    r->bytes = calloc(count + 1, sizeof *r->bytes);
    if (!r->row || !r->bytes)
        return -1;
    while (r->count < count && r->len - at >= COPY_ROW) {
        uint32_t len = big32(r->stream + at + 2);
        at += COPY_ROW;
        if (r->len - at < len || !packed_check(r->stream + at, len))
            return -1;
        r->row[r->count] = r->stream + at;
        r->bytes[r->count++] = len;
        r->total += len;
        at += len;
    }
    return r->count == count ? 0 : -1;
}

static int rows_read(PGconn *conn, struct rows *r, size_t *ret_count)
{
    PGresult *res = PQexec(conn, "COPY (SELECT packed FROM spean.company) TO STDOUT"
                                 " (FORMAT binary)");
    ExecStatusType status = PQresultStatus(res);
    char *piece;
    int len, rc = 0;
    size_t messages = 0;

    PQclear(res);
    if (status != PGRES_COPY_OUT)
        return -1;
    while ((len = PQgetCopyData(conn, &piece, 0)) > 0) {
        if (rc == 0)
            rc = stream_add(r, piece, (size_t)len);
        PQfreemem(piece);
        messages++;
    }
    while ((res = PQgetResult(conn)) != NULL) {
        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            rc = -1;
        else
            *ret_count = (size_t)atoll(PQcmdTuples(res));
        PQclear(res);
    }
    return messages > 0 ? rc : -1;
}

int rows_copy(const char *conninfo, struct rows *ret, uint64_t *ret_ns)
{
    char err[512] = "reading the packed column failed";
    PGconn *conn = tables_connect(conninfo, err, sizeof err);
    uint64_t begun = now_ns();
    size_t count = 0;
    int rc = -1;

    memset(ret, 0, sizeof *ret);
    if (conn && rows_read(conn, ret, &count) == 0) {
        *ret_ns = now_ns() - begun;
        rc = rows_find(ret, count);
    }
    if (rc)
        fprintf(stderr, "spean-bench-engine: %s %s\n", err, conn ? PQerrorMessage(conn) : "");
    PQfinish(conn);
    return rc;
}

void rows_done(struct rows *r)
{
    free(r->stream);
    free(r->row);
    free(r->bytes);
}

/* ---- figures ---- */

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double at_share(const uint64_t *ns, size_t count, double share)
{
    size_t at = (size_t)((double)count * share);

    return (double)ns[at < count ? at : count - 1] / 1000;
}

struct figures figures_of(uint64_t *ns, size_t count)
{
    struct figures f = {.count = count};
    double sum = 0;

    if (count == 0)
        return f;
    for (size_t i = 0; i < count; i++)
        sum += (double)ns[i];
    qsort(ns, count, sizeof *ns, by_size);
    f.mean = sum / (double)count / 1000;
    f.p50 = at_share(ns, count, 0.5);
    f.p90 = at_share(ns, count, 0.9);
    f.p99 = at_share(ns, count, 0.99);
    f.most = (double)ns[count - 1] / 1000;
    return f;
}

void figures_print(FILE *out, const struct figures *f)
{
    fprintf(out,
            "{\"count\":%zu,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f,"
            "\"max_us\":%.2f}",
            f->count, f->mean, f->p50, f->p90, f->p99, f->most);
}

long memory_resident(const char *field)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = -1;
    size_t len = strlen(field);

    while (f && kib < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, field, len) == 0 && line[len] == ':')
            kib = atol(line + len + 1);
    if (f)
        fclose(f);
    return kib;
}
