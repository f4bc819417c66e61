#ifndef SPEAN_SERVICE_VIEW_H
#define SPEAN_SERVICE_VIEW_H

#include "request.h"

/* How a stored profile looks in an answer, and how a company is named in params. */

/* Profile fields that lists may be asked for (all but the contacts), NULL-terminated. */
extern const char *const view_words[];
/* Those that company.get may: the contacts too. */
extern const char *const view_all_words[];
/* {system, id}, for params tables. */
extern const struct param external_params[];

#define VIEW_ALL UINT32_MAX
#define VIEW_LIST (view_mask(NULL))
/* Bits of the fields named in an array of strings (id is always one); NULL: all but contacts. */
uint32_t view_mask(const json_t *fields);

struct view {
    const char *id;
    int64_t version;
    const char *doc; /* JSON text as stored */
    int64_t updated_ms;
};
/* Writes one profile, its fields in the contract's order. 0; -1: no memory; -2: the
 * doc is no JSON object. */
int view_write(struct json_writer *w, const struct view *v, uint32_t mask);

/*
 * Reads which company a call is about, from `id` or `external_id` of its params; borrowed from
 * them. 0, or -1 when the call was answered: both or neither (-32602), an id that can be none
 * (1001).
 */
struct company_ref {
    char id[IDENT_TEXT]; /* "" when named by external id */
    uint8_t bytes[IDENT_BYTES];
    const char *system, *external; /* NULL when named by id */
};
int company_ref_read(struct request *r, struct company_ref *ret);

/* Writes [codes] of a packed company's sectors; and id, name, country of one. */
void view_packed(struct json_writer *w, const struct model *m, const void *packed, bool whole);

#endif
