#ifndef SPEAN_STORE_CONNINFO_H
#define SPEAN_STORE_CONNINFO_H

#include <libpq-fe.h>
#include <stdbool.h>

struct event_base;

/*
 * Where to connect. libpq looks host names up while it connects, which would stop the loop; so
 * names are looked up by a thread, and libpq is given addresses.
 */

#define TARGETS_MAX 16

struct targets { /* comma-separated lists for libpq, one place for each address; heap or NULL */
    char *host, *hostaddr, *port;
};
void targets_done(struct targets *t);

/* True if the connection string, or libpq's environment, holds a host name to look up. */
bool conninfo_has_names(const char *conninfo);
/* Looks all names up; blocks. 0 or -1 with a message. */
int conninfo_resolve(const char *conninfo, struct targets *ret, char *err, size_t errlen);

/*
 * Begins an asynchronous connection with Spean's settings; targets may be NULL. NULL only on no
 * memory; else look at PQstatus.
 */
PGconn *conninfo_start(const char *conninfo, const struct targets *t);

/* The same lookup on a thread of its own; done is called from the loop. */
struct resolver;
typedef void resolver_done(void *ctx, const struct targets *t, const char *err);
struct resolver *resolver_start(struct event_base *base, const char *conninfo, resolver_done *done,
                                void *ctx);
/* Forgets the lookup: done will not be called. Accepts NULL; call it after done, too. */
void resolver_free(struct resolver *r);

#endif
