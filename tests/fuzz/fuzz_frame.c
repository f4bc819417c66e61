#include "fuzz.h"

#include <string.h>

#include <spean/frame.h>

/*
 * The first byte gives the limit of a line, the second the size of chunks, the rest is the stream.
 * However it is cut into chunks, the lines are those that a plain search for LF finds.
 */

/* The length of the line at s, LINE_NONE when it has no end, LINE_LONG when it is over the limit.
 */
#define LINE_NONE SIZE_MAX
#define LINE_LONG (SIZE_MAX - 1)

static size_t plain_line(const char *s, size_t len, size_t limit)
{
    const char *end = memchr(s, '\n', len);
    size_t line = end ? (size_t)(end - s) : len;
    size_t text = frame_trim(s, line);

    if (text > limit)
        return LINE_LONG;
    return end ? line : LINE_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *stream = (const char *)data + 2;
    size_t len, limit, step, at = 0, start = 0;
    struct frame f;

    if (size < 3)
        return 0;
    len = size - 2;
    limit = data[0];
    step = data[1] ? data[1] : 1;
    (void)frame_stranger(stream, len);
    frame_init(&f, limit);
    while (at < len) {
        size_t chunk = len - at < step ? len - at : step, line = 77;
        size_t plain = plain_line(stream + start, len - start, limit);
        enum frame_result r = frame_scan(&f, stream + at, chunk, &line);

        if (r == FRAME_TOO_LONG) {
            FUZZ_PROMISE(plain == LINE_LONG);
            return 0;
        }
        if (r == FRAME_MORE) {
            at += chunk;
            FUZZ_PROMISE(line == 77);
            continue;
        }
        FUZZ_PROMISE(line == plain);
        at = start += line + 1;
    }
    if (start < len)
        FUZZ_PROMISE(plain_line(stream + start, len - start, limit) == LINE_NONE);
    return 0;
}
