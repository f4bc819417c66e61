#include <spean/params.h>

#include <spean/json_writer.h>

/* The table as OpenRPC has it: content descriptors, each with a JSON Schema. */

static void describe_schema(struct json_writer *w, const struct param *p);

static void describe_bounds(struct json_writer *w, const struct param *p, const char *least,
                            const char *most)
{
    if (p->min == 0 && p->max == 0)
        return;
    jw_key_int(w, least, p->min);
    if (p->max < INT64_MAX)
        jw_key_int(w, most, p->max);
}

static void describe_words(struct json_writer *w, const struct param *p)
{
    jw_key(w, "enum");
    jw_array(w);
    for (size_t i = 0; p->words[i]; i++)
        jw_text(w, p->words[i]);
    jw_array_end(w);
}

static void describe_members(struct json_writer *w, const struct param *table)
{
    bool any = false;

    jw_key(w, "properties");
    jw_object(w);
    for (const struct param *p = table; p->name; p++) {
        jw_key(w, p->name);
        jw_object(w);
        if (p->help)
            jw_key_text(w, "description", p->help);
        describe_schema(w, p);
        jw_object_end(w);
        any = any || p->required;
    }
    jw_object_end(w);
    if (any) {
        jw_key(w, "required");
        jw_array(w);
        for (const struct param *p = table; p->name; p++) {
            if (p->required)
                jw_text(w, p->name);
        }
        jw_array_end(w);
    }
    jw_key(w, "additionalProperties");
    jw_bool(w, false);
}

static void describe_items(struct json_writer *w, const struct param *p)
{
    describe_bounds(w, p, "minItems", "maxItems");
    if (!p->fields)
        return;
    jw_key(w, "items");
    jw_object(w);
    describe_schema(w, &p->fields[0]);
    jw_object_end(w);
}

/* The members of a schema object that the caller has opened. */
static void describe_schema(struct json_writer *w, const struct param *p)
{
    static const char *const types[] = {
        [PARAM_STRING] = "string", [PARAM_INT] = "integer",   [PARAM_NUMBER] = "number",
        [PARAM_BOOL] = "boolean",  [PARAM_DATE] = "string",   [PARAM_STAMP] = "string",
        [PARAM_WORD] = "string",   [PARAM_OBJECT] = "object", [PARAM_ARRAY] = "array"};

    if (p->type == PARAM_INT_OR_STRING) {
        jw_key(w, "type");
        jw_raw(w, "[\"integer\",\"string\"]", 20);
        return;
    }
    jw_key_text(w, "type", types[p->type]);
    if (p->type == PARAM_STRING)
        describe_bounds(w, p, "minLength", "maxLength");
    else if (p->type == PARAM_INT || p->type == PARAM_NUMBER)
        describe_bounds(w, p, "minimum", "maximum");
    else if (p->type == PARAM_DATE)
        jw_key_text(w, "format", "date");
    else if (p->type == PARAM_STAMP)
        jw_key_text(w, "format", "date-time");
    else if (p->type == PARAM_WORD)
        describe_words(w, p);
    else if (p->type == PARAM_OBJECT && p->fields)
        describe_members(w, p->fields);
    else if (p->type == PARAM_ARRAY)
        describe_items(w, p);
}

void params_describe(struct json_writer *w, const struct param *table)
{
    jw_array(w);
    for (const struct param *p = table; p->name; p++) {
        jw_object(w);
        jw_key_text(w, "name", p->name);
        if (p->help)
            jw_key_text(w, "description", p->help);
        if (p->required) {
            jw_key(w, "required");
            jw_bool(w, true);
        }
        jw_key(w, "schema");
        jw_object(w);
        describe_schema(w, p);
        jw_object_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
}
