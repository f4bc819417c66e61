#include "address.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int address_fail(char *err, size_t errlen, const char *text, const char *why)
{
    snprintf(err, errlen, "bad server address \"%.100s\": %s", text, why);
    return -1;
}

static bool port_good(const char *port)
{
    size_t len = strlen(port);
    long n;

    if (len == 0 || len > 5 || strspn(port, "0123456789") != len)
        return false;
    n = strtol(port, NULL, 10);
    return n >= 1 && n <= 65535;
}

/* "host", "host:port", "[v6]", "[v6]:port"; NULL, or what is wrong. */
static const char *address_host(const char *rest, struct address *a)
{
    const char *host = rest, *end, *port = NULL;

    if (*rest == '[') {
        host = rest + 1;
        end = strchr(host, ']');
        if (!end)
            return "the [ has no ]";
        if (end[1] == ':')
            port = end + 2;
        else if (end[1] != '\0')
            return "only :PORT may follow the ]";
    } else {
        end = strchr(rest, ':');
        if (end && strchr(end + 1, ':'))
            return "an IPv6 address belongs in [ ]";
        if (end)
            port = end + 1;
        else
            end = rest + strlen(rest);
    }
    if (end == host)
        return "no host";
    if ((size_t)(end - host) >= sizeof(a->host))
        return "the host is too long";
    if (port && !port_good(port))
        return "the port must be 1 to 65535";
    memcpy(a->host, host, (size_t)(end - host));
    a->host[end - host] = '\0';
    snprintf(a->port, sizeof(a->port), "%s",
             port                     ? port
             : a->kind == ADDRESS_TLS ? ADDRESS_TLS_PORT
                                      : ADDRESS_PORT);
    return NULL;
}

int address_parse(const char *text, struct address *ret, char *err, size_t errlen)
{
    struct address a = {.kind = ADDRESS_UNIX};
    const char *why;

    if (strncmp(text, "unix:", 5) == 0) {
        if (text[5] != '/')
            return address_fail(err, errlen, text, "unix: takes an absolute path");
        if (strlen(text + 5) >= sizeof(a.path))
            return address_fail(err, errlen, text, "the path is longer than a socket's may be");
        snprintf(a.path, sizeof(a.path), "%s", text + 5);
    } else if (strncmp(text, "tcp:", 4) == 0 || strncmp(text, "tls:", 4) == 0) {
        a.kind = text[1] == 'c' ? ADDRESS_TCP : ADDRESS_TLS;
        why = address_host(text + 4, &a);
        if (why)
            return address_fail(err, errlen, text, why);
    } else {
        return address_fail(err, errlen, text,
                            "it must begin with unix:/path, tcp:host:port or tls:host:port");
    }
    *ret = a;
    return 0;
}
