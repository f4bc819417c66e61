#include "json_diff.h"

#include <stdbool.h>
#include <stdint.h>

static json_t *mutable(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

/* Sets patch[key] to what makes `old` (NULL: absent) into `value`. 0 or -1. */
static int diff_member(json_t *patch, const char *key, const json_t *old, const json_t *value)
{
    if (old && json_equal(mutable(old), mutable(value)))
        return 0;
    if (json_is_object(old) && json_is_object(value))
        return json_object_set_new(patch, key, json_diff(old, value));
    return json_object_set_new(patch, key, json_deep_copy(value));
}

json_t *json_diff(const json_t *before, const json_t *after)
{
    json_t *patch = json_object(), *value;
    const char *key;
    int r = 0;

    if (!patch)
        return NULL;
    json_object_foreach(mutable(after), key, value)
    {
        r |= diff_member(patch, key, json_object_get(before, key), value);
    }
    json_object_foreach(mutable(before), key, value)
    {
        if (!json_object_get(after, key))
            r |= json_object_set_new(patch, key, json_null());
    }
    if (r == 0)
        return patch;
    json_decref(patch);
    return NULL;
}

static bool says_nothing(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

void json_prune(json_t *object)
{
    json_t *value;
    const char *key;
    void *next;

    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_object(value))
            json_prune(value);
        if (says_nothing(value))
            json_object_del(object, key);
    }
}
