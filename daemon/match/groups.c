#include "gains.h"
#include "told.h"

/*
 * What groups give at most, and how well shapes can meet: worked out for a tree from its ties, or
 * taken over from the tree that is its home. Their places come first in the pool.
 */

static void place_raise(uint16_t *place, uint16_t to)
{
    *place = to > *place ? to : *place;
}

static void shape_note(struct index_room *room, uint32_t shape, uint16_t best)
{
    if (room->shapes.best[shape] == 0)
        room->shapes.at[room->shapes.count++] = shape;
    place_raise(&room->shapes.best[shape], best);
}

static void shape_meets(struct query *q, const struct tie *tie, uint16_t strength)
{
    shape_note(q->room, tie->shape, (uint16_t)(strength + 1));
    place_raise(&group_get(q, tie->group)[CLASS_BEST], strength);
    told_note(q, tie->group, strength);
}

static void field_meets(struct query *q, const struct tie *tie)
{
    uint16_t *group = group_get(q, tie->group);
    uint16_t best = tie->own > tie->serves ? tie->own : tie->serves;
    unsigned role = q->t->roles[tie->group];
    place_raise(&group[CLASS_SOUGHT], tie->near);
    place_raise(&group[CLASS_OWN], tie->own);
    place_raise(&group[CLASS_SERVES], tie->serves);
    group[CLASS_KNOWS] |= tie->knows;
    group[CLASS_OFFERS] = role < SIDE_SEEK * KIND_COUNT;
    if (best > 0)
        group[CLASS_KINDS] |= kinds_of(role, role);
    if (best > 0 || tie->near > 0)
        shape_meets(q, tie, best);
}

static void need_meets(struct query *q, size_t i, const struct tie *tie)
{
    const struct need_view *x = &q->a.needs[i];
    unsigned role = q->t->roles[tie->group];
    int32_t s = q->m->meets[x->role][role] * need_fit_most(q->m, x, tie->near) / 1000;
    if (s == 0)
        return;
    uint16_t *group = group_get(q, tie->group);
    place_raise(&group[CLASS_LANES + i], (uint16_t)s);
    group[CLASS_KINDS] |= kinds_of(x->role, role);
    group[CLASS_OFFERS] = role < SIDE_SEEK * KIND_COUNT;
    shape_meets(q, tie, (uint16_t)s);
}

static int ties_meet(struct query *q, bool lasts)
{
    const struct ties *ties = ties_of_field(q, lasts);
    if (ties == NULL)
        return -1;
    for (const struct tie *tie = ties->at; tie < ties->at + ties->count; tie++)
        field_meets(q, tie);
    for (size_t i = 0; i < q->a.need_count; i++) {
        ties = ties_of_need(q, i, lasts);
        if (ties == NULL)
            return -1;
        for (const struct tie *tie = ties->at; tie < ties->at + ties->count; tie++)
            need_meets(q, i, tie);
    }
    return 0;
}

int groups_open(struct query *q, bool lasts)
{
    struct index_room *room = q->room;
    size_t count = q->t->group_count * class_places(q);
    room->home = 0;
    room->pool_used = 1;
    if (room_for_pool(room, count) < 0)
        return -1;
    memset(room->pool + 1, 0, count * sizeof *room->pool);
    room->pool_used += count;
    room->pool_groups = room->pool_used;
    told_open(q);
    if (ties_meet(q, lasts) < 0)
        return -1;
    room->home = q->t->number;
    return 0;
}

/* A shape that its home does not have. */
static void shape_alone(struct query *q, uint32_t shape)
{
    struct tie tie;
    if (tie_of_field(q, shape, &tie))
        field_meets(q, &tie);
    for (size_t i = 0; i < q->a.need_count; i++)
        if (tie_of_need(q, i, shape, &tie))
            need_meets(q, i, &tie);
}

void groups_share(struct query *q)
{
    struct index_room *room = q->room;
    room->pool_used = room->pool_groups;
    for (uint32_t i = 0; i < q->t->shape_count; i++) {
        uint32_t home = q->t->shape_home[i];
        if (home == NO_SHAPE)
            shape_alone(q, i);
        else if (room->home_shapes.best[home] > 0)
            shape_note(room, i, room->home_shapes.best[home]);
    }
}

int32_t shape_most(const struct query *q, uint32_t shape)
{
    return q->room->shapes.best[shape] - 1;
}
