#include "import_source_in.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csv_reader.h"
#include <spean/text.h>

#define HEAD 8192

void import_row_done(struct import_row *row)
{
    if (row == NULL)
        return;
    json_decref(row->value);
    row->value = NULL;
}

void row_problem(struct import_row *row, const char *fmt, ...)
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
    r = source_csv_begin(s, &delimiter);
    if (r < 0)
        return r;
    snprintf(s->format, sizeof(s->format), "CSV (%s), %s",
             delimiter == '\t' ? "tab" : (char[]){delimiter, '\0'}, encoding_name(encoding));
    return 0;
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

int source_fill(struct import_source *s)
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

int import_source_next(struct import_source *s, struct import_row *ret, char *err, size_t errlen)
{
    int r = s->csv ? source_csv_next(s, ret) : source_json_next(s, ret);

    if (r >= 0)
        return r;
    snprintf(err, errlen, "%s",
             r == -EILSEQ ? "the header holds a NUL character or is no text" : strerror(-r));
    return -1;
}
