#include <arpa/inet.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * How long until a change made on one connection shows in a match answer on another, and, beside
 * it, how long PostgreSQL alone takes from an upsert of as large a row to the notification that
 * another session waits for. One call, then the other, in turn, so that both meet the same machine.
 */

static const char usage[] =
    "usage: spean-bench-visible CONNINFO HOST:PORT TOKEN_FILE ROUNDS\n"
    "\n"
    "Needs the table peer.upsert (id uuid PRIMARY KEY, version bigint, doc jsonb, packed bytea).\n";

#define LINE_MAX_BYTES (1 << 20)

struct link { /* a connection to speand */
    int fd;
    char *line;
};

struct round { /* nanoseconds since the write was sent; after: from acknowledged to visible */
    uint64_t acknowledged, visible, after, notified;
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int fail(const char *what)
{
    fprintf(stderr, "spean-bench-visible: %s\n", what);
    return -1;
}

static int link_call(struct link *l, const char *call)
{
    size_t len = strlen(call), have = 0;

    if (send(l->fd, call, len, MSG_NOSIGNAL) != (ssize_t)len)
        return fail("the daemon takes nothing");
    while (have == 0 || l->line[have - 1] != '\n') {
        ssize_t n = recv(l->fd, l->line + have, LINE_MAX_BYTES - 1 - have, 0);
        if (n <= 0)
            return fail("the daemon gives no answer");
        have += (size_t)n;
    }
    l->line[have] = '\0';
    return strstr(l->line, "\"error\":") == NULL ? 0 : fail(l->line);
}

static int link_open(struct link *l, const char *address, const char *token)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    const char *colon = strrchr(address, ':');
    char host[64], call[256];
    int one = 1;

    l->line = malloc(LINE_MAX_BYTES);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->line == NULL || l->fd < 0 || colon == NULL || colon - address >= (int)sizeof host)
        return fail("no address");
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    in.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1 ||
        connect(l->fd, (struct sockaddr *)&in, sizeof in) != 0)
        return fail("no connection to the daemon");
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    snprintf(
        call, sizeof call,
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"auth.login\",\"params\":{\"token\":\"%s\"}}"
        "\n",
        token);
    return link_call(l, call);
}

/* result.MEMBER of the last answer, as text. 0 or -1. */
static int link_member(const struct link *l, const char *member, char *out, size_t size)
{
    json_t *answer = json_loads(l->line, 0, NULL);
    json_t *v = json_object_get(json_object_get(answer, "result"), member);
    int n = -1;

    if (json_is_string(v))
        n = snprintf(out, size, "%s", json_string_value(v));
    else if (json_is_integer(v))
        n = snprintf(out, size, "%lld", (long long)json_integer_value(v));
    json_decref(answer);
    return n > 0 && (size_t)n < size ? 0 : fail("an answer without what it should say");
}

/* A change on one connection, an answer that shows it on the other. */
static int round_ours(struct link *writer, struct link *reader, unsigned n, struct round *ret)
{
    char call[2048], name[40], id[64], seq[32];
    uint64_t begun;

    snprintf(name, sizeof name, "Bench Rice Mill %u", n);
    snprintf(
        call, sizeof call,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"company.upsert\",\"params\":{\"company\":{"
        "\"external_ids\":[{\"system\":\"bench\",\"id\":\"visible\"}],\"country\":\"KH\","
        "\"name\":\"%s\",\"region\":\"KH-2\",\"sectors\":[\"agro-industry.rice\"],"
        "\"languages\":[{\"lang\":\"khm\",\"level\":\"fluent\"},"
        "{\"lang\":\"eng\",\"level\":\"working\"}],"
        "\"offers\":[{\"kind\":\"goods\",\"sector\":\"agro-industry.rice\",\"hs\":[\"100630\"]}],"
        "\"employees\":%u,\"status\":\"published\"}}}\n",
        name, 20 + n % 50);
    begun = now_ns();
    if (link_call(writer, call))
        return -1;
    ret->acknowledged = now_ns() - begun;
    if (link_member(writer, "id", id, sizeof id) || link_member(writer, "seq", seq, sizeof seq))
        return -1;
    snprintf(call, sizeof call,
             "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"match.list\",\"params\":{\"id\":\"%s\","
             "\"min_seq\":%s}}\n",
             id, seq);
    if (link_call(reader, call))
        return -1;
    ret->visible = now_ns() - begun;
    ret->after = ret->visible - ret->acknowledged;
    return strstr(reader->line, name) ? 0 : fail("the answer does not show the change");
}

