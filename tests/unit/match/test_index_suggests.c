#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <spean/index.h>

#include <string.h>

#define COMPANIES 400

static struct model *model;
static struct buf packed[COMPANIES];
static struct index *ix;
static struct index_room *room;

static int load(void **state)
{
    (void)state;
    uint64_t seed = 43;
    model = test_model();
    room = index_room_new();
    struct index_writer *w = index_writer_new(model);
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

/* Whoever stands in the whole list is suggested, with that score, and nobody else. */
static void compare(const void *a, const struct index_filter *f, int32_t least)
{
    static struct index_hit hits[COMPANIES];
    size_t listed = 0;
    size_t n = index_search(ix, room, a, TODAY, f, least, COMPANIES, hits);
    for (int i = 0; i < COMPANIES; i++) {
        const void *b = index_get(ix, packed_id(packed[i].data));
        int32_t total = -1;
        if (!index_suggests(ix, a, b, TODAY, f, least, &total))
            continue;
        size_t k = 0;
        while (k < n && hits[k].packed != b)
            k++;
        assert_true(k < n);
        assert_int_equal(total, hits[k].score.total);
        listed++;
    }
    assert_int_equal(listed, n);
}

static void says_what_the_search_says(void **state)
{
    (void)state;
    uint64_t seed = 44;
    for (int i = 0; i < 120; i++) {
        struct index_filter f = {.kind = -1};
        if (random_below(&seed, 2) == 0)
            f.sector = model_sector_at(model, (int)random_below(&seed, 30));
        if (random_below(&seed, 4) == 0)
            f.region = 1 + (int)random_below(&seed, 38);
        if (random_below(&seed, 2) == 0)
            f.kind = (int)random_below(&seed, KIND_COUNT);
        if (random_below(&seed, 2) == 0)
            strcpy(f.lang, "fra");
        compare(packed[i].data, NULL, (int32_t)random_below(&seed, 3000));
        compare(packed[i].data, &f, 0);
    }
}

/* Whatever is known beforehand, the answer is the same; and by needs it mostly is of use. */
static void a_search_near_another_is_the_same(void **state)
{
    (void)state;
    static struct index_hit want[100], got[100];
    struct index *all = profiles_index(model, 5, 3000);
    struct index_filter goods = {.kind = KIND_GOODS}, french = {.kind = -1, .lang = "fra"};
    const struct index_filter *const filters[] = {NULL, &goods, &french};
    size_t known_all = 0;
    for (int turn = 0; turn < 12; turn++) {
        const struct index_filter *f = filters[turn % 3];
        size_t limit = turn % 4 == 3 ? 100 : 1 + (size_t)turn, known = 0;
        int32_t least = turn % 2 == 0 ? 0 : 4000;
        enum country c = (enum country)(turn & 1);
        struct index_place at = {.needs = 0};
        const void *a;
        for (int i = 0; i < test_count(300) && (a = index_next_by_needs(all, c, &at)) != NULL;
             i++) {
            at = index_place_of(a);
            size_t n = index_search(all, room, a, TODAY, f, least, limit, want);
            known_all += known == limit;
            known = index_search_near(all, room, a, TODAY, f, least, limit, got, known);
            assert_int_equal(known, n);
            for (size_t k = 0; k < n; k++) {
                assert_ptr_equal(got[k].packed, want[k].packed);
                assert_int_equal(got[k].score.total, want[k].score.total);
            }
        }
    }
    assert_true(known_all > 0);
    index_unref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_search_says),
        cmocka_unit_test(a_search_near_another_is_the_same),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
