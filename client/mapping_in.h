#ifndef SPEAN_CLIENT_MAPPING_IN_H
#define SPEAN_CLIENT_MAPPING_IN_H

#include "mapping.h"

#include <stddef.h>

/* The steps of mapping_apply; each writes its fields into ret->company. 0 or -1 (no memory). */
struct step {
    const struct mapping *m;
    const json_t *row;
    struct mapped *ret;
    const char *country; /* "KH" or "CA", once known */
};

int step_country(struct step *s);     /* sets problem or skipped too */
int step_region(struct step *s);      /* mapping_place.c */
int step_markets(struct step *s);     /* mapping_place.c */
int step_external_id(struct step *s); /* mapping_lists.c */
int step_certifications(struct step *s);
int step_languages(struct step *s);
int step_offers(struct step *s); /* after the sectors */

#endif
