#ifndef SPEAN_MODEL_H
#define SPEAN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The model: everything the score knows besides two profiles and a date. Sectors with their
 * closeness, regions, weights, the lexicon that reads free text in three languages, and the message
 * catalogues. Data under conf/model/, checked when loaded, immutable after: any thread may read it.
 */
struct model; /* opaque */

enum model_lang { LANG_ENG, LANG_FRA, LANG_KHM, LANG_COUNT };
enum kind {
    KIND_GOODS,
    KIND_SERVICES,
    KIND_TECHNOLOGY,
    KIND_CAPITAL,
    KIND_TRAINING,
    KIND_DISTRIBUTION,
    KIND_JOINT_VENTURE,
    KIND_RESEARCH,
    KIND_COUNT
};
enum level { LEVEL_NONE, LEVEL_BASIC, LEVEL_WORKING, LEVEL_FLUENT };
enum country { COUNTRY_KH, COUNTRY_CA, COUNTRY_COUNT };

/*
 * Reads the tables from `dir`. 0, or -1 with a message that names file and line in err. The caller
 * frees with model_free.
 */
int model_load(const char *dir, struct model **ret, char *err, size_t errlen);
void model_free(struct model *m);
/* Version of weights and tables: a short stable text, digest of the files' contents. */
const char *model_version(const struct model *m);

/* Sectors are numbered by the table's own stable id (1..SECTOR_MAX), which packed profiles store.
 */
#define SECTOR_MAX 255
int model_sector(const struct model *m, const char *code, size_t len); /* id, or 0 if unknown */
const char *model_sector_code(const struct model *m, int id);          /* NULL if unknown */
const char *model_sector_title(const struct model *m, int id, enum model_lang lang);
int model_sector_group(const struct model *m, int id); /* the group of a leaf; a group is its own */
int model_sector_count(const struct model *m);
int model_sector_at(const struct model *m, int n); /* id of the n-th in table order, 0-based */

/* Regions: ISO 3166-2 codes of both countries; numbered 1.. by table order of stable ids. */
int model_region(const struct model *m, const char *code, size_t len); /* id, or 0 */
const char *model_region_code(const struct model *m, int id);
const char *model_region_title(const struct model *m, int id, enum model_lang lang);
enum country model_region_country(const struct model *m, int id);
int model_region_count(const struct model *m);
int model_region_at(const struct model *m, int n);

int kind_parse(const char *word, size_t len); /* enum kind, or -1 */
const char *kind_name(enum kind k);           /* "joint-venture" */
const char *model_kind_title(const struct model *m, enum kind k, enum model_lang lang);
int level_parse(const char *word, size_t len); /* LEVEL_BASIC.., or -1 */
const char *level_name(enum level l);
const char *model_level_title(const struct model *m, enum level l, enum model_lang lang);
int model_lang_parse(const char *code, size_t len); /* eng, fra, khm -> enum model_lang, or -1 */
const char *model_lang_code(enum model_lang lang);
/* Title of an ISO 639-3 language in lang; the code itself where the table has none. */
const char *model_tongue_title(const struct model *m, const char *iso639_3, enum model_lang lang);

#endif
