#include "copy_stream.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>
#include <sys/types.h>

#define SIGNATURE "PGCOPY\n\377\r\n" /* and a zero byte */
#define FLAGS_AT 11
#define FLAGS_KNOWN 0x0000ffffu /* who does not know one of the others cannot read the rows */
#define HEAD_LEN 19             /* signature, flags, length of an extension */

void copy_stream_init(struct copy_stream *s, int cols, size_t max, copy_row_fn *row, void *ctx)
{
    *s = (struct copy_stream){.cols = cols, .max = max, .row = row, .ctx = ctx};
    buf_init(&s->rest, max);
}

void copy_stream_reset(struct copy_stream *s)
{
    buf_done(&s->rest);
    copy_stream_init(s, s->cols, s->max, s->row, s->ctx);
}

bool copy_stream_whole(const struct copy_stream *s)
{
    return s->ended && !s->refused;
}

int copy_field_int8(const struct copy_field *field, int64_t *ret_n)
{
    uint64_t n;

    if (!field->bytes || field->len != sizeof(n))
        return -1;
    memcpy(&n, field->bytes, sizeof(n));
    *ret_n = (int64_t)be64toh(n);
    return 0;
}

static uint32_t get_be32(const char *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof(n));
    return ntohl(n);
}

static uint16_t get_be16(const char *p)
{
    uint16_t n;

    memcpy(&n, p, sizeof(n));
    return ntohs(n);
}

/* A field. The bytes that it takes, 0 if they are not all there, or -1; left is what a row may have
 * yet. */
static ssize_t take_field(const char *p, size_t len, size_t left, struct copy_field *ret)
{
    if (left < 4)
        return -1;
    if (len < 4)
        return 0;
    uint32_t n = get_be32(p);
    *ret = (struct copy_field){.bytes = NULL};
    if (n == UINT32_MAX)
        return 4;
    if (n > left - 4)
        return -1;
    if (len - 4 < n)
        return 0;
    *ret = (struct copy_field){.bytes = p + 4, .len = n};
    return 4 + (ssize_t)n;
}

/* One row, or the end, likewise. */
static ssize_t take_row(struct copy_stream *s, const char *p, size_t len)
{
    struct copy_field fields[COPY_COLS_MAX];
    size_t at = 2;

    if (len < at)
        return 0;
    if (get_be16(p) == UINT16_MAX) {
        s->ended = true;
        return 2;
    }
    if (get_be16(p) != s->cols)
        return -1;
    for (int i = 0; i < s->cols; i++) {
        ssize_t n = take_field(p + at, len - at, s->max - at, &fields[i]);
        if (n <= 0)
            return n;
        at += (size_t)n;
    }
    return s->row(s->ctx, fields) < 0 ? -1 : (ssize_t)at;
}

/* What stands before the rows, likewise. */
static ssize_t take_head(struct copy_stream *s, const char *p, size_t len)
{
    if (len < HEAD_LEN)
        return 0;
    size_t more = get_be32(p + HEAD_LEN - 4);
    if (memcmp(p, SIGNATURE, sizeof(SIGNATURE)) != 0 ||
        (get_be32(p + FLAGS_AT) & ~FLAGS_KNOWN) != 0 || more > s->max - HEAD_LEN)
        return -1;
    if (len - HEAD_LEN < more)
        return 0;
    s->started = true;
    return (ssize_t)(HEAD_LEN + more);
}

/* All that is whole. The bytes taken, or -1. */
static ssize_t take_all(struct copy_stream *s, const char *p, size_t len)
{
    size_t at = 0;

    while (at < len) {
        if (s->ended)
            return -1;
        ssize_t n = s->started ? take_row(s, p + at, len - at) : take_head(s, p + at, len - at);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        at += (size_t)n;
    }
    return (ssize_t)at;
}

/* Mostly a piece is a row, which needs no copying. */
static int add(struct copy_stream *s, const char *bytes, size_t len)
{
    struct buf *rest = &s->rest;

    if (rest->len > 0) {
        if (buf_add(rest, bytes, len) < 0)
            return -1;
        ssize_t taken = take_all(s, rest->data, rest->len);
        if (taken < 0)
            return -1;
        rest->len -= (size_t)taken;
        memmove(rest->data, rest->data + taken, rest->len);
        return 0;
    }
    ssize_t taken = take_all(s, bytes, len);
    if (taken < 0)
        return -1;
    return (size_t)taken < len ? buf_add(rest, bytes + taken, len - (size_t)taken) : 0;
}

int copy_stream_add(struct copy_stream *s, const char *bytes, size_t len)
{
    if (!s->refused && add(s, bytes, len) < 0)
        s->refused = true;
    return s->refused ? -1 : 0;
}
