#include "query.h"

#include <stdlib.h>

struct index_room *index_room_new(void)
{
    return calloc(1, sizeof(struct index_room));
}

static void memo_done(struct memo *m)
{
    free(m->at);
    free(m->touched);
}

static void shapes_done(struct shapes_met *s)
{
    free(s->best);
    free(s->at);
}

void index_room_free(struct index_room *room)
{
    if (room == NULL)
        return;
    memo_done(&room->classes);
    memo_done(&room->fields);
    ties_forget(&room->ties);
    shapes_done(&room->shapes);
    shapes_done(&room->home_shapes);
    free(room->pool);
    free(room->value);
    free(room->queue);
    free(room->runs);
    free(room->passed);
    free(room);
}
