#ifndef SPEAN_QUALITY_WORLD_H
#define SPEAN_QUALITY_WORLD_H

#include <spean/buf.h>
#include <spean/packed.h>

#include <jansson.h>

/* A judged world: companies and what people thought of some of their pairs. */
#define COMPANIES_MAX 1024

struct company {
    char name[64]; /* the external id */
    struct buf packed;
};

struct world {
    struct company companies[COMPANIES_MAX];
    size_t count;
    json_t *grades; /* {query: {candidate: grade}} */
};

/* Reads profiles.ndjson and grades.json of dir. 0, or -1 with a message on stderr. */
int world_read(const struct model *m, const char *dir, struct world *ret);
void world_done(struct world *w);
double world_grade(const struct world *w, const char *query, const char *candidate);

#endif
