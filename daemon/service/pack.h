#ifndef SPEAN_SERVICE_PACK_H
#define SPEAN_SERVICE_PACK_H

#include <spean/packed.h>

#include <jansson.h>

/*
 * Appends the packed form of a checked profile in its stored JSON form (profile_json.h): codes the
 * model does not know are left out. updated_day: day of the last accepted change. 0; -1: no
 * memory; -2: over PACKED_MAX, or not a profile at all.
 */
int pack_profile(const struct model *m, const json_t *doc, const uint8_t id[IDENT_BYTES],
                 int32_t updated_day, struct buf *out);

#endif
