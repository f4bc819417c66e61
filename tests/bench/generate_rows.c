#include "generate.h"

#include <arpa/inet.h>
#include <endian.h>
#include <spean/buf.h>
#include <spean/json_writer.h>
#include <spean/text.h>
#include <string.h>

/* COPY's binary form: a head, then for each row the number of fields and each with its length. */

#define EPOCH_DAYS 10957 /* PostgreSQL counts from 2000-01-01 */
#define EPOCH_MS INT64_C(946684800000)
#define OID_TEXT 25

const char rows_company_copy[] =
    "COPY spean.company (id, version, country, name, region, city, status, sectors, sector_terms,"
    " valid_until, verified, updated_at, doc, packed, pack_format, pack_model)"
    " FROM STDIN (FORMAT binary)";
const char rows_external_copy[] =
    "COPY spean.company_external (system, id, company_id) FROM STDIN (FORMAT binary)";
const char rows_key_copy[] =
    "COPY spean.company_key (company_id, lang, country, key) FROM STDIN (FORMAT binary)";
const char rows_change_copy[] =
    "COPY spean.change (seq, company_id, type, version, externals, origin, at)"
    " FROM STDIN (FORMAT binary)";

static void put_fields(struct buf *b, unsigned count)
{
    uint16_t n = htons((uint16_t)count);

    buf_add(b, &n, sizeof n);
}

static void put_number(struct buf *b, uint32_t v)
{
    uint32_t n = htonl(v);

    buf_add(b, &n, sizeof n);
}

static void put_bytes(struct buf *b, const void *bytes, size_t len)
{
    put_number(b, (uint32_t)len);
    buf_add(b, bytes, len);
}

static void put_text(struct buf *b, const char *s)
{
    put_bytes(b, s, strlen(s));
}

static void put_null(struct buf *b)
{
    put_number(b, UINT32_MAX);
}

static void put_int4(struct buf *b, int32_t v)
{
    put_number(b, 4);
    put_number(b, (uint32_t)v);
}

static void put_int8(struct buf *b, int64_t v)
{
    uint64_t n = htobe64((uint64_t)v);

    put_bytes(b, &n, sizeof n);
}

static void put_json(struct buf *b, const struct buf *json)
{
    put_number(b, (uint32_t)json->len + 1);
    buf_addc(b, 1);
    buf_add(b, json->data, json->len);
}

static void put_day(struct buf *b, int32_t day)
{
    if (day == DAY_NONE)
        put_null(b);
    else
        put_int4(b, day - EPOCH_DAYS);
}

static void put_moment(struct buf *b, int64_t ms)
{
    put_int8(b, (ms - EPOCH_MS) * 1000);
}

static void put_words(struct buf *b, const char *const *words, size_t count)
{
    size_t len = 20;

    for (size_t i = 0; i < count; i++)
        len += 4 + strlen(words[i]);
    put_number(b, (uint32_t)(count ? len : 12));
    put_number(b, count ? 1 : 0); /* dimensions */
    put_number(b, 0);             /* no nulls */
    put_number(b, OID_TEXT);
    if (count > 0) {
        put_number(b, (uint32_t)count);
        put_number(b, 1);
    }
    for (size_t i = 0; i < count; i++)
        put_text(b, words[i]);
}

/* The sectors, then these and the groups they are in, each once. */
static void put_sectors(const struct world *w, const struct profile *p, struct buf *b)
{
    const char *words[2 * SECTORS_MAX];
    size_t n = p->sector_count;

    for (size_t i = 0; i < n; i++)
        words[i] = model_sector_code(w->model, p->sectors[i]);
    put_words(b, words, n);
    for (size_t i = 0; i < p->sector_count; i++) {
        const char *group =
            model_sector_code(w->model, model_sector_group(w->model, p->sectors[i]));
        bool again = false;
        for (size_t k = 0; k < n; k++)
            again |= strcmp(words[k], group) == 0;
        if (!again)
            words[n++] = group;
    }
    put_words(b, words, n);
}

int rows_begin(struct buf *out)
{
    static const char head[] =
        "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* its own NUL is the last byte */

    return buf_add(out, head, 19);
}

int rows_end(struct buf *out)
{
    return buf_add(out, "\377\377", 2);
}

static const char *country_word(const struct company *c)
{
    return c->p.country == COUNTRY_KH ? "KH" : "CA";
}

int rows_company(const struct world *w, const struct company *c, const struct rows_scratch *s,
                 struct buf *out)
{
    const struct profile *p = &c->p;

    buf_reset(s->doc);
    buf_reset(s->packed);
    if (company_doc(w, c, s->doc) || packed_make(w->model, p, s->packed))
        return -1;
    put_fields(out, 16);
    put_bytes(out, p->id, IDENT_BYTES);
    put_int8(out, 1);
    put_text(out, country_word(c));
    put_bytes(out, p->name.s, p->name.len);
    put_text(out, model_region_code(w->model, p->region));
    if (p->city.len > 0)
        put_bytes(out, p->city.s, p->city.len);
    else
        put_null(out);
    put_text(out, status_name(p->status));
    put_sectors(w, p, out);
    put_day(out, p->valid_until);
    put_day(out, p->verified);
    put_moment(out, c->updated_ms);
    put_json(out, s->doc);
    put_bytes(out, s->packed->data, s->packed->len);
    put_int4(out, PACKED_FORMAT);
    put_text(out, model_version(w->model));
    return out->failed ? -1 : 0;
}

int rows_external(const struct company *c, struct buf *out)
{
    for (size_t i = 0; i < c->p.external_count; i++) {
        const struct external *e = &c->p.externals[i];
        put_fields(out, 3);
        put_bytes(out, e->system.s, e->system.len);
        put_bytes(out, e->id.s, e->id.len);
        put_bytes(out, c->p.id, IDENT_BYTES);
    }
    return out->failed ? -1 : 0;
}

static int key_put(const struct company *c, const char *lang, struct text_ref name,
                   struct buf *scratch, struct buf *out)
{
    buf_reset(scratch);
    if (name.len == 0)
        return 0;
    if (text_search_key(scratch, name.s, name.len))
        return -1;
    if (scratch->len == 0)
        return 0;
    put_fields(out, 4);
    put_bytes(out, c->p.id, IDENT_BYTES);
    put_text(out, lang);
    put_text(out, country_word(c));
    put_bytes(out, scratch->data, scratch->len);
    return out->failed ? -1 : 0;
}

int rows_key(const struct company *c, struct buf *scratch, struct buf *out)
{
    int rc = key_put(c, "", c->p.name, scratch, out);

    for (unsigned lang = 0; lang < LANG_COUNT && rc == 0; lang++)
        rc = key_put(c, model_lang_code(lang), c->names[lang], scratch, out);
    return rc;
}

int rows_change(const struct company *c, uint64_t seq, struct buf *scratch, struct buf *out)
{
    struct json_writer j;

    buf_reset(scratch);
    jw_init(&j, scratch);
    jw_array(&j);
    for (size_t i = 0; i < c->p.external_count; i++) {
        jw_object(&j);
        jw_key_text(&j, "system", c->p.externals[i].system.s);
        jw_key_text(&j, "id", c->p.externals[i].id.s);
        jw_object_end(&j);
    }
    jw_array_end(&j);
    put_fields(out, 7);
    put_int8(out, (int64_t)seq);
    put_bytes(out, c->p.id, IDENT_BYTES);
    put_text(out, "created");
    put_int8(out, 1);
    put_json(out, scratch);
    put_text(out, "generate");
    put_moment(out, c->updated_ms);
    return scratch->failed || out->failed ? -1 : 0;
}
