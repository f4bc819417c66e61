#include "plan.h"

#include "reason.h"

#include <spean/json_writer.h>
#include <spean/text.h>
#include <stdlib.h>
#include <string.h>

int plan_init(struct plan *p, const struct plan_rules *rules, size_t count)
{
    memset(p, 0, sizeof *p);
    p->rules = *rules;
    p->items = calloc(count ? count : 1, sizeof *p->items);
    if (!p->items)
        return -1;
    p->count = count;
    return plan_reset(p);
}

static void subjects_done(struct plan *p)
{
    for (size_t i = 0; i < p->subject_count; i++) {
        json_decref(p->subjects[i].before);
        json_decref(p->subjects[i].doc);
        buf_done(&p->subjects[i].packed);
    }
    p->subject_count = 0;
    json_decref(p->by_id);
    json_decref(p->by_external);
    json_decref(p->erased);
    p->by_id = p->by_external = p->erased = NULL;
}

void plan_done(struct plan *p)
{
    subjects_done(p);
    free(p->subjects);
    for (size_t i = 0; i < p->count; i++)
        rpc_error_done(&p->items[i].error);
    free(p->items);
    memset(p, 0, sizeof *p);
}

int plan_reset(struct plan *p)
{
    subjects_done(p);
    p->next = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct plan_item *item = &p->items[i];
        item->created = false;
        if (item->bad_form)
            continue;
        rpc_error_done(&item->error);
        memset(&item->error, 0, sizeof item->error);
    }
    p->by_id = json_object();
    p->by_external = json_object();
    p->erased = json_object();
    return p->by_id && p->by_external && p->erased ? 0 : -1;
}

/* ---- form ---- */

/* What makes it useless to look for the company at all. */
static void form_check(const json_t *patch, struct rpc_error *e)
{
    const json_t *id = json_object_get(patch, "id");
    uint8_t bytes[IDENT_BYTES];

    if (!json_is_object(patch))
        profile_patch_check(patch, true, e);
    else if (json_is_string(id) &&
             ident_parse(json_string_value(id), json_string_length(id), bytes))
        reason_set(e, REASON_COMPANY);
}

void plan_patch(struct plan *p, size_t at, const json_t *patch)
{
    struct plan_item *item = &p->items[at];

    item->patch = patch;
    form_check(patch, &item->error);
    item->bad_form = item->error.code != 0;
}

/* ---- what to ask the database for ---- */

bool external_whole(const json_t *external)
{
    return json_is_string(json_object_get(external, "system")) &&
           json_is_string(json_object_get(external, "id"));
}

/* One for the id and one for the external ids: an id leads only to its own company. */
static size_t item_refs(struct json_writer *w, const json_t *patch)
{
    const json_t *id = json_object_get(patch, "id"), *external;
    const json_t *externals = json_object_get(patch, "external_ids");
    size_t i, n = 0;

    if (json_is_string(id)) {
        jw_object(w);
        jw_key_text(w, "id", json_string_value(id));
        jw_key(w, "externals");
        jw_raw(w, "[]", 2);
        jw_object_end(w);
        n++;
    }
    if (json_array_size(externals) > 0) {
        jw_object(w);
        jw_key(w, "id");
        jw_null(w);
        jw_key(w, "externals");
        jw_array(w);
        json_array_foreach((json_t *)(uintptr_t)externals, i, external)
        {
            if (!external_whole(external))
                continue;
            jw_object(w);
            jw_key_text(w, "system", json_string_value(json_object_get(external, "system")));
            jw_key_text(w, "id", json_string_value(json_object_get(external, "id")));
            jw_object_end(w);
        }
        jw_array_end(w);
        jw_object_end(w);
        n++;
    }
    return n;
}

int plan_refs(const struct plan *p, struct buf *out, size_t *ret_count)
{
    struct json_writer w;
    size_t n = 0;

    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < p->count; i++)
        if (!p->items[i].bad_form)
            n += item_refs(&w, p->items[i].patch);
    jw_array_end(&w);
    if (out->failed)
        return -1;
    *ret_count = n;
    return 0;
}

