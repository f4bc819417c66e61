#include "model_in.h"

#include <stdlib.h>
#include <string.h>

/* The readers of the plain tables. */

/* The group a code belongs to: the part before the point. */
static int sector_group_of(const struct model *m, const char *code)
{
    const char *point = strchr(code, '.');
    return point == NULL ? 0 : model_sector(m, code, (size_t)(point - code));
}

/* "f" or "-". */
static int table_flag(const struct table *t, const char *s, bool *ret)
{
    if (strcmp(s, "f") != 0 && strcmp(s, "-") != 0)
        return table_fail(t, "unknown flag \"%s\"", s);
    *ret = s[0] == 'f';
    return 0;
}

int model_read_sectors(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 6)) > 0) {
        long id;
        const char *code = t->t.field[1];
        if (table_number(t, t->t.field[0], 1, SECTOR_IDS - 1, &id) < 0)
            return -1;
        if (m->sectors[id].code != NULL)
            return table_fail(t, "id %ld is taken by %s", id, m->sectors[id].code);
        if (model_sector(m, code, strlen(code)) != 0)
            return table_fail(t, "%s stands here twice", code);
        struct sector *s = &m->sectors[id];
        int group = sector_group_of(m, code);
        if (strchr(code, '.') != NULL && group == 0)
            return table_fail(t, "the group of %s must stand before it", code);
        if (table_flag(t, t->t.field[2], &s->finance) < 0)
            return -1;
        if (group == 0 && m->group_count == GROUPS_MAX)
            return table_fail(t, "more than %d groups", GROUPS_MAX);
        s->group = (uint8_t)(group != 0 ? group : id);
        s->group_no =
            (uint8_t)(group != 0 ? m->sectors[group].group_no : (uint8_t)m->group_count++);
        table_titles(t, 3, &s->title);
        s->code = code;
        m->sector_order[m->sector_count++] = (uint8_t)id;
    }
    if (rc == 0 && m->sector_count == 0)
        return table_fail(t, "no sectors");
    return rc;
}

int model_read_regions(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 6)) > 0) {
        long id;
        const char *code = t->t.field[1];
        if (table_number(t, t->t.field[0], 1, REGION_IDS - 1, &id) < 0)
            return -1;
        if (m->regions[id].code != NULL)
            return table_fail(t, "id %ld is taken by %s", id, m->regions[id].code);
        if (model_region(m, code, strlen(code)) != 0)
            return table_fail(t, "%s stands here twice", code);
        bool kh = strncmp(code, "KH-", 3) == 0;
        if (!kh && strncmp(code, "CA-", 3) != 0)
            return table_fail(t, "%s is neither in KH nor in CA", code);
        bool french = false;
        if (table_flag(t, t->t.field[2], &french) < 0)
            return -1;
        struct region *r = &m->regions[id];
        r->country = kh ? COUNTRY_KH : COUNTRY_CA;
        r->french = french;
        table_titles(t, 3, &r->title);
        r->code = code;
        m->region_order[m->region_count++] = (uint8_t)id;
    }
    return rc;
}

int model_read_tongues(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 4)) > 0) {
        const char *code = t->t.field[0];
        if (strlen(code) != 3)
            return table_fail(t, "\"%s\" is not an ISO 639-3 code", code);
        for (size_t i = 0; i < m->tongue_count; i++)
            if (strcmp(m->tongues[i].code, code) == 0)
                return table_fail(t, "%s stands here twice", code);
        if (m->tongue_count == TONGUES_MAX)
            return table_fail(t, "more than %d languages", TONGUES_MAX);
        struct tongue_name *n = &m->tongues[m->tongue_count++];
        n->code = code;
        table_titles(t, 1, &n->title);
    }
    return rc;
}

int model_read_kinds(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 4)) > 0) {
        int k = kind_parse(t->t.field[0], strlen(t->t.field[0]));
        if (k < 0)
            return table_fail(t, "unknown kind \"%s\"", t->t.field[0]);
        if (m->kinds[k].in[0] != NULL)
            return table_fail(t, "%s stands here twice", t->t.field[0]);
        table_titles(t, 1, &m->kinds[k]);
    }
    for (int k = 0; rc == 0 && k < KIND_COUNT; k++)
        if (m->kinds[k].in[0] == NULL)
            return table_fail(t, "%s is missing", kind_name((enum kind)k));
    return rc;
}

int model_read_levels(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 4)) > 0) {
        int l = level_parse(t->t.field[0], strlen(t->t.field[0]));
        if (l < 0)
            return table_fail(t, "unknown level \"%s\"", t->t.field[0]);
        if (m->levels[l].in[0] != NULL)
            return table_fail(t, "%s stands here twice", t->t.field[0]);
        table_titles(t, 1, &m->levels[l]);
    }
    for (int l = LEVEL_BASIC; rc == 0 && l <= LEVEL_FLUENT; l++)
        if (m->levels[l].in[0] == NULL)
            return table_fail(t, "%s is missing", level_name((enum level)l));
    return rc;
}
