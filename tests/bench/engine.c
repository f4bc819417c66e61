#include "engine.h"

#include <getopt.h>
#include <malloc.h>
#include <spean/clock.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: spean-bench-engine --conninfo CONNINFO [option...] PART...\n"
    "\n"
    "Loads the packed profiles of a database into the daemon's index and measures it. Parts, in\n"
    "this order: copy, build (always), query, stream, answers, pairs, verify, all, churn, again (a "
    "round of query for each line on stdin). Each prints lines of JSON.\n"
    "\n"
    "    --conninfo CONNINFO   libpq connection string\n"
    "    --queries N           companies asked for in a round (2000)\n"
    "    --seconds N           bound of each round (20)\n"
    "    --rounds N            (3)\n"
    "    --verify N            answers held beside the plain reference (8)\n"
    "    --own-time            time single searches by what their thread got of the processor:\n"
    "                          for a machine that is busy with other things\n"
    "    --seed S              of the choice of companies (1)\n"
    "    --model-dir DIR       the daemon's model (" SPEAN_SOURCE_DIR "/conf/model)\n";

struct options {
    const char *conninfo, *model_dir;
    size_t queries, verify;
    unsigned seconds, rounds;
    uint64_t seed;
    bool own_time;
    char *const *parts;
};

static bool wanted(const struct options *o, const char *part)
{
    for (char *const *p = o->parts; *p; p++)
        if (strcmp(*p, part) == 0)
            return true;
    return false;
}

static int options_read(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"conninfo", required_argument, NULL, 'c'},
        {"queries", required_argument, NULL, 'q'},
        {"seconds", required_argument, NULL, 's'},
        {"rounds", required_argument, NULL, 'r'},
        {"verify", required_argument, NULL, 'v'},
        {"seed", required_argument, NULL, 'S'},
        {"own-time", no_argument, NULL, 'o'},
        {"model-dir", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    int which;

    while ((which = getopt_long(argc, argv, "", table, NULL)) != -1) {
        unsigned long long n = optarg ? strtoull(optarg, NULL, 10) : 0;
        switch (which) {
        case 'c':
            o->conninfo = optarg;
            break;
        case 'm':
            o->model_dir = optarg;
            break;
        case 'q':
            o->queries = (size_t)n;
            break;
        case 's':
            o->seconds = (unsigned)n;
            break;
        case 'r':
            o->rounds = (unsigned)n;
            break;
        case 'v':
            o->verify = (size_t)n;
            break;
        case 'o':
            o->own_time = true;
            break;
        case 'S':
            o->seed = n;
            break;
        default:
            return -1;
        }
    }
    o->parts = argv + optind;
    return o->conninfo && o->queries > 0 && o->seconds > 0 && o->rounds > 0 ? 0 : -1;
}

const char *kernel_name(enum index_kernel kernel)
{
    static const char *const names[] = {"auto", "scalar", "avx2", "avx512"};

    return names[kernel];
}

int engine_kernel(struct engine *e, enum index_kernel kernel)
{
    struct index *ix;

    if (index_writer_kernel(e->writer, kernel) || !(ix = index_writer_publish(e->writer, 1)))
        return -1;
    index_unref(e->index);
    e->index = ix;
    e->kernel = kernel;
    return 0;
}

/* Puts every row in and publishes. */
static int engine_build(struct engine *e)
{
    uint64_t begun = now_ns(), put;
    long before = memory_resident("VmRSS");

    e->writer = index_writer_new(e->model);
    e->room = index_room_new();
    if (!e->writer || !e->room)
        return -1;
    for (size_t i = 0; i < e->rows->count; i++)
        if (index_writer_put(e->writer, e->rows->row[i], e->rows->bytes[i]))
            return -1;
    put = now_ns();
    e->index = index_writer_publish(e->writer, 1);
    if (!e->index)
        return -1;
    printf("{\"part\":\"build\",\"companies\":%zu,\"packed_bytes\":%zu,\"put_ms\":%.0f,"
           "\"publish_ms\":%.0f,\"resident_mib\":%.1f,\"peak_mib\":%.1f}\n",
           index_count(e->index), e->rows->total, (double)(put - begun) / 1e6,
           (double)(now_ns() - put) / 1e6, (double)(memory_resident("VmRSS") - before) / 1024,
           (double)(memory_resident("VmHWM") - before) / 1024);
    fflush(stdout);
    return 0;
}

