#ifndef SPEAN_SERVICE_METHOD_H
#define SPEAN_SERVICE_METHOD_H

#include <spean/params.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct request;

/*
 * One entry a method: everything that dispatch, rpc.discover and the protocol's document need. run
 * answers exactly once, at once or later (request.h).
 */
struct method {
    const char *name;
    unsigned roles; /* bits of enum role that may call it; 0: anybody, also without a token */
    const char *summary;
    const struct param *params; /* ends with name NULL */
    const char *result;         /* name of the result */
    const char *schema;         /* its JSON Schema */
    void (*run)(struct request *r);
    bool database; /* does nothing without it */
};

/* Ends with name NULL. */
extern const struct method methods[];
const struct method *method_find(const char *name); /* NULL if unknown */

/* Appends the OpenRPC document of all methods. 0 or -1. */
int methods_discover(struct buf *out);

#endif
