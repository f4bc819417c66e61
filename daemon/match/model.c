#include "model_in.h"

#include <spean/buf.h>
#include <spean/file.h>
#include <spean/ident.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int table_fail(const struct table *t, const char *fmt, ...)
{
    int n = snprintf(t->err, t->errlen, "%s/%s:%d: ", t->dir, t->name, t->t.line);
    if (n >= 0 && (size_t)n < t->errlen) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(t->err + n, t->errlen - (size_t)n, fmt, ap);
        va_end(ap);
    }
    return -1;
}

int table_next(struct table *t, size_t n)
{
    int rc = tsv_next(&t->t);
    if (rc == 0)
        return 0;
    if (rc < 0 || t->t.n != n)
        return table_fail(t, "expected %zu fields, found %s", n,
                          rc < 0       ? "too many"
                          : t->t.n < n ? "fewer"
                                       : "more");
    for (size_t i = 0; i < n; i++)
        if (t->t.field[i][0] == '\0')
            return table_fail(t, "field %zu is empty", i + 1);
    return 1;
}

int table_number(const struct table *t, const char *s, long least, long most, long *ret)
{
    char *end;
    long v = strtol(s, &end, 10);
    if (end == s || *end != '\0' || v < least || v > most)
        return table_fail(t, "\"%s\" is not a number from %ld to %ld", s, least, most);
    *ret = v;
    return 0;
}

void table_titles(const struct table *t, size_t from, struct titles *ret)
{
    for (int i = 0; i < LANG_COUNT; i++)
        ret->in[i] = t->t.field[from + (size_t)i];
}

typedef int table_reader(struct table *t);

static int read_messages_eng(struct table *t)
{
    return messages_read(t, LANG_ENG);
}

static int read_messages_fra(struct table *t)
{
    return messages_read(t, LANG_FRA);
}

static int read_messages_khm(struct table *t)
{
    return messages_read(t, LANG_KHM);
}

/* In the order in which they lean on each other. */
static const struct model_file {
    const char *name;
    table_reader *read;
} model_files[] = {
    {"sectors.tsv", model_read_sectors},     {"weights.tsv", model_read_weights},
    {"closeness.tsv", model_read_closeness}, {"regions.tsv", model_read_regions},
    {"tongues.tsv", model_read_tongues},     {"kinds.tsv", model_read_kinds},
    {"levels.tsv", model_read_levels},       {"meets.tsv", model_read_meets},
    {"lexicon.tsv", lexicon_read},           {"messages.eng.tsv", read_messages_eng},
    {"messages.fra.tsv", read_messages_fra}, {"messages.khm.tsv", read_messages_khm},
};
#define MODEL_FILES (sizeof model_files / sizeof *model_files)
_Static_assert(MODEL_FILES <= MODEL_TEXTS, "room for every file");

/* Reads one file into the model; all adds its bytes for the version. */
static int model_read(struct table *t, const struct model_file *file, struct buf *all)
{
    char *text;
    size_t len;
    t->name = file->name;
    t->t.line = 0;
    int rc = file_read_at(t->dir, file->name, MODEL_FILE_MAX, &text, &len);
    if (rc < 0) {
        snprintf(t->err, t->errlen, "%s/%s: %s", t->dir, file->name, strerror(-rc));
        return -1;
    }
    t->m->texts[t->m->text_count++] = text;
    if (strlen(text) != len)
        return table_fail(t, "contains a zero byte");
    if (buf_adds(all, file->name) < 0 || buf_add(all, text, len + 1) < 0)
        return table_fail(t, "out of memory");
    tsv_init(&t->t, text);
    return file->read(t);
}

int model_load(const char *dir, struct model **ret, char *err, size_t errlen)
{
    int rc = -1;
    struct buf all;
    buf_init(&all, MODEL_FILES * (MODEL_FILE_MAX + 64));
    struct model *m = calloc(1, sizeof *m);
    struct table t = {.m = m, .dir = dir, .err = err, .errlen = errlen};
    if (m == NULL) {
        snprintf(err, errlen, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < MODEL_FILES; i++)
        if (model_read(&t, &model_files[i], &all) < 0)
            goto out;
    uint8_t digest[DIGEST_BYTES];
    if (digest_sha256(all.data, all.len, digest) < 0) {
        snprintf(err, errlen, "cannot compute a digest");
        goto out;
    }
    char hex[DIGEST_TEXT];
    digest_format(digest, hex);
    snprintf(m->version, sizeof m->version, "m1-%.12s", hex);
    *ret = m;
    m = NULL;
    rc = 0;
out:
    model_free(m);
    buf_done(&all);
    return rc;
}

void model_free(struct model *m)
{
    if (m == NULL)
        return;
    lexicon_done(&m->lexicon);
    for (size_t i = 0; i < m->text_count; i++)
        free(m->texts[i]);
    free(m);
}

const char *model_version(const struct model *m)
{
    return m->version;
}
