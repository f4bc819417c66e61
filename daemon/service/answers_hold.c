#include "answers_in.h"

#include <string.h>

/*
 * An answer was right at its mark. It still is unless the company asked about changed, or one that
 * is listed, or one came to be, or came to score, so well that it belongs in the list. What
 * happened in between does not matter: only how those that changed stand now.
 */

#define LOOK_MAX 64 /* changes looked at; with more it is cheaper to search anew */

static bool is_listed(const struct answer *a, const uint8_t id[IDENT_BYTES])
{
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(a->listed[i], id, IDENT_BYTES) == 0)
            return true;
    return false;
}

/* Would this one, which is not in the list, be in it now? */
static bool belongs(const struct answer *a, const struct index *ix, const void *company,
                    const uint8_t id[IDENT_BYTES], int32_t today)
{
    const struct question *q = &a->question;
    const void *other = index_get(ix, id);
    int32_t total;

    if (other == NULL ||
        !index_suggests(ix, company, other, today, &q->filter, q->min_total, &total))
        return false;
    if (a->count < (size_t)q->limit)
        return true;
    return total > a->last ||
           (total == a->last && memcmp(id, a->listed[a->count - 1], IDENT_BYTES) < 0);
}

bool answer_holds(struct answer *a, const struct index *ix, int32_t today)
{
    const uint8_t *own = a->question.company;
    uint64_t mark = index_mark(ix);
    const void *company;

    if (a->day != today)
        return false;
    if (a->mark == mark)
        return true;
    if (a->mark > mark || mark - a->mark > LOOK_MAX)
        return false;
    company = index_get(ix, own);
    if (company == NULL)
        return false;
    for (uint64_t n = a->mark; n < mark; n++) {
        const uint8_t *id = index_change(ix, n);
        if (id == NULL || memcmp(id, own, IDENT_BYTES) == 0 || is_listed(a, id) ||
            belongs(a, ix, company, id, today))
            return false;
    }
    a->mark = mark;
    return true;
}
