#ifndef SPEAN_SCORE_H
#define SPEAN_SCORE_H

#include <spean/model.h>

struct buf;

/*
 * The score of a pair (docs/SCORING.md): how sure we are that a and b each have a reason to meet
 * and that the meeting can work. Integers in hundredths of a point, 0..10000. Pure: the two packed
 * profiles, the model and the day decide.
 */
#define SCORE_MAX 10000

enum factor {
    FACTOR_NEED,      /* what passes between them */
    FACTOR_SECTOR,    /* closeness of what they do */
    FACTOR_LANGUAGE,  /* can they talk */
    FACTOR_PRACTICAL, /* size, export experience, recently checked, certifications */
    FACTOR_COUNT
};

struct factor_value {
    int32_t value; /* 0..SCORE_MAX: how well */
    int32_t
        weight; /* 0..SCORE_MAX: how much it counted in this pair; see SCORING.md for recombining */
};

struct score {
    int32_t total;  /* the pair, same whichever side asks */
    int32_t a_to_b; /* how well b serves a */
    int32_t b_to_a;
    struct factor_value factors[FACTOR_COUNT];
    char language[4]; /* best common language, "" if none */
};

/* a, b: checked packed profiles; today in days (date.h). */
void score_pair(const struct model *m, const void *a, const void *b, int32_t today,
                struct score *ret);

const char *factor_name(enum factor f); /* "need", ... */

/*
 * Why: appends the sentence of one factor for staff, in lang, seen from a. Names of companies,
 * sectors and languages are filled into the catalogue's sentence. 0 or -1 (ceiling, no memory).
 */
int explain_factor(const struct model *m, const void *a, const void *b, int32_t today,
                   enum factor f, enum model_lang lang, struct buf *out);

/*
 * The sentences of all factors, one after the other as explain_factor appends each: ret_ends[f] is
 * where that of f ends in out. The pair is scored once for all of them. A sentence that can't be
 * made is left out; 0, or -1 if one was for want of memory.
 */
int explain_all(const struct model *m, const void *a, const void *b, int32_t today,
                enum model_lang lang, struct buf *out, size_t ret_ends[FACTOR_COUNT]);

/* Why a pair would not be suggested at all; EXCLUDED_NOT when it would. */
enum excluded {
    EXCLUDED_NOT,
    EXCLUDED_SAME_COMPANY,
    EXCLUDED_SAME_COUNTRY,
    EXCLUDED_NOT_PUBLISHED,
    EXCLUDED_EXPIRED,
    EXCLUDED_ZERO
};
/* Looks at b as a candidate for a. total: of score_pair. */
enum excluded match_excluded(const void *a, const void *b, int32_t today, int32_t total);
int explain_excluded(const struct model *m, const void *a, const void *b, enum excluded why,
                     enum model_lang lang, struct buf *out);

#endif
