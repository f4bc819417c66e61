#ifndef SPEAN_PROFILE_JSON_H
#define SPEAN_PROFILE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_error;

/* The company profile as JSON: the rules of docs/PROTOCOL.md, "Company profile". Pure. */

/* The codes come from the model, which this room does not know; NULL functions accept every code.
 */
struct profile_codes {
    const void *ctx;
    int32_t today; /* `founded` may be next year at most; 0: any year up to 2200 */
    bool (*sector)(const void *ctx, const char *code, size_t len);
    bool (*region)(const void *ctx, const char *country, const char *code, size_t len);
};

/*
 * RFC 7396 on the stored profile (NULL: a new company). Server fields are left out; where `status`
 * or `valid_until` is missing after, because it is new or was cleared, draft and twelve months
 * after `today` stand there. New reference; neither argument is changed. NULL on no memory.
 */
json_t *profile_merge(const json_t *stored, const json_t *patch, int32_t today);

/*
 * Checks a whole profile and brings it to its stored form in place: text to NFC (external ids stay
 * byte for byte), markets to upper case, certifications to words such as iso-9001-2015, duplicates
 * in external_ids, hs, markets and certifications dropped, null members of list entries too; absent
 * lists, names and descriptions made empty, server fields (id, version, updated_at) left out. All
 * bad fields are named, added to those that e has already. 0, or -1 with e (RPC_INVALID); after -1
 * the profile is half done and of no use.
 */
int profile_check(json_t *profile, const struct profile_codes *codes, struct rpc_error *e);

/*
 * Checks the form of a patch before anything is stored: an object whose members are all known,
 * server fields tolerated but ignored (id, version, updated_at, so that what company.get gave can
 * be sent back). 0, or -1 with e: RPC_INVALID, or RPC_FORBIDDEN where the patch has `verified` and
 * the caller may not set it. After RPC_INVALID the same e may go on to profile_check, so that one
 * answer names all.
 */
int profile_patch_check(const json_t *patch, bool may_verify, struct rpc_error *e);

/* True if merging would change `verified`: sending back what was read sets nothing. */
bool profile_changes_verified(const json_t *stored, const json_t *patch);

/* Equal as stored profiles: order of object members and server fields apart. */
bool profile_equal(const json_t *a, const json_t *b);

/* Names of all profile fields, NULL-terminated, in the contract's order. */
const char *const *profile_fields(void);

#endif
