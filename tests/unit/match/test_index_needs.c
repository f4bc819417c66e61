#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_in.h"
#include "profiles.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

/* The walk in the order of needs, held beside a plain table that is sorted anew each time. */

#define MANY 6000 /* so many that a rebuild is due before publishing makes a base itself */

static struct model *model;
static struct buf rows[MANY]; /* by number; empty: not there */
static uint64_t seed;

static int load(void **state)
{
    (void)state;
    model = test_model();
    return 0;
}

static int unload(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        buf_init(&rows[i], PACKED_MAX);
    seed = 1812;
    return 0;
}

static int clear(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        buf_done(&rows[i]);
    return 0;
}

/* A random company in the place of a number: its ids are in another order than the numbers. A
 * third of them want much the same, so that the last of the four decides, or the id. */
static void row_make(int number)
{
    struct profile p;
    profile_random(model, &seed, &p);
    memset(p.id, 0, sizeof p.id);
    p.id[2] = (uint8_t)(number * 7);
    p.id[9] = (uint8_t)(number >> 8);
    p.id[15] = (uint8_t)number;
    p.status = random_below(&seed, 8) > 0 ? STATUS_PUBLISHED : STATUS_PAUSED;
    if (random_below(&seed, 3) == 0) {
        p.offer_count = p.seek_count = 0;
        for (size_t i = random_below(&seed, 5); i > 0; i--)
            profile_seek(model, &p, KIND_SERVICES, "energy.solar", NULL, "");
        profile_seek(model, &p, KIND_RESEARCH,
                     random_below(&seed, 2) > 0 ? "energy.wind" : "agro-industry.rice", NULL, "");
    }
    buf_reset(&rows[number]);
    profile_pack(model, &p, &rows[number]);
}

/* As packed_needs_key by another way. */
static uint64_t key_of(const struct view *v)
{
    uint64_t key = 0;
    for (size_t i = 0; i < 4; i++) {
        uint64_t need = i < v->need_count ? (v->needs[i].role + 1u) << 8 | v->needs[i].sector : 0;
        key |= need << (48 - 16 * i);
    }
    return key;
}

static int by_place(const void *a, const void *b)
{
    const struct index_place *x = a, *y = b;
    if (x->needs != y->needs)
        return x->needs < y->needs ? -1 : 1;
    return memcmp(x->id, y->id, IDENT_BYTES);
}

static size_t expected(enum country c, struct index_place *ret)
{
    size_t n = 0;
    for (int i = 0; i < MANY; i++) {
        struct view v;
        if (rows[i].len == 0 || packed_country(rows[i].data) != c ||
            packed_status(rows[i].data) != STATUS_PUBLISHED)
            continue;
        view_open(model, rows[i].data, &v);
        ret[n].needs = key_of(&v);
        memcpy(ret[n++].id, packed_id(rows[i].data), IDENT_BYTES);
    }
    qsort(ret, n, sizeof *ret, by_place);
    return n;
}

static void assert_place(const struct index_place *got, const struct index_place *want)
{
    assert_int_equal(got->needs, want->needs);
    assert_memory_equal(got->id, want->id, IDENT_BYTES);
}

/* All of both countries, then from places where nobody stands. */
static void walk(const struct index *ix)
{
    static struct index_place want[MANY];
    for (enum country c = 0; c < COUNTRY_COUNT; c++) {
        size_t n = expected(c, want);
        struct index_place at = {.needs = 0};
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            const void *packed = index_next_by_needs(ix, c, &at);
            assert_non_null(packed);
            assert_ptr_equal(packed, index_get(ix, packed_id(packed)));
            at = index_place_of(packed);
            assert_place(&at, &want[i]);
        }
        assert_null(index_next_by_needs(ix, c, &at));
        for (int k = 0; k < 20; k++) {
            size_t i = random_below(&seed, n);
            at = want[i];
            at.id[IDENT_BYTES - 2] = 1; /* between it and the next */
            const void *packed = index_next_by_needs(ix, c, &at);
            assert_true((packed == NULL) == (i + 1 == n));
            if (packed == NULL)
                continue;
            at = index_place_of(packed);
            assert_place(&at, &want[i + 1]);
        }
    }
}

static void publish_and_walk(struct index_writer *w)
{
    struct index *ix = index_writer_publish(w, 1);
    assert_non_null(ix);
    walk(ix);
    index_unref(ix);
}

