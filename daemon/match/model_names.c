#include "model_in.h"

#include <string.h>

/* The getters of names and titles. */

static bool is_word(const char *word, const char *s, size_t len)
{
    return strlen(word) == len && memcmp(word, s, len) == 0;
}

int model_sector(const struct model *m, const char *code, size_t len)
{
    for (size_t i = 0; i < m->sector_count; i++) {
        int id = m->sector_order[i];
        if (is_word(m->sectors[id].code, code, len))
            return id;
    }
    return 0;
}

static const struct sector *sector_get(const struct model *m, int id)
{
    if (id <= 0 || id >= SECTOR_IDS || m->sectors[id].code == NULL)
        return NULL;
    return &m->sectors[id];
}

const char *model_sector_code(const struct model *m, int id)
{
    const struct sector *s = sector_get(m, id);
    return s == NULL ? NULL : s->code;
}

const char *model_sector_title(const struct model *m, int id, enum model_lang lang)
{
    const struct sector *s = sector_get(m, id);
    return s == NULL ? NULL : s->title.in[lang];
}

int model_sector_group(const struct model *m, int id)
{
    const struct sector *s = sector_get(m, id);
    return s == NULL ? 0 : s->group;
}

int model_sector_count(const struct model *m)
{
    return (int)m->sector_count;
}

int model_sector_at(const struct model *m, int n)
{
    return n < 0 || (size_t)n >= m->sector_count ? 0 : m->sector_order[n];
}

int model_region(const struct model *m, const char *code, size_t len)
{
    for (size_t i = 0; i < m->region_count; i++) {
        int id = m->region_order[i];
        if (is_word(m->regions[id].code, code, len))
            return id;
    }
    return 0;
}

static const struct region *region_get(const struct model *m, int id)
{
    if (id <= 0 || id >= REGION_IDS || m->regions[id].code == NULL)
        return NULL;
    return &m->regions[id];
}

const char *model_region_code(const struct model *m, int id)
{
    const struct region *r = region_get(m, id);
    return r == NULL ? NULL : r->code;
}

const char *model_region_title(const struct model *m, int id, enum model_lang lang)
{
    const struct region *r = region_get(m, id);
    return r == NULL ? NULL : r->title.in[lang];
}

enum country model_region_country(const struct model *m, int id)
{
    const struct region *r = region_get(m, id);
    return r == NULL ? COUNTRY_COUNT : r->country;
}

int model_region_count(const struct model *m)
{
    return (int)m->region_count;
}

int model_region_at(const struct model *m, int n)
{
    return n < 0 || (size_t)n >= m->region_count ? 0 : m->region_order[n];
}

static int word_find(const char *const *words, int count, const char *s, size_t len)
{
    for (int i = 0; i < count; i++)
        if (words[i] != NULL && is_word(words[i], s, len))
            return i;
    return -1;
}

static const char *const kind_words[KIND_COUNT] = {
    [KIND_GOODS] = "goods",
    [KIND_SERVICES] = "services",
    [KIND_TECHNOLOGY] = "technology",
    [KIND_CAPITAL] = "capital",
    [KIND_TRAINING] = "training",
    [KIND_DISTRIBUTION] = "distribution",
    [KIND_JOINT_VENTURE] = "joint-venture",
    [KIND_RESEARCH] = "research",
};

int kind_parse(const char *word, size_t len)
{
    return word_find(kind_words, KIND_COUNT, word, len);
}

const char *kind_name(enum kind k)
{
    return (unsigned)k < KIND_COUNT ? kind_words[k] : NULL;
}

const char *model_kind_title(const struct model *m, enum kind k, enum model_lang lang)
{
    return (unsigned)k < KIND_COUNT ? m->kinds[k].in[lang] : NULL;
}

static const char *const level_words[] = {
    [LEVEL_NONE] = NULL,
    [LEVEL_BASIC] = "basic",
    [LEVEL_WORKING] = "working",
    [LEVEL_FLUENT] = "fluent",
};

int level_parse(const char *word, size_t len)
{
    return word_find(level_words, LEVEL_FLUENT + 1, word, len);
}

const char *level_name(enum level l)
{
    return (unsigned)l <= LEVEL_FLUENT ? level_words[l] : NULL;
}

const char *model_level_title(const struct model *m, enum level l, enum model_lang lang)
{
    return (unsigned)l <= LEVEL_FLUENT ? m->levels[l].in[lang] : NULL;
}

static const char *const lang_words[LANG_COUNT] = {
    [LANG_ENG] = "eng", [LANG_FRA] = "fra", [LANG_KHM] = "khm"};

int model_lang_parse(const char *code, size_t len)
{
    return word_find(lang_words, LANG_COUNT, code, len);
}

const char *model_lang_code(enum model_lang lang)
{
    return (unsigned)lang < LANG_COUNT ? lang_words[lang] : NULL;
}

const char *model_tongue_title(const struct model *m, const char *iso639_3, enum model_lang lang)
{
    for (size_t i = 0; i < m->tongue_count; i++)
        if (strcmp(m->tongues[i].code, iso639_3) == 0)
            return m->tongues[i].title.in[lang];
    return iso639_3;
}
