#include "path.h"

#include <stdarg.h>
#include <stdio.h>

void path_init(struct path *p)
{
    *p = (struct path){.len = 0};
}

static size_t add(struct path *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static size_t add(struct path *p, const char *fmt, ...)
{
    size_t before = p->len, room = sizeof(p->text) - p->len;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(p->text + p->len, room, fmt, ap);
    va_end(ap);
    if (n > 0)
        p->len += (size_t)n < room ? (size_t)n : room - 1;
    return before;
}

size_t path_member(struct path *p, const char *name)
{
    return add(p, "%s%s", p->len > 0 ? "." : "", name);
}

size_t path_index(struct path *p, size_t n)
{
    return add(p, "[%zu]", n);
}

void path_cut(struct path *p, size_t len)
{
    p->len = len;
    p->text[len] = '\0';
}
