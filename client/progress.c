#include "progress.h"

#include <inttypes.h>

#include <spean/clock.h>

#define PROGRESS_EVERY_MS 100

void progress_start(struct progress *p, FILE *f, bool terminal, const char *what, uint64_t total)
{
    *p = (struct progress){
        .f = terminal ? f : NULL, .what = what, .total = total, .started_ms = clock_mono_ms()};
}

void progress_update(struct progress *p, uint64_t done, const char *unit)
{
    uint64_t now = clock_mono_ms(), passed;

    if (!p->f || now - p->shown_ms < PROGRESS_EVERY_MS)
        return;
    passed = now - p->started_ms;
    fprintf(p->f, "\r\033[K%s %" PRIu64 " %s", p->what, done, unit);
    if (p->total > 0)
        fprintf(p->f, " of %" PRIu64 " (%d%%)", p->total,
                (int)(done < p->total ? done * 100 / p->total : 100));
    if (passed >= 1000)
        fprintf(p->f, ", %" PRIu64 "/s", done * 1000 / passed);
    fflush(p->f);
    p->shown_ms = now;
    p->shown = true;
}

void progress_clear(struct progress *p)
{
    if (!p->f || !p->shown)
        return;
    fputs("\r\033[K", p->f);
    fflush(p->f);
    p->shown = false;
}
