#include <spean/profile_json.h>

#include <spean/date.h>

#include <string.h>

#include "merge_patch.h"
#include "profile_rules.h"

/* RFC 7396, on a target that is ours to change. 0 or -1. */
static int merge_into(json_t *target, const json_t *patch)
{
    json_t *source = (json_t *)(uintptr_t)patch; /* the iterator changes nothing */

    for (void *at = json_object_iter(source); at; at = json_object_iter_next(source, at)) {
        const char *name = json_object_iter_key(at);
        json_t *value = json_object_iter_value(at);
        json_t *there = json_object_get(target, name);

        if (json_is_null(value)) {
            json_object_del(target, name);
            continue;
        }
        if (!json_is_object(value)) {
            if (json_object_set_new(target, name, json_deep_copy(value)) < 0)
                return -1;
            continue;
        }
        if (!json_is_object(there)) {
            if (json_object_set_new(target, name, json_object()) < 0)
                return -1;
            there = json_object_get(target, name);
        }
        if (merge_into(there, value) < 0)
            return -1;
    }
    return 0;
}

json_t *merge_patch(const json_t *target, const json_t *patch)
{
    json_t *merged;

    if (!json_is_object(patch))
        return json_deep_copy(patch);
    merged = json_is_object(target) ? json_deep_copy(target) : json_object();
    if (merged && merge_into(merged, patch) < 0) {
        json_decref(merged);
        return NULL;
    }
    return merged;
}

/* What every stored profile has, whether it was never given or has been cleared. */
static int fill_presets(json_t *profile, int32_t today)
{
    char day[DATE_TEXT];

    if (!json_object_get(profile, "status") &&
        json_object_set_new(profile, "status", json_string("draft")) < 0)
        return -1;
    if (json_object_get(profile, "valid_until"))
        return 0;
    date_format(date_add_months(today, 12), day);
    return json_object_set_new(profile, "valid_until", json_string(day));
}

json_t *profile_merge(const json_t *stored, const json_t *patch, int32_t today)
{
    json_t *merged = merge_patch(stored, patch);

    if (!json_is_object(merged))
        return merged;
    for (size_t i = 0; profile_fields()[i]; i++) {
        if (profile_is_server_field(profile_fields()[i]))
            json_object_del(merged, profile_fields()[i]);
    }
    if (fill_presets(merged, today) < 0) {
        json_decref(merged);
        return NULL;
    }
    return merged;
}

static size_t count_own(const json_t *profile)
{
    size_t n = json_object_size(profile);

    for (size_t i = 0; profile_fields()[i]; i++) {
        if (profile_is_server_field(profile_fields()[i]) &&
            json_object_get(profile, profile_fields()[i]))
            n--;
    }
    return n;
}

bool profile_equal(const json_t *a, const json_t *b)
{
    json_t *object = (json_t *)(uintptr_t)a; /* the iterator changes nothing */

    if (!json_is_object(a) || !json_is_object(b) || count_own(a) != count_own(b))
        return false;
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        json_t *other = json_object_get(b, name);

        if (profile_is_server_field(name))
            continue;
        if (!other || !json_equal(json_object_iter_value(at), other))
            return false;
    }
    return true;
}

bool profile_changes_verified(const json_t *stored, const json_t *patch)
{
    json_t *before = json_object_get(stored, "verified");
    json_t *after = json_object_get(patch, "verified");

    if (!after)
        return false;
    if (!before || json_is_null(before))
        return !json_is_null(after);
    return !json_equal(before, after);
}
