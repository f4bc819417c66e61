#ifndef SPEAN_MATCH_CELLS_H
#define SPEAN_MATCH_CELLS_H

#include "view.h"

/*
 * A cell is all that a company brings besides its fields and needs, in as few bits as decide the
 * score nearly: how many needs (so many at most can meet), the levels of the three bridge languages
 * and whether there are others, a province of French, exports, certificates, and the age of the
 * last check. Companies of one cell share one bound on language and practical, so a search works it
 * out once for each cell and not for each company.
 *
 * Code of a cell: needs (3 bits) << 16 | language code (9 bits) << 7 | practical code (7 bits).
 */
#define CELL_NEEDS 5 /* 0..4; 4: four or more */
#define CELL_LANGS 512
#define CELL_PRACTICALS 128
#define CELL_AGES 8

static inline unsigned cell_needs(uint32_t cell)
{
    return cell >> 16;
}

static inline unsigned cell_lang(uint32_t cell)
{
    return cell >> 7 & (CELL_LANGS - 1);
}

static inline unsigned cell_practical(uint32_t cell)
{
    return cell & (CELL_PRACTICALS - 1);
}

/* Bits of a language code. */
enum cell_lang_bit {
    CELL_KHM = 0, /* levels of two bits, 0: not spoken */
    CELL_ENG = 2,
    CELL_FRA = 4,
    CELL_OTHER = 6,
    CELL_SILENT = 7, /* lists no language at all */
    CELL_FRENCH = 8  /* in a province of business in French */
};

/* newest: the latest day of a check among the companies that cells are made for; ages count from
 * there, by half-years. */
uint32_t cell_make(const struct model *m, const struct view *v, int32_t newest);
/* The latest day that a check of this age (1..CELL_AGES - 1) may be of. */
int32_t cell_age_day(unsigned age, int32_t newest);

/* The most that total.language and total.practical can give a with a company of a cell with this
 * code: weight times value, 0..10000 * 10000 together. */
int32_t cell_lang_most(const struct model *m, const struct view *a, unsigned code);
int32_t cell_practical_most(const struct model *m, const struct view *a, unsigned code,
                            int32_t newest, int32_t today);
/* Whether a company of this language code may speak lang. */
bool cell_may_speak(unsigned code, const char lang[4]);

#endif
