#include "printer_in.h"

#include <stdlib.h>
#include <string.h>

struct printer *printer_new(FILE *f, const struct style *style, const struct column *columns,
                            size_t n)
{
    struct printer *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    *p = (struct printer){.f = f, .style = style, .columns = columns};
    p->n = n < PRINTER_COLUMNS_MAX ? n : PRINTER_COLUMNS_MAX;
    buf_init(&p->line, PRINTER_MAX);
    buf_init(&p->cell, PRINTER_MAX);
    if (style->format == FORMAT_TABLE) {
        p->waiting = json_array();
        if (!p->waiting) {
            free(p);
            return NULL;
        }
    }
    return p;
}

int printer_flush(struct printer *p)
{
    bool failed = p->line.failed ||
                  fwrite(p->line.data ? p->line.data : "", 1, p->line.len, p->f) < p->line.len;

    buf_reset(&p->line);
    return failed ? -1 : 0;
}

int printer_cell(struct printer *p, size_t i, const json_t *record)
{
    buf_reset(&p->cell);
    return column_cell(&p->cell, &p->columns[i], record);
}

static int plain_add(struct printer *p, const json_t *record)
{
    for (size_t i = 0; i < p->n; i++) {
        if (printer_cell(p, i, record) < 0)
            return -1;
        if (i > 0)
            buf_addc(&p->line, '\t');
        if (p->cell.len > 0 && screen_text(&p->line, p->cell.data, p->cell.len, 0) < 0)
            return -1;
    }
    buf_addc(&p->line, '\n');
    p->shown++;
    return printer_flush(p);
}

static int csv_head(struct printer *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *name = p->columns[i].title;

        if (i > 0)
            buf_addc(&p->line, ',');
        csv_cell(&p->line, name, strlen(name), p->style->raw);
    }
    buf_adds(&p->line, "\r\n");
    return printer_flush(p);
}

/* Only text can be a formula: a number below zero stays a number. */
static int csv_value(struct printer *p, size_t i, const json_t *record)
{
    const struct column *c = &p->columns[i];
    bool raw = p->style->raw || json_is_number(c->path ? json_path(record, c->path) : NULL);
    struct buf shown;
    int r;

    if (printer_cell(p, i, record) < 0)
        return -1;
    if (p->cell.len == 0)
        return 0;
    if (!p->style->terminal)
        return csv_cell(&p->line, p->cell.data, p->cell.len, raw);
    buf_init(&shown, PRINTER_MAX);
    r = screen_text(&shown, p->cell.data, p->cell.len, 0);
    if (r == 0 && shown.len > 0)
        r = csv_cell(&p->line, shown.data, shown.len, raw);
    buf_done(&shown);
    return r;
}

static int csv_add(struct printer *p, const json_t *record)
{
    if (p->shown == 0 && csv_head(p) < 0)
        return -1;
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0)
            buf_addc(&p->line, ',');
        if (csv_value(p, i, record) < 0)
            return -1;
    }
    buf_adds(&p->line, "\r\n");
    p->shown++;
    return printer_flush(p);
}

static int json_add(struct printer *p, const json_t *record)
{
    if (p->style->format == FORMAT_JSON)
        buf_adds(&p->line, p->shown == 0 ? "[\n" : ",\n");
    if (json_screen(&p->line, record, p->style->format == FORMAT_JSON) < 0)
        return -1;
    if (p->style->format == FORMAT_NDJSON)
        buf_addc(&p->line, '\n');
    p->shown++;
    return printer_flush(p);
}

int printer_add(struct printer *p, const json_t *record)
{
    switch (p->style->format) {
    case FORMAT_TABLE:
        return printer_table_add(p, record);
    case FORMAT_PLAIN:
        return plain_add(p, record);
    case FORMAT_CSV:
        return csv_add(p, record);
    case FORMAT_JSON:
    case FORMAT_NDJSON:
        break;
    }
    return json_add(p, record);
}

int printer_end(struct printer *p)
{
    int r = 0;

    if (!p)
        return 0;
    if (p->waiting)
        r = printer_table_settle(p);
    if (p->style->format == FORMAT_CSV && p->shown == 0)
        r = csv_head(p);
    if (p->style->format == FORMAT_JSON) {
        buf_adds(&p->line, p->shown == 0 ? "[]\n" : "\n]\n");
        r = printer_flush(p);
    }
    json_decref(p->waiting);
    buf_done(&p->line);
    buf_done(&p->cell);
    free(p);
    return r;
}
