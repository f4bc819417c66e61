#ifndef SPEAN_MATCH_MODEL_IN_H
#define SPEAN_MATCH_MODEL_IN_H

#include <spean/model.h>
#include <spean/packed.h>
#include <spean/tsv.h>

#include "lexicon.h"
#include "messages.h"
#include "weights.h"

/* The inside of struct model: for the room's own files only. */

#define SECTOR_IDS 128 /* ids 1..127, so that sets of sectors are two words */
#define REGION_IDS 64
#define GROUPS_MAX 32
#define TONGUES_MAX 128
#define MODEL_TEXTS 16
#define MODEL_FILE_MAX (4u << 20)

struct titles {
    const char *in[LANG_COUNT];
};

struct sector {
    const char *code; /* NULL: no such id */
    struct titles title;
    uint8_t group;    /* id of its group, itself for a group */
    uint8_t group_no; /* 0.., a bit in group masks */
    bool finance;     /* its capital is for any field */
};

struct region {
    const char *code;
    struct titles title;
    enum country country;
    bool french; /* French is a language of business there */
};

struct tongue_name {
    const char *code;
    struct titles title;
};

/* Sides of a need, and a need's row in the table of meetings. */
enum side { SIDE_OFFER, SIDE_SEEK, SIDE_COUNT };
#define ROLES (SIDE_COUNT * KIND_COUNT)

struct model {
    char *texts[MODEL_TEXTS]; /* the files; titles point into them */
    size_t text_count;
    char version[32];

    struct sector sectors[SECTOR_IDS];
    uint8_t sector_order[SECTOR_IDS];
    size_t sector_count, group_count;
    uint16_t close[SECTOR_IDS][SECTOR_IDS]; /* 0..1000, symmetric */
    uint64_t near[SECTOR_IDS][2]; /* sets of the sectors that are close to this one at all */
    uint32_t reach[SECTOR_IDS];   /* groups of all sectors that are close to this one at all */

    struct region regions[REGION_IDS];
    uint8_t region_order[REGION_IDS];
    size_t region_count;

    struct tongue_name tongues[TONGUES_MAX];
    size_t tongue_count;

    struct titles kinds[KIND_COUNT];
    struct titles levels[LEVEL_FLUENT + 1];

    struct weights w;
    uint16_t meets[ROLES][ROLES]; /* 0..1000, symmetric: enum side * KIND_COUNT + enum kind */
    struct lexicon lexicon;
    struct messages messages;
};

/* A table being read: where problems are reported. */
struct table {
    struct model *m;
    const char *dir, *name;
    struct tsv t;
    char *err;
    size_t errlen;
};

/* Says "name:line: problem"; returns -1. */
int table_fail(const struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 1: a record of exactly n fields, none of them empty; 0: the end; -1: told. */
int table_next(struct table *t, size_t n);
/* An integer within bounds; 0, or -1 told. */
int table_number(const struct table *t, const char *s, long least, long most, long *ret);
/* Three titles from field[from]; the fields are known to be not empty. */
void table_titles(const struct table *t, size_t from, struct titles *ret);

int model_read_sectors(struct table *t);
int model_read_closeness(struct table *t);
int model_read_regions(struct table *t);
int model_read_tongues(struct table *t);
int model_read_kinds(struct table *t);
int model_read_levels(struct table *t);
int model_read_weights(struct table *t);
int model_read_meets(struct table *t);
/* After sectors, weights and the table of related leaves are in. */
void model_fill_closeness(struct model *m);

#endif