static PGconn *session_open(const char *conninfo)
{
    const char *keywords[] = {"dbname", "gssencmode", NULL};
    const char *values[] = {conninfo, "disable", NULL};
    PGconn *conn = PQconnectdbParams(keywords, values, 1);

    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    fail(PQerrorMessage(conn));
    PQfinish(conn);
    return NULL;
}

static int session_run(PGconn *conn, const char *sql)
{
    PGresult *res = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(res);

    PQclear(res);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : fail(PQerrorMessage(conn));
}

/* Until a notification is there; 10 s at most. */
static int session_notified(PGconn *conn)
{
    for (;;) {
        PGnotify *n;
        struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};

        if (!PQconsumeInput(conn))
            return fail(PQerrorMessage(conn));
        n = PQnotifies(conn);
        if (n != NULL) {
            PQfreemem(n);
            return 0;
        }
        if (poll(&p, 1, 10000) <= 0)
            return fail("no notification");
    }
}

static int round_theirs(PGconn *writer, PGconn *reader, unsigned n, struct round *ret)
{
    char sql[512];
    uint64_t begun;

    snprintf(sql, sizeof sql,
             "INSERT INTO peer.upsert AS u SELECT id, version, doc, packed FROM peer.upsert LIMIT 1"
             " ON CONFLICT (id) DO UPDATE SET version = u.version + 1,"
             " doc = u.doc || '{\"employees\": %u}', packed = excluded.packed;"
             " NOTIFY spean_bench",
             20 + n % 50);
    begun = now_ns();
    if (session_run(writer, sql) || session_notified(reader))
        return -1;
    ret->notified = now_ns() - begun;
    return 0;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* "name":{"p50_us":..., ...} of the member at `offset` of each round. */
static void member_print(const char *name, const struct round *r, unsigned count, size_t offset,
                         uint64_t *room)
{
    for (unsigned i = 0; i < count; i++)
        memcpy(&room[i], (const char *)&r[i] + offset, sizeof *room);
    qsort(room, count, sizeof *room, by_size);
    printf("\"%s\":{\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}", name,
           (double)room[count / 2] / 1000, (double)room[count * 99 / 100] / 1000,
           (double)room[count - 1] / 1000);
}

static int run(struct link links[2], PGconn *const sessions[2], unsigned count)
{
    struct round *r = calloc(count, sizeof *r);
    uint64_t *room = calloc(count, sizeof *room);
    int rc = r == NULL || room == NULL ? -1 : 0;

    for (unsigned i = 0; rc == 0 && i < count + 10; i++) {
        struct round *to = &r[i < 10 ? 0 : i - 10]; /* the first ones warm up */
        rc = round_ours(&links[0], &links[1], i, to);
        if (rc == 0)
            rc = round_theirs(sessions[0], sessions[1], i, to);
    }
    if (rc == 0) {
        printf("{\"rounds\":%u,", count);
        member_print("acknowledged", r, count, offsetof(struct round, acknowledged), room);
        printf(",");
        member_print("visible", r, count, offsetof(struct round, visible), room);
        printf(",");
        member_print("after", r, count, offsetof(struct round, after), room);
        printf(",");
        member_print("notified", r, count, offsetof(struct round, notified), room);
        printf("}\n");
    }
    free(r);
    free(room);
    return rc;
}

static int token_read(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "r");
    bool ok = f != NULL && fgets(out, (int)size, f) != NULL;

    if (f != NULL)
        fclose(f);
    if (ok)
        out[strcspn(out, "\r\n")] = '\0';
    return ok ? 0 : fail("the token can't be read");
}

int main(int argc, char **argv)
{
    struct link links[2] = {{.fd = -1}, {.fd = -1}};
    PGconn *sessions[2] = {NULL, NULL};
    char token[128];
    int rc = -1;

    if (argc != 5 || atoi(argv[4]) < 1) {
        fputs(usage, stderr);
        return 2;
    }
    if (token_read(argv[3], token, sizeof token) || link_open(&links[0], argv[2], token) ||
        link_open(&links[1], argv[2], token))
        goto out;
    sessions[0] = session_open(argv[1]);
    sessions[1] = session_open(argv[1]);
    if (sessions[0] == NULL || sessions[1] == NULL ||
        session_run(sessions[1], "LISTEN spean_bench") != 0)
        goto out;
    rc = run(links, sessions, (unsigned)atoi(argv[4]));
out:
    for (int i = 0; i < 2; i++) {
        if (links[i].fd >= 0)
            close(links[i].fd);
        free(links[i].line);
        PQfinish(sessions[i]);
    }
    return rc ? 1 : 0;
}
