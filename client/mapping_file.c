#include "mapping_file.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "import_source.h"
#include "mapping_table.h"
#include <spean/file.h>

#define MAPPING_BYTES_MAX 65536
#define MAPPING_ENTRIES_MAX 512

enum directive_kind { DIRECTIVE_TEXT, DIRECTIVE_COLUMNS, DIRECTIVE_TABLE, DIRECTIVE_VALUE };

/* Every directive there is. key NULL: any key. docs/IMPORT.md says what each does. */
static const struct directive {
    const char *section;
    const char *key;
    enum directive_kind kind;
} directives[] = {
    {"profile", "title", DIRECTIVE_TEXT},
    {"columns", "name", DIRECTIVE_COLUMNS},
    {"columns", "names.khm", DIRECTIVE_COLUMNS},
    {"columns", "names.fra", DIRECTIVE_COLUMNS},
    {"columns", "names.eng", DIRECTIVE_COLUMNS},
    {"columns", "country", DIRECTIVE_COLUMNS},
    {"columns", "region", DIRECTIVE_COLUMNS},
    {"columns", "city", DIRECTIVE_COLUMNS},
    {"columns", "website", DIRECTIVE_COLUMNS},
    {"columns", "phone", DIRECTIVE_COLUMNS},
    {"columns", "description", DIRECTIVE_COLUMNS},
    {"columns", "description.khm", DIRECTIVE_COLUMNS},
    {"columns", "description.fra", DIRECTIVE_COLUMNS},
    {"columns", "description.eng", DIRECTIVE_COLUMNS},
    {"columns", "sectors", DIRECTIVE_COLUMNS},
    {"columns", "employees", DIRECTIVE_COLUMNS},
    {"columns", "founded", DIRECTIVE_COLUMNS},
    {"columns", "export_markets", DIRECTIVE_COLUMNS},
    {"columns", "certifications", DIRECTIVE_COLUMNS},
    {"columns", "contact.name", DIRECTIVE_COLUMNS},
    {"columns", "contact.role", DIRECTIVE_COLUMNS},
    {"columns", "contact.email", DIRECTIVE_COLUMNS},
    {"columns", "contact.phone", DIRECTIVE_COLUMNS},
    {"columns", "external_id", DIRECTIVE_COLUMNS},
    {"set", "country", DIRECTIVE_TEXT},
    {"set", "sectors", DIRECTIVE_TEXT},
    {"external_id", "system", DIRECTIVE_TEXT},
    {"external_id", "hash", DIRECTIVE_COLUMNS},
    {"country", "table", DIRECTIVE_TABLE},
    {"country", "only", DIRECTIVE_TEXT},
    {"region", "table", DIRECTIVE_TABLE},
    {"region", "find_in", DIRECTIVE_COLUMNS},
    {"region", "places", DIRECTIVE_TABLE},
    {"city", "case", DIRECTIVE_TEXT},
    {"sectors", "table", DIRECTIVE_TABLE},
    {"sectors", "naics", DIRECTIVE_COLUMNS},
    {"sectors", "naics_alternate", DIRECTIVE_COLUMNS},
    {"sectors", "naics_table", DIRECTIVE_TABLE},
    {"sectors", "keywords_in", DIRECTIVE_COLUMNS},
    {"sectors", "keywords_table", DIRECTIVE_TABLE},
    {"languages", "detect", DIRECTIVE_COLUMNS},
    {"languages", "level", DIRECTIVE_TEXT},
    {"export_markets", "table", DIRECTIVE_TABLE},
    {"offers", "from", DIRECTIVE_COLUMNS},
    {"offers", "kind", DIRECTIVE_COLUMNS},
    {"offers", "text", DIRECTIVE_COLUMNS},
    {"status", "with_sector", DIRECTIVE_TEXT},
    {"status", "without_sector", DIRECTIVE_TEXT},
    {"values.country", NULL, DIRECTIVE_VALUE},
    {"values.region", NULL, DIRECTIVE_VALUE},
    {"values.sectors", NULL, DIRECTIVE_VALUE},
    {"values.offers.kind", NULL, DIRECTIVE_VALUE},
};

struct entry {
    const struct directive *directive;
    char *text;
    char **columns;
    size_t columns_n;
    struct table table; /* DIRECTIVE_TABLE; DIRECTIVE_VALUE: in the section's first entry */
};

struct mapping {
    struct entry *entries[MAPPING_ENTRIES_MAX];
    size_t n;
    char *dir;
    char *err;
    size_t errlen;
};

static const struct directive *directive_find(const char *section, const char *key)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        const struct directive *d = &directives[i];

        if (strcasecmp(d->section, section) == 0 &&
            (d->key == NULL || strcasecmp(d->key, key) == 0))
            return d;
    }
    return NULL;
}

static struct entry *entry_get(const struct mapping *m, const struct directive *d)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->entries[i]->directive == d)
            return m->entries[i];
    return NULL;
}

static struct entry *entry_find(const struct mapping *m, const char *section, const char *key)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct directive *d = m->entries[i]->directive;

        if (strcmp(d->section, section) == 0 &&
            (key == NULL || d->key == NULL || strcmp(d->key, key) == 0))
            return m->entries[i];
    }
    return NULL;
}

static void entry_free(struct entry *e)
{
    for (size_t i = 0; i < e->columns_n; i++)
        free(e->columns[i]);
    free(e->columns);
    free(e->text);
    table_done(&e->table);
    free(e);
}

