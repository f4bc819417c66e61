#include <spean/params.h>

json_t *param_value(const json_t *params, const char *name)
{
    json_t *value = json_object_get(params, name);

    return json_is_null(value) ? NULL : value;
}

const char *param_string(const json_t *params, const char *name, const char *preset)
{
    const char *s = json_string_value(param_value(params, name));

    return s ? s : preset;
}

int64_t param_int(const json_t *params, const char *name, int64_t preset)
{
    json_t *value = param_value(params, name);

    return json_is_integer(value) ? json_integer_value(value) : preset;
}

double param_number(const json_t *params, const char *name, double preset)
{
    json_t *value = param_value(params, name);

    return json_is_number(value) ? json_number_value(value) : preset;
}

bool param_bool(const json_t *params, const char *name, bool preset)
{
    json_t *value = param_value(params, name);

    return json_is_boolean(value) ? json_is_true(value) : preset;
}
