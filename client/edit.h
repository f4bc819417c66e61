#ifndef SPEAN_CLIENT_EDIT_H
#define SPEAN_CLIENT_EDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "link.h"

struct app;

/* Changing a profile: what company edit is made of. */

struct edit {
    struct app *app;
    json_t *before;  /* the profile as it stands; the template of a new one */
    bool create;     /* a new company */
    char id[40];     /* "" when creating */
    int64_t version; /* it must still have this one; -1: whatever it has */
};

/*
 * Lets the user change the profile in the editor, sends what changed, and again when the daemon
 * refuses and there is somebody to ask. What was written but not taken is kept in its file. Exit
 * code.
 */
int edit_interactive(struct edit *e);

/* Sends one patch (or new profile); *ret as app_try's. Exit code as app_try's. */
int edit_send(struct edit *e, const json_t *patch, struct answer *ret);
/* Prints what the daemon said to a write that it took. Exit code. */
int edit_done(struct edit *e, const json_t *result);

/* Parses what the user wrote: an object. New reference, or NULL with a message in err. */
json_t *edit_parse(const char *text, size_t len, char *err, size_t errlen);

#endif
