#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void request_find_id(struct load_request *r)
{
    static const char name[] = "\"id\"";

    r->id_at = r->id_len = 0;
    for (size_t i = 0; i + sizeof name - 1 < r->len; i++) {
        size_t at = i + sizeof name - 1, end;

        if (memcmp(r->text + i, name, sizeof name - 1) != 0)
            continue;
        at += strspn(r->text + at, " ");
        if (r->text[at] != ':')
            continue;
        at++;
        at += strspn(r->text + at, " ");
        end = at + strspn(r->text + at, "0123456789");
        if (end == at)
            continue;
        r->id_at = at;
        r->id_len = end - at;
        return;
    }
}

void requests_free(struct load_requests *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->list[i].text);
    free(r->list);
    *r = (struct load_requests){0};
}

/* Takes a line over. 0 or -1. */
static int requests_add(struct load_requests *r, char *line, size_t len, bool rewrite)
{
    struct load_request one = {.text = line, .len = len};

    if ((r->count & (r->count - 1)) == 0) { /* full at each power of two */
        size_t cap = r->count == 0 ? 1 : r->count * 2;
        struct load_request *list = realloc(r->list, cap * sizeof *list);
        if (list == NULL)
            return -1;
        r->list = list;
    }
    if (rewrite)
        request_find_id(&one);
    r->list[r->count++] = one;
    return 0;
}

int requests_read(const char *path, bool rewrite, struct load_requests *ret)
{
    struct load_requests all = {0};
    FILE *f = fopen(path, "rb");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int rc = -1;

    while (f != NULL && (len = getline(&line, &cap, f)) > 0) {
        if (line[len - 1] == '\n')
            len--;
        if (len == 0)
            continue;
        if (len > REQUEST_MAX)
            goto out;
        line[len] = '\n'; /* there is room: an LF or the NUL stood here */
        char *copy = malloc((size_t)len + 2);
        if (copy == NULL)
            goto out;
        memcpy(copy, line, (size_t)len + 1);
        copy[len + 1] = '\0';
        if (requests_add(&all, copy, (size_t)len + 1, rewrite) != 0) {
            free(copy);
            goto out;
        }
    }
    if (f != NULL && !ferror(f) && all.count > 0)
        rc = 0;
out:
    if (rc == 0)
        *ret = all;
    else {
        fprintf(stderr, "spean-load: no requests can be read from %s\n", path);
        requests_free(&all);
    }
    free(line);
    if (f != NULL)
        fclose(f);
    return rc;
}
