#include "profile_rules.h"

#include <spean/date.h>
#include <spean/rpc.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void rule_bad(struct rule_check *c, const char *fmt, ...)
{
    char problem[160];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(problem, sizeof(problem), fmt, ap) < 0)
        problem[0] = '\0';
    va_end(ap);
    rpc_error_field(c->e, RPC_INVALID, c->path.text, problem);
    c->bad = true;
}

void rule_no_memory(struct rule_check *c)
{
    rpc_error_no_memory(c->e);
    c->bad = true;
}

static void drop_nulls(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_null(value))
            json_object_del(object, key);
    }
}

static void refuse_unknown(struct rule_check *c, json_t *object, const struct rule *table)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        const struct rule *rule = table;

        while (rule->name && strcmp(rule->name, name) != 0)
            rule++;
        if (rule->name)
            continue;
        size_t before = path_member(&c->path, name);
        rule_bad(c, "is no field here");
        path_cut(&c->path, before);
    }
}

void rule_members(struct rule_check *c, json_t *object, const struct rule *table)
{
    drop_nulls(object);
    for (const struct rule *rule = table; rule->name; rule++) {
        json_t *value = json_object_get(object, rule->name);
        size_t before = path_member(&c->path, rule->name);

        if (value)
            rule->check(c, value, rule);
        else if (rule->required)
            rule_bad(c, "is required");
        path_cut(&c->path, before);
    }
    refuse_unknown(c, object, table);
}

/* An array with a number of entries that the rule allows. */
static bool is_list(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (!json_is_array(value)) {
        rule_bad(c, "must be an array");
        return false;
    }
    if ((int64_t)json_array_size(value) > rule->max) {
        rule_bad(c, "has more than %" PRId64 " entries", rule->max);
        return false;
    }
    return true;
}

void rule_objects(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (!is_list(c, value, rule))
        return;
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *entry = json_array_get(value, i);
        size_t before = path_index(&c->path, i);

        if (json_is_object(entry))
            rule_members(c, entry, rule->parts);
        else
            rule_bad(c, "must be an object");
        path_cut(&c->path, before);
    }
}

void rule_strings(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (!is_list(c, value, rule))
        return;
    for (size_t i = 0; i < json_array_size(value); i++) {
        size_t before = path_index(&c->path, i);

        rule->parts[0].check(c, json_array_get(value, i), &rule->parts[0]);
        path_cut(&c->path, before);
    }
}

static bool stands_before(const json_t *array, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (json_equal(json_array_get(array, k), json_array_get(array, i)))
            return true;
    }
    return false;
}

void rule_distinct(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_strings(c, value, rule);
    /* Lists over their limit were refused whole and are not compared in squares of their length. */
    for (size_t i = 1; i < json_array_size(value) && (int64_t)json_array_size(value) <= rule->max;
         i++) {
        size_t before = path_index(&c->path, i);

        if (stands_before(value, i))
            rule_bad(c, "is given twice");
        path_cut(&c->path, before);
    }
}

void rule_unique(struct rule_check *c, json_t *value, const struct rule *rule)
{
    rule_strings(c, value, rule);
    if ((int64_t)json_array_size(value) > rule->max)
        return;
    for (size_t i = json_array_size(value); i-- > 1;) {
        if (stands_before(value, i))
            json_array_remove(value, i);
    }
}

void rule_integer(struct rule_check *c, json_t *value, const struct rule *rule)
{
    if (!json_is_integer(value))
        rule_bad(c, "must be an integer");
    else if (json_integer_value(value) < rule->min || json_integer_value(value) > rule->max)
        rule_bad(c, "must be %" PRId64 " to %" PRId64, rule->min, rule->max);
}

void rule_date(struct rule_check *c, json_t *value, const struct rule *rule)
{
    const char *s = json_string_value(value);
    int32_t day;

    (void)rule;
    if (!s || date_parse(s, json_string_length(value), &day) < 0)
        rule_bad(c, "must be a date as YYYY-MM-DD");
}
