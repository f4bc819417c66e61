#include "nouns.h"
#include "request.h"

#include <string.h>

/* The codes that profiles are made of, with their titles for people. */

struct titles {
    struct json_writer w;
    const struct model *m;
    int only; /* enum model_lang, or -1: all */
};

typedef const char *title_of(const struct model *m, int id, enum model_lang lang);

static const char *kind_title(const struct model *m, int id, enum model_lang lang)
{
    return model_kind_title(m, (enum kind)id, lang);
}

static const char *level_title(const struct model *m, int id, enum model_lang lang)
{
    return model_level_title(m, (enum level)id, lang);
}

static void write_titles(struct titles *t, int id, title_of *title)
{
    jw_key(&t->w, "titles");
    jw_object(&t->w);
    for (int lang = 0; lang < LANG_COUNT; lang++)
        if (t->only < 0 || t->only == lang)
            jw_key_text(&t->w, model_lang_code((enum model_lang)lang),
                        title(t->m, id, (enum model_lang)lang));
    jw_object_end(&t->w);
}

static void write_sectors(struct titles *t)
{
    jw_key(&t->w, "sectors");
    jw_array(&t->w);
    for (int n = 0; n < model_sector_count(t->m); n++) {
        int id = model_sector_at(t->m, n), group = model_sector_group(t->m, id);
        jw_object(&t->w);
        jw_key_text(&t->w, "code", model_sector_code(t->m, id));
        jw_key_text(&t->w, "group", group == id ? NULL : model_sector_code(t->m, group));
        write_titles(t, id, model_sector_title);
        jw_object_end(&t->w);
    }
    jw_array_end(&t->w);
}

static void write_regions(struct titles *t)
{
    jw_key(&t->w, "regions");
    jw_array(&t->w);
    for (int n = 0; n < model_region_count(t->m); n++) {
        int id = model_region_at(t->m, n);
        jw_object(&t->w);
        jw_key_text(&t->w, "code", model_region_code(t->m, id));
        jw_key_text(&t->w, "country", model_region_country(t->m, id) == COUNTRY_KH ? "KH" : "CA");
        write_titles(t, id, model_region_title);
        jw_object_end(&t->w);
    }
    jw_array_end(&t->w);
}

static void write_words(struct titles *t)
{
    jw_key(&t->w, "kinds");
    jw_array(&t->w);
    for (int k = 0; k < KIND_COUNT; k++) {
        jw_object(&t->w);
        jw_key_text(&t->w, "code", kind_name((enum kind)k));
        write_titles(t, k, kind_title);
        jw_object_end(&t->w);
    }
    jw_array_end(&t->w);
    jw_key(&t->w, "levels");
    jw_array(&t->w);
    for (int l = LEVEL_BASIC; l <= LEVEL_FLUENT; l++) {
        jw_object(&t->w);
        jw_key_text(&t->w, "code", level_name((enum level)l));
        write_titles(t, l, level_title);
        jw_object_end(&t->w);
    }
    jw_array_end(&t->w);
}

void taxonomy_get(struct request *r)
{
    const char *lang = param_string(r->params, "lang", NULL);
    struct titles t = {.m = r->s->o.model, .only = -1};

    if (lang)
        t.only = model_lang_parse(lang, strlen(lang));
    jw_init(&t.w, request_buffer(r));
    jw_object(&t.w);
    write_sectors(&t);
    write_words(&t);
    write_regions(&t);
    jw_key_text(&t.w, "version", model_version(t.m));
    jw_object_end(&t.w);
    request_result(r);
}
