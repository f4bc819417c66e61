#include "mapping_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping_file.h"
#include "mapping_text.h"
#include <spean/buf.h>

#define VALUE_BYTES_MAX ((size_t)1 << 20)

static void text_gather(struct buf *out, const json_t *value, int depth)
{
    json_t *item;
    const char *key;
    size_t i;

    if (depth > 4)
        return;
    if (json_is_array(value)) {
        json_array_foreach(value, i, item) text_gather(out, item, depth + 1);
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, item)
            text_gather(out, item, depth + 1);
    } else if (json_is_string(value) && json_string_length(value) > 0) {
        if (out->len > 0)
            buf_adds(out, ". ");
        buf_add(out, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        buf_addf(out, "%s%" JSON_INTEGER_FORMAT, out->len > 0 ? ". " : "",
                 json_integer_value(value));
    } else if (json_is_real(value)) {
        buf_addf(out, "%s%.15g", out->len > 0 ? ". " : "", json_real_value(value));
    }
}

char *value_text(const json_t *value)
{
    struct buf out;
    char *text;

    buf_init(&out, VALUE_BYTES_MAX);
    text_gather(&out, value, 0);
    text = out.data != NULL && !out.failed ? buf_take(&out, NULL) : NULL;
    buf_done(&out);
    return text;
}

char *row_text(const struct mapping *m, const char *section, const char *key, const json_t *row,
               size_t max)
{
    size_t n;
    char *const *columns = mapping_columns(m, section, key, &n);

    for (size_t i = 0; i < n; i++) {
        char *text = value_text(json_object_get(row, columns[i]));
        char *line = text != NULL ? one_line(text, strlen(text), max) : NULL;

        free(text);
        if (line != NULL && line[0] != '\0')
            return line;
        free(line);
    }
    return NULL;
}

struct list {
    char **items;
    size_t n;
    int failed;
};

static void list_add(struct list *l, const char *s, size_t len)
{
    char *line = one_line(s, len, 1000);
    char **items;

    if (line == NULL || line[0] == '\0') {
        free(line);
        return;
    }
    items = realloc(l->items, (l->n + 2) * sizeof(*items));
    if (items == NULL) {
        free(line);
        l->failed = 1;
        return;
    }
    items[l->n++] = line;
    items[l->n] = NULL;
    l->items = items;
}

static void list_split(struct list *l, const char *s, const char *seps)
{
    while (*s != '\0') {
        size_t n = strcspn(s, seps);

        list_add(l, s, n);
        s += n + (s[n] != '\0');
    }
}

char **row_list(const struct mapping *m, const char *section, const char *key, const json_t *row,
                const char *seps)
{
    size_t n;
    char *const *columns = mapping_columns(m, section, key, &n);
    struct list l = {.items = calloc(1, sizeof(char *))};

    for (size_t i = 0; i < n && l.items != NULL; i++) {
        const json_t *value = json_object_get(row, columns[i]);
        const json_t *item;
        size_t k;

        if (json_is_string(value)) {
            list_split(&l, json_string_value(value), seps);
            continue;
        }
        json_array_foreach(value, k, item)
        {
            char *text = value_text(item);

            if (text != NULL)
                list_add(&l, text, strlen(text));
            free(text);
        }
    }
    if (l.failed) {
        row_list_free(l.items);
        return NULL;
    }
    return l.items;
}

void row_list_free(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        free(list[i]);
    free(list);
}

int note_add(json_t *notes, const char *fmt, ...)
{
    char text[256], *line;
    va_list ap;
    json_t *note;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line = one_line(text, strlen(text), 200); /* NULL if it was cut inside a character */
    note = json_string(line != NULL ? line : "a value is not understood");
    free(line);
    return json_array_append_new(notes, note);
}
