#include "generate.h"

#include <string.h>

/* Kinds by way of business, in the order of enum kind: goods, services, technology, capital,
 * training, distribution, joint-venture, research. */
static const unsigned offer_kinds[WAY_COUNT][KIND_COUNT] = {
    [WAY_MAKER] = {800, 40, 20, 1, 20, 15, 80, 10},
    [WAY_TRADER] = {150, 60, 2, 5, 5, 720, 50, 1},
    [WAY_SERVICE] = {20, 800, 30, 5, 80, 15, 50, 15},
    [WAY_TECH] = {120, 350, 380, 5, 70, 15, 60, 60},
    [WAY_FINANCE] = {0, 450, 20, 480, 20, 30, 60, 5},
    [WAY_TEACHER] = {1, 250, 10, 2, 650, 2, 50, 100},
    [WAY_RETAIL] = {300, 350, 2, 5, 10, 300, 40, 1},
};
static const unsigned seek_kinds[WAY_COUNT][KIND_COUNT] = {
    [WAY_MAKER] = {200, 80, 130, 120, 90, 280, 80, 20},
    [WAY_TRADER] = {800, 60, 10, 30, 10, 30, 50, 1},
    [WAY_SERVICE] = {120, 250, 150, 90, 150, 60, 170, 20},
    [WAY_TECH] = {30, 150, 100, 200, 20, 260, 150, 90},
    [WAY_FINANCE] = {0, 150, 380, 220, 80, 30, 120, 20},
    [WAY_TEACHER] = {20, 120, 180, 60, 250, 10, 160, 200},
    [WAY_RETAIL] = {720, 80, 20, 60, 50, 20, 40, 1},
};

static const char *const asks[KIND_COUNT][LANG_COUNT] = {
    [KIND_GOODS] = {"%s: two containers a month to start with",
                    "%s : deux conteneurs par mois pour commencer", "%s ២ កុងតឺន័រក្នុងមួយខែ"},
    [KIND_SERVICES] = {"%s, by contract of a year", "%s, contrat d'un an", "សេវា %s កិច្ចសន្យាមួយឆ្នាំ"},
    [KIND_TECHNOLOGY] = {"Know-how and equipment for %s", "Savoir-faire et équipement : %s",
                         "បច្ចេកវិទ្យា %s"},
    [KIND_CAPITAL] = {"Between 100,000 and 2 million dollars, %s",
                      "De 100 000 à 2 millions de dollars, %s", "ដើមទុន %s"},
    [KIND_TRAINING] = {"Training of ten supervisors, %s", "Formation de dix chefs d'équipe, %s",
                       "បណ្ដុះបណ្ដាល %s"},
    [KIND_DISTRIBUTION] = {"Importer and distributor, %s", "Importateur et distributeur, %s",
                           "អ្នកចែកចាយ %s"},
    [KIND_JOINT_VENTURE] = {"A second site together, %s", "Une deuxième usine ensemble, %s",
                            "សហគ្រិនរួមគ្នា %s"},
    [KIND_RESEARCH] = {"Joint trials over two seasons, %s", "Essais communs sur deux saisons, %s",
                       "ស្រាវជ្រាវរួម %s"},
};

static const struct sector_world *sector_find(const struct world *w, uint8_t id)
{
    return w->by_id[id] == 0xFF ? NULL : &w->sectors[w->by_id[id]];
}

/* Codes that belong to the sector, as exactly as people give them. */
static void need_hs(const struct world *w, struct company *c, struct need *n, struct chance *r)
{
    const struct sector_world *s = sector_find(w, n->sector);
    unsigned wanted = 1 + chance_below(r, 3), first;

    if (n->kind != KIND_GOODS || !s || s->hs_count == 0 || !chance_permille(r, 850))
        return;
    first = chance_below(r, (unsigned)s->hs_count);
    for (unsigned i = 0; i < wanted && i < s->hs_count; i++) {
        struct text_ref code = s->hs[(first + i) % s->hs_count];
        unsigned digits = chance_below(r, 100);
        bool again = false;

        if (digits < 5)
            code.len = 2;
        else if (digits < 25)
            code.len = 4;
        for (size_t k = 0; k < n->hs_count; k++)
            again |= n->hs[k].len == code.len && memcmp(n->hs[k].s, code.s, code.len) == 0;
        if (!again)
            n->hs[n->hs_count++] = code;
    }
    (void)c;
}

static void need_text(const struct world *w, struct company *c, struct need *n, struct chance *r)
{
    const struct sector_world *s = sector_find(w, n->sector);
    enum model_lang lang = company_lang(c);

    if (!s || !chance_permille(r, 220))
        return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n->text = company_text(c, asks[n->kind][lang], s->noun[lang]);
#pragma GCC diagnostic pop
}

/* Adds a need unless the list says the same already. */
static void need_add(const struct world *w, struct company *c, struct need *list, size_t *count,
                     unsigned kind, uint8_t sector, struct chance *r)
{
    struct need *n = &list[*count];

    for (size_t i = 0; i < *count; i++)
        if (list[i].kind == kind && list[i].sector == sector)
            return;
    *n = (struct need){.kind = (uint8_t)kind, .sector = sector, .text = {"", 0}};
    need_hs(w, c, n, r);
    need_text(w, c, n, r);
    ++*count;
}

/* How many: few have much to say, large firms more. */
static unsigned needs_wanted(const struct company *c, struct chance *r, unsigned none)
{
    static const unsigned more[] = {560, 270, 110, 40, 15, 5};

    if (chance_permille(r, none))
        return 0;
    unsigned n = 1 + (unsigned)chance_weighted(r, more, sizeof more / sizeof *more);
    return c->p.employees >= 100 ? n + chance_below(r, 3) : n;
}

static void offers_make(const struct world *w, struct company *c, struct chance *r)
{
    const struct sector_facts *facts = &sector_facts[c->sector];
    const unsigned *kinds = offer_kinds[facts->way[c->p.country]];
    unsigned wanted = needs_wanted(c, r, 80);

    for (unsigned i = 0; i < wanted; i++) {
        unsigned kind = (unsigned)chance_weighted(r, kinds, KIND_COUNT);
        uint8_t sector = c->p.sectors[i % c->p.sector_count];
        need_add(w, c, c->p.offers, &c->p.offer_count, kind, sector, r);
    }
}

static void seeks_make(const struct world *w, struct company *c, struct chance *r)
{
    const struct sector_facts *facts = &sector_facts[c->sector];
    const struct sector_world *s = &w->sectors[c->sector];
    const unsigned *kinds = seek_kinds[facts->way[c->p.country]];
    unsigned wanted = needs_wanted(c, r, 280);

    for (unsigned i = 0; i < wanted; i++) {
        if (s->want_count > 0 && chance_permille(r, 550)) {
            size_t at = chance_below(r, (unsigned)s->want_count);
            need_add(w, c, c->p.seeks, &c->p.seek_count, s->wants[at].kind, s->wants[at].sector, r);
        } else {
            unsigned kind = (unsigned)chance_weighted(r, kinds, KIND_COUNT);
            need_add(w, c, c->p.seeks, &c->p.seek_count, kind, c->p.sectors[0], r);
        }
    }
}

void company_needs(const struct world *w, struct company *c, struct chance *r)
{
    offers_make(w, c, r);
    seeks_make(w, c, r);
}
