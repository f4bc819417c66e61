#include "world.h"

#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int company_read(const struct model *m, const char *line, struct world *w)
{
    json_error_t error;
    json_t *doc = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    struct company *c = &w->companies[w->count];
    const char *name = json_string_value(
        json_object_get(json_array_get(json_object_get(doc, "external_ids"), 0), "id"));
    int rc = -1;
    if (name != NULL) {
        uint8_t id[IDENT_BYTES] = {0};
        id[IDENT_BYTES - 2] = (uint8_t)(w->count >> 8);
        id[IDENT_BYTES - 1] = (uint8_t)w->count;
        snprintf(c->name, sizeof c->name, "%s", name);
        buf_init(&c->packed, PACKED_MAX);
        rc = pack_profile(m, doc, id, 0, &c->packed);
        w->count++;
    }
    if (rc < 0 || !packed_check(c->packed.data, c->packed.len)) {
        fprintf(stderr, "quality: cannot pack %s\n", name == NULL ? line : name);
        rc = -1;
    }
    json_decref(doc);
    return rc;
}

int world_read(const struct model *m, const char *dir, struct world *ret)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/profiles.ndjson", dir);
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    int rc = f == NULL ? -1 : 0;
    memset(ret, 0, sizeof *ret);
    while (rc == 0 && getline(&line, &cap, f) > 0)
        rc = ret->count == COMPANIES_MAX ? -1 : company_read(m, line, ret);
    free(line);
    if (f != NULL)
        fclose(f);
    if (rc < 0) {
        fprintf(stderr, "quality: cannot read %s\n", path);
        return -1;
    }
    json_error_t error;
    snprintf(path, sizeof path, "%s/grades.json", dir);
    ret->grades = json_load_file(path, 0, &error);
    if (ret->grades == NULL)
        fprintf(stderr, "quality: %s: %s\n", path, error.text);
    return ret->grades == NULL ? -1 : 0;
}

void world_done(struct world *w)
{
    for (size_t i = 0; i < w->count; i++)
        buf_done(&w->companies[i].packed);
    json_decref(w->grades);
    w->grades = NULL;
    w->count = 0;
}

double world_grade(const struct world *w, const char *query, const char *candidate)
{
    return json_number_value(json_object_get(json_object_get(w->grades, query), candidate));
}
