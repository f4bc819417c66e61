#include "pair.h"

#include "lexicon.h"

#include <spean/buf.h>
#include <spean/text.h>

/*
 * Which of several equally strong meetings of needs to tell of. A catalogue of fifteen machines
 * answers a search fifteen times over as far as the codes go: the machine to name is the one whose
 * text, topics or HS codes are those of the search.
 */

#define STEM 5 /* bytes from the front that make two words one: sorter, sorting */
#define FOLDED_MAX 4096

static size_t word_length(const char *s, size_t left)
{
    size_t n = 0;
    while (n < left && s[n] != ' ')
        n++;
    return n;
}

static bool stem_in(const char *word, size_t len, const struct buf *text)
{
    size_t most = len < STEM ? len : STEM;
    for (size_t i = 0; i < text->len;) {
        size_t n = word_length(text->data + i, text->len - i);
        bool same = n >= most && (len >= STEM || n == len);
        if (same && memcmp(text->data + i, word, most) == 0)
            return true;
        i += n + 1;
    }
    return false;
}

/* The texts of a company's needs as words to compare, made when they are first looked at. */
struct folds {
    const struct view *v;
    struct buf text[2 * NEEDS_MAX];
    bool made[2 * NEEDS_MAX];
};

/* Nothing but Khmer, signs and blanks, as most texts in Khmer: no word that shared_words looks at.
 */
static bool is_khmer(struct text_ref t)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.s[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (c < 0x80 && !letter && (c < '0' || c > '9'))
            continue;
        /* U+1780 to U+17FF, and the invisible blank between words. */
        if (t.len - i < 3 ||
            (memcmp(t.s + i, "\xE1\x9E", 2) != 0 && memcmp(t.s + i, "\xE1\x9F", 2) != 0 &&
             memcmp(t.s + i, "\xE2\x80\x8B", 3) != 0))
            return false;
        i += 2;
    }
    return true;
}

/* NULL on no memory. */
static const struct buf *fold_get(struct folds *f, size_t need)
{
    struct buf *text = &f->text[need];
    if (!f->made[need]) {
        buf_init(text, FOLDED_MAX);
        f->made[need] = true;
        const struct text_ref *t = &f->v->needs[need].text;
        /* Text that is none, of a row that was damaged, has no words. */
        if (!is_khmer(*t) && text_valid(t->s, t->len) && lexicon_fold(text, t->s, t->len) < 0)
            text->failed = true;
    }
    return text->failed ? NULL : text;
}

static void folds_done(struct folds *f)
{
    for (size_t i = 0; i < 2 * NEEDS_MAX; i++)
        if (f->made[i])
            buf_done(&f->text[i]);
}

/* Words of four Latin letters and more that both texts have; topics do this for Khmer, which has no
 * blanks between words. -1: no memory. */
static int shared_words(struct folds *a, size_t of_a, struct folds *b, size_t of_b)
{
    const struct buf *x = fold_get(a, of_a), *y;
    int n = 0;
    if (x == NULL || x->len == 0)
        return x == NULL ? -1 : 0;
    y = fold_get(b, of_b);
    if (y == NULL)
        return -1;
    for (size_t i = 0; i < x->len;) {
        size_t len = word_length(x->data + i, x->len - i);
        if (len >= 4 && (unsigned char)x->data[i] < 0x80)
            n += stem_in(x->data + i, len, y);
        i += len + 1;
    }
    return n;
}

/* Closeness of need i of a and need k of b beyond what the score saw. 0 or -1. */
static int relation(struct folds *a, size_t i, struct folds *b, size_t k, int *ret)
{
    const struct need_view *x = &a->v->needs[i], *y = &b->v->needs[k];
    int topics = 0, digits = 0, words = shared_words(a, i, b, k);
    if (words < 0)
        return -1;
    for (size_t n = 0; n < x->topic_count; n++)
        for (size_t l = 0; l < y->topic_count; l++)
            topics += x->topics[n] == y->topics[l];
    for (size_t n = 0; n < x->hs_count; n++)
        for (size_t l = 0; l < y->hs_count; l++) {
            int common = hs_common(x->hs[n], y->hs[l]);
            digits = common > digits ? common : digits;
        }
    *ret = 4 * topics + (digits >= 4 ? digits : 0) + words;
    return 0;
}

/* How many needs of each side would do as well as the ones chosen. */
static void equals_count(const struct model *m, const struct view *x, const struct view *y,
                         struct telling_pick *pick)
{
    size_t of_x = 0, of_y = 0;
    const struct need_view *n = &x->needs[pick->meet.need_x], *k = &y->needs[pick->meet.need_y];
    for (size_t i = 0; i < x->need_count; i++)
        of_x += need_strength(m, x, &x->needs[i], y, k) == pick->meet.strength;
    for (size_t i = 0; i < y->need_count; i++)
        of_y += need_strength(m, x, n, y, &y->needs[i]) == pick->meet.strength;
    pick->plain_x = of_x > 1;
    pick->plain_y = of_y > 1;
}

/* A need of a and one of b that meet as well as any. */
struct candidate {
    uint8_t i, k;
};

static size_t candidates_find(const struct model *m, const struct view *a, const struct view *b,
                              int32_t strength, struct candidate *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < a->need_count; i++)
        for (size_t k = 0; k < b->need_count; k++)
            if (need_strength(m, a, &a->needs[i], b, &b->needs[k]) == strength)
                ret[n++] = (struct candidate){(uint8_t)i, (uint8_t)k};
    return n;
}

/* Who searches stands first. */
static void pick_set(struct telling_pick *pick, const struct view *a, const struct view *b,
                     const struct candidate *c)
{
    bool turn = a->needs[c->i].role < SIDE_SEEK * KIND_COUNT &&
                b->needs[c->k].role >= SIDE_SEEK * KIND_COUNT;
    pick->meet.x_is_b = turn;
    pick->meet.need_x = turn ? c->k : c->i;
    pick->meet.need_y = turn ? c->i : c->k;
}

/* The nearest of them, the first among equals. *ret_most: how near. 0 or -1. */
static int candidates_choose(struct telling_pick *pick, struct folds *a, struct folds *b,
                             const struct candidate *c, size_t count, int *ret_most)
{
    int most = -1;
    for (size_t n = 0; n < count; n++) {
        int r;
        if (relation(a, c[n].i, b, c[n].k, &r) < 0)
            return -1;
        if (r <= most)
            continue;
        most = r;
        pick_set(pick, a->v, b->v, &c[n]);
    }
    *ret_most = most;
    return 0;
}

int meet_pick(const struct model *m, const struct view *a, const struct view *b,
              const struct meet *best, struct telling_pick *ret)
{
    struct candidate c[4 * NEEDS_MAX * NEEDS_MAX];
    struct folds of_a = {.v = a}, of_b = {.v = b};
    int most = 0;
    *ret = (struct telling_pick){.meet = *best};
    if (best->how != MEET_NEEDS)
        return 0;
    size_t count = candidates_find(m, a, b, best->strength, c);
    if (count == 0)
        return 0;
    if (count == 1) { /* mostly: there is nothing to choose, so no text has to be looked at */
        pick_set(ret, a, b, c);
        return 0;
    }
    int rc = candidates_choose(ret, &of_a, &of_b, c, count, &most);
    folds_done(&of_a);
    folds_done(&of_b);
    bool turned = ret->meet.x_is_b;
    if (rc == 0 && most == 0)
        equals_count(m, turned ? b : a, turned ? a : b, ret);
    return rc;
}