/* Published companies of both countries, as they come. */
static int queries_draw(struct engine *e)
{
    struct chance chance = chance_for(e->seed, 1);
    size_t tries = 0;

    e->query = calloc(e->queries, sizeof *e->query);
    if (!e->query)
        return -1;
    while (e->query_count < e->queries && tries++ < e->queries * 100) {
        const uint8_t *p = e->rows->row[chance_below(&chance, (unsigned)e->rows->count)];
        if (packed_status(p) == STATUS_PUBLISHED)
            e->query[e->query_count++] = p;
    }
    return e->query_count > 0 ? 0 : -1;
}

static int parts_run(struct engine *e, const struct options *o)
{
    if (engine_build(e) || queries_draw(e))
        return -1;
    /* AVX2 is what figures are given for, where the processor has it. */
    if (engine_kernel(e, INDEX_KERNEL_AVX2) && engine_kernel(e, INDEX_KERNEL_SCALAR))
        return -1;
    for (unsigned round = 0; round < e->rounds; round++)
        if ((wanted(o, "query") && engine_query(e, round)) ||
            (wanted(o, "stream") && engine_stream(e, round)))
            return -1;
    if ((wanted(o, "answers") && engine_answers(e, o->verify)) ||
        (wanted(o, "pairs") && engine_pairs(e, o->queries)) ||
        (wanted(o, "verify") && engine_verify(e, o->verify)) ||
        (wanted(o, "all") && engine_all(e)) || (wanted(o, "churn") && engine_churn(e)))
        return -1;
    /* Once more, since everything has changed a little. */
    if (wanted(o, "churn") && wanted(o, "verify") && engine_verify(e, o->verify))
        return -1;
    return wanted(o, "again") ? engine_again(e) : 0;
}

static int copy_run(const struct options *o, struct rows *rows)
{
    for (unsigned round = 0; round < (wanted(o, "copy") ? o->rounds : 1); round++) {
        uint64_t ns;
        rows_done(rows);
        if (rows_copy(o->conninfo, rows, &ns))
            return -1;
        printf("{\"part\":\"copy\",\"round\":%u,\"companies\":%zu,\"bytes\":%zu,\"ms\":%.1f}\n",
               round, rows->count, rows->total, (double)ns / 1e6);
        fflush(stdout);
    }
    return rows->count > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options o = {.model_dir = SPEAN_SOURCE_DIR "/conf/model",
                        .queries = 2000,
                        .verify = 8,
                        .seconds = 20,
                        .rounds = 3,
                        .seed = 1};
    struct rows rows = {0};
    struct engine e = {.rows = &rows, .today = clock_today()};
    struct model *m = NULL;
    char err[512];
    int rc = -1;

    if (options_read(argc, argv, &o)) {
        fputs(usage, stderr);
        return 2;
    }
    if (model_load(o.model_dir, &m, err, sizeof err)) {
        fprintf(stderr, "spean-bench-engine: %s\n", err);
        return 1;
    }
    e.model = m;
    e.seed = o.seed;
    e.own_time = o.own_time;
    e.rounds = o.rounds;
    e.seconds = o.seconds;
    e.queries = o.queries;
    if (copy_run(&o, &rows) == 0)
        rc = parts_run(&e, &o);
    if (rc)
        fprintf(stderr, "spean-bench-engine: failed\n");
    index_unref(e.index);
    index_writer_free(e.writer);
    index_room_free(e.room);
    free(e.query);
    rows_done(&rows);
    model_free(m);
    return rc ? 1 : 0;
}
