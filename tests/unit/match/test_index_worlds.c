#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_in.h"
#include "profiles.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

/* Worlds that are hard on an index: each answered by every kernel as by looking at everybody. */

#define COMPANIES 1200

static struct model *model;
static struct index_room *room;

static int load(void **state)
{
    (void)state;
    model = test_model();
    room = index_room_new();
    return room == NULL ? -1 : 0;
}

static int unload(void **state)
{
    (void)state;
    index_room_free(room);
    model_free(model);
    return 0;
}

typedef void make_company(uint64_t *seed, size_t i, struct profile *ret);

static void id_set(struct profile *p, uint64_t *seed)
{
    uint64_t a = random_next(seed), b = random_next(seed);
    memcpy(p->id, &a, 8);
    memcpy(p->id + 8, &b, 8);
}

static void make_equal(uint64_t *seed, size_t i, struct profile *ret)
{
    *ret = profile_of(i % 2 == 0 ? COUNTRY_KH : COUNTRY_CA, 0, "Same");
    profile_sector(model, ret, "energy.solar");
    profile_lang(ret, "eng", LEVEL_FLUENT);
    profile_offer(model, ret, KIND_SERVICES, "energy.solar", NULL, NULL);
    profile_seek(model, ret, KIND_SERVICES, "energy.solar", NULL, NULL);
    id_set(ret, seed);
}

static void make_different(uint64_t *seed, size_t i, struct profile *ret)
{
    (void)i;
    profile_random(model, seed, ret);
}

/* One large group that differs in little, and a few others. */
static void make_group(uint64_t *seed, size_t i, struct profile *ret)
{
    if (i % 40 == 0) {
        profile_random(model, seed, ret);
        return;
    }
    make_equal(seed, i, ret);
    ret->employees = (int64_t)random_below(seed, 3000);
    ret->verified =
        random_below(seed, 3) == 0 ? TODAY - (int32_t)random_below(seed, 1500) : DAY_NONE;
}

static void make_silent(uint64_t *seed, size_t i, struct profile *ret)
{
    *ret = profile_of(i % 2 == 0 ? COUNTRY_KH : COUNTRY_CA, 0, "Silent");
    ret->sectors[0] =
        (uint8_t)model_sector_at(model, (int)random_below(seed, (size_t)model_sector_count(model)));
    ret->sector_count = random_below(seed, 4) == 0 ? 0 : 1;
    id_set(ret, seed);
}

/* In several batches, with changes and removals, so that there are layers. */
static struct index *build(make_company *make, enum index_kernel kernel)
{
    uint64_t seed = 9;
    struct index *ix = NULL;
    struct index_writer *w = index_writer_new(model);
    struct buf b;
    buf_init(&b, PACKED_MAX);
    assert_int_equal(index_writer_kernel(w, kernel), 0);
    for (size_t i = 0; i < COMPANIES; i++) {
        struct profile p;
        make(&seed, i, &p);
        if (random_below(&seed, 30) == 0)
            p.valid_until = TODAY - 1;
        buf_reset(&b);
        profile_pack(model, &p, &b);
        assert_int_equal(index_writer_put(w, b.data, b.len), 0);
        if (i % 9 == 8) { /* the same company once more, otherwise */
            uint8_t id[IDENT_BYTES];
            memcpy(id, p.id, sizeof id);
            make(&seed, i, &p);
            memcpy(p.id, id, sizeof id);
            buf_reset(&b);
            profile_pack(model, &p, &b);
            assert_int_equal(index_writer_put(w, b.data, b.len), 0);
        }
        if (i % 50 == 7)
            assert_int_equal(index_writer_remove(w, p.id), 0);
        if (i > COMPANIES / 2 && i % 20 == 0) {
            index_unref(ix);
            ix = index_writer_publish(w, i);
        }
    }
    index_unref(ix);
    ix = index_writer_publish(w, COMPANIES);
    assert_true(ix->layer_count > 2);
    index_writer_free(w);
    buf_done(&b);
    return ix;
}

