#include "conninfo.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <spean/buf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 4096 /* bytes of one list of targets */

void targets_done(struct targets *t)
{
    free(t->host);
    free(t->hostaddr);
    free(t->port);
    *t = (struct targets){0};
}

/* What libpq would take for a keyword: the string's own, else the environment's. Heap or NULL. */
static char *option_value(const PQconninfoOption *given, const PQconninfoOption *presets,
                          const char *keyword)
{
    for (const PQconninfoOption *o = given; o && o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val)
            return strdup(o->val);
    for (const PQconninfoOption *o = presets; o && o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val)
            return strdup(o->val);
    return NULL;
}

/* The lists as they are written; false if the string is malformed (libpq will say how). */
static bool targets_read(const char *conninfo, struct targets *ret)
{
    char *message = NULL;
    PQconninfoOption *given = PQconninfoParse(conninfo, &message);
    PQfreemem(message);
    if (!given)
        return false;
    PQconninfoOption *presets = PQconndefaults();
    *ret = (struct targets){.host = option_value(given, presets, "host"),
                            .hostaddr = option_value(given, presets, "hostaddr"),
                            .port = option_value(given, presets, "port")};
    PQconninfoFree(presets);
    PQconninfoFree(given);
    return true;
}

/* The n-th element of a comma-separated list, cut to size; false past the end. */
static bool list_get(const char *list, size_t n, char *out, size_t size)
{
    out[0] = '\0';
    if (!list)
        return false;
    for (; n > 0; n--) {
        list = strchr(list, ',');
        if (!list)
            return false;
        list++;
    }
    size_t len = strcspn(list, ",");
    if (len >= size)
        len = size - 1;
    memcpy(out, list, len);
    out[len] = '\0';
    return true;
}

static bool host_is_name(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return host[0] && host[0] != '/' && host[0] != '@' && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

/* The n-th place; false past the end of both lists. */
static bool target_get(const struct targets *t, size_t n, char host[256], char addr[256],
                       char port[16])
{
    bool named = list_get(t->host, n, host, 256);
    bool addressed = list_get(t->hostaddr, n, addr, 256);

    if (!list_get(t->port, n, port, 16))
        list_get(t->port, 0, port, 16); /* one is meant for all */
    return named || addressed;
}

bool conninfo_has_targets(const char *conninfo)
{
    struct targets t = {0};
    char host[256], addr[256], port[16];
    bool found = false;
    size_t n = 0;

    if (!targets_read(conninfo, &t))
        return false;
    for (; n < TARGETS_MAX && target_get(&t, n, host, addr, port); n++)
        found = found || (!addr[0] && host_is_name(host));
    targets_done(&t);
    return found || n > 1;
}

struct lists {
    struct buf host, hostaddr, port;
    size_t count;
};

static void lists_add(struct lists *l, const char *host, const char *addr, const char *port)
{
    const char *comma = l->count > 0 ? "," : "";

    if (l->count++ >= TARGETS_MAX)
        return;
    buf_addf(&l->host, "%s%s", comma, host);
    buf_addf(&l->hostaddr, "%s%s", comma, addr);
    buf_addf(&l->port, "%s%s", comma, port);
}

/* Adds each address of a name. 0 or what getaddrinfo says. */
static int lists_add_name(struct lists *l, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char addr[INET6_ADDRSTRLEN];
    int code = getaddrinfo(host, NULL, &hints, &found);

    if (code)
        return code;
    for (struct addrinfo *a = found; a; a = a->ai_next)
        if (getnameinfo(a->ai_addr, a->ai_addrlen, addr, sizeof(addr), NULL, 0, NI_NUMERICHOST) ==
            0)
            lists_add(l, host, addr, port);
    freeaddrinfo(found);
    return 0;
}

/* Fills the lists from what is written; a name that is not found is left out while others are. */
static int lists_fill(struct lists *l, const struct targets *t, char *err, size_t errlen)
{
    char host[256], addr[256], port[16];
    int code = 0;

    for (size_t n = 0; n < TARGETS_MAX && target_get(t, n, host, addr, port); n++) {
        code = 0;
        if (addr[0] || !host_is_name(host))
            lists_add(l, host, addr, port);
        else
            code = lists_add_name(l, host, port);
        if (code)
            snprintf(err, errlen, "%s: %s", host, gai_strerror(code));
    }
    if (l->count == 0 && !code)
        snprintf(err, errlen, "no address found");
    return l->count > 0 ? 0 : -1;
}

static void lists_init(struct lists *l)
{
    buf_init(&l->host, LIST_MAX);
    buf_init(&l->hostaddr, LIST_MAX);
    buf_init(&l->port, LIST_MAX);
    l->count = 0;
}

/* Hands the lists over, or lets them go. 0 or -1. */
static int lists_take(struct lists *l, struct targets *ret)
{
    struct targets t = {.host = buf_take(&l->host, NULL),
                        .hostaddr = buf_take(&l->hostaddr, NULL),
                        .port = buf_take(&l->port, NULL)};

    buf_done(&l->host);
    buf_done(&l->hostaddr);
    buf_done(&l->port);
    if (!t.host || !t.hostaddr || !t.port) {
        targets_done(&t);
        return -1;
    }
    *ret = t;
    return 0;
}

int conninfo_resolve(const char *conninfo, struct targets *ret, char *err, size_t errlen)
{
    struct targets t = {0}, made = {0};
    struct lists l;

    if (!targets_read(conninfo, &t)) {
        snprintf(err, errlen, "malformed connection string");
        return -1;
    }
    lists_init(&l);
    int code = lists_fill(&l, &t, err, errlen);
    targets_done(&t);
    if (lists_take(&l, &made) < 0 && code == 0) {
        snprintf(err, errlen, "too many addresses, or no memory");
        return -1;
    }
    if (code < 0) {
        targets_done(&made);
        return -1;
    }
    *ret = made;
    return 0;
}

int targets_turn(const struct targets *t, size_t by, struct targets *ret)
{
    char host[256], addr[256], port[16];
    struct lists l;
    size_t count = 0;

    while (count < TARGETS_MAX && target_get(t, count, host, addr, port))
        count++;
    lists_init(&l);
    for (size_t n = 0; n < count; n++) {
        target_get(t, (n + by) % count, host, addr, port);
        lists_add(&l, host, addr, port);
    }
    return lists_take(&l, ret);
}

PGconn *conninfo_start(const char *conninfo, const struct targets *t)
{
    /*
     * Before dbname, which the whole string is expanded in the place of: presets that the string
     * may change. After it: what it may not. Without gssencmode=disable, no memory inside the GSS
     * library is a crash.
     */
    const char *keywords[] = {"fallback_application_name",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "tcp_user_timeout",
                              "dbname",
                              "client_encoding",
                              "gssencmode",
                              t ? "host" : NULL,
                              "hostaddr",
                              "port",
                              NULL};
    const char *values[] = {"speand",
                            "10",
                            "5",
                            "3",
                            "10000",
                            conninfo,
                            "UTF8",
                            "disable",
                            t ? t->host : NULL,
                            t ? t->hostaddr : NULL,
                            t ? t->port : NULL,
                            NULL};

    return PQconnectStartParams(keywords, values, 1);
}
