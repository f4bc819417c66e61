#include <spean/params.h>

#include <spean/date.h>
#include <spean/rpc.h>
#include <spean/text.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "path.h"

struct check {
    struct rpc_error *e;
    struct path path;
};

static int check_value(struct check *c, const json_t *value, const struct param *p);

static int wrong(struct check *c, const char *problem)
{
    return rpc_error_field(c->e, RPC_INVALID_PARAMS, c->path.text, problem);
}

static bool bounded(const struct param *p)
{
    return p->min != 0 || p->max != 0;
}

static int out_of_bounds(struct check *c, const struct param *p, const char *what)
{
    char problem[96];

    if (p->max < INT64_MAX)
        snprintf(problem, sizeof(problem), "must %s %" PRId64 " to %" PRId64, what, p->min, p->max);
    else
        snprintf(problem, sizeof(problem), "must %s at least %" PRId64, what, p->min);
    return wrong(c, problem);
}

static int check_string(struct check *c, const json_t *value, const struct param *p)
{
    const char *s = json_string_value(value);
    int64_t length;

    if (!s)
        return wrong(c, "must be a string");
    length = (int64_t)text_length(s, json_string_length(value));
    if (bounded(p) && (length < p->min || length > p->max))
        return out_of_bounds(c, p, "have a length of");
    return 0;
}

static int check_int(struct check *c, const json_t *value, const struct param *p)
{
    if (!json_is_integer(value))
        return wrong(c, "must be an integer");
    if (bounded(p) && (json_integer_value(value) < p->min || json_integer_value(value) > p->max))
        return out_of_bounds(c, p, "be");
    return 0;
}

static int check_number(struct check *c, const json_t *value, const struct param *p)
{
    double v = json_number_value(value);

    if (!json_is_number(value))
        return wrong(c, "must be a number");
    if (bounded(p) && (v < (double)p->min || v > (double)p->max))
        return out_of_bounds(c, p, "be");
    return 0;
}

static int check_time(struct check *c, const json_t *value, const struct param *p)
{
    const char *s = json_string_value(value);
    int32_t day;
    int64_t ms;

    if (p->type == PARAM_DATE && (!s || date_parse(s, json_string_length(value), &day) < 0))
        return wrong(c, "must be a date as YYYY-MM-DD");
    if (p->type == PARAM_STAMP && (!s || stamp_parse(s, json_string_length(value), &ms) < 0))
        return wrong(c, "must be a time as RFC 3339 has it");
    return 0;
}

static int check_word(struct check *c, const json_t *value, const struct param *p)
{
    const char *s = json_string_value(value);
    char problem[256] = "must be one of";
    size_t used;

    for (size_t i = 0; s && p->words[i]; i++) {
        if (!strcmp(s, p->words[i]))
            return 0;
    }
    for (size_t i = 0; p->words[i]; i++) {
        used = strlen(problem);
        snprintf(problem + used, sizeof(problem) - used, "%s %s", i > 0 ? "," : "", p->words[i]);
    }
    return wrong(c, problem);
}

static const struct param *find_param(const struct param *table, const char *name)
{
    for (; table->name; table++) {
        if (!strcmp(table->name, name))
            return table;
    }
    return NULL;
}

/* All members, known and unknown; `top`: `auth` is let through, which every call may carry. */
static int check_members(struct check *c, const json_t *object, const struct param *table, bool top)
{
    json_t *it = (json_t *)(uintptr_t)object; /* the iterator changes nothing */
    int r = 0;

    for (void *at = json_object_iter(it); at; at = json_object_iter_next(it, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        const struct param *p = find_param(table, name);
        size_t before = path_member(&c->path, name);

        if (!p && !(top && !strcmp(name, "auth")))
            r = wrong(c, "is no parameter here");
        else if (p && !json_is_null(value) && check_value(c, value, p) < 0)
            r = -1;
        path_cut(&c->path, before);
    }
    for (const struct param *p = table; p->name; p++) {
        const json_t *value = json_object_get(object, p->name);
        if (p->required && (!value || json_is_null(value))) {
            size_t before = path_member(&c->path, p->name);
            r = wrong(c, "is required");
            path_cut(&c->path, before);
        }
    }
    return r;
}

static int check_object(struct check *c, const json_t *value, const struct param *p)
{
    if (!json_is_object(value))
        return wrong(c, "must be an object");
    return p->fields ? check_members(c, value, p->fields, false) : 0;
}

static int check_array(struct check *c, const json_t *value, const struct param *p)
{
    int64_t size = (int64_t)json_array_size(value);
    int r = 0;

    if (!json_is_array(value))
        return wrong(c, "must be an array");
    if (bounded(p) && (size < p->min || size > p->max))
        return out_of_bounds(c, p, "have a number of elements of");
    for (size_t i = 0; p->fields && i < json_array_size(value); i++) {
        size_t before = path_index(&c->path, i);
        if (check_value(c, json_array_get(value, i), &p->fields[0]) < 0)
            r = -1;
        path_cut(&c->path, before);
    }
    return r;
}

static int check_value(struct check *c, const json_t *value, const struct param *p)
{
    switch (p->type) {
    case PARAM_STRING:
        return check_string(c, value, p);
    case PARAM_INT:
        return check_int(c, value, p);
    case PARAM_NUMBER:
        return check_number(c, value, p);
    case PARAM_BOOL:
        return json_is_boolean(value) ? 0 : wrong(c, "must be true or false");
    case PARAM_DATE:
    case PARAM_STAMP:
        return check_time(c, value, p);
    case PARAM_WORD:
        return check_word(c, value, p);
    case PARAM_OBJECT:
        return check_object(c, value, p);
    case PARAM_ARRAY:
        return check_array(c, value, p);
    case PARAM_INT_OR_STRING:
        if (json_is_integer(value) || json_is_string(value))
            return 0;
        return wrong(c, "must be an integer or a string");
    }
    return -1;
}

int params_check(const json_t *params, const struct param *table, struct rpc_error *e)
{
    struct check c = {.e = e};

    path_init(&c.path);
    if (json_array_size(params) > 0)
        return rpc_error_set(e, RPC_INVALID_PARAMS, NULL, "Parameters go by name, in an object");
    return check_members(&c, params, table, true);
}
