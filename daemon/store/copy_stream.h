#ifndef SPEAN_STORE_COPY_STREAM_H
#define SPEAN_STORE_COPY_STREAM_H

#include <spean/buf.h>

/*
 * What a COPY in its binary form gives, taken apart into rows as it comes, in pieces that are cut
 * anywhere. A stream that is damaged is refused there, and nothing more is taken from it: what
 * follows a wrong length cannot be told from a row.
 */

#define COPY_COLS_MAX 8

struct copy_field {
    const char *bytes; /* NULL: SQL null */
    size_t len;
};

/* A row: as many fields as the stream has columns, which last for the call. 0, or -1: this is no
 * row that can be, and the stream is refused. */
typedef int copy_row_fn(void *ctx, const struct copy_field *fields);

struct copy_stream {
    int cols;
    size_t max; /* bytes of a row with its lengths, and of what stands before the rows */
    copy_row_fn *row;
    void *ctx;
    struct buf rest; /* the beginning of a row */
    bool started, ended, refused;
};

/* cols: up to COPY_COLS_MAX; max: from 32 bytes on. */
void copy_stream_init(struct copy_stream *s, int cols, size_t max, copy_row_fn *row, void *ctx);
/* Back to before the first byte; frees what was kept. Also the way to end with it. */
void copy_stream_reset(struct copy_stream *s);
/* The next bytes. 0, or -1: damaged, behind its end, or no memory; then, and until the reset,
 * always. */
int copy_stream_add(struct copy_stream *s, const char *bytes, size_t len);
/* Whether all of it has come, the end too, and nothing else. */
bool copy_stream_whole(const struct copy_stream *s);

/* An int8. 0, or -1 if it is null or none. */
int copy_field_int8(const struct copy_field *field, int64_t *ret_n);

#endif
