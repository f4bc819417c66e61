#include "view.h"

#include <spean/date.h>
#include <spean/json_reader.h>
#include <string.h>

#define WORDS                                                                                      \
    "id", "version", "external_ids", "country", "name", "names", "region", "city", "website",      \
        "phone", "description", "sectors", "languages", "offers", "seeks", "employees", "founded", \
        "export_markets", "certifications", "verified", "status", "valid_until", "updated_at"

const char *const view_words[] = {WORDS, NULL};
const char *const view_all_words[] = {WORDS, "contacts", NULL};

const struct param external_params[] = {
    {.name = "system",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 64,
     .help = "Name of the other system."},
    {.name = "id",
     .type = PARAM_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = "The company's id there."},
    {0},
};

static int field_bit(const char *name)
{
    const char *const *fields = profile_fields();

    for (int i = 0; fields[i]; i++)
        if (strcmp(fields[i], name) == 0)
            return i;
    return -1;
}

uint32_t view_mask(const json_t *fields)
{
    uint32_t mask;
    size_t i;
    json_t *field;

    if (!fields)
        return VIEW_ALL & ~(UINT32_C(1) << field_bit("contacts"));
    mask = UINT32_C(1) << field_bit("id");
    json_array_foreach((json_t *)(uintptr_t)fields, i, field)
    {
        int bit = field_bit(json_string_value(field));
        if (bit >= 0)
            mask |= UINT32_C(1) << bit;
    }
    return mask;
}

int view_write(struct json_writer *w, const struct view *v, uint32_t mask)
{
    const char *const *fields = profile_fields();
    bool no_memory;
    json_t *doc = jr_parse(v->doc, strlen(v->doc), JSON_REJECT_DUPLICATES, NULL, &no_memory);
    char stamp[STAMP_TEXT];

    if (!json_is_object(doc)) {
        json_decref(doc);
        return no_memory ? -1 : -2;
    }
    jw_object(w);
    for (int i = 0; fields[i]; i++) {
        const json_t *value = json_object_get(doc, fields[i]);

        if (!(mask & UINT32_C(1) << i))
            continue;
        if (strcmp(fields[i], "id") == 0) {
            jw_key_text(w, "id", v->id);
        } else if (strcmp(fields[i], "version") == 0) {
            jw_key_int(w, "version", v->version);
        } else if (strcmp(fields[i], "updated_at") == 0) {
            stamp_format(v->updated_ms, stamp);
            jw_key_text(w, "updated_at", stamp);
        } else if (value) {
            jw_key(w, fields[i]);
            jw_json(w, value);
        } else if (strcmp(fields[i], "verified") == 0) {
            jw_key(w, "verified");
            jw_null(w);
        }
    }
    jw_object_end(w);
    json_decref(doc);
    return 0;
}

int company_ref_read(struct request *r, struct company_ref *ret)
{
    const char *id = param_string(r->params, "id", NULL);
    const json_t *external = param_value(r->params, "external_id");

    memset(ret, 0, sizeof *ret);
    if ((id != NULL) == (external != NULL)) {
        request_bad_param(r, id ? "external_id" : "id",
                          id ? "may not stand beside id" : "is needed, or external_id");
        return -1;
    }
    if (id) {
        if (ident_parse(id, strlen(id), ret->bytes)) {
            request_refuse(r, REASON_COMPANY);
            return -1;
        }
        ident_format(ret->bytes, ret->id);
        return 0;
    }
    ret->system = param_string(external, "system", NULL);
    ret->external = param_string(external, "id", NULL);
    return 0;
}

void view_packed(struct json_writer *w, const struct model *m, const void *packed, bool whole)
{
    struct text_ref name = packed_name(packed), city = packed_city(packed);
    uint8_t sectors[SECTORS_MAX];
    char id[IDENT_TEXT];

    ident_format(packed_id(packed), id);
    jw_object(w);
    jw_key_text(w, "id", id);
    jw_key(w, "name");
    jw_string(w, name.s, name.len);
    jw_key_text(w, "country", packed_country(packed) == COUNTRY_KH ? "KH" : "CA");
    if (whole) {
        int region = packed_region(packed);
        jw_key_text(w, "region", region ? model_region_code(m, region) : NULL);
        jw_key(w, "city");
        if (city.len)
            jw_string(w, city.s, city.len);
        else
            jw_null(w);
        jw_key(w, "sectors");
        jw_array(w);
        size_t n = packed_sectors(packed, sectors);
        for (size_t i = 0; i < n; i++)
            jw_text(w, model_sector_code(m, sectors[i]));
        jw_array_end(w);
    }
    jw_object_end(w);
}
