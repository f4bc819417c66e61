#ifndef SPEAN_CLIENT_IMPORT_SOURCE_IN_H
#define SPEAN_CLIENT_IMPORT_SOURCE_IN_H

#include "import_source.h"

#include "encoding.h"
#include <spean/buf.h>

/* What the files of import_source share. */

#define SOURCE_CHUNK 16384

struct csv_reader;
struct csv_record;

struct import_source {
    FILE *file;
    struct decoder decoder;
    enum import_keys keys;
    bool csv;
    bool ended;
    char format[40];
    char chunk[SOURCE_CHUNK];
    size_t chunk_len, chunk_at;
    /* CSV */
    struct csv_reader *reader;
    char **header;
    size_t columns;
    struct import_row *rows; /* read and not handed out yet */
    size_t rows_n, rows_at, rows_cap;
    /* NDJSON */
    struct buf line;
    long line_no;
    bool line_too_long;
};

/* Makes the row one that can't be read. */
void row_problem(struct import_row *row, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Fills the chunk if all of it is used: 1 with bytes in it, 0 at the end, or a negative errno. */
int source_fill(struct import_source *s);

/* import_csv.c */
int source_csv_begin(struct import_source *s, char *ret_delimiter);   /* looks at the first chunk */
int source_csv_next(struct import_source *s, struct import_row *ret); /* 1, 0 or a negative errno */
/* import_json.c */
int source_json_next(struct import_source *s, struct import_row *ret);

#endif
