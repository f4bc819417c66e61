#include "plan.h"

#include "core.h"
#include "pack.h"
#include "reason.h"

#include <spean/date.h>
#include <spean/json_reader.h>
#include <spean/packed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Applying patches to what was found. */

enum { NO_SUBJECT = -1, TWO_SUBJECTS = -2, NO_MEMORY = -3, CONFIRM_MONTHS = 12 };

char *external_key(const json_t *external)
{
    const char *system = json_string_value(json_object_get(external, "system"));
    const char *id = json_string_value(json_object_get(external, "id"));
    char *key = NULL;

    if (!system || !id)
        return NULL;
    /* The length parts them, whatever they hold. */
    if (asprintf(&key, "%zu:%s%s", strlen(system), system, id) < 0)
        return NULL;
    return key;
}

static int map_get(const json_t *map, const char *key)
{
    const json_t *place = key ? json_object_get(map, key) : NULL;

    return place ? (int)json_integer_value(place) : NO_SUBJECT;
}

/* A doc's external ids lead to subject `at` from now on (add), or no longer. */
static int externals_map(struct plan *p, const json_t *doc, int at, bool add)
{
    const json_t *externals = json_object_get(doc, "external_ids"), *external;
    size_t i;
    int rc = 0;

    json_array_foreach((json_t *)(uintptr_t)externals, i, external)
    {
        char *key = external_key(external);
        if (!key)
            return -1;
        if (add)
            rc = json_object_set_new(p->by_external, key, json_integer(at));
        else if (map_get(p->by_external, key) == at)
            json_object_del(p->by_external, key);
        free(key);
        if (rc)
            return -1;
    }
    return 0;
}

static struct subject *subject_add(struct plan *p, const char *id)
{
    if (p->subject_count == p->subject_cap) {
        size_t cap = p->subject_cap ? p->subject_cap * 2 : 4;
        struct subject *list = realloc(p->subjects, cap * sizeof *list);
        if (!list)
            return NULL;
        p->subjects = list;
        p->subject_cap = cap;
    }
    struct subject *s = &p->subjects[p->subject_count];
    memset(s, 0, sizeof *s);
    snprintf(s->id, sizeof s->id, "%s", id);
    buf_init(&s->packed, PACKED_MAX);
    if (json_object_set_new(p->by_id, id, json_integer((json_int_t)p->subject_count)))
        return NULL;
    p->subject_count++;
    return s;
}

int plan_found(struct plan *p, const char *id, int64_t version, const char *doc)
{
    struct subject *s;
    bool no_memory;

    if (map_get(p->by_id, id) != NO_SUBJECT)
        return 0;
    s = subject_add(p, id);
    if (!s)
        return -1;
    s->version = version;
    s->before = jr_parse(doc, strlen(doc), JSON_REJECT_DUPLICATES, NULL, &no_memory);
    if (!json_is_object(s->before))
        return no_memory ? -1 : -2;
    s->doc = json_incref(s->before);
    return externals_map(p, s->doc, (int)(p->subject_count - 1), true);
}

int plan_erased(struct plan *p, const char *id)
{
    return json_object_set_new(p->erased, id, json_true());
}

/* Where a patch's external ids lead to. */
static int externals_lead(const struct plan *p, const json_t *doc)
{
    const json_t *externals = json_object_get(doc, "external_ids"), *external;
    int found = NO_SUBJECT;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)externals, i, external)
    {
        char *key = external_key(external);
        int at = map_get(p->by_external, key);
        if (!key && external_whole(external))
            return NO_MEMORY; /* it may lead to a company: a second one with the id must not be */
        free(key);
        if (at == NO_SUBJECT || at == found)
            continue;
        if (found != NO_SUBJECT)
            return TWO_SUBJECTS;
        found = at;
    }
    return found;
}

/* A patch's id as ids are written here; false: it has none. */
static bool patch_id(const json_t *patch, char ret[IDENT_TEXT])
{
    const json_t *id = json_object_get(patch, "id");
    uint8_t bytes[IDENT_BYTES];

    if (!json_is_string(id) ||
        ident_parse(json_string_value(id), json_string_length(id), bytes) != 0)
        return false;
    ident_format(bytes, ret);
    return true;
}

/* Finds the company of a patch: its place, NO_SUBJECT for a new one; TWO_SUBJECTS with e
 * (without a code: no memory). */
static int item_subject(const struct plan *p, const json_t *patch, struct rpc_error *e)
{
    int led = externals_lead(p, patch), at;
    char id[IDENT_TEXT];

    if (led == NO_MEMORY)
        return TWO_SUBJECTS;
    if (!patch_id(patch, id)) {
        if (led == TWO_SUBJECTS)
            reason_set(e, REASON_AMBIGUOUS);
        return led;
    }
    at = map_get(p->by_id, id);
    if (at == NO_SUBJECT && !p->rules.keep_ids) {
        reason_set(e, REASON_COMPANY);
        return TWO_SUBJECTS;
    }
    if (led != NO_SUBJECT && led != at) {
        reason_set(e, REASON_AMBIGUOUS);
        return TWO_SUBJECTS;
    }
    if (at == NO_SUBJECT && json_object_get(p->erased, id)) {
        reason_set(e, REASON_ERASED);
        return TWO_SUBJECTS;
    }
    return at;
}

/* The patch on the stored profile, checked, every bad field named in e. NULL without a code in e:
 * no memory. */
