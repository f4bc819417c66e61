#ifndef SPEAN_TEST_WIRE_HELP_PROFILE_H
#define SPEAN_TEST_WIRE_HELP_PROFILE_H

#include "help.h"

/*
 * Checks a profile as a new company: {country KH, name X} with the given members over it. Gives the
 * checked profile and the bad fields joined by blanks ("" when it is accepted); both to free.
 */
static inline json_t *help_check(const char *members, char **ret_fields)
{
    struct rpc_error e = {0};
    json_t *base = help_json("{'country':'KH','name':'X'}");
    json_t *patch = help_json(members);
    json_t *profile;
    int r;

    assert_int_equal(json_object_update(base, patch), 0);
    profile = profile_merge(NULL, base, HELP_TODAY);
    assert_non_null(profile);
    r = profile_check(profile, &help_codes, &e);
    *ret_fields = help_fields(&e);
    assert_int_equal(r, e.code ? -1 : 0);
    assert_true(e.code == 0 || e.code == RPC_INVALID);
    rpc_error_done(&e);
    json_decref(base);
    json_decref(patch);
    return profile;
}

/* Members that are refused with exactly these bad fields; "" when they are accepted. */
static inline void help_assert_bad(const char *members, const char *fields)
{
    char *got;
    json_t *profile = help_check(members, &got);

    if (strcmp(got, fields) != 0)
        fail_msg("%s: bad '%s', expected '%s'", members, got, fields);
    free(got);
    json_decref(profile);
}

/* Members that are accepted, and what one field is stored as. */
static inline void help_assert_stored(const char *members, const char *field, const char *expected)
{
    char *got, *text;
    json_t *profile = help_check(members, &got), *want = help_json(expected);

    if (*got)
        fail_msg("%s: bad '%s'", members, got);
    text = json_dumps(json_object_get(profile, field), JSON_ENCODE_ANY | JSON_COMPACT);
    if (!json_equal(json_object_get(profile, field), want))
        fail_msg("%s: %s stored as %s", members, field, text ? text : "nothing");
    free(text);
    free(got);
    json_decref(want);
    json_decref(profile);
}

#endif
