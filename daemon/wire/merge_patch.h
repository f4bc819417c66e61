#ifndef SPEAN_WIRE_MERGE_PATCH_H
#define SPEAN_WIRE_MERGE_PATCH_H

#include <jansson.h>

/* JSON Merge Patch (RFC 7396) of any two values: new reference, or NULL on no memory. */
json_t *merge_patch(const json_t *target, const json_t *patch);

#endif
