#include "import_source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csv_reader.h"
#include "encoding.h"
#include "spean/buf.h"
#include "spean/rpc.h"
#include "spean/text.h"

#define CHUNK 16384
#define HEAD 8192

struct import_source {
    FILE *file;
    struct decoder decoder;
    enum import_keys keys;
    bool csv;
    bool ended;
    char format[40];
    char chunk[CHUNK];
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

void import_row_done(struct import_row *row)
{
    if (row == NULL)
        return;
    json_decref(row->value);
    row->value = NULL;
}

static void row_problem(struct import_row *row, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void row_problem(struct import_row *row, const char *fmt, ...)
{
    va_list ap;

    import_row_done(row);
    va_start(ap, fmt);
    vsnprintf(row->problem, sizeof(row->problem), fmt, ap);
    va_end(ap);
}

char *import_key(const char *name, size_t len)
{
    struct buf out;
    size_t to = 0;

    buf_init(&out, len * 4 + 16);
    if (!text_valid(name, len) || text_fold(&out, name, len) < 0 || buf_adds(&out, "") < 0) {
        buf_done(&out);
        return NULL;
    }
    for (size_t i = 0; i < out.len; i++)
        if (out.data[i] != ' ')
            out.data[to++] = out.data[i];
    out.len = to;
    if (out.data != NULL)
        out.data[to] = '\0';
    return out.data != NULL ? buf_take(&out, NULL) : strdup("");
}

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

static FILE *file_open(const char *path)
{
    struct stat st;
    FILE *file, *copy;
    char chunk[8192];
    size_t got;

    file = strcmp(path, "-") == 0 ? fdopen(dup(0), "rb") : fopen(path, "rbe");
    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(file);
        errno = EISDIR;
        return NULL;
    }
    if (fseeko(file, 0, SEEK_SET) == 0)
        return file;
    copy = tmpfile();
    while (copy != NULL && (got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        if (fwrite(chunk, 1, got, copy) != got) {
            fclose(copy);
            copy = NULL;
        }
    }
    fclose(file);
    return copy;
}

static bool path_ends(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);

    return n >= m && strcasecmp(path + n - m, end) == 0;
}

static bool looks_like_csv(const char *path, const char *head, size_t len)
{
    size_t i = 0;

    if (path_ends(path, ".csv") || path_ends(path, ".tsv"))
        return true;
    if (path_ends(path, ".ndjson") || path_ends(path, ".jsonl") || path_ends(path, ".json"))
        return false;
    while (i < len && (head[i] == ' ' || head[i] == '\n' || head[i] == '\r' || head[i] == '\t'))
        i++;
    return i == len || head[i] != '{';
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

/* The first chunk decides what the file is. */
static int source_begin(struct import_source *s, const char *path)
{
    enum encoding encoding;
    size_t skip;
    ssize_t n;
    char delimiter;
    int r = encoding_detect(s->file, &encoding, &skip);

    if (r < 0)
        return r;
    r = decoder_init(&s->decoder, s->file, encoding, skip);
    if (r < 0)
        return r;
    n = decoder_read(&s->decoder, s->chunk, HEAD);
    if (n < 0)
        return (int)n;
    s->chunk_len = (size_t)n;
    s->csv = looks_like_csv(path, s->chunk, s->chunk_len);
    if (!s->csv) {
        snprintf(s->format, sizeof(s->format), "NDJSON, %s", encoding_name(encoding));
        return 0;
    }
    delimiter = delimiter_take(s);
    snprintf(s->format, sizeof(s->format), "CSV (%s), %s",
             delimiter == '\t' ? "tab" : (char[]){delimiter, '\0'}, encoding_name(encoding));
    s->reader = csv_reader_new(delimiter, record_take, s);
    return s->reader != NULL ? 0 : -ENOMEM;
}

int import_source_open(const char *path, enum import_keys keys, struct import_source **ret,
                       char *err, size_t errlen)
{
    struct import_source *s = calloc(1, sizeof(*s));
    int r;

    if (s == NULL) {
        snprintf(err, errlen, "out of memory");
        return -1;
    }
    s->keys = keys;
    s->decoder.iconv = (iconv_t)-1;
    buf_init(&s->line, IMPORT_LINE_MAX);
    s->file = file_open(path);
    r = s->file != NULL ? source_begin(s, path) : -errno;
    if (r < 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(-r));
        import_source_free(s);
        return -1;
    }
    *ret = s;
    return 0;
}

void import_source_free(struct import_source *s)
{
    if (s == NULL)
        return;
    for (size_t i = s->rows_at; i < s->rows_n; i++)
        import_row_done(&s->rows[i]);
    free(s->rows);
    for (size_t i = 0; i < s->columns; i++)
        free(s->header[i]);
    free(s->header);
    csv_reader_free(s->reader);
    buf_done(&s->line);
    decoder_done(&s->decoder);
    if (s->file != NULL)
        fclose(s->file);
    free(s);
}

const char *import_source_format(const struct import_source *s)
{
    return s->format;
}

bool import_source_is_csv(const struct import_source *s)
{
    return s->csv;
}

/* 1 with bytes in chunk, 0 at the end, or a negative errno. */
static int source_fill(struct import_source *s)
{
    ssize_t n;

    if (s->chunk_at < s->chunk_len)
        return 1;
    n = decoder_read(&s->decoder, s->chunk, sizeof(s->chunk));
    if (n < 0)
        return (int)n;
    s->chunk_at = 0;
    s->chunk_len = (size_t)n;
    return n > 0;
}

static int csv_next(struct import_source *s, struct import_row *ret)
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

/* Object keys as the profile's columns are written. */
static json_t *keys_fold(json_t *object)
{
    json_t *out = json_object(), *value;
    const char *key;

    if (out == NULL)
        return NULL;
    json_object_foreach(object, key, value)
    {
        char *folded = import_key(key, strlen(key));

        if (folded == NULL ||
            (json_object_get(out, folded) == NULL && json_object_set(out, folded, value) < 0)) {
            free(folded);
            json_decref(out);
            return NULL;
        }
        free(folded);
    }
    return out;
}

static void line_parse(const struct import_source *s, struct import_row *row)
{
    static const struct rpc_limits limits = {.depth = 32, .elements = 32768, .batch = 1};
    struct rpc_error e = {0};

    row->value = rpc_parse_json(s->line.data, s->line.len, &limits, &e);
    if (row->value == NULL)
        row_problem(row, "not JSON: %s",
                    e.message[0] != '\0' ? e.message : "can't be read as one JSON text");
    else if (!json_is_object(row->value))
        row_problem(row, "a JSON object is wanted");
    rpc_error_done(&e);
    if (row->value != NULL && s->keys == IMPORT_KEYS_FOLDED) {
        json_t *folded = keys_fold(row->value);

        json_decref(row->value);
        row->value = folded;
        if (folded == NULL)
            row_problem(row, "a key can't be read");
    }
}

/* Gathers one line; 1 when there is one, 0 at the end, or a negative errno. */
static int line_gather(struct import_source *s)
{
    bool any = false;
    int r;

    buf_reset(&s->line);
    s->line_too_long = false;
    while ((r = source_fill(s)) > 0) {
        const char *from = s->chunk + s->chunk_at;
        size_t left = s->chunk_len - s->chunk_at;
        const char *lf = memchr(from, '\n', left);
        size_t len = lf != NULL ? (size_t)(lf - from) : left;

        any = true;
        if (!s->line_too_long && buf_add(&s->line, from, len) < 0)
            s->line_too_long = true;
        s->chunk_at += len + (lf != NULL);
        if (lf != NULL)
            return 1;
    }
    return r < 0 ? r : any;
}

static int json_next(struct import_source *s, struct import_row *ret)
{
    int r;

    while ((r = line_gather(s)) > 0) {
        s->line_no++;
        while (s->line.len > 0 && strchr(" \t\r", s->line.data[s->line.len - 1]) != NULL &&
               s->line.data[s->line.len - 1] != '\0')
            s->line.data[--s->line.len] = '\0';
        if (s->line.len == 0 && !s->line_too_long)
            continue;
        memset(ret, 0, sizeof(*ret));
        ret->line = s->line_no;
        if (s->line_too_long)
            row_problem(ret, "longer than 1 MiB");
        else
            line_parse(s, ret);
        return 1;
    }
    return r;
}

int import_source_next(struct import_source *s, struct import_row *ret, char *err, size_t errlen)
{
    int r = s->csv ? csv_next(s, ret) : json_next(s, ret);

    if (r >= 0)
        return r;
    snprintf(err, errlen, "%s",
             r == -EILSEQ ? "the header holds a NUL character or is no text" : strerror(-r));
    return -1;
}
