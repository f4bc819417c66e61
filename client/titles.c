#include "titles.h"

#include "app.h"

static void titles_gather(json_t *titles, const json_t *terms, const char *lang)
{
    for (size_t i = 0; i < json_array_size(terms); i++) {
        const json_t *term = json_array_get(terms, i);
        const char *code = json_string_value(json_object_get(term, "code"));
        json_t *title = json_object_get(json_object_get(term, "titles"), lang);

        if (code && json_is_string(title))
            json_object_set(titles, code, title);
    }
}

json_t *titles_load(struct app *app)
{
    static const char *const members[] = {"sectors", "regions", "kinds", "levels"};
    json_t *params = json_pack("{s:s}", "lang", app->lang), *titles = NULL;
    struct answer a = {0};

    if (params && app_try(app, "taxonomy.get", params, &a) == EXIT_DONE)
        titles = json_object();
    for (size_t i = 0; titles && i < 4; i++)
        titles_gather(titles, json_object_get(a.result, members[i]), app->lang);
    json_decref(params);
    answer_done(&a);
    return titles;
}

const char *title_of(const json_t *titles, const char *code)
{
    const char *title = json_string_value(json_object_get(titles, code));

    return title && *title ? title : code;
}

static json_t *title_json(const json_t *titles, const json_t *code)
{
    return json_string(title_of(titles, json_string_value(code)));
}

void titles_put(const json_t *titles, json_t *record, const char *member)
{
    json_t *value = json_object_get(record, member);

    if (json_is_string(value)) {
        json_object_set_new(record, member, title_json(titles, value));
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        if (json_is_string(json_array_get(value, i)))
            json_array_set_new(value, i, title_json(titles, json_array_get(value, i)));
}
