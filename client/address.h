#ifndef SPEAN_CLIENT_ADDRESS_H
#define SPEAN_CLIENT_ADDRESS_H

#include <stddef.h>

/* Where a daemon listens: unix:/path, tcp:host:port or tls:host:port; IPv6 in brackets. */

enum address_kind { ADDRESS_UNIX, ADDRESS_TCP, ADDRESS_TLS };

#define ADDRESS_DEFAULT "unix:/run/spean/speand.sock"
#define ADDRESS_PORT "8551" /* where tcp: names no port */
#define ADDRESS_TLS_PORT "8552"

struct address {
    enum address_kind kind;
    char path[108]; /* unix: the socket */
    char host[256]; /* tcp, tls: a name or a number, without brackets */
    char port[6];
    /* tls: PEM files, borrowed; NULL: the system's CAs, and no certificate of our own. */
    const char *ca_file, *certificate, *key;
};

/* 0, or -1 with a message in err and *ret untouched. */
int address_parse(const char *text, struct address *ret, char *err, size_t errlen);

#endif
