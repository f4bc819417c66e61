#ifndef SPEAN_SERVICE_METHOD_H
#define SPEAN_SERVICE_METHOD_H

#include <spean/params.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct request;

enum method_flag {
    METHOD_DATABASE = 1, /* does nothing without it */
    /* Its answers may be so large that some of them together overflow the client's output: they
     * are made one after the other, as the client reads. */
    METHOD_BULKY = 2
};

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
    unsigned flags; /* of enum method_flag */
};

/* Ends with name NULL. */
extern const struct method methods[];
const struct method *method_find(const char *name); /* NULL if unknown */

/* Appends the OpenRPC document of all methods. 0 or -1. */
int methods_discover(struct buf *out);

#endif
