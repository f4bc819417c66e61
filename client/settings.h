#ifndef SPEAN_CLIENT_SETTINGS_H
#define SPEAN_CLIENT_SETTINGS_H

#include <stddef.h>

struct app;
struct args;

/*
 * Fills in the app's settings: the command line (args may be empty) before the environment before
 * the user's configuration file before the machine's. 0, or -1 with a message in err.
 */
int settings_load(struct app *app, const struct args *args, char *err, size_t errlen);
/* What one command of the shell may say for itself: format and language. 0 or -1. */
int settings_override(struct app *app, const struct args *args, char *err, size_t errlen);

/* eng, fra or khm of "eng", "fr", "km_KH.UTF-8" and the like; NULL if it is none of the three. */
const char *lang_parse(const char *word);

#endif
