#ifndef SPEAN_CLIENT_CSV_READER_H
#define SPEAN_CLIENT_CSV_READER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Records of CSV text (UTF-8, already decoded) that comes in chunks; libcsv does the quoting. Empty
 * lines are no records. Quoted line ends, CRLF and a lone CR are understood.
 */
#define CSV_RECORD_MAX ((size_t)1 << 20) /* bytes of one record */
#define CSV_FIELDS_MAX 1024

struct csv_record {
    long line; /* of its first byte, from 1 */
    size_t n;
    const char *const *fields; /* valid UTF-8 is not promised; NUL-terminated */
    const size_t *lens;
    const char *problem; /* NULL, or why the record can't be used (its fields are then not all) */
};

/* Gets every record in order; what it returns other than 0 stops the reader and is given back. */
typedef int (*csv_record_fn)(void *ctx, const struct csv_record *record);

struct csv_reader; /* opaque */

/* NULL on no memory. */
struct csv_reader *csv_reader_new(char delimiter, csv_record_fn fn, void *ctx);
void csv_reader_free(struct csv_reader *r);
/* 0, -ENOMEM, or what the callback gave. */
int csv_reader_feed(struct csv_reader *r, const char *text, size_t len);
/* The end of the text: the last record need not end in a line end. */
int csv_reader_end(struct csv_reader *r);

/*
 * The delimiter of a text by its first line: the most frequent of comma, semicolon, tab and bar
 * outside quotes; comma where there is none.
 */
char csv_delimiter(const char *text, size_t len);

#endif
