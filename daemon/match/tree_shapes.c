#include "tree.h"

#include <stddef.h>
#include <stdlib.h>

/*
 * The shapes of a tree in an order of their own, and what takes several of them together. A small
 * tree takes over the groups of a large one below it.
 */

#define SHAPE_CONTENT offsetof(struct shape, role)

/* By role, sector and the rest. */
static int shape_compare(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;
    int c = memcmp((const char *)a + SHAPE_CONTENT, (const char *)b + SHAPE_CONTENT,
                   sizeof *x - SHAPE_CONTENT);
    return c != 0 ? c : x->core_close - y->core_close;
}

int tree_shapes_order(struct tree *t, uint32_t *new_of)
{
    for (size_t i = 0; i < t->shape_count; i++)
        t->shapes[i].first = (uint32_t)i; /* its old number */
    if (t->shape_count > 0)
        qsort(t->shapes, t->shape_count, sizeof *t->shapes, shape_compare);
    for (size_t i = 0; i < t->shape_count; i++) {
        new_of[t->shapes[i].first] = (uint32_t)i;
        t->role_first[t->shapes[i].role + 1] = (uint32_t)i + 1;
    }
    for (size_t r = 0; r < ROLES; r++)
        if (t->role_first[r + 1] < t->role_first[r])
            t->role_first[r + 1] = t->role_first[r]; /* nobody has it */
    return 0;
}

/* A few hundred kins: where there are more the last takes in what remains. */
static void kins_number(const struct model *m, struct tree *t)
{
    uint16_t number[ROLES * GROUPS_MAX] = {0}, count = 0;
    for (size_t i = 0; i < t->shape_count; i++) {
        const struct shape *n = &t->shapes[i];
        uint16_t *kin = &number[n->role * GROUPS_MAX + m->sectors[n->sector].group_no];
        if (*kin == 0)
            *kin = count < TOLD_KINS ? ++count : TOLD_KINS;
        t->kins[n->group] = (uint8_t)(*kin - 1);
        t->roles[n->group] = n->role;
    }
}

static bool group_same(const struct shape *x, const struct shape *y)
{
    return x->role == y->role && x->sector == y->sector;
}

/* The first shape of t that stands no earlier than s. */
static size_t shape_find(const struct tree *t, const struct shape *s)
{
    size_t low = 0, high = t->shape_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (shape_compare(&t->shapes[mid], s) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Finds every shape of t in its home, or at least its group: false if that is unknown there. */
static bool home_find(struct tree *t, const struct tree *home)
{
    for (size_t i = 0; i < t->shape_count; i++) {
        struct shape *s = &t->shapes[i];
        size_t at = shape_find(home, s);
        bool known = at < home->shape_count && shape_compare(&home->shapes[at], s) == 0;
        if (at == home->shape_count || !group_same(&home->shapes[at], s)) {
            if (at == 0 || !group_same(&home->shapes[at - 1], s))
                return false;
            at--;
        }
        s->group = home->shapes[at].group;
        t->shape_home[i] = known ? (uint32_t)at : NO_SHAPE;
    }
    return true;
}

/* 0 and t->home is set if it fits, or -1 (no memory). */
static int home_take(struct tree *t, const struct tree *home)
{
    t->shape_home = malloc((t->shape_count + 1) * sizeof *t->shape_home);
    if (t->shape_home == NULL)
        return -1;
    if (home_find(t, home)) {
        t->home = home->number;
        t->group_count = home->group_count;
    } else {
        free(t->shape_home);
        t->shape_home = NULL;
    }
    return 0;
}

static void groups_number(struct tree *t)
{
    for (size_t i = 0; i < t->shape_count; i++) {
        t->group_count += i == 0 || !group_same(&t->shapes[i - 1], &t->shapes[i]);
        t->shapes[i].group = (uint16_t)(t->group_count - 1);
    }
}

/* Groups are few: a search can know what each gives before it looks at anybody. */
int tree_groups(const struct model *m, struct tree *t, const struct tree *home)
{
    if (home != NULL && home_take(t, home) < 0)
        return -1;
    if (t->home == 0)
        groups_number(t);
    t->groups = malloc((t->class_count + 1) * sizeof *t->groups);
    t->kins = malloc(t->group_count + 1);
    t->roles = malloc(t->group_count + 1);
    if (t->groups == NULL || t->kins == NULL || t->roles == NULL)
        return -1;
    if (t->home != 0) {
        memcpy(t->kins, home->kins, t->group_count);
        memcpy(t->roles, home->roles, t->group_count);
    } else {
        kins_number(m, t);
    }
    for (size_t i = 0; i < t->shape_count; i++) {
        const struct shape *s = &t->shapes[i];
        for (uint32_t c = s->first; c < s->first + s->count; c++)
            t->groups[c] = s->group;
    }
    return 0;
}
