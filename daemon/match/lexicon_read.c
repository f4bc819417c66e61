#include "lexicon_in.h"
#include "model_in.h"

#include <spean/buf.h>

#include <stdlib.h>
#include <string.h>

/* The reader of lexicon.tsv: class, code, sectors, and words in English, French and Khmer. */

#define LEXICON_FIELDS 6

void lexicon_done(struct lexicon *lex)
{
    free(lex->concepts);
    free(lex->patterns);
    free(lex->words);
    memset(lex, 0, sizeof *lex);
}

/* Room for one more of size; the array may move. 0 or -1. */
static int grow(void **array, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t more = *cap == 0 ? 1024 : *cap * 2;
    while (more < need)
        more *= 2;
    void *p = realloc(*array, more * size);
    if (p == NULL)
        return -1;
    *array = p;
    *cap = more;
    return 0;
}

static int pattern_add(struct table *t, const char *folded, size_t len, bool stem)
{
    struct lexicon *lex = &t->m->lexicon;
    uint32_t key = lexicon_key(folded, len);
    if (key == 0 || len > 200)
        return table_fail(t, "a word is too short or too long");
    void *patterns = lex->patterns, *words = lex->words;
    int rc = grow(&patterns, &lex->pattern_cap, lex->pattern_count + 1, sizeof *lex->patterns);
    lex->patterns = patterns;
    if (rc == 0)
        rc = grow(&words, &lex->words_cap, lex->words_len + len, 1);
    lex->words = words;
    if (rc < 0)
        return table_fail(t, "out of memory");
    memcpy(lex->words + lex->words_len, folded, len);
    lex->patterns[lex->pattern_count++] = (struct pattern){
        .key = key,
        .concept = (uint16_t)(lex->concept_count - 1),
        .len = (uint16_t)len,
        .stem = stem,
        .at = (uint32_t)lex->words_len,
    };
    lex->words_len += len;
    return 0;
}

static int word_add(struct table *t, const char *word, size_t len)
{
    bool stem = len > 0 && word[len - 1] == '*';
    struct buf folded;
    buf_init(&folded, 1024);
    int rc = lexicon_fold(&folded, word, stem ? len - 1 : len);
    if (rc < 0)
        table_fail(t, "a word is not valid text");
    else
        rc = pattern_add(t, folded.data == NULL ? "" : folded.data, folded.len, stem);
    buf_done(&folded);
    return rc;
}

/* Words parted by '|'; "=" where the English words do for this language too. */
static int words_add(struct table *t, const char *words, bool first)
{
    if (strcmp(words, "=") == 0)
        return first ? table_fail(t, "\"=\" has no English words to stand for") : 0;
    for (const char *at = words;;) {
        size_t len = strcspn(at, "|");
        if (word_add(t, at, len) < 0)
            return -1;
        if (at[len] == '\0')
            return 0;
        at += len + 1;
    }
}

/* Sectors parted by ','; "-" for none. */
static int concept_sectors(struct table *t, const char *codes, struct concept *c)
{
    if (strcmp(codes, "-") == 0)
        return c->class == CONCEPT_TOPIC ? table_fail(t, "a topic needs a sector") : 0;
    for (const char *at = codes;;) {
        size_t len = strcspn(at, ",");
        int id = model_sector(t->m, at, len);
        if (id == 0)
            return table_fail(t, "unknown sector \"%.*s\"", (int)len, at);
        if (c->sector_count == CONCEPT_SECTORS)
            return table_fail(t, "more than %d sectors", CONCEPT_SECTORS);
        c->sectors[c->sector_count++] = (uint8_t)id;
        if (at[len] == '\0')
            return 0;
        at += len + 1;
    }
}

static int concept_class(struct table *t, struct concept *c)
{
    static const char *const names[] = {"topic", "cert", "vague"};
    for (uint8_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(t->t.field[0], names[i]) == 0) {
            c->class = i;
            return 0;
        }
    return table_fail(t, "unknown class \"%s\"", t->t.field[0]);
}

static int concept_add(struct table *t)
{
    struct lexicon *lex = &t->m->lexicon;
    struct concept c = {.code = t->t.field[1]};
    if (concept_class(t, &c) < 0)
        return -1;
    for (size_t i = 0; i < lex->concept_count; i++)
        if (strcmp(lex->concepts[i].code, c.code) == 0)
            return table_fail(t, "%s stands here twice", c.code);
    if (concept_sectors(t, t->t.field[2], &c) < 0)
        return -1;
    if (c.class == CONCEPT_CERT) {
        if (lex->cert_count == CERTS_MAX)
            return table_fail(t, "more than %d certificates", CERTS_MAX);
        c.cert = (uint8_t)lex->cert_count++;
    }
    if (lex->concept_count == CONCEPTS_MAX)
        return table_fail(t, "more than %d concepts", CONCEPTS_MAX);
    lex->concepts[lex->concept_count++] = c;
    for (size_t i = 0; i < LANG_COUNT; i++)
        if (words_add(t, t->t.field[3 + i], i == 0) < 0)
            return -1;
    return 0;
}

static int pattern_compare(const void *a, const void *b)
{
    const struct pattern *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->len != y->len)
        return x->len > y->len ? -1 : 1;
    if (x->concept != y->concept)
    return x->concept < y->concept ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

int lexicon_read(struct table *t)
{
    struct lexicon *lex = &t->m->lexicon;
    lex->concepts = calloc(CONCEPTS_MAX, sizeof *lex->concepts);
    if (lex->concepts == NULL)
        return table_fail(t, "out of memory");
    int rc;
    while ((rc = table_next(t, LEXICON_FIELDS)) > 0)
        if (concept_add(t) < 0)
            return -1;
    if (rc == 0 && lex->pattern_count > 0)
        qsort(lex->patterns, lex->pattern_count, sizeof *lex->patterns, pattern_compare);
    return rc;
}
