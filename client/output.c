#include "output.h"

#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#define OUTPUT_MAX (64 * 1024 * 1024)

int format_parse(const char *word, bool terminal, enum format *ret)
{
    static const char *const names[] = {"table", "plain", "json", "ndjson", "csv"};

    if (!word) {
        *ret = terminal ? FORMAT_TABLE : FORMAT_PLAIN;
        return 0;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i]) == 0) {
            *ret = (enum format)i;
            return 0;
        }
    return -1;
}

static int write_out(FILE *f, const struct buf *b)
{
    if (b->failed)
        return -1;
    return b->len == 0 || fwrite(b->data, 1, b->len, f) == b->len ? 0 : -1;
}

int output_json(FILE *f, const struct style *style, const json_t *value)
{
    struct buf out;
    int r;

    buf_init(&out, OUTPUT_MAX);
    r = json_screen(&out, value, style->format == FORMAT_JSON);
    if (r == 0)
        buf_addc(&out, '\n');
    r = r < 0 ? -1 : write_out(f, &out);
    buf_done(&out);
    return r;
}

/* The cell's lines, the second and later ones under the first. */
static int record_lines(struct buf *out, const struct style *style, const char *s, size_t len,
                        size_t indent)
{
    bool first = true;

    while (len > 0) {
        const char *end = memchr(s, '\n', len);
        size_t n = end ? (size_t)(end - s) : len, at = out->len;

        if (n > 0 && screen_wrap(out, s, n, style->columns, indent) < 0)
            return -1;
        if (out->len == at) {
            buf_addc(out, '\n');
        } else if (first) { /* the title stands where this line's indent is */
            memmove(out->data + at, out->data + at + indent, out->len - at - indent);
            out->len -= indent;
        }
        first = false;
        s += end ? n + 1 : n;
        len -= end ? n + 1 : n;
    }
    return 0;
}

static int record_table(struct buf *out, const struct style *style, const struct column *columns,
                        size_t n, const json_t *record, struct buf *cell)
{
    size_t wide = 0;

    for (size_t i = 0; i < n; i++) {
        size_t w = text_width(columns[i].title, strlen(columns[i].title));
        wide = w > wide ? w : wide;
    }
    for (size_t i = 0; i < n; i++) {
        const char *title = columns[i].title;
        int pad = (int)(wide + 2 - text_width(title, strlen(title)));

        buf_reset(cell);
        if (column_cell(cell, &columns[i], record) < 0)
            return -1;
        if (cell->len == 0)
            continue;
        buf_addf(out, "%s%s%s%*s", style->colour ? "\033[1m" : "", title,
                 style->colour ? "\033[0m" : "", pad, "");
        if (columns[i].lines) {
            if (record_lines(out, style, cell->data, cell->len, wide + 2) < 0)
                return -1;
        } else {
            screen_text(out, cell->data, cell->len, 0);
            buf_addc(out, '\n');
        }
    }
    return out->failed ? -1 : 0;
}

static int record_plain(struct buf *out, const struct column *columns, size_t n,
                        const json_t *record, struct buf *cell)
{
    for (size_t i = 0; i < n; i++) {
        buf_reset(cell);
        if (column_cell(cell, &columns[i], record) < 0)
            return -1;
        if (cell->len == 0)
            continue;
        buf_addf(out, "%s\t", columns[i].title);
        screen_text(out, cell->data, cell->len, 0);
        buf_addc(out, '\n');
    }
    return out->failed ? -1 : 0;
}

static int record_csv(FILE *f, const struct style *style, const struct column *columns, size_t n,
                      const json_t *record)
{
    struct printer *p = printer_new(f, style, columns, n);
    int r = p ? printer_add(p, record) : -1;

    return printer_end(p) < 0 ? -1 : r;
}

int output_record(FILE *f, const struct style *style, const struct column *columns, size_t n,
                  const json_t *record)
{
    struct buf out, cell;
    int r;

    if (style->format == FORMAT_JSON || style->format == FORMAT_NDJSON)
        return output_json(f, style, record);
    if (style->format == FORMAT_CSV)
        return record_csv(f, style, columns, n, record);
    buf_init(&out, OUTPUT_MAX);
    buf_init(&cell, OUTPUT_MAX);
    if (style->format == FORMAT_TABLE)
        r = record_table(&out, style, columns, n, record, &cell);
    else
        r = record_plain(&out, columns, n, record, &cell);
    r = r < 0 ? -1 : write_out(f, &out);
    buf_done(&cell);
    buf_done(&out);
    return r;
}
