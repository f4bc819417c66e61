#include "fuzz.h"

#include "copy_stream.h"

#include <string.h>

/*
 * Any bytes as a binary COPY of the database's: the same rows and the same end in one piece as in
 * pieces of the size that the first byte says, rows that lie within what was given, and nothing
 * after a refusal.
 */

#define COLS 5
#define MAX ((size_t)1 << 20)

struct seen {
    uint64_t rows, sum;
    const struct copy_stream *stream;
};

static int on_row(void *ctx, const struct copy_field *fields)
{
    struct seen *seen = ctx;

    FUZZ_PROMISE(!seen->stream->refused && !seen->stream->ended);
    seen->rows++;
    for (int i = 0; i < COLS; i++) {
        seen->sum = seen->sum * 31 + (fields[i].bytes ? fields[i].len + 1 : 0);
        for (size_t at = 0; at < fields[i].len; at++)
            seen->sum = seen->sum * 31 + (uint8_t)fields[i].bytes[at];
    }
    int64_t version = 0;
    bool number = copy_field_int8(&fields[2], &version) == 0;
    FUZZ_PROMISE(number == (fields[2].bytes && fields[2].len == 8));
    return number || !fields[2].bytes ? 0 : -1;
}

/* Whether it ended as it should. */
static bool run(const uint8_t *data, size_t size, size_t step, struct seen *ret)
{
    struct copy_stream s;
    int rc = 0;

    memset(ret, 0, sizeof(*ret));
    ret->stream = &s;
    copy_stream_init(&s, COLS, MAX, on_row, ret);
    for (size_t at = 0; at < size && rc == 0; at += step) {
        size_t n = size - at < step ? size - at : step;
        char *piece = malloc(n);
        FUZZ_PROMISE(piece);
        memcpy(piece, data + at, n);
        rc = copy_stream_add(&s, piece, n);
        free(piece);
    }
    bool whole = copy_stream_whole(&s);
    if (rc < 0) {
        uint64_t rows = ret->rows;
        FUZZ_PROMISE(!whole && copy_stream_add(&s, "\377\377", 2) < 0);
        FUZZ_PROMISE(!copy_stream_whole(&s) && ret->rows == rows);
    }
    copy_stream_reset(&s);
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen all, cut;

    if (size < 2 || size > MAX)
        return 0;
    bool whole = run(data + 1, size - 1, size - 1, &all);
    FUZZ_PROMISE(run(data + 1, size - 1, (size_t)data[0] + 1, &cut) == whole);
    FUZZ_PROMISE(all.rows == cut.rows && all.sum == cut.sum);
    return 0;
}