static void compare(const struct index *ix, const void *a, const struct index_filter *f,
                    int32_t least, size_t limit)
{
    static struct index_hit want[COMPANIES], got[COMPANIES];
    size_t n = index_search(ix, NULL, a, TODAY, f, least, limit, want);
    assert_int_equal(index_search(ix, room, a, TODAY, f, least, limit, got), n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(got[i].packed, want[i].packed);
        assert_int_equal(got[i].score.total, want[i].score.total);
    }
}

static void answers_alike(make_company *make)
{
    for (enum index_kernel k = INDEX_KERNEL_AUTO; k <= INDEX_KERNEL_AVX512; k++) {
        if (!test_kernel_due(k))
            continue;
        uint64_t seed = 10;
        struct index *ix = build(make, k);
        const struct layer *l = ix->layers[0];
        for (int i = 0; i < test_count(30); i++) {
            const struct blob *a = l->entries[random_below(&seed, l->count)].blob;
            struct index_filter f = {.kind =
                                         i % 3 == 0 ? (int)random_below(&seed, KIND_COUNT) : -1};
            if (i % 4 == 1)
                f.sector = model_sector_at(model, (int)random_below(&seed, 30));
            if (i % 5 == 1)
                memcpy(f.lang, i % 2 == 0 ? "fra" : "zho", 4);
            compare(ix, a->bytes, NULL, 0, 10);
            compare(ix, a->bytes, NULL, 0, COMPANIES);
            compare(ix, a->bytes, &f, (int32_t)random_below(&seed, 5000), 25);
        }
        index_unref(ix);
    }
}

/* The trees anew as if there were too many cells to tell anything with them. */
static void tell_nothing(struct index *ix)
{
    for (size_t i = 0; i < ix->layer_count; i++)
        for (int c = 0; c < COUNTRY_COUNT; c++) {
            struct tree *t = ix->layers[i]->trees[c];
            if (t == NULL)
                continue;
            free(t->keys);
            free(t->runs);
            free(t->run_first);
            free(t->postings);
            t->runs = t->run_first = t->postings = NULL;
            assert_int_equal(tree_post(t, 0), 0);
            assert_int_equal(t->cell_bits, 32);
        }
}

static void runs_need_not_tell(void **state)
{
    (void)state;
    struct index *ix = build(make_different, test_kernel());
    const struct layer *l = ix->layers[0];
    tell_nothing(ix);
    for (int i = 0; i < test_count(40); i++)
        compare(ix, l->entries[i * 13].blob->bytes, NULL, 0, 10);
    index_unref(ix);
}

static void all_equal(void **state)
{
    (void)state;
    answers_alike(make_equal);
}

static void all_different(void **state)
{
    (void)state;
    answers_alike(make_different);
}

static void one_giant_group(void **state)
{
    (void)state;
    answers_alike(make_group);
}

static void nobody_needs_anything(void **state)
{
    (void)state;
    answers_alike(make_silent);
}

static void put_random(struct index_writer *w, uint64_t *seed, size_t count)
{
    struct buf b;
    buf_init(&b, PACKED_MAX);
    for (size_t i = 0; i < count; i++) {
        struct profile p;
        profile_random(model, seed, &p);
        buf_reset(&b);
        profile_pack(model, &p, &b);
        assert_int_equal(index_writer_put(w, b.data, b.len), 0);
    }
    buf_done(&b);
}

