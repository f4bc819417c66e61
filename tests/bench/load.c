#include "load.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Asks a server, in a closed loop or at a rate, and says how many answers came in a second and how
 * late. */

static const char usage[] =
    "usage: spean-load --connect HOST:PORT --requests FILE [option...]\n"
    "\n"
    "    --connect HOST:PORT   numeric\n"
    "    --requests FILE       calls, one JSON text a line; sent in turn\n"
    "    --token-file FILE     each connection logs in with this token first\n"
    "    --connections N       (16)\n"
    "    --depth D             calls under way on each connection (1)\n"
    "    --rate R              calls a second, of all connections, at even times; 0: a call for\n"
    "                          every answer (0)\n"
    "    --seconds S           how long answers are counted (5)\n"
    "    --warmup S            and how long they are not, before (1)\n"
    "    --keep-ids            send ids as they stand in FILE, not counted up\n"
    "    --json                one JSON object instead of a sentence\n";

#define CONNECTIONS_MAX 10000
#define DEPTH_MAX 10000

struct options {
    const char *address, *requests, *token_file;
    unsigned connections;
    double seconds, warmup, rate;
    bool keep_ids, json;
};

static int options_read(int argc, char **argv, struct options *o, unsigned *ret_depth)
{
    static const struct option table[] = {
        {"connect", required_argument, NULL, 'c'},
        {"requests", required_argument, NULL, 'r'},
        {"token-file", required_argument, NULL, 't'},
        {"connections", required_argument, NULL, 'n'},
        {"depth", required_argument, NULL, 'd'},
        {"rate", required_argument, NULL, 'R'},
        {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},
        {"keep-ids", no_argument, NULL, 'k'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int which;

    *o = (struct options){.connections = 16, .seconds = 5, .warmup = 1};
    *ret_depth = 1;
    while ((which = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (which) {
        case 'c':
            o->address = optarg;
            break;
        case 'r':
            o->requests = optarg;
            break;
        case 't':
            o->token_file = optarg;
            break;
        case 'n':
            o->connections = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            *ret_depth = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'R':
            o->rate = strtod(optarg, NULL);
            break;
        case 's':
            o->seconds = strtod(optarg, NULL);
            break;
        case 'w':
            o->warmup = strtod(optarg, NULL);
            break;
        case 'k':
            o->keep_ids = true;
            break;
        case 'j':
            o->json = true;
            break;
        default:
            return -1;
        }
    }
    return o->address == NULL || o->requests == NULL || optind < argc || o->connections < 1 ||
                   o->connections > CONNECTIONS_MAX || *ret_depth < 1 || *ret_depth > DEPTH_MAX ||
                   !(o->seconds > 0) || !(o->warmup >= 0) || !(o->rate >= 0)
               ? -1
               : 0;
}

/* The token without its line end. 0, or -1 and it was said. */
static int token_read(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "r");
    bool ok = f != NULL && fgets(out, (int)size, f) != NULL;

    if (f != NULL)
        fclose(f);
    if (!ok) {
        fprintf(stderr, "spean-load: %s can't be read\n", path);
        return -1;
    }
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

/* Writability is waited for only while a socket is full. 0 or -1. */
static int conn_watch(int poll, struct load_conn *c, bool was_blocked)
{
    struct epoll_event e = {.events = EPOLLIN | (c->blocked ? EPOLLOUT : 0), .data.ptr = c};

    return c->blocked == was_blocked ? 0 : epoll_ctl(poll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Sends what is due; when the next call will be, at most until_ns. 0: a connection is gone. */
static uint64_t load_due(const struct load *l, struct load_conn *conns, unsigned count, int poll,
                         uint64_t until_ns)
{
    for (unsigned i = 0; l->every_ns > 0 && i < count; i++) {
        bool was = conns[i].blocked;
        if (conn_fill(&conns[i]) != 0 || conn_watch(poll, &conns[i], was) != 0)
            return 0;
        if (conns[i].under_way < l->depth && conns[i].due < until_ns)
            until_ns = conns[i].due;
    }
    return until_ns;
}

/* Until the given time. 0; -1: a connection is gone. */
static int load_run(const struct load *l, struct load_conn *conns, unsigned count, int poll,
                    uint64_t until_ns)
{
    struct epoll_event events[64];

    for (;;) {
        uint64_t next = load_due(l, conns, count, poll, until_ns), now = load_now_ns();
        if (next == 0)
            return -1;
        if (now >= until_ns)
            return 0;
        uint64_t wait = next > now ? next - now : 0;
        struct timespec t = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        int n = epoll_pwait2(poll, events, 64, &t, NULL);
        for (int i = 0; i < n; i++) {
            struct load_conn *c = events[i].data.ptr;
            bool was = c->blocked;
            if (conn_turn(c) != 0 || conn_watch(poll, c, was) != 0) {
                fprintf(stderr, "spean-load: a connection was closed\n");
                return -1;
            }
        }
    }
}

static void report(const struct load *l, const struct options *o, double seconds)
{
    const struct hist *h = &l->hist;
    double rate = (double)l->answers / seconds;
    uint64_t size = l->answers == 0 ? 0 : l->bytes / l->answers;

    if (o->json)
        printf("{\"requests\": %" PRIu64 ", \"seconds\": %.3f, \"rate\": %.1f, \"p50_us\": %.1f, "
               "\"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"errors\": %" PRIu64
               ", \"answer_bytes\": %" PRIu64 "}\n",
               l->answers, seconds, rate, hist_at(h, 0.5), hist_at(h, 0.9), hist_at(h, 0.99),
               hist_at(h, 1), l->errors, size);
    else
        printf("%.0f answers a second of %" PRIu64 " bytes; half within %.1f us, 90 %% %.1f us, "
               "99 %% %.1f us, all %.1f us; %" PRIu64 " errors\n",
               rate, size, hist_at(h, 0.5), hist_at(h, 0.9), hist_at(h, 0.99), hist_at(h, 1),
               l->errors);
}

/* Opens the connections, and fills their pipes. 0 or -1. */
static int load_open(struct load *l, const struct options *o, struct load_conn *conns, int poll)
{
    char token[256] = "";

    if (o->token_file != NULL && token_read(o->token_file, token, sizeof token) != 0)
        return -1;
    for (unsigned i = 0; i < o->connections; i++) {
        size_t first = l->requests.count * i / o->connections;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};
        if (conn_start(&conns[i], l, o->address, token[0] ? token : NULL, first) != 0 ||
            epoll_ctl(poll, EPOLL_CTL_ADD, conns[i].fd, &e) != 0)
            return -1;
        conns[i].due = load_now_ns() + l->every_ns * i / o->connections;
    }
    for (unsigned i = 0; i < o->connections; i++)
        if (conn_fill(&conns[i]) != 0 || conn_watch(poll, &conns[i], false) != 0)
            return -1;
    return 0;
}

int main(int argc, char **argv)
{
    static struct load load;
    struct load_conn *conns = NULL;
    struct options o;
    int poll = -1, rc = 1;

    if (options_read(argc, argv, &o, &load.depth) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (requests_read(o.requests, !o.keep_ids, &load.requests) != 0)
        return 1;
    load.every_ns = o.rate > 0 ? (uint64_t)(1e9 * o.connections / o.rate) : 0;
    conns = calloc(o.connections, sizeof *conns);
    poll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; conns != NULL && i < o.connections; i++)
        conns[i].fd = -1;
    if (conns == NULL || poll < 0 || load_open(&load, &o, conns, poll) != 0 ||
        load_run(&load, conns, o.connections, poll, load_now_ns() + (uint64_t)(o.warmup * 1e9)) !=
            0)
        goto out;
    load.counting = true;
    uint64_t began = load_now_ns();
    if (load_run(&load, conns, o.connections, poll, began + (uint64_t)(o.seconds * 1e9)) != 0)
        goto out;
    report(&load, &o, (double)(load_now_ns() - began) / 1e9);
    rc = 0;
out:
    for (unsigned i = 0; conns != NULL && i < o.connections; i++)
        conn_stop(&conns[i]);
    if (poll >= 0)
        close(poll);
    free(conns);
    requests_free(&load.requests);
    return rc;
}
