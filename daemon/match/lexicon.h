#ifndef SPEAN_MATCH_LEXICON_H
#define SPEAN_MATCH_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;
struct buf;

/*
 * The lexicon reads free text: concepts with their words in three languages. A topic names a thing
 * and the sectors it belongs to; a certificate is one that companies hold or ask for; a vague word
 * says that a company is ready for everything and so for nothing.
 */
#define CONCEPTS_MAX 2048
#define CONCEPT_SECTORS 4
#define CERTS_MAX 64

enum concept_class { CONCEPT_TOPIC, CONCEPT_CERT, CONCEPT_VAGUE };

struct concept {
    const char *code; /* of a certificate: its usual name */
    uint8_t class;    /* enum concept_class */
    uint8_t cert;     /* number of the certificate: a bit */
    uint8_t sector_count;
    uint8_t sectors[CONCEPT_SECTORS];
};

struct pattern {
    uint32_t key; /* of its first characters; patterns are sorted by it, longest first */
    uint16_t concept;
    uint16_t len;
    bool stem;   /* any ending will do */
    uint32_t at; /* in the lexicon's store of folded words */
};

struct lexicon {
    struct concept *concepts;
    size_t concept_count, cert_count;
    struct pattern *patterns;
    size_t pattern_count, pattern_cap;
    char *words;
    size_t words_len, words_cap;
};

struct concept_set {
    uint64_t word[CONCEPTS_MAX / 64];
};

int lexicon_read(struct table *t);
void lexicon_done(struct lexicon *lex);

/* Brings text to the form that the lexicon reads; appends to out. 0 or -1. */
int lexicon_fold(struct buf *out, const char *s, size_t len);
/* Adds to set every concept that the folded text names. */
void lexicon_match(const struct lexicon *lex, const char *folded, size_t len,
                   struct concept_set *set);

#endif
