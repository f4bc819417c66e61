#ifndef SPEAN_CLIENT_JSON_DIFF_H
#define SPEAN_CLIENT_JSON_DIFF_H

#include <jansson.h>

/*
 * The JSON Merge Patch (RFC 7396) that makes `before` into `after`, both objects: what changed,
 * and null for what is gone. An empty object when they are equal. New reference, NULL on no memory.
 */
json_t *json_diff(const json_t *before, const json_t *after);

/* Takes out of an object, at all depths, the members that say nothing: null, "", [] and {}. */
void json_prune(json_t *object);

#endif
