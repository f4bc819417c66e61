#include "generate.h"

#include <inttypes.h>
#include <spean/model.h>

/* Descriptions, in the words of the languages its people write. */

static struct text_ref describe_english(struct company *c, const char *noun, const char *wanted,
                                        unsigned how)
{
    const char *city = c->p.city.len ? c->p.city.s : "town";
    int64_t people = c->p.employees > 0 ? c->p.employees : 3;

    if (how == 0)
        return company_text(c, "We do all kinds of business and are open to every opportunity.");
    if (how < 40)
        return company_text(c, "%s business in %s with %" PRId64 " people.", noun, city, people);
    return company_text(c,
                        "%s business in %s, %" PRId64 " people, since %d. We would like to hear "
                        "from partners in %s.",
                        noun, city, people, c->p.founded ? c->p.founded : 2015, wanted);
}

static struct text_ref describe_french(struct company *c, const char *noun, const char *wanted,
                                       unsigned how)
{
    const char *city = c->p.city.len ? c->p.city.s : "région";
    int64_t people = c->p.employees > 0 ? c->p.employees : 3;

    if (how < 40)
        return company_text(c, "%s à %s, %" PRId64 " employés.", noun, city, people);
    return company_text(c, "%s à %s, %" PRId64 " employés. Nous cherchons des partenaires : %s.",
                        noun, city, people, wanted);
}

static struct text_ref describe_khmer(struct company *c, const char *noun, const char *wanted,
                                      unsigned how)
{
    int64_t people = c->p.employees > 0 ? c->p.employees : 3;

    if (how < 40)
        return company_text(c, "%s មានបុគ្គលិក %" PRId64 " នាក់។", noun, people);
    return company_text(c, "%s មានបុគ្គលិក %" PRId64 " នាក់។ យើងស្វែងរកដៃគូ%s។", noun, people, wanted);
}

static void describe_in(const struct world *w, struct company *c, enum model_lang lang,
                        struct chance *r)
{
    const struct sector_world *s = &w->sectors[c->sector];
    const struct sector_world *other = s;
    unsigned how = chance_below(r, 100);
    struct text_ref text;

    if (c->p.seek_count > 0 && w->by_id[c->p.seeks[0].sector] != 0xFF)
        other = &w->sectors[w->by_id[c->p.seeks[0].sector]];
    if (lang == LANG_KHM)
        text = describe_khmer(c, s->noun[lang], other->noun[lang], how);
    else if (lang == LANG_FRA)
        text = describe_french(c, s->noun[lang], other->noun[lang], how);
    else
        text = describe_english(c, s->noun[lang], other->noun[lang], how);
    if (text.len > 0) {
        c->description_langs[c->p.description_count] = lang;
        c->p.descriptions[c->p.description_count++] = text;
    }
}

void company_describe(const struct world *w, struct company *c, struct chance *r)
{
    enum model_lang own = company_lang(c);
    bool described = chance_permille(r, 350), second = chance_permille(r, 180);

    /* In the order of the languages. */
    for (unsigned lang = 0; lang < LANG_COUNT && described; lang++)
        if (lang == own || (second && lang == LANG_ENG))
            describe_in(w, c, lang, r);
}
