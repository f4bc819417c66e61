#include "generate.h"

#include <spean/buf.h>
#include <spean/date.h>
#include <spean/json_writer.h>
#include <spean/model.h>

/* The stored form: what a checked profile is, members that are empty included. */

static void write_text(struct json_writer *w, const char *key, struct text_ref t)
{
    jw_key(w, key);
    jw_string(w, t.s, t.len);
}

static void write_optional(struct json_writer *w, const char *key, struct text_ref t)
{
    if (t.len > 0)
        write_text(w, key, t);
}

static void write_date(struct json_writer *w, const char *key, int32_t day)
{
    char text[DATE_TEXT];

    date_format(day, text);
    jw_key_text(w, key, text);
}

static void write_externals(struct json_writer *w, const struct profile *p)
{
    jw_key(w, "external_ids");
    jw_array(w);
    for (size_t i = 0; i < p->external_count; i++) {
        jw_object(w);
        write_text(w, "system", p->externals[i].system);
        write_text(w, "id", p->externals[i].id);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_names(struct json_writer *w, const struct company *c)
{
    jw_key(w, "names");
    jw_object(w);
    for (unsigned lang = 0; lang < LANG_COUNT; lang++)
        write_optional(w, model_lang_code(lang), c->names[lang]);
    jw_object_end(w);
    jw_key(w, "description");
    jw_object(w);
    for (size_t i = 0; i < c->p.description_count; i++)
        write_text(w, model_lang_code(c->description_langs[i]), c->p.descriptions[i]);
    jw_object_end(w);
}

static void write_needs(const struct world *world, struct json_writer *w, const char *key,
                        const struct need *needs, size_t count)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        jw_key_text(w, "kind", kind_name(needs[i].kind));
        jw_key_text(w, "sector", model_sector_code(world->model, needs[i].sector));
        if (needs[i].hs_count > 0) {
            jw_key(w, "hs");
            jw_array(w);
            for (size_t k = 0; k < needs[i].hs_count; k++)
                jw_string(w, needs[i].hs[k].s, needs[i].hs[k].len);
            jw_array_end(w);
        }
        write_optional(w, "text", needs[i].text);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_lists(const struct world *world, struct json_writer *w, const struct profile *p)
{
    jw_key(w, "sectors");
    jw_array(w);
    for (size_t i = 0; i < p->sector_count; i++)
        jw_text(w, model_sector_code(world->model, p->sectors[i]));
    jw_array_end(w);
    jw_key(w, "languages");
    jw_array(w);
    for (size_t i = 0; i < p->lang_count; i++) {
        jw_object(w);
        jw_key_text(w, "lang", p->langs[i].code);
        jw_key_text(w, "level", level_name(p->langs[i].level));
        jw_object_end(w);
    }
    jw_array_end(w);
    write_needs(world, w, "offers", p->offers, p->offer_count);
    write_needs(world, w, "seeks", p->seeks, p->seek_count);
    jw_key(w, "export_markets");
    jw_array(w);
    for (size_t i = 0; i < p->market_count; i++)
        jw_text(w, p->markets[i]);
    jw_array_end(w);
    jw_key(w, "certifications");
    jw_array(w);
    for (size_t i = 0; i < p->certification_count; i++)
        jw_string(w, p->certifications[i].s, p->certifications[i].len);
    jw_array_end(w);
}

int company_doc(const struct world *world, const struct company *c, struct buf *out)
{
    const struct profile *p = &c->p;
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    write_externals(&w, p);
    jw_key_text(&w, "country", p->country == COUNTRY_KH ? "KH" : "CA");
    write_text(&w, "name", p->name);
    write_names(&w, c);
    jw_key_text(&w, "region", model_region_code(world->model, p->region));
    write_optional(&w, "city", p->city);
    write_optional(&w, "website", c->website);
    write_optional(&w, "phone", c->phone);
    write_lists(world, &w, p);
    if (p->employees >= 0)
        jw_key_int(&w, "employees", p->employees);
    if (p->founded)
        jw_key_int(&w, "founded", p->founded);
    if (p->verified != DAY_NONE)
        write_date(&w, "verified", p->verified);
    jw_key_text(&w, "status", status_name(p->status));
    write_date(&w, "valid_until", p->valid_until);
    jw_object_end(&w);
    return out->failed ? -1 : 0;
}
