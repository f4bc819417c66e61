#ifndef SPEAN_WROTE_H
#define SPEAN_WROTE_H

#include <spean/store.h>

struct event_base;

/*
 * What the workers have written, on its way to the change feed on the main thread. A hint each:
 * beyond a few dozen that wait they are dropped, and the feed asks the database.
 */
struct wrote;

/* take is called on the loop of base, in the order of each worker. NULL on no memory. */
struct wrote *wrote_new(struct event_base *base,
                        void (*take)(void *ctx, const struct feed_write *w), void *ctx);
void wrote_free(struct wrote *x);                  /* once nobody puts anything any more */
void wrote_put(void *wrote, struct feed_write *w); /* any thread; takes w over */

#endif
