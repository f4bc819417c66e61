#include "generate.h"

#include <spean/model.h>
#include <stdio.h>
#include <string.h>

#define NO_PLACE 0xFF

static int world_fail(char *err, size_t errlen, const char *what, const char *word, size_t len)
{
    snprintf(err, errlen, "the model has no %s %.*s", what, (int)len, word);
    return -1;
}

/* "goods a.b, training c.d" */
static int wants_read(const struct model *m, const char *s, struct sector_world *ret, char *err,
                      size_t errlen)
{
    while (*s && ret->want_count < WANTS_MAX) {
        size_t kind_len = strcspn(s, " "), sector_len;
        const char *sector = s + kind_len + (s[kind_len] == ' ');

        sector_len = strcspn(sector, ",");
        int kind = kind_parse(s, kind_len), id = model_sector(m, sector, sector_len);
        if (kind < 0)
            return world_fail(err, errlen, "kind", s, kind_len);
        if (id == 0)
            return world_fail(err, errlen, "sector", sector, sector_len);
        ret->wants[ret->want_count].kind = (uint8_t)kind;
        ret->wants[ret->want_count++].sector = (uint8_t)id;
        s = sector + sector_len;
        s += strspn(s, ", ");
    }
    return 0;
}

static void hs_read(const char *s, struct sector_world *ret)
{
    while (*s && ret->hs_count < HS_MAX) {
        size_t len = strcspn(s, " ");

        ret->hs[ret->hs_count++] = (struct text_ref){s, len};
        s += len;
        s += strspn(s, " ");
    }
}

static int sector_read(struct world *w, size_t at, char *err, size_t errlen)
{
    const struct sector_facts *facts = &sector_facts[at];
    struct sector_world *s = &w->sectors[at];
    int id = model_sector(w->model, facts->code, strlen(facts->code));

    if (id == 0)
        return world_fail(err, errlen, "sector", facts->code, strlen(facts->code));
    s->id = (uint8_t)id;
    s->group = (uint8_t)model_sector_group(w->model, id);
    s->noun[LANG_ENG] = facts->noun_eng;
    s->noun[LANG_FRA] = facts->noun_fra;
    s->noun[LANG_KHM] =
        facts->noun_khm ? facts->noun_khm : model_sector_title(w->model, id, LANG_KHM);
    hs_read(facts->hs, s);
    w->by_id[id] = (uint8_t)at;
    for (int country = 0; country < COUNTRY_COUNT; country++)
        w->sector_weights[country][at] = facts->weight[country];
    return wants_read(w->model, facts->wants, s, err, errlen);
}

int world_init(struct world *w, const struct model *m, char *err, size_t errlen)
{
    w->model = m;
    memset(w->sectors, 0, sizeof w->sectors);
    memset(w->by_id, NO_PLACE, sizeof w->by_id);
    for (size_t i = 0; i < sector_facts_count; i++)
        if (sector_read(w, i, err, errlen))
            return -1;
    for (int country = 0; country < COUNTRY_COUNT; country++)
        for (size_t i = 0; i < region_facts_count[country]; i++) {
            const struct region_facts *r = &region_facts[country][i];
            int id = model_region(m, r->code, strlen(r->code));
            if (id == 0)
                return world_fail(err, errlen, "region", r->code, strlen(r->code));
            w->regions[country][i] = id;
            w->region_weights[country][i] = r->weight;
        }
    return 0;
}
