#ifndef SPEAN_CLIENT_LABELS_H
#define SPEAN_CLIENT_LABELS_H

/* The client's own words around matches, in the language of their sentences. */

enum label {
    LABEL_SCORE,
    LABEL_COMPANY,
    LABEL_REGION,
    LABEL_SECTORS,
    LABEL_LANGUAGE,
    LABEL_WHY,
    LABEL_FOR,    /* before a name */
    LABEL_NONE,   /* no common language */
    LABEL_COUNTS, /* before a percentage */
    LABEL_BEST,   /* before a name */
    LABEL_FACTOR_NEED,
    LABEL_FACTOR_SECTOR,
    LABEL_FACTOR_LANGUAGE,
    LABEL_FACTOR_PRACTICAL,
    LABEL_COUNT
};

/* lang: eng, fra or khm; English for any other. */
const char *label_text(const char *lang, enum label which);
/* The title of a factor by its name in answers; the name itself when it is unknown. */
const char *label_factor(const char *lang, const char *name);

#endif
