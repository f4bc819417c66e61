#include <spean/buf.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 64

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    b->no_memory = false;
    if (b->data)
        b->data[0] = '\0';
}

void buf_starve(struct buf *b)
{
    b->failed = true;
    b->no_memory = true;
}

/* Room for len bytes more and the NUL, made if there is none. */
static int buf_grow(struct buf *b, size_t len)
{
    size_t need, cap;
    char *data;

    if (b->failed)
        return -1;
    if (len > b->max - b->len || b->len + len == SIZE_MAX) {
        b->failed = true;
        return -1;
    }
    need = b->len + len + 1;
    if (need <= b->cap)
        return 0;
    cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (b->max < SIZE_MAX && cap > b->max + 1)
        cap = b->max + 1;
    data = realloc(b->data, cap);
    if (!data) {
        buf_starve(b);
        return -1;
    }
    data[b->len] = '\0';
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_add_anyhow(struct buf *b, const void *bytes, size_t len)
{
    if (buf_grow(b, len) < 0)
        return -1;
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n, r = -1;

    va_start(ap, fmt);
    va_copy(again, ap);
    if (buf_grow(b, 0) < 0)
        goto out;
    n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
    if (n < 0) {
        b->failed = true;
        b->data[b->len] = '\0';
        goto out;
    }
    if ((size_t)n >= b->cap - b->len) {
        b->data[b->len] = '\0'; /* what did not fit is not there */
        if (buf_grow(b, (size_t)n) < 0)
            goto out;
        vsnprintf(b->data + b->len, b->cap - b->len, fmt, again);
    }
    b->len += (size_t)n;
    r = 0;
out:
    va_end(again);
    va_end(ap);
    return r;
}

char *buf_reserve(struct buf *b, size_t len)
{
    if (buf_grow(b, len) < 0)
        return NULL;
    /* Zeroed, so that data stays NUL-terminated however little of the room is used. */
    memset(b->data + b->len, 0, len + 1);
    return b->data + b->len;
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    char *data;

    if (buf_grow(b, 0) < 0)
        return NULL;
    data = b->data;
    if (ret_len)
        *ret_len = b->len;
    *b = (struct buf){.max = b->max};
    return data;
}
