#include "write.h"

#include <spean/packed.h>
#include <stdio.h>
#include <string.h>

/* What a write has changed, told to the change feed before the answer goes: what is told shows in
 * matches without being asked for. Where it is not told the feed asks. */

enum { TELL_MAX = 256 * 1024 }; /* bytes of packed profiles */

static struct feed_write *told_make(const struct plan *p, size_t count, size_t bytes, int64_t at_ms)
{
    uint8_t *to;
    struct feed_write *told = feed_write_new(count, bytes, &to);
    struct feed_row *row = told ? told->rows : NULL;

    for (size_t i = 0; told && i < p->subject_count; i++) {
        const struct subject *s = &p->subjects[i];
        if (!s->changed)
            continue;
        memcpy(to, s->packed.data, s->packed.len);
        *row++ = (struct feed_row){.id = packed_id(to),
                                   .packed = to,
                                   .packed_len = s->packed.len,
                                   .version = s->version + 1,
                                   .updated_ms = at_ms};
        to += s->packed.len;
    }
    return told;
}

void write_tell(struct request *r, int64_t seq, int64_t at_ms, const char *epoch,
                const char *server)
{
    const struct service_options *o = &r->s->o;
    const struct plan *p = &((const struct write *)r->state)->plan;
    struct feed_write *told;
    size_t count = 0, bytes = 0;

    for (size_t i = 0; i < p->subject_count; i++) {
        count += p->subjects[i].changed;
        bytes += p->subjects[i].changed ? p->subjects[i].packed.len : 0;
    }
    if (!o->wrote || !epoch || !server || count == 0 || bytes > TELL_MAX)
        return;
    told = told_make(p, count, bytes, at_ms);
    if (!told)
        return;
    told->last = (uint64_t)seq;
    snprintf(told->epoch, sizeof told->epoch, "%s", epoch);
    snprintf(told->server, sizeof told->server, "%s", server);
    o->wrote(o->wrote_ctx, told);
}
