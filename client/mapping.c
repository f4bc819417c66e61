#include "mapping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping_file.h"
#include "mapping_in.h"
#include "mapping_row.h"
#include "mapping_sectors.h"
#include "mapping_text.h"

#define NAME_MAX_CHARS 200
#define DESCRIPTION_MAX_CHARS 4000

static int text_set(struct step *s, json_t *object, const char *member, const char *column,
                    size_t max)
{
    char *text = row_text(s->m, "columns", column, s->row, max);
    int r = 0;

    if (text != NULL)
        r = json_object_set_new(object, member, json_string(text));
    free(text);
    return r;
}

/* names.khm, description.fra: an object of the languages that have a column. */
static int texts_set(struct step *s, const char *member, size_t max)
{
    static const char *const langs[] = {"khm", "fra", "eng"};
    json_t *texts = json_object();
    char column[32];
    int r = texts != NULL ? 0 : -1;

    for (size_t i = 0; r == 0 && i < 3; i++) {
        snprintf(column, sizeof(column), "%s.%s", member, langs[i]);
        r = text_set(s, texts, langs[i], column, max);
    }
    if (r == 0 && json_object_size(texts) > 0)
        r = json_object_set(s->ret->company, member, texts);
    json_decref(texts);
    return r;
}

/* A description without a language of its own goes where its words belong. */
static int description_set(struct step *s)
{
    char *text = row_text(s->m, "columns", "description", s->row, DESCRIPTION_MAX_CHARS);
    struct tongues t = {0};
    const char *found[3];
    json_t *texts;
    int r = -1;

    if (text == NULL)
        return texts_set(s, "description", DESCRIPTION_MAX_CHARS);
    tongues_count(&t, text, strlen(text));
    if (tongues_decide(&t, found) == 0)
        found[0] = "eng";
    else if (t.fra > t.eng && strcmp(found[0], "khm") != 0)
        found[0] = "fra";
    texts = json_pack("{s:s}", found[0], text);
    if (texts != NULL)
        r = json_object_set_new(s->ret->company, "description", texts);
    free(text);
    return r;
}

static int city_set(struct step *s)
{
    const char *style = mapping_text(s->m, "city", "case");
    char *city = row_text(s->m, "columns", "city", s->row, NAME_MAX_CHARS), *titled;
    int r;

    if (city == NULL)
        return 0;
    titled = style != NULL && strcmp(style, "title") == 0 ? title_case(city) : strdup(city);
    r = titled != NULL ? json_object_set_new(s->ret->company, "city", json_string(titled)) : -1;
    free(titled);
    free(city);
    return r;
}

static int number_set(struct step *s, const char *field, int (*parse)(const char *, int64_t *))
{
    char *text = row_text(s->m, "columns", field, s->row, 100);
    int64_t n;
    int r = 0;

    if (text != NULL && parse(text, &n) == 0)
        r = json_object_set_new(s->ret->company, field, json_integer(n));
    else if (text != NULL)
        r = note_add(s->ret->notes, "%s \"%.60s\" is not understood", field, text);
    free(text);
    return r;
}

/* Hosts with blanks and addresses of other kinds are no websites; lists in one cell give the first.
 */
static int website_set(struct step *s)
{
    char *text = row_text(s->m, "columns", "website", s->row, 500);
    int r = 0;

    if (text == NULL)
        return 0;
    text[strcspn(text, " ,;")] = '\0';
    if (strchr(text, '.') != NULL && strchr(text, '@') == NULL)
        r = json_object_set_new(s->ret->company, "website", json_string(text));
    else
        r = note_add(s->ret->notes, "website \"%.60s\" is not understood", text);
    free(text);
    return r;
}

static int contact_set(struct step *s)
{
    static const char *const parts[] = {"name", "role", "email", "phone"};
    static const size_t max[] = {200, 200, 254, 50};
    json_t *contact = json_object();
    char column[32];
    int r = contact != NULL ? 0 : -1;

    for (size_t i = 0; r == 0 && i < 4; i++) {
        snprintf(column, sizeof(column), "contact.%s", parts[i]);
        r = text_set(s, contact, parts[i], column, max[i]);
    }
    if (r == 0 &&
        (json_object_get(contact, "name") != NULL || json_object_get(contact, "email") != NULL ||
         json_object_get(contact, "phone") != NULL))
        r = json_object_set_new(s->ret->company, "contacts", json_pack("[O]", contact));
    json_decref(contact);
    return r;
}

static int sectors_set(struct step *s)
{
    json_t *sectors = json_array();
    const char *status;
    int r = sectors != NULL ? sectors_map(s->m, s->row, sectors, s->ret->notes) : -1;

    status = mapping_text(s->m, "status",
                          json_array_size(sectors) > 0 ? "with_sector" : "without_sector");
    if (r == 0 && json_array_size(sectors) > 0)
        r = json_object_set(s->ret->company, "sectors", sectors);
    if (r == 0 && status != NULL)
        r = json_object_set_new(s->ret->company, "status", json_string(status));
    json_decref(sectors);
    return r;
}

static int plain_fields(struct step *s)
{
    json_t *company = s->ret->company;

    if (text_set(s, company, "name", "name", NAME_MAX_CHARS) < 0 ||
        texts_set(s, "names", NAME_MAX_CHARS) < 0 || city_set(s) < 0 || website_set(s) < 0 ||
        text_set(s, company, "phone", "phone", 50) < 0 || description_set(s) < 0 ||
        number_set(s, "employees", employees_parse) < 0 ||
        number_set(s, "founded", year_parse) < 0 || contact_set(s) < 0)
        return -1;
    return 0;
}

/*
 * The steps below take what they have no memory for as not there. A company must not lack its
 * region for that, nor a row be called wrong: errno remembers.
 */
static int mapping_end(struct mapped *ret)
{
    if (errno == ENOMEM)
        return -1;
    if (ret->skipped || ret->problem[0] != '\0') {
        json_decref(ret->company);
        ret->company = NULL;
    }
    return 0;
}

int mapping_apply(const struct mapping *m, const json_t *row, struct mapped *ret)
{
    struct step s = {.m = m, .row = row, .ret = ret};

    memset(ret, 0, sizeof(*ret));
    errno = 0;
    ret->company = json_object();
    ret->notes = json_array();
    if (ret->company == NULL || ret->notes == NULL || step_country(&s) < 0)
        return -1;
    if (ret->skipped || ret->problem[0] != '\0')
        return mapping_end(ret);
    if (step_external_id(&s) < 0 || plain_fields(&s) < 0 || step_region(&s) < 0 ||
        sectors_set(&s) < 0 || step_languages(&s) < 0 || step_markets(&s) < 0 ||
        step_certifications(&s) < 0 || step_offers(&s) < 0)
        return -1;
    return mapping_end(ret);
}

void mapped_done(struct mapped *mapped)
{
    if (mapped == NULL)
        return;
    json_decref(mapped->company);
    json_decref(mapped->notes);
    memset(mapped, 0, sizeof(*mapped));
}
