#ifndef SPEAN_CLIENT_MAPPING_H
#define SPEAN_CLIENT_MAPPING_H

#include <jansson.h>
#include <stdbool.h>

struct mapping;

/* What became of one row of a foreign file. */
struct mapped {
    json_t *company;   /* owned: a profile to upsert; NULL when skipped */
    json_t *notes;     /* owned: array of sentences on what could not be mapped */
    bool skipped;      /* the profile leaves such rows out */
    char problem[200]; /* "" or why the row can't become a company; the company is then NULL */
};

/* row: an object whose keys are written by import_key. 0, or -1 on no memory; in both cases give
 * *ret to mapped_done. */
int mapping_apply(const struct mapping *m, const json_t *row, struct mapped *ret);
void mapped_done(struct mapped *mapped);

#endif
