#ifndef SPEAN_CLIENT_COMPANY_TOUCH_H
#define SPEAN_CLIENT_COMPANY_TOUCH_H

#include <jansson.h>

#include "args.h"

struct app;

extern const struct option_entry touch_options[];

/*
 * company.archive and company.confirm: for every COMPANY in turn, going on after one that fails.
 * done: what is said of it afterwards ("archived"). The first failure's exit code, or EXIT_DONE.
 */
int company_touch(struct app *app, const struct args *args, const char *method, const char *done);

/*
 * Waits (bounded) until the daemon's matches know a write, so that the next command sees it; a
 * failure is not said, since the write itself is done.
 */
void company_settle(struct app *app, const char *id, json_int_t seq);

#endif
