#ifndef SPEAN_CLIENT_MATCH_LATE_H
#define SPEAN_CLIENT_MATCH_LATE_H

#include "app.h"

/*
 * Companies that changed while all were read in an order that changes move them in: which they are,
 * and what match.all would say of them now. In this order: late_begin before the first page,
 * late_read after the last, then late_next until there is none. Zeroed before, late_done after it.
 */
struct late {
    json_t *ids;    /* of those that changed: the members of an object */
    json_t *since;  /* how far the changes were read */
    json_int_t seq; /* the same as a number */
    void *at;       /* iterator: the next to be told of */
};

/* Notes where the changes are; those that the index does not have yet belong to them. Exit code. */
int late_begin(struct app *app, struct late *l);
/* Reads the changes up to now. Exit code. */
int late_read(struct app *app, struct late *l);
/* The next that is published in this country (NULL: in any), as an entry of match.all, owned by the
 * caller; NULL after the last. params: of match.list, without id. Exit code. */
int late_next(struct app *app, struct late *l, const json_t *params, const char *country,
              json_t **ret);
void late_done(struct late *l);

#endif
