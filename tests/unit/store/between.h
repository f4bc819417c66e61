#ifndef TESTS_STORE_BETWEEN_H
#define TESTS_STORE_BETWEEN_H

#include <event2/event.h>
#include <spean/buf.h>

/*
 * Stands between a program and its PostgreSQL, in the test's own loop, and hands on what each says:
 * the client's words as they are, the server's one message at a time, which a test may change. So a
 * real server gives what a real server never would.
 */

struct between;

/* A message of the server's (its type, and what follows its length). Adds to out what is to be said
 * instead, with between_say, or returns false: as it is. */
typedef bool between_fn(void *ctx, char type, const char *body, size_t len, struct buf *out);

/* dir: a folder for the socket, which is made; where: the server's socket. NULL: failed. */
struct between *between_new(struct event_base *base, const char *dir, const char *where,
                            between_fn *change, void *ctx);
void between_free(struct between *b); /* all connections, the socket and its folder, too */

/* One message. */
void between_say(struct buf *out, char type, const void *body, size_t len);

#endif
