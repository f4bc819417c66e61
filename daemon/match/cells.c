#include "cells.h"

#include "pair.h"

#define HALF_YEAR 183 /* days */

/* Bits of a practical code. */
enum { EXPORTS = 0, ASKS = 2, HOLDS = 3, AGE = 4 };
enum { EXPORTS_NONE, EXPORTS_SOME, EXPORTS_TARGET };

static const struct bridge {
    char code[4];
    unsigned bit;
} bridges[] = {{"khm", CELL_KHM}, {"eng", CELL_ENG}, {"fra", CELL_FRA}};
#define BRIDGES (sizeof bridges / sizeof *bridges)

/* The place of a language's level, or CELL_OTHER. */
static unsigned bridge_bit(const void *lang)
{
    for (size_t i = 0; i < BRIDGES; i++)
        if (memcmp(lang, bridges[i].code, 3) == 0)
            return bridges[i].bit;
    return CELL_OTHER;
}

static unsigned lang_code(const struct model *m, const struct view *v)
{
    unsigned code = 0;
    for (size_t i = 0; i < v->lang_count; i++) {
        const uint8_t *lang = v->langs + i * 4;
        unsigned bit = bridge_bit(lang);
        code |= bit == CELL_OTHER ? 1u << CELL_OTHER : (unsigned)lang[3] << bit;
    }
    if (v->lang_count == 0)
        code |= 1u << CELL_SILENT;
    if (m->regions[v->p[AT_REGION]].french)
        code |= 1u << CELL_FRENCH;
    return code;
}

static unsigned age_of(int32_t day, int32_t newest)
{
    if (day == DAY_NONE)
        return 0;
    int64_t age = ((int64_t)newest - day) / HALF_YEAR;
    return age >= CELL_AGES - 1 ? 1 : (unsigned)(CELL_AGES - 1 - age);
}

int32_t cell_age_day(unsigned age, int32_t newest)
{
    return newest - (int32_t)(CELL_AGES - 1 - age) * HALF_YEAR;
}

static uint8_t exports_flag(uint8_t country)
{
    return country == COUNTRY_KH ? FLAG_EXPORTS_KH : FLAG_EXPORTS_CA;
}

uint32_t cell_make(const struct model *m, const struct view *v, int32_t newest)
{
    uint8_t flags = v->p[AT_FLAGS];
    uint8_t target = exports_flag(v->p[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH);
    uint32_t needs = v->need_count < CELL_NEEDS ? (uint32_t)v->need_count : CELL_NEEDS - 1;
    uint32_t practical = flags & target         ? EXPORTS_TARGET
                         : flags & FLAG_EXPORTS ? EXPORTS_SOME
                                                : EXPORTS_NONE;
    practical |= (get64(v->p + AT_CERTS_ASKED) != 0 ? 1u : 0u) << ASKS;
    practical |= (get64(v->p + AT_CERTS) != 0 ? 1u : 0u) << HOLDS;
    practical |= age_of((int32_t)get32(v->p + AT_VERIFIED), newest) << AGE;
    return needs << 16 | lang_code(m, v) << 7 | practical;
}

/* The value of a language that both speak; of one whose level is not known, the most. */
static int32_t shared_value(const struct model *m, unsigned least, unsigned most, bool french)
{
    int32_t best = 0;
    for (unsigned level = least; level <= most; level++) {
        int32_t v = language_level_value(m, (uint8_t)level);
        best = v > best ? v : best;
    }
    best += french ? m->w.language_french : 0;
    return best > SCORE_MAX ? SCORE_MAX : best;
}

int32_t cell_lang_most(const struct model *m, const struct view *a, unsigned code)
{
    bool silent = a->lang_count == 0 || code >> CELL_SILENT & 1;
    bool french = code >> CELL_FRENCH & 1 || m->regions[a->p[AT_REGION]].french;
    int32_t best = silent ? m->w.language_unknown : m->w.language_none;
    for (size_t i = 0; i < a->lang_count; i++) {
        const uint8_t *lang = a->langs + i * 4;
        unsigned bit = bridge_bit(lang);
        bool other = bit == CELL_OTHER;
        unsigned level = other ? (code >> bit & 1) * LEVEL_FLUENT : code >> bit & 3;
        if (level == 0)
            continue;
        level = level < lang[3] ? level : lang[3];
        int32_t v = shared_value(m, other ? LEVEL_BASIC : level, level, french && bit == CELL_FRA);
        best = v > best ? v : best;
    }
    return best * m->w.total_language;
}

/* How far the certificates that one asks for are held by the other, at most. */
static int32_t certified_most(const struct model *m, bool asks, bool holds)
{
    return !asks ? m->w.certified_neutral : holds ? SCORE_MAX : m->w.certified_missing;
}

int32_t cell_practical_most(const struct model *m, const struct view *a, unsigned code,
                            int32_t newest, int32_t today)
{
    unsigned exports = code >> EXPORTS & 3, age = code >> AGE & (CELL_AGES - 1);
    uint8_t flags = a->p[AT_FLAGS];
    uint8_t target = exports_flag(a->p[AT_COUNTRY] == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH);
    int32_t sells = exports == EXPORTS_TARGET || flags & target       ? m->w.export_target
                    : exports == EXPORTS_SOME || flags & FLAG_EXPORTS ? m->w.export_some
                                                                      : m->w.export_none;
    int32_t of_a = checked_day_value(m, (int32_t)get32(a->p + AT_VERIFIED), today);
    int32_t of_b = age == 0 ? 0 : checked_day_value(m, cell_age_day(age, newest), today);
    int32_t x = certified_most(m, code >> ASKS & 1, get64(a->p + AT_CERTS) != 0);
    int32_t y = certified_most(m, get64(a->p + AT_CERTS_ASKED) != 0, code >> HOLDS & 1);
    int32_t value =
        (SCORE_MAX * m->w.practical_size + sells * m->w.practical_export +
         (of_a + of_b) / 2 * m->w.practical_checked + (x + y) / 2 * m->w.practical_certified) /
        10000;
    return value * m->w.total_practical;
}

bool cell_may_speak(unsigned code, const char lang[4])
{
    unsigned bit = bridge_bit(lang);
    return bit == CELL_OTHER ? code >> bit & 1 : (code >> bit & 3) != 0;
}
