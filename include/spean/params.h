#ifndef SPEAN_PARAMS_H
#define SPEAN_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_error;
struct json_writer;

/*
 * Parameters of a method in one description, from which they are checked, discovered (OpenRPC) and
 * documented. Nested objects have a table of their own.
 */
enum param_type {
    PARAM_STRING, /* min..max: length in code points */
    PARAM_INT,    /* min..max: value */
    PARAM_NUMBER, /* min..max: value */
    PARAM_BOOL,
    PARAM_DATE,   /* YYYY-MM-DD */
    PARAM_STAMP,  /* RFC 3339 */
    PARAM_WORD,   /* one of words */
    PARAM_OBJECT, /* fields: table of its members; NULL: any object */
    PARAM_ARRAY,  /* min..max elements; fields[0] describes an element, NULL: any */
    PARAM_INT_OR_STRING
};

struct param {
    const char *name;
    enum param_type type;
    bool required;
    int64_t min, max;           /* both 0: no bounds */
    const char *const *words;   /* PARAM_WORD: NULL-terminated */
    const struct param *fields; /* ends with name NULL */
    const char *help;           /* one sentence */
};

/*
 * Checks params (NULL or an object; an array is refused unless it is empty) against a table that
 * ends with name NULL. A member that is null counts as absent, and the reserved member `auth` is
 * let through at the top. 0, or -1 with e (RPC_INVALID_PARAMS, all bad fields named).
 */
int params_check(const json_t *params, const struct param *table, struct rpc_error *e);
/* Writes the table as OpenRPC content descriptors with JSON Schemas: one array value. */
void params_describe(struct json_writer *w, const struct param *table);

/* Readers after params_check; the preset where absent. */
const char *param_string(const json_t *params, const char *name, const char *preset);
int64_t param_int(const json_t *params, const char *name, int64_t preset);
double param_number(const json_t *params, const char *name, double preset);
bool param_bool(const json_t *params, const char *name, bool preset);
json_t *param_value(const json_t *params, const char *name); /* borrowed, NULL if absent or null */

#endif
