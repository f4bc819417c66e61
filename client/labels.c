#include "labels.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *eng, *fra, *khm;
} labels[LABEL_COUNT] = {
    [LABEL_SCORE] = {"score", "note", "ពិន្ទុ"},
    [LABEL_COMPANY] = {"company", "entreprise", "ក្រុមហ៊ុន"},
    [LABEL_REGION] = {"region", "région", "តំបន់"},
    [LABEL_SECTORS] = {"sectors", "secteurs", "វិស័យ"},
    [LABEL_LANGUAGE] = {"language", "langue", "ភាសា"},
    [LABEL_WHY] = {"why", "pourquoi", "ហេតុផល"},
    [LABEL_FOR] = {"for ", "pour ", "សម្រាប់ "},
    [LABEL_NONE] = {"none", "aucune", "គ្មាន"},
    [LABEL_COUNTS] = {"counts", "compte pour", "ទម្ងន់"},
    [LABEL_BEST] = {"best partners of", "meilleurs partenaires de", "ដៃគូល្អបំផុតរបស់"},
    [LABEL_FACTOR_NEED] = {"need", "besoin", "តម្រូវការ"},
    [LABEL_FACTOR_SECTOR] = {"sector", "secteur", "វិស័យ"},
    [LABEL_FACTOR_LANGUAGE] = {"language", "langue", "ភាសា"},
    [LABEL_FACTOR_PRACTICAL] = {"practical", "pratique", "ការអនុវត្ត"},
};

const char *label_text(const char *lang, enum label which)
{
    if (strcmp(lang, "fra") == 0)
        return labels[which].fra;
    if (strcmp(lang, "khm") == 0)
        return labels[which].khm;
    return labels[which].eng;
}

const char *label_factor(const char *lang, const char *name)
{
    for (int i = LABEL_FACTOR_NEED; i <= LABEL_FACTOR_PRACTICAL; i++)
        if (strcmp(labels[i].eng, name) == 0)
            return label_text(lang, (enum label)i);
    return name;
}
