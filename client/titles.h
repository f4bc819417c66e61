#ifndef SPEAN_CLIENT_TITLES_H
#define SPEAN_CLIENT_TITLES_H

#include <jansson.h>

struct app;

/*
 * What sectors, regions, kinds and levels are called in the app's language: an object of
 * code -> title, from the daemon's taxonomy. Codes stand for themselves where there is none, so a
 * failure is nobody's harm: NULL.
 */
json_t *titles_load(struct app *app);
/* The title of a code; the code itself when it has none. */
const char *title_of(const json_t *titles, const char *code);
/* Replaces the codes of record[member] (a string or an array of them) by titles, in place. */
void titles_put(const json_t *titles, json_t *record, const char *member);

#endif
