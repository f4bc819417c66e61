#include "pack.h"

#include <spean/buf.h>
#include <spean/date.h>

#include <stdlib.h>
#include <string.h>

#define MARKETS_MAX 256
#define CERTIFICATIONS_MAX 64

/* A profile with the room that its lists need; everything else is borrowed from the JSON. */
struct unpacked {
    struct profile p;
    char markets[MARKETS_MAX][3];
    struct text_ref certifications[CERTIFICATIONS_MAX];
    struct external externals[EXTERNAL_MAX];
};

static struct text_ref text_of(const json_t *value)
{
    return (struct text_ref){json_is_string(value) ? json_string_value(value) : "",
                             json_string_length(value)};
}

static struct text_ref text_get(const json_t *object, const char *key)
{
    return text_of(json_object_get(object, key));
}

static int32_t day_get(const json_t *object, const char *key, int32_t none)
{
    struct text_ref t = text_get(object, key);
    int32_t day;
    return date_parse(t.s, t.len, &day) == 0 ? day : none;
}

static void langs_read(const json_t *list, struct profile *p)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct text_ref code = text_get(item, "lang"), level = text_get(item, "level");
        int l = level_parse(level.s, level.len);
        if (p->lang_count == LANGS_MAX || code.len != 3 || l < 0)
            continue;
        struct tongue *t = &p->langs[p->lang_count++];
        memcpy(t->code, code.s, 3);
        t->level = (uint8_t)l;
    }
}

static bool need_read(const struct model *m, const json_t *item, struct need *ret)
{
    struct text_ref kind = text_get(item, "kind"), sector = text_get(item, "sector");
    int k = kind_parse(kind.s, kind.len), s = model_sector(m, sector.s, sector.len);
    if (k < 0 || s == 0)
        return false;
    *ret = (struct need){.kind = (uint8_t)k, .sector = (uint8_t)s, .text = text_get(item, "text")};
    size_t i;
    json_t *hs;
    json_array_foreach(json_object_get(item, "hs"), i, hs)
    {
        if (ret->hs_count < HS_MAX && json_is_string(hs))
            ret->hs[ret->hs_count++] = text_of(hs);
    }
    return true;
}

static size_t needs_read(const struct model *m, const json_t *list, struct need needs[NEEDS_MAX])
{
    size_t n = 0, i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (n < NEEDS_MAX && need_read(m, item, &needs[n]))
            n++;
    }
    return n;
}

static void sectors_read(const struct model *m, const json_t *list, struct profile *p)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct text_ref code = text_of(item);
        int id = model_sector(m, code.s, code.len);
        if (id != 0 && p->sector_count < SECTORS_MAX)
            p->sectors[p->sector_count++] = (uint8_t)id;
    }
}

static void lists_read(const json_t *doc, struct unpacked *u)
{
    struct profile *p = &u->p;
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(doc, "export_markets"), i, item)
    {
        struct text_ref code = text_of(item);
        if (code.len == 2 && p->market_count < MARKETS_MAX)
            memcpy(u->markets[p->market_count++], code.s, 3);
    }
    json_array_foreach(json_object_get(doc, "certifications"), i, item)
    {
        if (json_is_string(item) && p->certification_count < CERTIFICATIONS_MAX)
            u->certifications[p->certification_count++] = text_of(item);
    }
    json_array_foreach(json_object_get(doc, "external_ids"), i, item)
    {
        struct external e = {text_get(item, "system"), text_get(item, "id")};
        if (p->external_count < EXTERNAL_MAX)
            u->externals[p->external_count++] = e;
    }
    p->markets = (const char(*)[3])u->markets;
    p->certifications = u->certifications;
    p->externals = u->externals;
}

/* The descriptions in an order of their own, so that the object's does not matter. */
static void descriptions_read(const json_t *object, struct profile *p)
{
    static const char *const first[] = {"eng", "fra", "khm"};
    size_t most = sizeof p->descriptions / sizeof *p->descriptions;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        struct text_ref t = text_get(object, first[i]);
        if (t.len > 0)
            p->descriptions[p->description_count++] = t;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof first / sizeof *first; i++)
            known |= strcmp(key, first[i]) == 0;
        if (!known && json_is_string(value) && p->description_count < most)
            p->descriptions[p->description_count++] = text_of(value);
    }
}

static int profile_read(const struct model *m, const json_t *doc, struct unpacked *u)
{
    struct profile *p = &u->p;
    struct text_ref country = text_get(doc, "country"), status = text_get(doc, "status");
    if (country.len != 2 || (memcmp(country.s, "KH", 2) != 0 && memcmp(country.s, "CA", 2) != 0))
        return -2;
    p->country = country.s[0] == 'K' ? COUNTRY_KH : COUNTRY_CA;
    int s = status_parse(status.s, status.len);
    p->status = s < 0 ? STATUS_DRAFT : (enum status)s;
    p->valid_until = day_get(doc, "valid_until", DAY_NONE);
    p->verified = day_get(doc, "verified", DAY_NONE);
    p->name = text_get(doc, "name");
    p->city = text_get(doc, "city");
    struct text_ref region = text_get(doc, "region");
    p->region = model_region(m, region.s, region.len);
    const json_t *employees = json_object_get(doc, "employees");
    p->employees = json_is_integer(employees) ? json_integer_value(employees) : -1;
    const json_t *founded = json_object_get(doc, "founded");
    p->founded = json_is_integer(founded) ? (int)json_integer_value(founded) : 0;
    sectors_read(m, json_object_get(doc, "sectors"), p);
    langs_read(json_object_get(doc, "languages"), p);
    p->offer_count = needs_read(m, json_object_get(doc, "offers"), p->offers);
    p->seek_count = needs_read(m, json_object_get(doc, "seeks"), p->seeks);
    descriptions_read(json_object_get(doc, "description"), p);
    lists_read(doc, u);
    return 0;
}

int pack_profile(const struct model *m, const json_t *doc, const uint8_t id[IDENT_BYTES],
                 int32_t updated_day, struct buf *out)
{
    struct unpacked *u = calloc(1, sizeof *u);
    if (u == NULL)
        return -1;
    memcpy(u->p.id, id, IDENT_BYTES);
    u->p.updated = updated_day;
    int rc = profile_read(m, doc, u);
    if (rc == 0)
        rc = packed_make(m, &u->p, out);
    free(u);
    return rc;
}