/* ---- what to write ---- */

/* 0, or -1 on no memory: a company without one of its keys would not be found by that name. */
static int write_key(struct json_writer *w, struct buf *scratch, const char *lang,
                     const json_t *name)
{
    buf_reset(scratch);
    if (!json_is_string(name))
        return 0;
    if (text_search_key(scratch, json_string_value(name), json_string_length(name)))
        return -1;
    if (scratch->len == 0)
        return 0;
    jw_object(w);
    jw_key_text(w, "lang", lang);
    jw_key(w, "key");
    jw_string(w, scratch->data, scratch->len);
    jw_object_end(w);
    return 0;
}

static int write_keys(struct json_writer *w, const json_t *doc)
{
    const json_t *names = json_object_get(doc, "names");
    struct buf scratch;
    const char *lang;
    json_t *name;
    int rc;

    buf_init(&scratch, 64 * 1024);
    jw_key(w, "keys");
    jw_array(w);
    rc = write_key(w, &scratch, "", json_object_get(doc, "name"));
    json_object_foreach((json_t *)(uintptr_t)names, lang, name)
    {
        if (write_key(w, &scratch, lang, name))
            rc = -1;
    }
    jw_array_end(w);
    buf_done(&scratch);
    return rc;
}

static const char *subject_type(const struct plan *p, const struct subject *s)
{
    const char *was = json_string_value(json_object_get(s->before, "status"));
    const char *is = json_string_value(json_object_get(s->doc, "status"));

    if (s->version == 0)
        return "created";
    if (p->rules.kind == PLAN_CONFIRM)
        return "confirmed";
    return is && strcmp(is, "archived") == 0 && (!was || strcmp(was, is) != 0) ? "archived"
                                                                               : "updated";
}

static int write_base64(struct json_writer *w, const struct buf *bytes)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)bytes->data;
    size_t len = (bytes->len + 2) / 3 * 4;
    char *text = malloc(len + 1), *out = text;

    if (!text)
        return -1;
    for (size_t i = 0; i < bytes->len; i += 3) {
        size_t n = bytes->len - i;
        uint32_t v = (uint32_t)in[i] << 16 | (n > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                     (n > 2 ? in[i + 2] : 0);
        *out++ = set[v >> 18 & 63];
        *out++ = set[v >> 12 & 63];
        *out++ = n > 1 ? set[v >> 6 & 63] : '=';
        *out++ = n > 2 ? set[v & 63] : '=';
    }
    jw_string(w, text, len);
    free(text);
    return 0;
}

/*
 * The profile without its contacts, which are stored apart. Member by member: jansson's own copy of
 * an object leaves out what it has no memory for, and says nothing.
 */
static void write_bare(struct json_writer *w, json_t *doc)
{
    const char *name;
    json_t *value;

    jw_object(w);
    json_object_foreach(doc, name, value)
    {
        if (strcmp(name, "contacts") == 0)
            continue;
        jw_key(w, name);
        jw_json(w, value);
    }
    jw_object_end(w);
}

static int write_subject(const struct plan *p, struct json_writer *w, const struct subject *s)
{
    const json_t *contacts = json_object_get(s->doc, "contacts");
    int rc;

    jw_object(w);
    jw_key_text(w, "id", s->id);
    jw_key_int(w, "expect", s->version);
    jw_key_text(w, "type", subject_type(p, s));
    jw_key(w, "doc");
    write_bare(w, s->doc);
    jw_key(w, "contacts");
    if (json_is_array(contacts))
        jw_json(w, contacts);
    else
        jw_raw(w, "[]", 2);
    rc = write_keys(w, s->doc);
    jw_key(w, "packed");
    if (write_base64(w, &s->packed))
        rc = -1;
    jw_object_end(w);
    return rc;
}

int plan_writes(const struct plan *p, struct buf *out)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < p->subject_count; i++)
        if (p->subjects[i].changed && write_subject(p, &w, &p->subjects[i]))
            return -1;
    jw_array_end(&w);
    return out->failed ? -1 : 0;
}