/* A base built beside holds the layers that it was begun with; what comes meanwhile stays above. */
static void a_base_is_built_beside(void **state)
{
    (void)state;
    uint64_t seed = 12;
    struct index_writer *w = index_writer_new(model);
    put_random(w, &seed, 5000);
    struct index_rebuild *r = index_rebuild_begin(w); /* the first load */
    assert_non_null(r);
    assert_null(index_rebuild_begin(w)); /* one at a time */
    put_random(w, &seed, 50);
    index_rebuild_run(r);
    assert_int_equal(index_rebuild_end(w, r), 0);
    index_unref(index_writer_publish(w, 1));
    put_random(w, &seed, 1100);
    /* Changes that are in no layer yet are no reason to build the same base again. */
    assert_null(index_rebuild_begin(w));
    index_unref(index_writer_publish(w, 2)); /* now they are */
    r = index_rebuild_begin(w);
    assert_non_null(r);
    struct index *before = NULL;
    for (uint64_t seq = 3; seq < 10; seq++) { /* layers of their own, that leave the others alone */
        index_unref(before);
        put_random(w, &seed, 400);
        before = index_writer_publish(w, seq);
    }
    index_rebuild_run(r);
    assert_int_equal(index_rebuild_end(w, r), 0);
    struct index *after = index_writer_publish(w, 10);
    assert_int_equal(index_count(before), index_count(after));
    for (size_t i = 0; i < 20; i++)
        compare(after, before->layers[0]->entries[i * 50].blob->bytes, NULL, 0, 20);
    index_unref(before);
    index_unref(after);
    index_writer_free(w);
}

/* Layers above the base become one beside: the base stays, and who was removed stays removed. */
static void a_middle_is_built_beside(void **state)
{
    (void)state;
    uint64_t seed = 13, seq = 1;
    struct index_writer *w = index_writer_new(model);
    put_random(w, &seed, 30000);
    struct index *before = index_writer_publish(w, seq++), *after;
    const struct layer *base = before->layers[0];
    const uint8_t *gone = base->entries[77].id;
    struct index_rebuild *r = NULL;
    assert_int_equal(index_writer_remove(w, gone), 0);
    for (size_t i = 0; i < 10; i++) { /* what is small is put together at once */
        assert_null(index_rebuild_begin(w));
        put_random(w, &seed, 40);
        index_unref(index_writer_publish(w, seq++));
    }
    while ((r = index_rebuild_begin(w)) == NULL) {
        put_random(w, &seed, 40);
        index_unref(index_writer_publish(w, seq++));
        assert_true(seq < 40);
    }
    assert_false(index_rebuild_is_base(r));
    for (size_t i = 0; i < 5; i++) {
        put_random(w, &seed, 40);
        index_unref(index_writer_publish(w, seq++));
    }
    after = index_writer_publish(w, seq++);
    size_t layers = after->layer_count, count = index_count(after);
    index_unref(after);
    index_rebuild_run(r);
    assert_int_equal(index_rebuild_end(w, r), 0);
    after = index_writer_publish(w, seq++);
    assert_true(after->layer_count < layers);
    assert_int_equal(index_count(after), count);
    assert_ptr_equal(after->layers[0], base);
    assert_null(index_get(after, gone));
    for (size_t i = 0; i < 3; i++)
        compare(after, base->entries[i * 50].blob->bytes, NULL, 0, 20);
    index_unref(before);
    index_unref(after);
    index_writer_free(w);
}

/* The same snapshot on another day: who has run out is gone, checks have aged. */
static void the_date_decides(void **state)
{
    (void)state;
    static struct index_hit want[50], got[50];
    struct index *ix = build(make_different, test_kernel());
    const struct layer *l = ix->layers[0];
    for (int32_t day = TODAY - 400; day < TODAY + 2000; day += 191)
        for (int i = 0; i < test_count(10); i++) {
            const void *a = l->entries[i * 17].blob->bytes;
            size_t n = index_search(ix, NULL, a, day, NULL, 0, 50, want);
            assert_int_equal(index_search(ix, room, a, day, NULL, 0, 50, got), n);
            for (size_t k = 0; k < n; k++)
                assert_ptr_equal(got[k].packed, want[k].packed);
        }
    index_unref(ix);
}

/* An argument is a pattern of tests to be left out. */
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_skip_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_equal),
        cmocka_unit_test(all_different),
        cmocka_unit_test(one_giant_group),
        cmocka_unit_test(nobody_needs_anything),
        cmocka_unit_test(the_date_decides),
        cmocka_unit_test(a_base_is_built_beside),
        cmocka_unit_test(a_middle_is_built_beside),
        cmocka_unit_test(runs_need_not_tell),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
