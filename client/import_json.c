#include <string.h>

#include "import_source_in.h"
#include <spean/rpc.h>

/* Rows of NDJSON: a line each. */

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

int source_json_next(struct import_source *s, struct import_row *ret)
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
