#ifndef SPEAN_HOUSE_H
#define SPEAN_HOUSE_H

#include "config.h"

struct model;
struct log;

/* The daemon put together: workers, services, listeners, change feed, signals; and its end. */
struct house;

struct house_options {
    struct config *config; /* owned from now on, whatever comes */
    /* Where it came from, for reloading. Borrowed. */
    const char *path;
    const char *const *settings;
    size_t setting_count;
    const struct model *model; /* borrowed */
    struct log *log;           /* borrowed */
};

/* Everything is made and listens, nothing runs yet. 0, or -1 with a message. */
int house_new(const struct house_options *o, struct house **ret, char *err, size_t errlen);
/* Runs until SIGTERM or SIGINT; then drains. 0, or -1 when it ended for another reason. */
int house_run(struct house *h);
void house_free(struct house *h);

#endif
