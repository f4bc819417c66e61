#include "profile_rules.h"

#include <spean/date.h>

#include <stdlib.h>
#include <string.h>

/* The table of the company profile: contract and docs/PROTOCOL.md, "Company profile". */

static const char *const countries[] = {"KH", "CA", NULL};
static const char *const levels[] = {"basic", "working", "fluent", NULL};
static const char *const statuses[] = {"draft", "published", "paused", "archived", NULL};
static const char *const kinds[] = {"goods",         "services", "technology",
                                    "capital",       "training", "distribution",
                                    "joint-venture", "research", NULL};

/* The server's own fields come back from clients that send what they got: taken and left out. */
static void rule_server(struct rule_check *c, json_t *value, const struct rule *rule)
{
    bool right = !strcmp(rule->name, "version") ? json_is_integer(value) : json_is_string(value);

    if (!right)
        rule_bad(c, "is not of the type that the server gave");
}

static void rule_external_ids(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_objects(c, value, rule);
    if ((int64_t)json_array_size(value) > rule->max)
        return;
    for (size_t i = json_array_size(value); i-- > 1;) {
        for (size_t k = 0; k < i; k++) {
            if (json_equal(json_array_get(value, k), json_array_get(value, i))) {
                json_array_remove(value, i);
                break;
            }
        }
    }
}

static void rule_tongues(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_objects(c, value, rule);
    for (size_t i = 1; i < json_array_size(value) && (int64_t)i < rule->max; i++) {
        json_t *lang = json_object_get(json_array_get(value, i), "lang");

        for (size_t k = 0; k < i; k++) {
            json_t *earlier = json_object_get(json_array_get(value, k), "lang");
            if (!lang || !earlier || !json_equal(lang, earlier))
                continue;
            size_t before = path_index(&c->path, i);
            path_member(&c->path, "lang");
            rule_bad(c, "is given twice");
            path_cut(&c->path, before);
            break;
        }
    }
}

static void rule_needs(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_objects(c, value, rule);
    for (size_t i = 0; i < json_array_size(value) && (int64_t)i < rule->max; i++) {
        json_t *need = json_array_get(value, i);
        const char *kind = json_string_value(json_object_get(need, "kind"));
        json_t *hs = json_object_get(need, "hs");

        if (json_is_array(hs) && json_array_size(hs) == 0) {
            json_object_del(need, "hs");
        } else if (hs && kind && strcmp(kind, "goods") != 0) {
            size_t before = path_index(&c->path, i);
            path_member(&c->path, "hs");
            rule_bad(c, "goes with the kind goods only");
            path_cut(&c->path, before);
        }
    }
}

static void rule_founded(struct rule_check *c, json_t *value, const struct rule *rule)
{
    struct rule bounds = *rule;

    /* Companies that are being founded may say so: next year is the last. */
    if (c->codes && c->codes->today > 0) {
        char day[DATE_TEXT];

        date_format(c->codes->today, day);
        bounds.max = strtol(day, NULL, 10) + 1; /* the year, up to its dash */
    }
    rule_integer(c, value, &bounds);
}

static void rule_contacts(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_objects(c, value, rule);
    for (size_t i = 0; i < json_array_size(value) && (int64_t)i < rule->max; i++) {
        json_t *contact = json_array_get(value, i);

        if (!json_is_object(contact) || json_object_get(contact, "name") ||
            json_object_get(contact, "email") || json_object_get(contact, "phone"))
            continue;
        size_t before = path_index(&c->path, i);
        rule_bad(c, "needs a name, an e-mail address or a telephone number");
        path_cut(&c->path, before);
    }
}

static const struct rule external_parts[] = {
    {.name = "system", .required = true, .check = rule_exact, .min = 1, .max = 64},
    {.name = "id", .required = true, .check = rule_exact, .min = 1, .max = 200},
    {0}};
static const struct rule tongue_parts[] = {
    {.name = "lang", .required = true, .check = rule_language},
    {.name = "level", .required = true, .check = rule_word, .words = levels},
    {0}};
static const struct rule hs_part = {.check = rule_hs};
static const struct rule need_parts[] = {
    {.name = "kind", .required = true, .check = rule_word, .words = kinds},
    {.name = "sector", .required = true, .check = rule_sector},
    {.name = "hs", .check = rule_unique, .max = 8, .parts = &hs_part},
    {.name = "text", .check = rule_text, .max = 1000},
    {0}};
static const struct rule language_part = {.check = rule_language};
static const struct rule contact_parts[] = {
    {.name = "name", .check = rule_text, .max = 200},
    {.name = "role", .check = rule_text, .max = 200},
    {.name = "email", .check = rule_email, .max = 254},
    {.name = "phone", .check = rule_text, .max = 50},
    {.name = "languages", .check = rule_unique, .max = 12, .parts = &language_part},
    {0}};
static const struct rule sector_part = {.check = rule_sector};
static const struct rule market_part = {.check = rule_market};
static const struct rule certification_part = {.check = rule_certification};

static const struct rule rules[] = {
    {.name = "id", .check = rule_server},
    {.name = "version", .check = rule_server},
    {.name = "external_ids", .check = rule_external_ids, .max = 16, .parts = external_parts},
    {.name = "country", .required = true, .check = rule_word, .words = countries},
    {.name = "name", .required = true, .check = rule_text, .min = 1, .max = 200},
    {.name = "names", .check = rule_texts, .min = 1, .max = 200},
    {.name = "region", .check = rule_region},
    {.name = "city", .check = rule_text, .max = 200},
    {.name = "website", .check = rule_website, .max = 500},
    {.name = "phone", .check = rule_text, .max = 50},
    {.name = "description", .check = rule_texts, .max = 4000},
    {.name = "sectors", .check = rule_distinct, .max = 8, .parts = &sector_part},
    {.name = "languages", .check = rule_tongues, .max = 12, .parts = tongue_parts},
    {.name = "offers", .check = rule_needs, .max = 16, .parts = need_parts},
    {.name = "seeks", .check = rule_needs, .max = 16, .parts = need_parts},
    {.name = "employees", .check = rule_integer, .min = 0, .max = 10000000},
    {.name = "founded", .check = rule_founded, .min = 1000, .max = 2200},
    {.name = "export_markets", .check = rule_unique, .max = 250, .parts = &market_part},
    {.name = "certifications", .check = rule_unique, .max = 32, .parts = &certification_part},
    {.name = "verified", .check = rule_date},
    {.name = "status", .check = rule_word, .words = statuses},
    {.name = "valid_until", .check = rule_date},
    {.name = "contacts", .check = rule_contacts, .max = 16, .parts = contact_parts},
    {.name = "updated_at", .check = rule_server},
    {0}};

const struct rule *profile_rules(void)
{
    return rules;
}

bool profile_is_server_field(const char *name)
{
    return !strcmp(name, "id") || !strcmp(name, "version") || !strcmp(name, "updated_at");
}

const char *const *profile_fields(void)
{
    static const char *const names[] = {
        "id",          "version",     "external_ids",   "country",        "name",
        "names",       "region",      "city",           "website",        "phone",
        "description", "sectors",     "languages",      "offers",         "seeks",
        "employees",   "founded",     "export_markets", "certifications", "verified",
        "status",      "valid_until", "contacts",       "updated_at",     NULL};

    return names;
}
