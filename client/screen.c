#include "output.h"

#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

/* A cell as it may stand on one line of a terminal: line ends and tabs are blanks. */
static int screen_line(struct buf *out, const char *s, size_t len)
{
    while (len > 0) {
        size_t n = 0;

        while (n < len && s[n] != '\n' && s[n] != '\t' && s[n] != '\r')
            n++;
        text_escape(out, s, n);
        if (n < len) {
            if (s[n] == '\r' && n + 1 < len && s[n + 1] == '\n')
                n++;
            buf_addc(out, ' ');
            n++;
        }
        s += n;
        len -= n;
    }
    return out->failed ? -1 : 0;
}

/* What a cell may come to, escaped. */
#define SCREEN_MAX (4 * 1024 * 1024)

int screen_text(struct buf *out, const char *s, size_t len, size_t width)
{
    struct buf line;
    int r;

    buf_init(&line, SCREEN_MAX);
    r = screen_line(&line, s, len);
    if (r == 0 && line.len > 0) {
        if (width == 0 || text_width(line.data, line.len) <= width) {
            buf_add(out, line.data, line.len);
        } else {
            buf_add(out, line.data, text_cut(line.data, line.len, width - 1));
            buf_adds(out, "…");
        }
    }
    buf_done(&line);
    out->failed = out->failed || r < 0; /* callers may look at it once, at their end */
    return out->failed ? -1 : 0;
}

/* How much of s goes on one line: up to the last blank that fits, else as many graphemes as fit. */
static size_t wrap_at(const char *s, size_t len, size_t width)
{
    size_t cut = text_cut(s, len, width), blank = cut;

    if (cut == len)
        return len;
    if (s[cut] != ' ')
        while (blank > 0 && s[blank - 1] != ' ')
            blank--;
    if (blank > 0)
        return blank;
    /* A grapheme wider than the line goes out whole. */
    return cut > 0 ? cut : len;
}

int screen_wrap(struct buf *out, const char *s, size_t len, size_t width, size_t indent)
{
    struct buf line;
    const char *at;
    size_t left;
    int r;

    buf_init(&line, SCREEN_MAX);
    r = screen_line(&line, s, len);
    at = line.data;
    left = line.len;
    while (r == 0 && left > 0) {
        size_t n = width > indent ? wrap_at(at, left, width - indent) : left, shown = n;

        while (shown > 0 && at[shown - 1] == ' ')
            shown--;
        buf_addf(out, "%*s", (int)indent, "");
        buf_add(out, at, shown);
        buf_addc(out, '\n');
        while (n < left && at[n] == ' ')
            n++;
        at += n;
        left -= n;
    }
    buf_done(&line);
    out->failed = out->failed || r < 0;
    return out->failed ? -1 : 0;
}
