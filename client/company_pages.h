#ifndef SPEAN_CLIENT_COMPANY_PAGES_H
#define SPEAN_CLIENT_COMPANY_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"

/* Pages of company.list, printed as they come: what list and export share. */

extern const char *const country_words[];
extern const char *const status_words[];

struct pages {
    const struct column *columns;
    size_t n;
    bool contacts;    /* each company whole, with its contacts */
    uint64_t limit;   /* most companies; 0: all */
    bool progress;    /* say how far it has come, on a terminal */
    uint64_t printed; /* result */
    bool more;        /* result: the limit cut it short */
};

/* The filters of --country, --sector, --region, --status and --updated-after. New object, or NULL.
 */
json_t *pages_filter(const struct args *args);
/* Prints all that the filter (taken over; NULL is said and failed) lets through. Exit code. */
int pages_print(struct app *app, json_t *filter, struct pages *p);

#endif