/* "Company name, Account Name" */
static int columns_add(struct entry *e, const char *list)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        char **more = realloc(e->columns, (e->columns_n + 1) * sizeof(*more));

        if (more == NULL)
            return -1;
        e->columns = more;
        e->columns[e->columns_n] = import_key(list, len);
        if (e->columns[e->columns_n] == NULL)
            return -1;
        if (e->columns[e->columns_n][0] != '\0')
            e->columns_n++;
        else
            free(e->columns[e->columns_n]);
        list += len + (list[len] == ',');
    }
    return 0;
}

static int table_beside(struct mapping *m, struct entry *e, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : m->dir,
                 name[0] == '/' ? "" : "/", name) >= (int)sizeof(path)) {
        snprintf(m->err, m->errlen, "%s: the path is too long", name);
        return -1;
    }
    return table_load(&e->table, path, m->err, m->errlen);
}

static int entry_fill(struct mapping *m, struct entry *e, const char *key, const char *value)
{
    switch (e->directive->kind) {
    case DIRECTIVE_COLUMNS:
        return columns_add(e, value);
    case DIRECTIVE_TABLE:
        return table_beside(m, e, value);
    case DIRECTIVE_VALUE:
        return table_add(&e->table, key, value);
    case DIRECTIVE_TEXT:
        break;
    }
    free(e->text);
    e->text = strdup(value);
    return e->text != NULL ? 0 : -1;
}

/* inih's callback: 1 goes on, 0 is an error. */
static int directive_take(void *ctx, const char *section, const char *key, const char *value)
{
    struct mapping *m = ctx;
    const struct directive *d = directive_find(section, key);
    struct entry *e = d != NULL ? entry_get(m, d) : NULL;

    if (m->err[0] != '\0')
        return 0;
    if (d == NULL || m->n == MAPPING_ENTRIES_MAX) {
        snprintf(m->err, m->errlen, "[%s] %s: there is no such directive", section, key);
        return 0;
    }
    if (e == NULL) {
        e = calloc(1, sizeof(*e));
        if (e == NULL)
            return 0;
        e->directive = d;
        m->entries[m->n++] = e;
    }
    if (entry_fill(m, e, key, value) < 0) {
        if (m->err[0] == '\0')
            snprintf(m->err, m->errlen, "[%s] %s: can't be read", section, key);
        return 0;
    }
    return 1;
}

static int tables_sort(struct mapping *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (table_sort(&m->entries[i]->table, m->err, m->errlen) < 0)
            return -1;
    return 0;
}

int mapping_load(const char *path, struct mapping **ret, char *err, size_t errlen)
{
    struct mapping *m = calloc(1, sizeof(*m));
    const char *slash = strrchr(path, '/');
    char *text = NULL;
    int r = -1;

    err[0] = '\0';
    if (m == NULL)
        goto out;
    m->err = err;
    m->errlen = errlen;
    m->dir = slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup(".");
    r = m->dir != NULL ? file_read(path, MAPPING_BYTES_MAX, &text, &(size_t){0}) : -ENOMEM;
    if (r < 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(-r));
        goto out;
    }
    r = ini_parse_string(text, directive_take, m);
    if (r == 0)
        r = tables_sort(m);
    if (r > 0 && err[0] == '\0')
        snprintf(err, errlen, "%s: line %d can't be read", path, r);
out:
    free(text);
    if (r != 0) {
        if (err[0] == '\0')
            snprintf(err, errlen, "out of memory");
        mapping_free(m);
        return -1;
    }
    *ret = m;
    return 0;
}

void mapping_free(struct mapping *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n; i++)
        entry_free(m->entries[i]);
    free(m->dir);
    free(m);
}

const char *mapping_text(const struct mapping *m, const char *section, const char *key)
{
    const struct entry *e = entry_find(m, section, key);

    return e != NULL ? e->text : NULL;
}

char *const *mapping_columns(const struct mapping *m, const char *section, const char *key,
                             size_t *ret_n)
{
    const struct entry *e = entry_find(m, section, key);

    *ret_n = e != NULL ? e->columns_n : 0;
    return e != NULL ? e->columns : NULL;
}

const struct table *mapping_table(const struct mapping *m, const char *section, const char *key)
{
    const struct entry *e = entry_find(m, section, key);

    return e != NULL ? &e->table : NULL;
}

static char *path_try(const char *dir, const char *rest, const char *name, char *err, size_t errlen)
{
    size_t used = strlen(err);
    char *path = NULL;

    if (dir == NULL || dir[0] == '\0')
        return NULL;
    if (asprintf(&path, "%s%s/%s.ini", dir, rest, name) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    snprintf(err + used, errlen - used, "%s%s%s", used > 0 ? ", " : "", dir, rest);
    free(path);
    return NULL;
}

char *mapping_find(const char *name, const char *config_dir, char *err, size_t errlen)
{
    char exe[PATH_MAX], places[1024] = "";
    char *path;

    if (strchr(name, '/') != NULL)
        return strdup(name);
    path = path_try(getenv("SPEAN_IMPORT_DIR"), "", name, places, sizeof(places));
    if (path == NULL)
        path = path_try(config_dir, "", name, places, sizeof(places));
    /* A program that was built and not installed finds its source tree's. */
    if (path == NULL && file_program_dir(exe, sizeof(exe)) == 0) {
        path = path_try(exe, "/../conf/import", name, places, sizeof(places));
        if (path == NULL)
            path = path_try(exe, "/../../conf/import", name, places, sizeof(places));
    }
    if (path == NULL)
        path = path_try(SPEAN_DATA_DIR, "/import", name, places, sizeof(places));
    if (path == NULL)
        snprintf(err, errlen, "there is no profile \"%.100s\" in %.800s", name, places);
    return path;
}
