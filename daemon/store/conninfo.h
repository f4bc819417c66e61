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

/* The same places, beginning with another one, so that a host that hangs is not always the first.
 */
int targets_turn(const struct targets *t, size_t by, struct targets *ret); /* 0 or -1 */

/* True if the connection string, or libpq's environment, names a host to look up, or several. */
bool conninfo_has_targets(const char *conninfo);
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
