#include <spean/frame.h>

#include <string.h>
#include <strings.h>

void frame_init(struct frame *f, size_t limit)
{
    f->seen = 0;
    f->limit = limit;
}

/* One byte over the limit may stand there if it is the CR of a CRLF. */
static int fits(const struct frame *f, size_t total, const char *chunk, size_t len)
{
    if (total <= f->limit)
        return 1;
    if (total - f->limit > 1)
        return 0;
    /* An empty chunk adds nothing: the byte before it passed this test when it came. */
    return len == 0 || chunk[len - 1] == '\r';
}

enum frame_result frame_scan(struct frame *f, const char *chunk, size_t len, size_t *ret_line)
{
    const char *end = len > 0 ? memchr(chunk, '\n', len) : NULL;
    size_t more = end ? (size_t)(end - chunk) : len;
    size_t total = f->seen + more;

    if (!fits(f, total, chunk, more)) {
        f->seen = total;
        return FRAME_TOO_LONG;
    }
    if (!end) {
        f->seen = total;
        return FRAME_MORE;
    }
    f->seen = 0;
    *ret_line = total;
    return FRAME_LINE;
}

size_t frame_trim(const char *line, size_t len)
{
    return len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

static int starts(const char *line, size_t len, const char *prefix)
{
    size_t n = strlen(prefix);
    return len >= n && strncasecmp(line, prefix, n) == 0;
}

enum frame_stranger frame_stranger(const char *line, size_t len)
{
    static const char *const methods[] = {"GET ",     "POST ",  "PUT ",     "HEAD ",  "DELETE ",
                                          "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "PRI "};
    static const char *const headers[] = {"Content-Length:", "Content-Type:"};

    if (len >= 2 && line[0] == 0x16 && line[1] == 0x03)
        return STRANGER_TLS;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (starts(line, len, methods[i]))
            return STRANGER_HTTP;
    }
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (starts(line, len, headers[i]))
            return STRANGER_LSP;
    }
    return STRANGER_NOT;
}
