#ifndef SPEAN_PROFILE_JSON_H
#define SPEAN_PROFILE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_error;

/* The company profile as JSON: the rules of docs/PROTOCOL.md, "Company profile". Pure. */

/* The codes come from the model, which this room does not know. */
struct profile_codes {
    const void *ctx;
    bool (*sector)(const void *ctx, const char *code, size_t len);
    bool (*region)(const void *ctx, const char *country, const char *code, size_t len);
};

/*
 * RFC 7396 on the stored profile (NULL: a new company, then `status` draft and `valid_until` twelve
 * months after `today` are filled in). New reference; neither argument is changed. NULL on no
 * memory.
 */
json_t *profile_merge(const json_t *stored, const json_t *patch, int32_t today);

/*
 * Checks a whole profile and brings it to its stored form in place: text to NFC, codes to their
 * case, certifications and markets normalised, duplicates in external_ids dropped, absent optional
 * lists made empty, server fields (id, version, updated_at) left out. All bad fields are named. 0,
 * or -1 with e (RPC_INVALID).
 */
int profile_check(json_t *profile, const struct profile_codes *codes, struct rpc_error *e);

/*
 * Checks the form of a patch before anything is stored: an object whose members are all known,
 * server fields tolerated but ignored (id, version, updated_at, so that what company.get gave can
 * be sent back). `may_verify`: the caller may set `verified`. 0 or -1 with e.
 */
int profile_patch_check(const json_t *patch, bool may_verify, struct rpc_error *e);

/* Equal as stored profiles (order of object members apart). */
bool profile_equal(const json_t *a, const json_t *b);

/* Names of all profile fields, NULL-terminated, in the contract's order. */
const char *const *profile_fields(void);

#endif
