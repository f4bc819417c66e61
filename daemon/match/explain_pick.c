#include "pair.h"

#include "lexicon.h"

#include <spean/buf.h>

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

/* Words of four Latin letters and more that both texts have; topics do this for Khmer, which has no
 * blanks between words. 0 or -1. */
static int shared_words(const struct need_view *x, const struct need_view *y, int *ret)
{
    struct buf a, b;
    int rc = -1;
    buf_init(&a, FOLDED_MAX);
    buf_init(&b, FOLDED_MAX);
    if (lexicon_fold(&a, x->text.s, x->text.len) < 0 ||
        lexicon_fold(&b, y->text.s, y->text.len) < 0)
        goto out;
    *ret = 0;
    for (size_t i = 0; i < a.len;) {
        size_t len = word_length(a.data + i, a.len - i);
        if (len >= 4 && (unsigned char)a.data[i] < 0x80)
            *ret += stem_in(a.data + i, len, &b);
        i += len + 1;
    }
    rc = 0;
out:
    buf_done(&a);
    buf_done(&b);
    return rc;
}

/* Closeness beyond what the score saw. 0 or -1. */
static int relation(const struct need_view *x, const struct need_view *y, int *ret)
{
    int words, topics = 0, digits = 0;
    if (shared_words(x, y, &words) < 0)
        return -1;
    for (size_t i = 0; i < x->topic_count; i++)
        for (size_t k = 0; k < y->topic_count; k++)
            topics += x->topics[i] == y->topics[k];
    for (size_t i = 0; i < x->hs_count; i++)
        for (size_t k = 0; k < y->hs_count; k++) {
            int n = hs_common(x->hs[i], y->hs[k]);
            digits = n > digits ? n : digits;
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

int meet_pick(const struct model *m, const struct view *a, const struct view *b,
              const struct meet *best, struct telling_pick *ret)
{
    int most = -1;
    *ret = (struct telling_pick){.meet = *best};
    if (best->how != MEET_NEEDS)
        return 0;
    for (size_t i = 0; i < a->need_count; i++)
        for (size_t k = 0; k < b->need_count; k++) {
            const struct need_view *x = &a->needs[i], *y = &b->needs[k];
            if (need_strength(m, a, x, b, y) != best->strength)
                continue;
            int r;
            if (relation(x, y, &r) < 0)
                return -1;
            if (r <= most)
                continue;
            most = r;
            /* Who searches stands first. */
            bool turn = x->role < SIDE_SEEK * KIND_COUNT && y->role >= SIDE_SEEK * KIND_COUNT;
            ret->meet.x_is_b = turn;
            ret->meet.need_x = (uint8_t)(turn ? k : i);
            ret->meet.need_y = (uint8_t)(turn ? i : k);
        }
    bool turned = ret->meet.x_is_b;
    if (most == 0)
        equals_count(m, turned ? b : a, turned ? a : b, ret);
    return 0;
}
