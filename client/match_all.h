#ifndef SPEAN_CLIENT_MATCH_ALL_H
#define SPEAN_CLIENT_MATCH_ALL_H

#include "app.h"

/*
 * Prints the matches of every published company of a country (NULL: of both), page by page: as
 * NDJSON or JSON an object for each company, as CSV a row for each pair. params: of match.all,
 * without country, order and cursor; taken over, NULL is said and failed. by_needs: in that order,
 * and then those that changed meanwhile once more. Exit code.
 */
int match_all_print(struct app *app, json_t *params, const char *country, bool by_needs);

#endif
