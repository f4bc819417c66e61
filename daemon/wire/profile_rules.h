#ifndef SPEAN_WIRE_PROFILE_RULES_H
#define SPEAN_WIRE_PROFILE_RULES_H

#include <spean/profile_json.h>

#include "path.h"

/*
 * The profile's rules as tables of members, each with a small function. A rule looks at one value,
 * names what is wrong with it under the path where it stands, and brings it to its stored form in
 * place. Everything is looked at, so that one answer names every bad field.
 */
struct rule_check {
    const struct profile_codes *codes; /* NULL: codes of the model are not looked up */
    struct rpc_error *e;
    struct path path;
    const char *country; /* "KH", "CA", or NULL when that is what is wrong */
    bool bad;
};

struct rule {
    const char *name;
    bool required;
    void (*check)(struct rule_check *c, json_t *value, const struct rule *rule);
    int64_t min, max;         /* characters, entries or value */
    const char *const *words; /* rule_word */
    const struct rule
        *parts; /* members of an object (ends with name NULL), or parts[0]: an entry */
};

/* Says what is wrong with the value at c->path. Never shows the value: it may be personal. */
void rule_bad(struct rule_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Says that there was no memory to bring the value to its stored form. */
void rule_no_memory(struct rule_check *c);

/* profile_rules.c: objects, arrays, numbers. */

/* Members that are null are taken out; the others checked against a table. */
void rule_members(struct rule_check *c, json_t *object, const struct rule *table);
void rule_objects(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_strings(struct rule_check *c, json_t *value, const struct rule *rule);
/* The same with entries given twice refused, or all but the first taken out. */
void rule_distinct(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_unique(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_integer(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_date(struct rule_check *c, json_t *value, const struct rule *rule);

/* profile_text.c: strings. min 1: not blank. */
void rule_text(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_exact(struct rule_check *c, json_t *value, const struct rule *rule); /* no NFC: an id */
void rule_texts(struct rule_check *c, json_t *value,
                const struct rule *rule); /* language -> text */
void rule_website(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_email(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_word(struct rule_check *c, json_t *value, const struct rule *rule);

/* profile_codes.c: codes. */
void rule_region(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_sector(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_language(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_market(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_hs(struct rule_check *c, json_t *value, const struct rule *rule);
void rule_certification(struct rule_check *c, json_t *value, const struct rule *rule);

/* profile_fields.c: the table of all fields, in the contract's order, ends with name NULL. */
const struct rule *profile_rules(void);
/* id, version and updated_at: the server's own. */
bool profile_is_server_field(const char *name);

#endif
