#include "feed_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * Writes of this daemon's own. What a committed write has changed is known where it was made, so
 * the feed need not ask for it: seq has no gaps, and if all before it has been given, its rows are
 * what comes next. Nothing depends on it: the notification, or the next look, brings whatever is
 * not told here, or too late.
 */

struct feed_write *feed_write_new(size_t count, size_t bytes, uint8_t **ret_bytes)
{
    struct feed_write *w = calloc(1, sizeof(*w) + count * sizeof(w->rows[0]) + bytes);

    if (!w)
        return NULL;
    w->count = count;
    *ret_bytes = (uint8_t *)&w->rows[count];
    return w;
}

/* In another history, and on another server (a standby that was promoted while the old primary goes
 * on), the same numbers are those of other changes. */
static bool feed_is_next(const struct feed *f, const struct feed_write *w)
{
    return f->loaded && w->last == f->seq + w->count && strcmp(w->epoch, f->epoch) == 0 &&
           w->server[0] && strcmp(w->server, link_server(f->link)) == 0;
}

void feed_wrote(struct feed *f, const struct feed_write *w)
{
    if (f->state == FEED_OFF || w->last <= f->seq)
        return;
    if (!feed_is_next(f, w)) {
        feed_heard(f, w->last);
        return;
    }
    for (size_t i = 0; i < w->count; i++)
        if (f->callbacks.row(f->ctx, &w->rows[i]) != 0)
            return; /* no memory: all of it is read with the next look */
    f->seq = w->last;
    feed_level(f);
}
