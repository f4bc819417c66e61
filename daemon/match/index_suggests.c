#include "index_in.h"
#include "pair.h"

/* One pair looked at as index_search does: for who keeps an answer and hears of a change, and for a
 * search that begins with the answer of the one before. */

static bool sector_fits(const struct model *m, const uint8_t *p, int sector)
{
    for (size_t i = 0; i < p[AT_SECTOR_COUNT]; i++)
        if (p[AT_SECTORS + i] == sector || m->sectors[p[AT_SECTORS + i]].group == sector)
            return true;
    return false;
}

static bool lang_fits(const struct view *v, const char lang[4])
{
    for (size_t i = 0; i < v->lang_count; i++)
        if (memcmp(v->langs + i * 4, lang, 3) == 0)
            return true;
    return false;
}

static bool filter_fits(const struct model *m, const struct view *b, const struct pair *pair,
                        const struct index_filter *f)
{
    return (f->sector == 0 || sector_fits(m, b->p, f->sector)) &&
           (f->region == 0 || b->p[AT_REGION] == f->region) &&
           (f->lang[0] == '\0' || lang_fits(b, f->lang)) &&
           (f->kind < 0 || (pair->need.kinds >> f->kind & 1) != 0);
}

bool index_suggests(const struct index *ix, const void *a, const void *b, int32_t today,
                    const struct index_filter *f, int32_t min_total, int32_t *ret_total)
{
    struct view x, y;
    struct pair pair;
    if (match_excluded(a, b, today, 1) != EXCLUDED_NOT)
        return false;
    view_open(ix->model, a, &x);
    view_open(ix->model, b, &y);
    pair_score(ix->model, &x, &y, today, &pair);
    if (pair.score.total <= 0 || pair.score.total < min_total ||
        (f != NULL && !filter_fits(ix->model, &y, &pair, f)))
        return false;
    *ret_total = pair.score.total;
    return true;
}

/* The least total among hits that would all be listed, or min_total if one of them is not. */
static int32_t hits_least(const struct index *ix, const void *a, int32_t today,
                          const struct index_filter *f, int32_t min_total,
                          const struct index_hit *hits, size_t count)
{
    int32_t least = INT32_MAX, total;
    for (size_t i = 0; i < count; i++) {
        if (!index_suggests(ix, a, hits[i].packed, today, f, min_total, &total))
            return min_total;
        least = total < least ? total : least;
    }
    return least;
}

size_t index_search_near(const struct index *ix, struct index_room *room, const void *a,
                         int32_t today, const struct index_filter *f, int32_t min_total,
                         size_t limit, struct index_hit *hits, size_t known)
{
    if (known > 0 && known == limit)
        min_total = hits_least(ix, a, today, f, min_total, hits, known);
    return index_search(ix, room, a, today, f, min_total, limit, hits);
}
