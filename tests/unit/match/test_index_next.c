#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <spean/index.h>

#include <string.h>

#define MANY 3000

static struct model *model;

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

struct row {
    bool here;
    enum country country;
    enum status status;
};

/* Ids in the order of numbers. */
static void row_put(struct index_writer *w, uint32_t number, const struct row *row)
{
    struct profile p = profile_of(row->country, 0, "C");
    struct buf b;
    memset(p.id, 0, sizeof p.id);
    p.id[3] = (uint8_t)(number >> 8);
    p.id[7] = (uint8_t)number;
    if (!row->here) {
        assert_int_equal(index_writer_remove(w, p.id), 0);
        return;
    }
    p.status = row->status;
    profile_sector(model, &p, "energy.solar");
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    assert_int_equal(index_writer_put(w, b.data, b.len), 0);
    buf_done(&b);
}

static void walk(const struct index *ix, const struct row *rows, enum country c)
{
    uint8_t at[IDENT_BYTES] = {0};
    for (uint32_t n = 1; n <= MANY; n++) {
        if (!rows[n].here || rows[n].country != c || rows[n].status != STATUS_PUBLISHED)
            continue;
        const void *packed = index_next(ix, c, at);
        assert_non_null(packed);
        memcpy(at, packed_id(packed), IDENT_BYTES);
        assert_int_equal(at[3] << 8 | at[7], n);
    }
    assert_null(index_next(ix, c, at));
}

/* Through base, delta and tombstones, compared with a plain table. */
static void walks_the_published_by_id(void **state)
{
    (void)state;
    static struct row rows[MANY + 1];
    uint64_t seed = 77;
    struct index_writer *w = index_writer_new(model);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < (round == 0 ? 2 * MANY : 200); i++) {
            uint32_t n = 1 + (uint32_t)random_below(&seed, MANY);
            rows[n] = (struct row){.here = random_below(&seed, 4) > 0,
                                   .country = (enum country)random_below(&seed, COUNTRY_COUNT),
                                   .status = (enum status)random_below(&seed, 2)};
            row_put(w, n, &rows[n]);
        }
        struct index *ix = index_writer_publish(w, (uint64_t)round);
        walk(ix, rows, COUNTRY_KH);
        walk(ix, rows, COUNTRY_CA);
        index_unref(ix);
    }
    index_writer_free(w);
}

static void an_empty_index_has_none(void **state)
{
    (void)state;
    uint8_t zero[IDENT_BYTES] = {0};
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_writer_publish(w, 0);
    assert_null(index_next(ix, COUNTRY_KH, zero));
    index_unref(ix);
    index_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_the_published_by_id),
        cmocka_unit_test(an_empty_index_has_none),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