/* New ones, others in their place with other needs, removed ones. */
static void change(struct index_writer *w, int count)
{
    for (int i = 0; i < count; i++) {
        int n = (int)random_below(&seed, MANY);
        if (random_below(&seed, 5) > 0) {
            row_make(n);
            assert_int_equal(index_writer_put(w, rows[n].data, rows[n].len), 0);
        } else if (rows[n].len > 0) {
            assert_int_equal(index_writer_remove(w, packed_id(rows[n].data)), 0);
            buf_reset(&rows[n]);
        }
    }
}

static struct index_writer *writer_loaded(void)
{
    struct index_writer *w = index_writer_new(model);
    struct index_load *all = index_load_new();
    for (int i = MANY - 1; i > 0; i -= random_below(&seed, 10) > 0 ? 1 : 2) {
        row_make(i);
        assert_int_equal(index_load_put(all, rows[i].data, rows[i].len), 0);
    }
    struct index_rebuild *r = index_load_begin(w, all);
    assert_non_null(r);
    index_rebuild_run(r);
    assert_int_equal(index_rebuild_end(w, r), 0);
    return w;
}

static void follows_what_changes(void **state)
{
    (void)state;
    struct index_writer *w = writer_loaded();
    publish_and_walk(w);
    for (int round = 0; round < test_count(16); round++) {
        change(w, round % 4 == 0 ? 300 : 1 + (int)random_below(&seed, 40));
        publish_and_walk(w);
    }
    index_writer_free(w);
}

static void follows_rebuilds(void **state)
{
    (void)state;
    int bases = 0;
    struct index_writer *w = writer_loaded();
    for (int round = 0; round < (bases > 0 ? test_count(12) : 12); round++) {
        change(w, 400);
        publish_and_walk(w);
        struct index_rebuild *r = index_rebuild_begin(w);
        if (r == NULL)
            continue;
        bases += index_rebuild_is_base(r);
        index_rebuild_prepare(r);
        change(w, 50);
        index_rebuild_half(r, 0);
        publish_and_walk(w);
        index_rebuild_half(r, 1);
        assert_int_equal(index_rebuild_end(w, r), 0);
        publish_and_walk(w);
    }
    assert_true(bases > 0);
    index_writer_free(w);
}

/* Where there was no memory for it the same comes, only slower. */
static void layers_without_an_order_are_looked_through(void **state)
{
    (void)state;
    struct index_writer *w = writer_loaded();
    change(w, 200);
    struct index *ix = index_writer_publish(w, 1);
    assert_true(ix->layer_count > 2);
    for (size_t i = 0; i < ix->layer_count; i++) {
        struct needs_order *o = ix->layers[i]->by_needs;
        for (enum country c = 0; c < COUNTRY_COUNT; c++) {
            assert_true((o[c].entry != NULL) == (i + 1 < ix->layer_count));
            free(o[c].entry);
            o[c] = (struct needs_order){.entry = NULL};
        }
    }
    walk(ix);
    index_unref(ix);
    index_writer_free(w);
}

static void an_empty_index_has_none(void **state)
{
    (void)state;
    struct index_place start = {.needs = 0};
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_writer_publish(w, 0);
    assert_null(index_next_by_needs(ix, COUNTRY_KH, &start));
    index_unref(ix);
    index_writer_free(w);
}

/* It stands in cursors that clients keep: bytes that must be the same for ever. */
static void the_key_is_of_the_first_four_needs(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "C");
    struct index_place at;
    struct buf b;
    buf_init(&b, PACKED_MAX);
    profile_sector(model, &p, "energy.solar");
    profile_pack(model, &p, &b);
    at = index_place_of(b.data);
    assert_int_equal(at.needs, 0);
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", "1006", "Fragrant rice");
    profile_seek(model, &p, KIND_CAPITAL, "agro-industry", NULL, "");
    profile_seek(model, &p, KIND_TECHNOLOGY, "agro-industry.dairy", NULL, "Khmer and English");
    buf_reset(&b);
    profile_pack(model, &p, &b);
    at = index_place_of(b.data);
    assert_int_equal(at.needs, UINT64_C(0x01020b0a0c010000));
    assert_memory_equal(at.id, p.id, IDENT_BYTES);
    for (int i = 0; i < 3; i++)
        profile_seek(model, &p, KIND_RESEARCH, "agro-industry.beverages", NULL, "");
    buf_reset(&b);
    profile_pack(model, &p, &b);
    at = index_place_of(b.data);
    assert_int_equal(at.needs, UINT64_C(0x01020b0a0c01100d));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(follows_what_changes, empty, clear),
        cmocka_unit_test_setup_teardown(follows_rebuilds, empty, clear),
        cmocka_unit_test_setup_teardown(layers_without_an_order_are_looked_through, empty, clear),
        cmocka_unit_test(an_empty_index_has_none),
        cmocka_unit_test(the_key_is_of_the_first_four_needs),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
