#ifndef SPEAN_CLIENT_PRINTER_IN_H
#define SPEAN_CLIENT_PRINTER_IN_H

#include <spean/buf.h>

#include "output.h"

/* What printer.c and table.c share. */

#define PRINTER_MAX (64 * 1024 * 1024)

struct printer {
    FILE *f;
    const struct style *style;
    const struct column *columns;
    size_t n;
    size_t shown;    /* records printed */
    json_t *waiting; /* records before the widths are known; NULL once they are */
    size_t width[PRINTER_COLUMNS_MAX];
    struct buf line, cell;
};

/* Writes p->line out and empties it; renders one cell into p->cell. 0 or -1. */
int printer_flush(struct printer *p);
int printer_cell(struct printer *p, size_t i, const json_t *record);

/* A record of a table. 0 or -1. */
int printer_table_add(struct printer *p, const json_t *record);
/* Settles the widths by the records that wait, and prints these. 0 or -1. */
int printer_table_settle(struct printer *p);

#endif
