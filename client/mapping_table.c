#include "mapping_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/file.h>
#include <spean/text.h>
#include <spean/tsv.h>

char *fold_copy(const char *s, size_t len)
{
    struct buf out;
    char *folded = NULL;

    buf_init(&out, len * 4 + 64);
    if (text_valid(s, len) && text_fold(&out, s, len) == 0 && buf_addc(&out, '\0') == 0)
        folded = buf_take(&out, NULL);
    buf_done(&out);
    return folded;
}

/* Keeps a string for as long as the table lives. */
static int text_keep(struct table *t, char *text)
{
    char **texts = text != NULL ? realloc(t->texts, (t->texts_n + 1) * sizeof(*texts)) : NULL;

    if (texts == NULL) {
        free(text);
        return -1;
    }
    t->texts = texts;
    t->texts[t->texts_n++] = text;
    return 0;
}

static int row_add(struct table *t, const char *name, size_t len, const struct table_row *like)
{
    struct table_row *row;

    if (t->n == TABLE_NAMES_MAX)
        return -1;
    if (t->n == t->cap) {
        size_t cap = t->cap > 0 ? t->cap * 2 : 64;
        struct table_row *rows = realloc(t->rows, cap * sizeof(*rows));

        if (rows == NULL)
            return -1;
        t->rows = rows;
        t->cap = cap;
    }
    row = &t->rows[t->n];
    *row = *like;
    row->stem = len > 0 && name[len - 1] == '*';
    row->name = fold_copy(name, len);
    if (row->name == NULL)
        return -1;
    t->n++;
    return 0;
}

/* "Takeo|Takéo": a row for each. */
static int names_add(struct table *t, const char *names, const struct table_row *like)
{
    while (*names != '\0') {
        size_t len = strcspn(names, "|");

        if (len > 0 && row_add(t, names, len, like) < 0)
            return -1;
        names += len + (names[len] == '|');
    }
    return 0;
}

int table_add(struct table *t, const char *name, const char *value)
{
    struct table_row like = {.extra = "", .extra2 = ""};

    if (text_keep(t, strdup(value)) < 0)
        return -1;
    like.value = t->texts[t->texts_n - 1];
    return row_add(t, name, strlen(name), &like);
}

int table_load(struct table *t, const char *path, char *err, size_t errlen)
{
    struct tsv tsv;
    char *text = NULL;
    size_t len;
    int r = file_read(path, TABLE_BYTES_MAX, &text, &len);

    if (r < 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(-r));
        return -1;
    }
    if (text_keep(t, text) < 0) {
        snprintf(err, errlen, "out of memory");
        return -1;
    }
    tsv_init(&tsv, text);
    while ((r = tsv_next(&tsv)) > 0) {
        struct table_row like = {
            .value = tsv.field[1], .extra = tsv.field[2], .extra2 = tsv.field[3]};

        if (tsv.n < 2 || tsv.n > 4 || tsv.field[1][0] == '\0' ||
            names_add(t, tsv.field[0], &like) < 0) {
            snprintf(err, errlen, "%s: line %d: names, a value and at most two more fields wanted",
                     path, tsv.line);
            return -1;
        }
    }
    if (r < 0) {
        snprintf(err, errlen, "%s: line %d: too many fields", path, tsv.line);
        return -1;
    }
    if (table_sort(t, err, errlen) < 0)
        return -1;
    return 0;
}

static int row_compare(const void *a, const void *b)
{
    const struct table_row *x = a, *y = b;

    return strcmp(x->name, y->name);
}

int table_sort(struct table *t, char *err, size_t errlen)
{
    if (t->n > 1)
        qsort(t->rows, t->n, sizeof(*t->rows), row_compare);
    for (size_t i = 1; i < t->n; i++) {
        if (strcmp(t->rows[i - 1].name, t->rows[i].name) == 0 &&
            (strcmp(t->rows[i - 1].value, t->rows[i].value) != 0 ||
             strcmp(t->rows[i - 1].extra, t->rows[i].extra) != 0)) {
            snprintf(err, errlen, "\"%s\" stands for %s and for %s", t->rows[i].name,
                     t->rows[i - 1].value, t->rows[i].value);
            return -1;
        }
    }
    return 0;
}

void table_done(struct table *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n; i++)
        free(t->rows[i].name);
    free(t->rows);
    for (size_t i = 0; i < t->texts_n; i++)
        free(t->texts[i]);
    free(t->texts);
    memset(t, 0, sizeof(*t));
}

const struct table_row *table_find_folded(const struct table *t, const char *folded)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(t->rows[mid].name, folded);

        if (order == 0)
            return &t->rows[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct table_row *table_find(const struct table *t, const char *name, size_t len)
{
    char *folded = fold_copy(name, len);
    const struct table_row *row = folded != NULL ? table_find_folded(t, folded) : NULL;

    free(folded);
    return row;
}
