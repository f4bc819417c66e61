#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csv_reader.h"
#include "import_source_in.h"
#include <spean/text.h>

/* Rows of CSV: the header names the cells. */

static char *key_make(const struct import_source *s, const char *name, size_t len)
{
    while (len > 0 && (*name == ' ' || *name == '\t')) {
        name++;
        len--;
    }
    while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
        len--;
    if (s->keys == IMPORT_KEYS_FOLDED)
        return import_key(name, len);
    return text_valid(name, len) ? strndup(name, len) : NULL;
}

static int header_read(struct import_source *s, const struct csv_record *record)
{
    s->header = calloc(record->n + 1, sizeof(*s->header));
    if (s->header == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < record->n; i++) {
        s->header[i] = key_make(s, record->fields[i], record->lens[i]);
        if (s->header[i] == NULL)
            return -EILSEQ;
        s->columns++;
    }
    return 0;
}

/* Cells beyond the header are an error unless they are empty; missing ones are empty. */
static int row_fill(const struct import_source *s, const struct csv_record *record,
                    struct import_row *row)
{
    for (size_t i = 0; i < record->n; i++) {
        const char *key = i < s->columns ? s->header[i] : "";
        json_t *cell;

        if (record->lens[i] == 0)
            continue;
        if (key[0] == '\0') {
            if (i < s->columns)
                continue;
            row_problem(row, "more cells than the header has columns (%zu)", s->columns);
            return 0;
        }
        if (json_object_get(row->value, key) != NULL)
            continue; /* a column that comes twice: the first one that says something */
        if (!text_valid(record->fields[i], record->lens[i])) {
            row_problem(row, "column %zu holds a NUL character", i + 1);
            return 0;
        }
        cell = json_stringn(record->fields[i], record->lens[i]);
        if (cell == NULL || json_object_set_new(row->value, key, cell) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int record_take(void *ctx, const struct csv_record *record)
{
    struct import_source *s = ctx;
    struct import_row *row;

    if (s->header == NULL && record->problem == NULL)
        return header_read(s, record);
    if (s->rows_n == s->rows_cap) {
        size_t cap = s->rows_cap > 0 ? s->rows_cap * 2 : 64;
        struct import_row *rows = realloc(s->rows, cap * sizeof(*rows));

        if (rows == NULL)
            return -ENOMEM;
        s->rows = rows;
        s->rows_cap = cap;
    }
    row = &s->rows[s->rows_n++];
    memset(row, 0, sizeof(*row));
    row->line = record->line;
    if (record->problem != NULL) {
        row_problem(row, "%s", record->problem);
        return 0;
    }
    row->value = json_object();
    if (row->value == NULL || row_fill(s, record, row) < 0)
        return -ENOMEM;
    if (row->problem[0] == '\0' && json_object_size(row->value) == 0) {
        import_row_done(row); /* spreadsheets end in rows of empty cells */
        s->rows_n--;
    }
    return 0;
}

/* Excel's own way to name the delimiter: a first line "sep=;". */
static char delimiter_take(struct import_source *s)
{
    char c;

    if (s->chunk_len < 6 || strncasecmp(s->chunk, "sep=", 4) != 0 ||
        (s->chunk[5] != '\n' && s->chunk[5] != '\r'))
        return csv_delimiter(s->chunk, s->chunk_len);
    c = s->chunk[4];
    memset(s->chunk, ' ', 5); /* a blank line, so that the line numbers stay right */
    return c;
}

int source_csv_begin(struct import_source *s, char *ret_delimiter)
{
    char delimiter = delimiter_take(s);

    s->reader = csv_reader_new(delimiter, record_take, s);
    if (s->reader == NULL)
        return -ENOMEM;
    *ret_delimiter = delimiter;
    return 0;
}

int source_csv_next(struct import_source *s, struct import_row *ret)
{
    int r;

    while (s->rows_at == s->rows_n) {
        s->rows_at = 0;
        s->rows_n = 0;
        if (s->ended)
            return 0;
        r = source_fill(s);
        if (r < 0)
            return r;
        s->ended = r == 0;
        if (s->ended)
            r = csv_reader_end(s->reader);
        else
            r = csv_reader_feed(s->reader, s->chunk + s->chunk_at, s->chunk_len - s->chunk_at);
        s->chunk_at = s->chunk_len;
        if (r == -EFBIG)
            s->ended = true; /* the row that says so is in the queue */
        else if (r < 0)
            return r;
    }
    *ret = s->rows[s->rows_at++];
    return 1;
}
