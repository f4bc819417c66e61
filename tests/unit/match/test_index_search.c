#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include "profiles.h"

#include <spean/index.h>

#include <stdlib.h>
#include <string.h>

#define COMPANIES 900

static struct model *model;
static struct buf packed[COMPANIES];
static struct index *ix;
static struct index_room *room;

/* Random companies of all kinds: some expired, some not published; base, delta and tombstones. */
static int load(void **state)
{
    (void)state;
    uint64_t seed = 41;
    model = test_model();
    room = index_room_new();
    struct index_writer *w = index_writer_new(model);
    if (w == NULL || index_writer_kernel(w, test_kernel()) < 0)
        return -1;
    for (int i = 0; i < COMPANIES; i++) {
        struct profile p;
        profile_random(model, &seed, &p);
        if (random_below(&seed, 10) == 0)
            p.status = STATUS_PAUSED;
        if (random_below(&seed, 10) == 0)
            p.valid_until = TODAY - 1 + (int32_t)random_below(&seed, 2);
        buf_init(&packed[i], PACKED_MAX);
        profile_pack(model, &p, &packed[i]);
        if (index_writer_put(w, packed[i].data, packed[i].len) < 0)
            return -1;
    }
    ix = index_writer_publish(w, 1);
    index_writer_free(w);
    return ix == NULL ? -1 : 0;
}

static int unload(void **state)
{
    (void)state;
    index_unref(ix);
    index_room_free(room);
    for (int i = 0; i < COMPANIES; i++)
        buf_done(&packed[i]);
    model_free(model);
    return 0;
}

static int by_rank(const void *a, const void *b)
{
    const struct index_hit *x = a, *y = b;
    if (x->score.total != y->score.total)
        return x->score.total > y->score.total ? -1 : 1;
    return memcmp(packed_id(x->packed), packed_id(y->packed), IDENT_BYTES);
}

static bool kind_meets(const void *a, const void *b, int kind)
{
    struct view x, y;
    struct need_result r;
    view_open(model, a, &x);
    view_open(model, b, &y);
    need_score(model, &x, &y, &r);
    return r.kinds >> kind & 1;
}

static bool speaks(const void *p, const char *lang)
{
    struct view v;
    view_open(model, p, &v);
    for (size_t i = 0; i < v.lang_count; i++)
        if (memcmp(v.langs + i * 4, lang, 3) == 0)
            return true;
    return false;
}

static bool works_in(const void *p, int sector)
{
    uint8_t s[SECTORS_MAX];
    for (size_t i = packed_sectors(p, s); i > 0; i--)
        if (s[i - 1] == sector || model_sector_group(model, s[i - 1]) == sector)
            return true;
    return false;
}

/* The same question answered without the index. */
static size_t reference(const void *a, const struct index_filter *f, int32_t least,
                        struct index_hit *hits)
{
    size_t n = 0;
    for (int i = 0; i < COMPANIES; i++) {
        const void *b = packed[i].data;
        score_pair(model, a, b, TODAY, &hits[n].score);
        hits[n].packed = b;
        if (match_excluded(a, b, TODAY, hits[n].score.total) != EXCLUDED_NOT ||
            hits[n].score.total < least)
            continue;
        if (f != NULL && ((f->sector != 0 && !works_in(b, f->sector)) ||
                          (f->region != 0 && packed_region(b) != f->region) ||
                          (f->lang[0] != '\0' && !speaks(b, f->lang)) ||
                          (f->kind >= 0 && !kind_meets(a, b, f->kind))))
            continue;
        n++;
    }
    qsort(hits, n, sizeof *hits, by_rank);
    return n;
}

static void compare(const void *a, const struct index_filter *f, int32_t least, size_t limit)
{
    static struct index_hit want[COMPANIES + 1], got[COMPANIES];
    size_t n = reference(a, f, least, want),
           k = index_search(ix, room, a, TODAY, f, least, limit, got);
    assert_int_equal(k, n < limit ? n : limit);
    for (size_t i = 0; i < k; i++) {
        assert_memory_equal(packed_id(got[i].packed), packed_id(want[i].packed), IDENT_BYTES);
        assert_int_equal(got[i].score.total, want[i].score.total);
        assert_memory_equal(got[i].score.factors, want[i].score.factors,
                            sizeof want[i].score.factors);
    }
}

static void is_the_plain_answer(void **state)
{
    (void)state;
    for (int i = 0; i < test_count(60); i++) {
        compare(packed[i].data, NULL, 0, 10);
        compare(packed[i].data, NULL, 3000, 100);
        compare(packed[i].data, NULL, 0, COMPANIES);
        compare(packed[i].data, NULL, 0, 0);
    }
}

static void filters_exactly(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < test_count(200); i++) {
        struct index_filter f = {.kind = -1};
        if (random_below(&seed, 2) == 0)
            f.sector = model_sector_at(model, (int)random_below(&seed, 30));
        if (random_below(&seed, 4) == 0)
            f.region = 1 + (int)random_below(&seed, 38);
        if (random_below(&seed, 2) == 0)
            f.kind = (int)random_below(&seed, KIND_COUNT);
        if (random_below(&seed, 2) == 0)
            strcpy(f.lang, "fra");
        compare(packed[i].data, &f, (int32_t)random_below(&seed, 3000), 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_plain_answer),
        cmocka_unit_test(filters_exactly),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
