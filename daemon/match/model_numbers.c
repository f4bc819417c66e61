#include "model_in.h"

#include <stddef.h>
#include <string.h>

/* The readers of the tables that hold the score's numbers. */

static const struct weight_row {
    const char *name;
    size_t offset;
    int32_t least, most;
} weight_rows[] = {
#define WEIGHT_ROW(member, name, least, most) {name, offsetof(struct weights, member), least, most},
    WEIGHTS(WEIGHT_ROW)
#undef WEIGHT_ROW
};
#define WEIGHT_COUNT (sizeof weight_rows / sizeof *weight_rows)

static void weight_set(struct weights *w, const struct weight_row *row, int32_t value)
{
    memcpy((char *)w + row->offset, &value, sizeof value);
}

static int weights_consistent(struct table *t)
{
    const struct weights *w = &t->m->w;
    if (w->total_need + w->total_sector + w->total_language + w->total_practical != 10000)
        return table_fail(t, "total.* must add up to 10000");
    /* With less, a need met better could lower the total (score.c). */
    if (w->total_need < 5000)
        return table_fail(t, "total.need must be at least 5000");
    if (w->practical_size + w->practical_export + w->practical_checked + w->practical_certified !=
        10000)
        return table_fail(t, "practical.* must add up to 10000");
    if (w->language_none > w->language_basic || w->language_basic > w->language_working ||
        w->language_working > w->language_fluent || w->language_unknown > w->language_basic)
        return table_fail(t, "language.*: a better level must not count less");
    if (w->checked_old <= w->checked_fresh)
        return table_fail(t, "checked.old-days must be more than checked.fresh-days");
    return 0;
}

int model_read_weights(struct table *t)
{
    bool seen[WEIGHT_COUNT] = {false};
    int rc;
    while ((rc = table_next(t, 3)) > 0) {
        size_t i = 0;
        while (i < WEIGHT_COUNT && strcmp(weight_rows[i].name, t->t.field[0]) != 0)
            i++;
        if (i == WEIGHT_COUNT)
            return table_fail(t, "unknown weight \"%s\"", t->t.field[0]);
        if (seen[i])
            return table_fail(t, "%s stands here twice", t->t.field[0]);
        long v;
        if (table_number(t, t->t.field[1], weight_rows[i].least, weight_rows[i].most, &v) < 0)
            return -1;
        weight_set(&t->m->w, &weight_rows[i], (int32_t)v);
        seen[i] = true;
    }
    for (size_t i = 0; rc == 0 && i < WEIGHT_COUNT; i++)
        if (!seen[i])
            return table_fail(t, "%s is missing", weight_rows[i].name);
    return rc < 0 ? rc : weights_consistent(t);
}

int model_read_closeness(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 3)) > 0) {
        int id[2];
        long v;
        for (int i = 0; i < 2; i++) {
            id[i] = model_sector(m, t->t.field[i], strlen(t->t.field[i]));
            if (id[i] == 0)
                return table_fail(t, "unknown sector \"%s\"", t->t.field[i]);
        }
        if (id[0] == id[1])
            return table_fail(t, "%s is related to itself", t->t.field[0]);
        if (table_number(t, t->t.field[2], 1, 1000, &v) < 0)
            return -1;
        if (m->close[id[0]][id[1]] != 0)
            return table_fail(t, "this pair stands here twice");
        m->close[id[0]][id[1]] = m->close[id[1]][id[0]] = (uint16_t)v;
    }
    if (rc == 0)
        model_fill_closeness(m);
    return rc;
}

/* What the taxonomy says where the table of related leaves is silent. */
static uint16_t closeness_by_tree(const struct model *m, int a, int b)
{
    const struct sector *x = &m->sectors[a], *y = &m->sectors[b];
    if (a == b)
        return 1000;
    if (x->group != y->group)
        return 0;
    if (x->group == a || y->group == b)
        return (uint16_t)m->w.close_group;
    return (uint16_t)m->w.close_sibling;
}

void model_fill_closeness(struct model *m)
{
    for (size_t i = 0; i < m->sector_count; i++) {
        int a = m->sector_order[i];
        for (size_t j = 0; j < m->sector_count; j++) {
            int b = m->sector_order[j];
            if (m->close[a][b] == 0)
                m->close[a][b] = closeness_by_tree(m, a, b);
            if (m->close[a][b] == 0)
                continue;
            m->reach[a] |= 1u << m->sectors[b].group_no;
            m->near[a][b / 64] |= UINT64_C(1) << b % 64;
        }
    }
}

/* "offer" or "seek" and a kind: the row of the table of meetings, or -1. */
static int role_parse(const char *side, const char *kind)
{
    int k = kind_parse(kind, strlen(kind));
    if (k < 0)
        return -1;
    if (strcmp(side, "offer") == 0)
        return SIDE_OFFER * KIND_COUNT + k;
    if (strcmp(side, "seek") == 0)
        return SIDE_SEEK * KIND_COUNT + k;
    return -1;
}

int model_read_meets(struct table *t)
{
    struct model *m = t->m;
    int rc;
    while ((rc = table_next(t, 5)) > 0) {
        int a = role_parse(t->t.field[0], t->t.field[1]);
        int b = role_parse(t->t.field[2], t->t.field[3]);
        long v;
        if (a < 0 || b < 0)
            return table_fail(t, "unknown side or kind");
        if (table_number(t, t->t.field[4], 1, 1000, &v) < 0)
            return -1;
        if (m->meets[a][b] != 0)
            return table_fail(t, "this pair stands here twice");
        m->meets[a][b] = m->meets[b][a] = (uint16_t)v;
    }
    return rc;
}
