#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping_file.h"
#include "mapping_in.h"
#include "mapping_row.h"
#include "mapping_table.h"
#include "mapping_text.h"
#include <spean/buf.h>
#include <spean/ident.h>

/* External ids, certifications, languages and offers of a row. */

#define HASH_CHARS 32 /* of the SHA-256's 64: 128 bits tell any list's rows apart */
#define OFFERS_MAX 16
#define OFFER_TEXT_MAX 1000
#define CERTIFICATIONS_MAX 32

/* The same row gives the same hash, whatever its case, accents and blanks are. */
static char *hash_make(const struct step *s, char *const *columns, size_t n)
{
    uint8_t digest[DIGEST_BYTES];
    char text[DIGEST_TEXT];
    struct buf all;
    bool any = false;

    buf_init(&all, (size_t)1 << 21);
    for (size_t i = 0; i < n; i++) {
        char *value = value_text(json_object_get(s->row, columns[i]));
        char *folded = value != NULL ? fold_copy(value, strlen(value)) : NULL;

        any = any || (folded != NULL && folded[0] != '\0');
        buf_adds(&all, folded != NULL ? folded : "");
        buf_addc(&all, '\n');
        free(folded);
        free(value);
    }
    if (!any || all.failed || digest_sha256(all.data, all.len, digest) < 0) {
        buf_done(&all);
        return NULL;
    }
    buf_done(&all);
    digest_format(digest, text);
    text[HASH_CHARS] = '\0';
    return strdup(text);
}

int step_external_id(struct step *s)
{
    const char *system = mapping_text(s->m, "external_id", "system");
    size_t n;
    char *const *hash = mapping_columns(s->m, "external_id", "hash", &n);
    char *id = row_text(s->m, "columns", "external_id", s->row, 200);
    int r = 0;

    if (id == NULL && hash != NULL)
        id = hash_make(s, hash, n);
    if (system != NULL && id == NULL)
        /* Without one every import would make the company anew. */
        snprintf(s->ret->problem, sizeof(s->ret->problem), "external_ids: the row has no %.60s id",
                 system);
    else if (system != NULL)
        r = json_object_set_new(s->ret->company, "external_ids",
                                json_pack("[{s:s,s:s}]", "system", system, "id", id));
    free(id);
    return r;
}

int step_certifications(struct step *s)
{
    char **names = row_list(s->m, "columns", "certifications", s->row, ",|;\n");
    json_t *list = json_array();
    int r = names != NULL && list != NULL ? 0 : -1;

    for (size_t i = 0; r == 0 && names[i] != NULL; i++) {
        size_t n = strlen(names[i]);

        while (n > 0 && strchr(". ", names[i][n - 1]) != NULL)
            names[i][--n] = '\0';
        if (n == 0)
            continue;
        if (n > 64 || json_array_size(list) >= CERTIFICATIONS_MAX)
            r = note_add(s->ret->notes, "certification \"%.60s\" is left out", names[i]);
        else
            r = json_array_append_new(list, json_string(names[i]));
    }
    if (r == 0 && json_array_size(list) > 0)
        r = json_object_set(s->ret->company, "certifications", list);
    row_list_free(names);
    json_decref(list);
    return r;
}

/* The first column with enough words decides; the next ones are looked at only if none is. */
static size_t languages_of(const struct step *s, const char *found[3])
{
    size_t n, count = 0;
    char *const *columns = mapping_columns(s->m, "languages", "detect", &n);
    struct tongues t = {0};

    for (size_t i = 0; i < n && count == 0; i++) {
        char *text = value_text(json_object_get(s->row, columns[i]));

        if (text != NULL)
            tongues_count(&t, text, strlen(text));
        free(text);
        count = tongues_decide(&t, found);
    }
    return count;
}

int step_languages(struct step *s)
{
    const char *level = mapping_text(s->m, "languages", "level");
    const char *found[3];
    size_t columns, n;
    json_t *list;

    if (mapping_columns(s->m, "languages", "detect", &columns) == NULL)
        return 0;
    n = languages_of(s, found);
    if (n == 0)
        return note_add(s->ret->notes, "no language: too little text to tell");
    list = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, json_pack("{s:s,s:s}", "lang", found[i], "level",
                                                  level != NULL ? level : "fluent")) < 0) {
            json_decref(list);
            return -1;
        }
    return json_object_set_new(s->ret->company, "languages", list);
}

/* The members of an offer named by a directive, joined: "Name: description". */
static char *offer_text(const struct step *s, const json_t *item)
{
    size_t n;
    char *const *members = mapping_columns(s->m, "offers", "text", &n);
    struct buf out;
    char *line = NULL;

    buf_init(&out, (size_t)1 << 20);
    for (size_t i = 0; i < n; i++) {
        char *text = value_text(json_object_get(item, members[i]));

        if (text != NULL && text[0] != '\0') {
            if (out.len > 0)
                buf_adds(&out, ": ");
            buf_adds(&out, text);
        }
        free(text);
    }
    if (n == 0 && json_is_string(item))
        buf_add(&out, json_string_value(item), json_string_length(item));
    if (out.data != NULL && !out.failed)
        line = one_line(out.data, out.len, OFFER_TEXT_MAX);
    buf_done(&out);
    return line;
}

static const char *offer_kind(const struct step *s, const json_t *item)
{
    size_t n;
    char *const *members = mapping_columns(s->m, "offers", "kind", &n);
    const struct table *kinds = mapping_table(s->m, "values.offers.kind", NULL);

    for (size_t i = 0; kinds != NULL && i < n; i++) {
        const char *word = json_string_value(json_object_get(item, members[i]));
        const struct table_row *row = word != NULL ? table_find(kinds, word, strlen(word)) : NULL;

        if (row != NULL)
            return row->value;
    }
    return "services";
}

static bool offers_have(const json_t *offers, const char *text)
{
    const json_t *have;
    size_t i;

    json_array_foreach(offers, i, have)
    {
        const char *other = json_string_value(json_object_get(have, "text"));

        if (other != NULL && strcmp(other, text) == 0)
            return true;
    }
    return false;
}

static int offer_add(const struct step *s, json_t *offers, const json_t *item, const char *sector)
{
    char *text = offer_text(s, item);
    int r = 0;

    if (text != NULL && text[0] != '\0' && !offers_have(offers, text) &&
        json_array_size(offers) < OFFERS_MAX)
        r = json_array_append_new(offers, json_pack("{s:s,s:s,s:s}", "kind", offer_kind(s, item),
                                                    "sector", sector, "text", text));
    free(text);
    return r;
}

/* Offers need a sector: a row without one keeps its text in the description alone. */
int step_offers(struct step *s)
{
    const char *sector =
        json_string_value(json_array_get(json_object_get(s->ret->company, "sectors"), 0));
    size_t n;
    char *const *columns = mapping_columns(s->m, "offers", "from", &n);
    json_t *offers = json_array();
    int r = offers != NULL ? 0 : -1;

    for (size_t i = 0; sector != NULL && r == 0 && i < n; i++) {
        const json_t *value = json_object_get(s->row, columns[i]), *item;
        size_t k;

        if (json_is_string(value))
            r = offer_add(s, offers, value, sector);
        json_array_foreach(value, k, item)
        {
            if (r == 0)
                r = offer_add(s, offers, item, sector);
        }
    }
    if (r == 0 && json_array_size(offers) > 0)
        r = json_object_set(s->ret->company, "offers", offers);
    json_decref(offers);
    return r;
}
