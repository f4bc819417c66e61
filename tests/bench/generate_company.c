#include "generate.h"

#include <spean/date.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
/* The first load is spread over this many days, so that profiles age as they do in a house. */
#define SPREAD_DAYS 330
/* 750,000 of 2,050,000 are Cambodian, evenly spread. */
#define KH_SHARE 15
#define KH_OF 41

struct text_ref text_of(const char *s)
{
    return (struct text_ref){s, strlen(s)};
}

struct text_ref company_text(struct company *c, const char *fmt, ...)
{
    size_t room = sizeof c->text - c->text_len;
    char *at = c->text + c->text_len;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(at, room, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room)
        return (struct text_ref){"", 0};
    c->text_len += (size_t)len + 1;
    return (struct text_ref){at, (size_t)len};
}

enum model_lang company_lang(const struct company *c)
{
    const char *code = c->p.langs[0].code;

    return strcmp(code, "khm") == 0 ? LANG_KHM : strcmp(code, "fra") == 0 ? LANG_FRA : LANG_ENG;
}

/* UUID version 7 of a made-up time and a made-up chance. */
static void identity_id(const struct world *w, struct company *c)
{
    struct chance r = chance_for(w->seed ^ UINT64_C(0x1D), c->number);
    uint64_t a = chance_next(&r), b = chance_next(&r), ms = (uint64_t)c->updated_ms;
    uint8_t *id = c->p.id;

    for (int i = 0; i < 6; i++)
        id[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(id + 6, &a, 2);
    memcpy(id + 8, &b, 8);
    id[6] = (id[6] & 0x0F) | 0x70;
    id[8] = (id[8] & 0x3F) | 0x80;
}

void company_identity(const struct world *w, uint64_t number, struct company *c)
{
    uint64_t at = number - w->first;
    int64_t today_ms = w->today * DAY_MS;
    struct chance r = chance_for(w->seed ^ UINT64_C(0xE7), number);

    memset(&c->p, 0, sizeof c->p);
    c->number = number;
    c->text_len = 0;
    c->p.country =
        (number + 1) * KH_SHARE / KH_OF > number * KH_SHARE / KH_OF ? COUNTRY_KH : COUNTRY_CA;
    /* What is added to others comes after them: all in the last seconds before today. */
    if (w->first == 0)
        c->updated_ms = today_ms - SPREAD_DAYS * DAY_MS +
                        (int64_t)((double)at / (double)w->count * SPREAD_DAYS * (double)DAY_MS);
    else
        c->updated_ms = today_ms - (int64_t)(w->count - at);
    c->p.updated = (int32_t)(c->updated_ms / DAY_MS);
    identity_id(w, c);
    c->p.externals = c->externals;
    c->externals[0] = (struct external){
        text_of("gen"), company_text(c, "%s%08llu", c->p.country == COUNTRY_KH ? "KH" : "CA",
                                     (unsigned long long)number)};
    c->p.external_count = 1;
    if (chance_permille(&r, 120)) {
        c->externals[1] = (struct external){text_of("registry"),
                                            company_text(c, "%09llu", 100000000ULL + number)};
        c->p.external_count = 2;
    }
}

static void sectors_make(const struct world *w, struct company *c, struct chance *r)
{
    static const unsigned more[] = {780, 170, 50};
    enum country country = c->p.country;
    size_t wanted = 1 + chance_weighted(r, more, 3);

    c->sector = chance_weighted(r, w->sector_weights[country], sector_facts_count);
    /* Some say only the group. */
    c->p.sectors[0] =
        chance_permille(r, 70) ? w->sectors[c->sector].group : w->sectors[c->sector].id;
    c->p.sector_count = 1;
    while (c->p.sector_count < wanted) {
        const struct sector_world *s = &w->sectors[c->sector];
        /* Second trades are near the first: what it deals with anyway, or a neighbour. */
        uint8_t id = s->want_count > 0 && chance_permille(r, 500)
                         ? s->wants[chance_below(r, (unsigned)s->want_count)].sector
                         : w->sectors[(c->sector + 1 + chance_below(r, 3)) % sector_facts_count].id;
        bool again = false;
        for (size_t i = 0; i < c->p.sector_count; i++)
            again |= c->p.sectors[i] == id;
        if (again)
            break;
        c->p.sectors[c->p.sector_count++] = id;
    }
}

static void place_make(const struct world *w, struct company *c, struct chance *r)
{
    enum country country = c->p.country;
    size_t n = 0;

    c->region = chance_weighted(r, w->region_weights[country], region_facts_count[country]);
    c->p.region = w->regions[country][c->region];
    const struct region_facts *facts = &region_facts[country][c->region];
    while (n < CITIES_MAX && facts->cities[n])
        n++;
    c->p.city = (struct text_ref){"", 0};
    if (n > 0 && chance_permille(r, 940)) {
        /* The first is the largest. */
        unsigned at = chance_below(r, (unsigned)n), other = chance_below(r, (unsigned)n);
        c->p.city = text_of(facts->cities[at < other ? at : other]);
    }
}

static void lang_add(struct company *c, const char *code, unsigned level)
{
    for (size_t i = 0; i < c->p.lang_count; i++)
        if (strcmp(c->p.langs[i].code, code) == 0)
            return;
    struct tongue *t = &c->p.langs[c->p.lang_count++];
    memcpy(t->code, code, 4);
    t->level = (uint8_t)level;
}

static void languages_cambodian(struct company *c, struct chance *r)
{
    bool capital = c->region == 0, large = c->p.employees >= 10;
    unsigned english = 130 + (capital ? 230 : 0) + (large ? 300 : 0);

    lang_add(c, "khm", LEVEL_FLUENT);
    if (chance_permille(r, english))
        lang_add(c, "eng", large ? 2 + chance_below(r, 2) : 1 + chance_below(r, 2));
    if (chance_permille(r, capital ? 45 : 18))
        lang_add(c, "fra", 1 + chance_below(r, 3));
    if (chance_permille(r, large ? 160 : 55))
        lang_add(c, "zho", 1 + chance_below(r, 3));
    if (chance_permille(r, 35))
        lang_add(c, "vie", 1 + chance_below(r, 3));
    if (chance_permille(r, 30))
        lang_add(c, "tha", 1 + chance_below(r, 2));
    if (chance_permille(r, 8))
        lang_add(c, chance_below(r, 2) ? "jpn" : "kor", 1 + chance_below(r, 2));
}

static void languages_canadian(struct company *c, struct chance *r)
{
    static const char *const others[] = {"zho", "pan", "spa", "ara", "tgl", "vie", "ita", "hin"};
    const struct region_facts *facts = &region_facts[COUNTRY_CA][c->region];
    unsigned at = chance_below(r, 1000);

    if (at < facts->english) {
        lang_add(c, "eng", LEVEL_FLUENT);
        if (chance_permille(r, 90))
            lang_add(c, "fra", 1 + chance_below(r, 2));
    } else if (at < facts->english + facts->french) {
        lang_add(c, "fra", LEVEL_FLUENT);
        if (chance_permille(r, 720))
            lang_add(c, "eng", 1 + chance_below(r, 3));
    } else if (at < facts->english + facts->french + facts->both) {
        lang_add(c, "eng", LEVEL_FLUENT);
        lang_add(c, "fra", LEVEL_FLUENT);
    } else {
        lang_add(c, others[chance_below(r, 8)], LEVEL_FLUENT);
        lang_add(c, "eng", 1 + chance_below(r, 2));
    }
    if (chance_permille(r, 110))
        lang_add(c, others[chance_below(r, 8)], 1 + chance_below(r, 3));
    if (chance_permille(r, 3))
        lang_add(c, "khm", 2 + chance_below(r, 2));
}

/* Most have one to four people. */
static void size_make(struct company *c, struct chance *r)
{
    static const struct {
        unsigned from, to;
    } steps[] = {{1, 4}, {5, 9}, {10, 19}, {20, 49}, {50, 99}, {100, 499}, {500, 6000}};
    static const unsigned weights[COUNTRY_COUNT][7] = {
        [COUNTRY_KH] = {905, 60, 17, 10, 3, 4, 1},
        [COUNTRY_CA] = {560, 195, 120, 80, 25, 18, 2},
    };
    size_t step = chance_weighted(r, weights[c->p.country], 7);

    c->p.employees = -1;
    if (chance_permille(r, 940))
        c->p.employees = steps[step].from + chance_below(r, steps[step].to - steps[step].from + 1);
    unsigned age = chance_below(r, 9) * chance_below(r, 9); /* young firms are many */
    age += chance_below(r, c->p.country == COUNTRY_CA ? 12 : 4);
    if (chance_permille(r, 800))
        c->p.founded = 2025 - (int)age;
}

static void markets_make(struct company *c, struct chance *r)
{
    static const char *const codes[COUNTRY_COUNT][12] = {
        [COUNTRY_KH] = {"TH", "VN", "CN", "US", "JP", "KR", "DE", "FR", "GB", "SG", "AU", "CA"},
        [COUNTRY_CA] = {"US", "MX", "GB", "FR", "CN", "JP", "DE", "AU", "KR", "IN", "VN", "KH"},
    };
    static const unsigned weights[12] = {300, 140, 130, 90, 70, 60, 60, 50, 40, 30, 20, 10};
    enum way way = sector_facts[c->sector].way[c->p.country];
    unsigned share = way == WAY_MAKER ? 160 : way == WAY_TECH ? 200 : 30;
    unsigned taken = 0;

    c->p.markets = (const char(*)[3])c->markets;
    if (!chance_permille(r, c->p.employees >= 50 ? 550 : share))
        return;
    for (unsigned wanted = 1 + chance_below(r, 5); wanted > 0; wanted--) {
        size_t at = chance_weighted(r, weights, 12);
        if (taken >> at & 1)
            continue;
        taken |= 1u << at;
        memcpy(c->markets[c->p.market_count++], codes[c->p.country][at], 3);
    }
}

static void certifications_make(const struct world *w, struct company *c, struct chance *r)
{
    static const char *const food[] = {"haccp", "iso-22000", "organic-eu", "organic-ca",
                                       "brcgs", "halal",     "fssc-22000"};
    static const char *const textile[] = {"wrap", "oeko-tex-100", "gots", "sa8000", "iso-9001"};
    static const char *const tech[] = {"iso-27001", "soc-2", "iso-9001"};
    static const char *const rest[] = {"iso-9001", "iso-14001", "iso-45001", "b-corp", "fsc"};
    const char *code = model_sector_code(w->model, w->sectors[c->sector].group);
    const char *const *list = rest;
    unsigned count = 5, taken = 0;

    if (strcmp(code, "agro-industry") == 0)
        list = food, count = 7;
    else if (strcmp(code, "apparel") == 0)
        list = textile, count = 5;
    else if (strcmp(code, "digital") == 0 || strcmp(code, "fintech") == 0 ||
             strcmp(code, "ai") == 0)
        list = tech, count = 3;
    c->p.certifications = c->certs;
    if (!chance_permille(r, c->p.employees >= 50 ? 400 : c->p.employees >= 10 ? 120 : 30))
        return;
    for (unsigned wanted = 1 + chance_below(r, 3); wanted > 0; wanted--) {
        unsigned at = chance_below(r, count);
        if (taken >> at & 1)
            continue;
        taken |= 1u << at;
        c->certs[c->p.certification_count++] = text_of(list[at]);
    }
}

static void dates_make(const struct world *w, struct company *c, struct chance *r)
{
    unsigned status = chance_below(r, 1000), age;

    c->p.status = status < 925   ? STATUS_PUBLISHED
                  : status < 955 ? STATUS_DRAFT
                  : status < 975 ? STATUS_PAUSED
                                 : STATUS_ARCHIVED;
    /* Three in a hundred have run out. */
    c->p.valid_until = chance_permille(r, 30) ? w->today - 1 - (int32_t)chance_below(r, 200)
                                              : date_add_months(c->p.updated, 12);
    c->p.verified = DAY_NONE;
    if (chance_permille(r, c->p.employees >= 20 ? 450 : 140)) {
        age = chance_below(r, 40) * chance_below(r, 40); /* more of late */
        c->p.verified = c->p.updated - (int32_t)age;
    }
}

static void contact_make(struct company *c, struct chance *r)
{
    if (chance_permille(r, c->p.employees >= 10 ? 500 : 110))
        c->website = company_text(c, "https://gen%llu.example.com", (unsigned long long)c->number);
    if (chance_permille(r, 180))
        c->phone =
            company_text(c, "%s 555 01%02u", c->p.country == COUNTRY_KH ? "+855 23" : "+1 613",
                         chance_below(r, 100));
}

void company_make(const struct world *w, uint64_t number, struct company *c)
{
    struct chance r = chance_for(w->seed, number);

    company_identity(w, number, c);
    memset(c->names, 0, sizeof c->names);
    c->website = c->phone = (struct text_ref){"", 0};
    sectors_make(w, c, &r);
    place_make(w, c, &r);
    size_make(c, &r);
    if (c->p.country == COUNTRY_KH)
        languages_cambodian(c, &r);
    else
        languages_canadian(c, &r);
    company_name(w, c, &r);
    markets_make(c, &r);
    certifications_make(w, c, &r);
    dates_make(w, c, &r);
    contact_make(c, &r);
    company_needs(w, c, &r);
    company_describe(w, c, &r);
}
