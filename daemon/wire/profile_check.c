#include <spean/profile_json.h>

#include <spean/rpc.h>

#include <string.h>

#include "profile_rules.h"

static const char *const list_fields[] = {"external_ids", "sectors",        "languages",
                                          "offers",       "seeks",          "export_markets",
                                          "contacts",     "certifications", NULL};

/* Absent lists and texts made empty, server fields out, a status: so equal profiles look equal. */
static int complete(json_t *profile)
{
    int r = 0;

    for (size_t i = 0; list_fields[i]; i++) {
        if (!json_object_get(profile, list_fields[i]))
            r |= json_object_set_new(profile, list_fields[i], json_array());
    }
    if (!json_object_get(profile, "names"))
        r |= json_object_set_new(profile, "names", json_object());
    if (!json_object_get(profile, "description"))
        r |= json_object_set_new(profile, "description", json_object());
    if (!json_object_get(profile, "status"))
        r |= json_object_set_new(profile, "status", json_string("draft"));
    for (size_t i = 0; profile_fields()[i]; i++) {
        if (profile_is_server_field(profile_fields()[i]))
            json_object_del(profile, profile_fields()[i]);
    }
    return r;
}

static void check_published(struct rule_check *c, const json_t *profile)
{
    const char *status = json_string_value(json_object_get(profile, "status"));
    const json_t *sectors = json_object_get(profile, "sectors");

    if (!status || strcmp(status, "published") != 0 || json_array_size(sectors) > 0)
        return;
    if (sectors && !json_is_array(sectors))
        return; /* named already */
    size_t before = path_member(&c->path, "sectors");
    rule_bad(c, "needs at least one entry to be published");
    path_cut(&c->path, before);
}

int profile_check(json_t *profile, const struct profile_codes *codes, struct rpc_error *e)
{
    struct rule_check c = {.codes = codes, .e = e};
    const char *country = json_string_value(json_object_get(profile, "country"));

    path_init(&c.path);
    if (!json_is_object(profile))
        return rpc_error_set(e, RPC_INVALID, NULL, "A company is an object");
    if (country && (!strcmp(country, "KH") || !strcmp(country, "CA")))
        c.country = country;
    rule_members(&c, profile, profile_rules());
    check_published(&c, profile);
    if (!c.bad && complete(profile) < 0)
        return rpc_error_no_memory(e);
    return c.bad ? -1 : 0;
}

static bool is_field(const char *name)
{
    for (size_t i = 0; profile_fields()[i]; i++) {
        if (!strcmp(profile_fields()[i], name))
            return true;
    }
    return false;
}

int profile_patch_check(const json_t *patch, bool may_verify, struct rpc_error *e)
{
    json_t *object = (json_t *)(uintptr_t)patch; /* the iterator changes nothing */
    int r = 0;

    if (!json_is_object(patch))
        return rpc_error_set(e, RPC_INVALID, NULL, "A company is an object");
    if (!may_verify && json_object_get(patch, "verified")) {
        rpc_error_set(e, RPC_FORBIDDEN, NULL, "Only staff and admin may set `verified`");
        return rpc_error_field(e, RPC_FORBIDDEN, "verified", "may be set by staff and admin only");
    }
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        bool version = !strcmp(name, "version");

        if (!is_field(name))
            r = rpc_error_field(e, RPC_INVALID, name, "is no field here");
        else if (profile_is_server_field(name) && !json_is_null(value) &&
                 !(version ? json_is_integer(value) : json_is_string(value)))
            r = rpc_error_field(e, RPC_INVALID, name, "is not of the type that the server gave");
    }
    return r;
}
