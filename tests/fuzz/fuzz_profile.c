#include "fuzz.h"

#include <string.h>

#include <spean/buf.h>
#include <spean/json_writer.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>

/*
 * Any JSON as a company: what is accepted is in a stored form that checks, merges and prints as
 * itself.
 */

#define TODAY 20781

static const struct rpc_limits limits = {.depth = 32, .elements = 4096, .batch = 100};

static bool some_sector(const void *ctx, const char *code, size_t len)
{
    (void)ctx;
    return len > 1 && code[0] >= 'a' && code[0] <= 'z';
}

static bool some_region(const void *ctx, const char *country, const char *code, size_t len)
{
    (void)ctx;
    return len >= 4 && !memcmp(code, country, 2) && code[2] == '-';
}

static const struct profile_codes codes = {
    .today = TODAY, .sector = some_sector, .region = some_region};

static void check_printed(const json_t *profile)
{
    struct json_writer w;
    struct rpc_error e = {0};
    struct buf out;
    json_t *again;

    buf_init(&out, 64u << 20);
    jw_init(&w, &out);
    jw_json(&w, profile);
    FUZZ_PROMISE(!out.failed);
    again = rpc_parse_json(out.data, out.len, &limits, &e);
    FUZZ_PROMISE(again && profile_equal(profile, again));
    json_decref(again);
    buf_done(&out);
}

/* Checking again, and sending back what is stored, change nothing. */
static void check_stable(const json_t *profile)
{
    struct rpc_error e = {0};
    json_t *same = profile_merge(profile, profile, TODAY);

    FUZZ_PROMISE(same && profile_equal(profile, same));
    FUZZ_PROMISE(profile_check(same, &codes, &e) == 0);
    FUZZ_PROMISE(profile_equal(profile, same));
    FUZZ_PROMISE(!profile_changes_verified(profile, same));
    json_decref(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_error e = {0};
    json_t *patch = rpc_parse_json((const char *)data, size, &limits, &e), *profile = NULL;

    if (!patch)
        goto out;
    profile_patch_check(patch, true, &e);
    profile = profile_merge(NULL, patch, TODAY);
    FUZZ_PROMISE(profile);
    if (profile_check(profile, &codes, &e) < 0) {
        FUZZ_PROMISE(e.code == RPC_INVALID);
        goto out;
    }
    check_stable(profile);
    check_printed(profile);
out:
    json_decref(patch);
    json_decref(profile);
    rpc_error_done(&e);
    return 0;
}