static json_t *upsert_merge(const struct plan *p, const json_t *patch, const struct subject *s,
                            struct rpc_error *e)
{
    json_t *merged = profile_merge(s ? s->doc : NULL, patch, p->rules.today);

    if (!merged)
        return NULL;
    profile_patch_check(patch, true, e);
    profile_check(merged, &p->rules.codes, e);
    if (!e->code && !p->rules.may_verify && profile_changes_verified(s ? s->doc : NULL, patch)) {
        reason_set(e, REASON_VERIFY);
        rpc_error_field(e, RPC_FORBIDDEN, "verified", "may be set by staff and admin only");
    }
    if (e->code) {
        json_decref(merged);
        return NULL;
    }
    return merged;
}

/* What is stored holds together already, so nothing is checked that may have changed since. */
static json_t *own_merge(const struct plan *p, const struct subject *s)
{
    const char *old = json_string_value(json_object_get(s->doc, "valid_until"));
    char until[DATE_TEXT];
    json_t *own, *merged = NULL;

    date_format(date_add_months(p->rules.today, CONFIRM_MONTHS), until);
    if (p->rules.kind == PLAN_ARCHIVE)
        own = json_pack("{s:s}", "status", "archived");
    else if (old && strcmp(old, until) > 0) /* to renew never shortens */
        own = json_object();
    else
        own = json_pack("{s:s}", "valid_until", until);
    if (own)
        merged = profile_merge(s->doc, own, p->rules.today);
    json_decref(own);
    return merged;
}

/* Makes `merged` the subject's profile. 0; -1 with e (no code: no memory). */
static int subject_take(struct plan *p, int at, json_t *merged, struct rpc_error *e)
{
    struct subject *s = &p->subjects[at];
    bool changed = s->version == 0 || !profile_equal(s->before, merged);
    uint8_t id[IDENT_BYTES];
    struct buf packed;

    buf_init(&packed, PACKED_MAX);
    if (changed) {
        if (json_dumpb(merged, NULL, 0, JSON_COMPACT) > PROFILE_MAX) {
            reason_set(e, REASON_PROFILE_TOO_LARGE);
            return -1;
        }
        int rc = ident_parse(s->id, strlen(s->id), id)
                     ? -2
                     : pack_profile(p->rules.model, merged, id, p->rules.today, &packed);
        if (rc) {
            buf_done(&packed);
            if (rc == -2)
                reason_set(e, REASON_PROFILE_TOO_LARGE);
            return -1;
        }
    }
    buf_done(&s->packed);
    s->packed = packed;
    s->changed = changed;
    if (externals_map(p, s->doc, at, false) || externals_map(p, merged, at, true))
        return -1;
    json_decref(s->doc);
    s->doc = json_incref(merged);
    return 0;
}

/* A company that is not there yet, with an id that it brings along or a new one. */
static int new_subject(struct plan *p, const json_t *patch)
{
    uint8_t id[IDENT_BYTES];
    char text[IDENT_TEXT];

    if (!patch_id(patch, text)) {
        if (ident_make(id, p->rules.now_ms))
            return -1;
        ident_format(id, text);
    }
    return subject_add(p, text) ? 0 : -1;
}

/* Finds the company of an item; 0, or -1 with its error. */
static int item_find(const struct plan *p, struct plan_item *item, int *ret_at)
{
    struct rpc_error *e = &item->error;
    int at = item_subject(p, item->patch, e);
    int64_t version;

    if (at == TWO_SUBJECTS)
        return -1;
    version = at == NO_SUBJECT ? 0 : p->subjects[at].version;
    if (p->rules.if_version >= 0 && p->rules.if_version != version)
        return rpc_error_set(e, RPC_CONFLICT, reason_word(REASON_VERSION),
                             version ? "The company has version %lld"
                                     : "There is no such company yet, version %lld",
                             (long long)version);
    *ret_at = at;
    return 0;
}

/* 0; -1 with the item's error (no code: no memory). */
static int item_apply(struct plan *p, struct plan_item *item)
{
    struct rpc_error *e = &item->error;
    json_t *merged = NULL;
    struct subject *s;
    int rc = -1, at = NO_SUBJECT;

    if (item_find(p, item, &at))
        return -1;
    s = at == NO_SUBJECT ? NULL : &p->subjects[at];
    merged = p->rules.kind == PLAN_UPSERT ? upsert_merge(p, item->patch, s, e) : own_merge(p, s);
    if (!merged)
        return -1;
    if (!s) {
        if (new_subject(p, item->patch))
            goto out;
        at = (int)p->subject_count - 1;
        item->created = true;
    }
    item->subject = (size_t)at;
    rc = subject_take(p, at, merged, e);
out:
    json_decref(merged);
    return rc;
}

int plan_make(struct plan *p, size_t most)
{
    for (; p->next < p->count && most > 0; p->next++, most--) {
        struct plan_item *item = &p->items[p->next];
        if (item->bad_form)
            continue;
        /* For want of memory the whole call is refused: an item's error would be kept under the
         * call's key, and sent again it would never get in. */
        if (item_apply(p, item) && (item->error.code == 0 || rpc_error_is_no_memory(&item->error)))
            return -1;
    }
    return p->next < p->count ? 1 : 0;
}

int64_t plan_version(const struct plan *p, const struct plan_item *item)
{
    const struct subject *s = &p->subjects[item->subject];

    return s->version + (s->changed ? 1 : 0);
}
