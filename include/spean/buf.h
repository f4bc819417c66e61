#ifndef SPEAN_BUF_H
#define SPEAN_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A growable byte buffer that is born with a ceiling. Every call that adds returns 0 or -1; after
 * the first failure (out of memory, or over the ceiling) the buffer refuses everything until
 * buf_reset, so a writer may add many times and look at `failed` once. data is always
 * NUL-terminated when not NULL; the NUL is not counted in len.
 */
struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;     /* bytes; len never exceeds it */
    bool failed;    /* sticky */
    bool no_memory; /* failed for want of memory, not at the ceiling; sticky, too */
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);  /* frees; safe on a zeroed buf and twice */
void buf_reset(struct buf *b); /* len 0 and not failed, memory kept */
/* Fails it as an allocation of its own would, for one that was needed to know what to add. */
void buf_starve(struct buf *b);

/* Whether len bytes more and the NUL have their place in what there is already. */
static inline bool buf_fits(const struct buf *b, size_t len)
{
    return !b->failed && len < b->cap - b->len && len <= b->max - b->len;
}

/* The same as buf_add, where there may have to be more room. */
int buf_add_anyhow(struct buf *b, const void *bytes, size_t len);

/* Answers are made of thousands of pieces: mostly there is room. */
static inline int buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!buf_fits(b, len))
        return buf_add_anyhow(b, bytes, len);
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

static inline int buf_adds(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

static inline int buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for len bytes more and gives where to write them (then add to b->len), or NULL. */
char *buf_reserve(struct buf *b, size_t len);

/* Hands the heap string over (NULL if the buffer failed or on no memory); the buffer is empty
 * after. */
char *buf_take(struct buf *b, size_t *ret_len);

#endif
