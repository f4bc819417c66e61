#ifndef SPEAN_CLIENT_OUTPUT_H
#define SPEAN_CLIENT_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct buf;

/*
 * Prints records as a table, plain lines, JSON, NDJSON or CSV. What comes from a daemon is never
 * trusted: in tables and plain lines characters that could steer a terminal are escaped, in CSV
 * cells that a spreadsheet would run as a formula get a leading apostrophe.
 */
enum format { FORMAT_TABLE, FORMAT_PLAIN, FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV };

/* table|json|ndjson|csv, NULL: a table on a terminal, plain (tab-separated) elsewhere. -1: none. */
int format_parse(const char *word, bool terminal, enum format *ret);

struct style {
    enum format format;
    size_t columns; /* width of the terminal; 0: no limit */
    bool colour;
    bool terminal; /* the data goes to a terminal: even CSV is escaped for it */
    bool raw;      /* CSV: formulas as they are */
};

/* A column shows one value of each record. */
struct column {
    const char *title;
    const char *path; /* members to follow: "company.name" */
    bool right;       /* numbers: to the right */
    bool wide;        /* gives way when the table is too wide */
    bool below;       /* tables: a line of its own under the row */
    bool lines;       /* records: the cell's line ends part it; elsewhere they are blanks */
    const char *tone; /* tables with colour: SGR parameters ("1": bold), or NULL */
    /* Renders the value its own way (value: at path, or NULL); NULL: cell_text. 0 or -1. */
    int (*cell)(struct buf *out, const json_t *value, const json_t *record);
};

#define PRINTER_COLUMNS_MAX 24

/*
 * Prints a list record by record. Records printed as JSON are whole; the others show the columns.
 * Widths of a table come from its first 200 records, so lists of any length go through.
 */
struct printer; /* opaque */

/* f, columns and style are borrowed until printer_end. NULL on no memory. */
struct printer *printer_new(FILE *f, const struct style *style, const struct column *columns,
                            size_t n);
/* 0 or -1 (no memory, or writing failed). */
int printer_add(struct printer *p, const json_t *record);
/* Prints what waits, and frees; NULL is fine. 0 or -1. */
int printer_end(struct printer *p);

/* A value as text: strings as they are, lists parted by ", ", objects as compact JSON. 0 or -1. */
int cell_text(struct buf *out, const json_t *value);
/* Follows "a.b.c"; NULL if something is missing. */
const json_t *json_path(const json_t *record, const char *path);

/* One value alone, pretty in FORMAT_JSON, else on one line. 0 or -1. */
int output_json(FILE *f, const struct style *style, const json_t *value);
/* A record as "title: value" lines, for one company or the status. 0 or -1. */
int output_record(FILE *f, const struct style *style, const struct column *columns, size_t n,
                  const json_t *record);

/* One CSV cell (RFC 4180), without the comma. 0 or -1. */
int csv_cell(struct buf *out, const char *s, size_t len, bool raw);
/* Text for a terminal: escaped, cut to width at a grapheme boundary with an ellipsis. 0 or -1. */
int screen_text(struct buf *out, const char *s, size_t len, size_t width);
/* The same broken into lines of at most width (0: one line), each after indent blanks. 0 or -1. */
int screen_wrap(struct buf *out, const char *s, size_t len, size_t width, size_t indent);
/* Adds the cell of a record, as data. 0 or -1. */
int column_cell(struct buf *out, const struct column *c, const json_t *record);
/* JSON text in which characters that could steer a terminal are \\u escapes; same value. 0 or -1.
 */
int json_screen(struct buf *out, const json_t *value, bool pretty);

#endif
