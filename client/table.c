#include "printer_in.h"

#include <string.h>

#include <spean/text.h>

/* Records looked at before the widths are settled. */
#define TABLE_SAMPLE 200
/* No column is squeezed below this. */
#define TABLE_NARROW 10
#define TABLE_GAP 2
#define TABLE_INDENT 4

static void table_pad(struct buf *line, size_t blanks)
{
    buf_addf(line, "%*s", (int)blanks, "");
}

/* One cell of the row in its column's width. last: nothing follows on the line. */
static int table_cell(struct printer *p, const struct column *c, size_t width, const char *s,
                      size_t len, const char *tone, bool last)
{
    struct buf text;
    size_t used, blanks;

    buf_init(&text, PRINTER_MAX);
    if (width > 0 && screen_text(&text, s, len, width) < 0) {
        buf_done(&text);
        return -1;
    }
    used = text_width(text.data, text.len);
    blanks = width > used ? width - used : 0;
    if (c->right)
        table_pad(&p->line, blanks);
    if (tone && p->style->colour && text.len > 0)
        buf_addf(&p->line, "\033[%sm", tone);
    buf_add(&p->line, text.data ? text.data : "", text.len);
    if (tone && p->style->colour && text.len > 0)
        buf_adds(&p->line, "\033[0m");
    if (!last)
        table_pad(&p->line, (c->right ? 0 : blanks) + TABLE_GAP);
    buf_done(&text);
    return p->line.failed ? -1 : 0;
}

static size_t table_last(const struct printer *p)
{
    size_t last = 0;

    for (size_t i = 0; i < p->n; i++)
        if (!p->columns[i].below)
            last = i;
    return last;
}

static int table_head(struct printer *p)
{
    size_t last = table_last(p);
    const char *rule = "─";

    for (size_t i = 0; i < p->n; i++) {
        const char *title = p->columns[i].title;

        if (!p->columns[i].below &&
            table_cell(p, &p->columns[i], p->width[i], title, strlen(title), "1", i == last) < 0)
            return -1;
    }
    buf_addc(&p->line, '\n');
    for (size_t i = 0; i < p->n; i++) {
        if (p->columns[i].below)
            continue;
        for (size_t k = 0; k < p->width[i]; k++)
            buf_adds(&p->line, rule);
        if (i != last)
            table_pad(&p->line, TABLE_GAP);
    }
    buf_addc(&p->line, '\n');
    return printer_flush(p);
}

/* The cell under its row, on some four lines at most: the rest is for another command. */
static int table_below(struct printer *p)
{
    size_t columns = p->style->columns, room;
    struct buf text;
    int r;

    if (columns < TABLE_INDENT + TABLE_NARROW)
        return screen_wrap(&p->line, p->cell.data, p->cell.len, columns, TABLE_INDENT);
    room = 4 * (columns - TABLE_INDENT) - columns / 8; /* lines that end at a word are not full */
    buf_init(&text, PRINTER_MAX);
    r = screen_text(&text, p->cell.data, p->cell.len, room);
    if (r == 0 && text.len > 0)
        r = screen_wrap(&p->line, text.data, text.len, columns, TABLE_INDENT);
    buf_done(&text);
    return r;
}

static int table_row(struct printer *p, const json_t *record)
{
    size_t last = table_last(p);

    for (size_t i = 0; i < p->n; i++) {
        const struct column *c = &p->columns[i];

        if (c->below)
            continue;
        if (printer_cell(p, i, record) < 0 ||
            table_cell(p, c, p->width[i], p->cell.data ? p->cell.data : "", p->cell.len, c->tone,
                       i == last) < 0)
            return -1;
    }
    while (p->line.len > 0 && p->line.data[p->line.len - 1] == ' ')
        p->line.len--;
    buf_addc(&p->line, '\n');
    for (size_t i = 0; i < p->n; i++) {
        if (!p->columns[i].below)
            continue;
        if (printer_cell(p, i, record) < 0)
            return -1;
        if (p->style->colour)
            buf_adds(&p->line, "\033[2m");
        if (p->cell.len > 0 && table_below(p) < 0)
            return -1;
        if (p->style->colour)
            buf_adds(&p->line, "\033[0m");
    }
    p->shown++;
    return printer_flush(p);
}

/* The width of one cell as it will be shown. */
static int table_measure(struct printer *p, size_t i, const json_t *record)
{
    size_t width;

    if (printer_cell(p, i, record) < 0)
        return -1;
    buf_reset(&p->line);
    if (p->cell.len > 0 && screen_text(&p->line, p->cell.data, p->cell.len, 0) < 0)
        return -1;
    width = text_width(p->line.data, p->line.len);
    if (width > p->width[i])
        p->width[i] = width;
    buf_reset(&p->line);
    return 0;
}

/* Takes columns from the widest that may give way, one at a time, until the row fits. */
static void table_fit(struct printer *p)
{
    for (;;) {
        size_t total = 0, widest = p->n;

        for (size_t i = 0; i < p->n; i++) {
            if (p->columns[i].below)
                continue;
            total += p->width[i] + (total > 0 ? TABLE_GAP : 0);
            if (p->columns[i].wide && p->width[i] > TABLE_NARROW &&
                (widest == p->n || p->width[i] > p->width[widest]))
                widest = i;
        }
        if (total <= p->style->columns || p->style->columns == 0 || widest == p->n)
            return;
        p->width[widest]--;
    }
}

int printer_table_settle(struct printer *p)
{
    json_t *waiting = p->waiting;
    int r = 0;

    p->waiting = NULL;
    for (size_t i = 0; i < p->n; i++)
        p->width[i] = text_width(p->columns[i].title, strlen(p->columns[i].title));
    for (size_t k = 0; r == 0 && k < json_array_size(waiting); k++)
        for (size_t i = 0; r == 0 && i < p->n; i++)
            if (!p->columns[i].below)
                r = table_measure(p, i, json_array_get(waiting, k));
    table_fit(p);
    if (r == 0 && json_array_size(waiting) > 0)
        r = table_head(p);
    for (size_t k = 0; r == 0 && k < json_array_size(waiting); k++)
        r = table_row(p, json_array_get(waiting, k));
    json_decref(waiting);
    return r;
}

int printer_table_add(struct printer *p, const json_t *record)
{
    if (!p->waiting)
        return table_row(p, record);
    if (json_array_append_new(p->waiting, json_deep_copy(record)) < 0)
        return -1;
    return json_array_size(p->waiting) < TABLE_SAMPLE ? 0 : printer_table_settle(p);
}
