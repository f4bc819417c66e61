#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <spean/index.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The company with this number; ids are spread so that order of putting is not order of ids. */
static struct profile company(uint32_t number, const struct external *external)
{
    struct profile p = profile_of(number % 2 == 0 ? COUNTRY_KH : COUNTRY_CA, 0, "C");
    uint32_t spread = number * 2654435761u;
    memcpy(p.id, &spread, 4);
    memcpy(p.id + 4, &number, 4);
    p.externals = external;
    p.external_count = external != NULL;
    profile_sector(model, &p, "energy.solar");
    return p;
}

static void put(struct index_writer *w, const struct profile *p)
{
    struct buf b;
    buf_init(&b, PACKED_MAX);
    profile_pack(model, p, &b);
    assert_int_equal(index_writer_put(w, b.data, b.len), 0);
    buf_done(&b);
}

static const void *by_external(const struct index *ix, const char *id)
{
    return index_get_external(ix, (struct text_ref){"crm", 3}, (struct text_ref){id, strlen(id)});
}

static void finds_by_id_and_external_id(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct external e[] = {{{"crm", 3}, {"x", 1}}, {{"crm", 3}, {"y", 1}}};
    struct profile p = company(1, &e[0]), q = company(2, &e[1]);
    put(w, &p);
    put(w, &q);
    struct index *ix = index_writer_publish(w, 5);
    assert_int_equal(index_seq(ix), 5);
    assert_int_equal(index_count(ix), 2);
    assert_int_equal(index_count_country(ix, COUNTRY_CA), 1);
    assert_memory_equal(packed_id(index_get(ix, q.id)), q.id, IDENT_BYTES);
    assert_ptr_equal(by_external(ix, "x"), index_get(ix, p.id));
    assert_null(by_external(ix, "z"));
    struct profile r = company(3, NULL);
    assert_null(index_get(ix, r.id));
    index_unref(ix);
    index_writer_free(w);
}

static void a_snapshot_does_not_change(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct external e[] = {{{"crm", 3}, {"x", 1}}, {{"crm", 3}, {"y", 1}}};
    struct profile p = company(1, &e[0]);
    put(w, &p);
    struct index *before = index_writer_publish(w, 1);
    p.externals = &e[1];
    put(w, &p);
    struct index *after = index_writer_publish(w, 2);
    assert_int_equal(index_writer_remove(w, p.id), 0);
    assert_int_equal(index_writer_remove(w, p.id), 0);
    struct index *gone = index_writer_publish(w, 3);
    index_writer_free(w);
    assert_non_null(by_external(before, "x"));
    assert_null(by_external(after, "x"));
    assert_non_null(by_external(after, "y"));
    assert_null(index_get(gone, p.id));
    assert_null(by_external(gone, "y"));
    assert_int_equal(index_count(gone), 0);
    assert_int_equal(index_count(before), 1);
    index_unref(index_ref(before));
    index_unref(before);
    index_unref(after);
    index_unref(gone);
    index_unref(NULL);
}

static void refuses_bytes_that_do_not_hold_together(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    assert_int_equal(index_writer_put(w, "nonsense", 8), -2);
    struct index *ix = index_writer_publish(w, 1);
    assert_int_equal(index_count(ix), 0);
    index_unref(ix);
    index_writer_free(w);
    index_writer_free(NULL);
}

#define MANY 6000

/* Past the size at which the delta becomes part of the base, several times, with changes and
 * removals; compared with a plain table of what should be there. */
static void keeps_count_through_rebuilds(void **state)
{
    (void)state;
    static bool here[MANY];
    static struct external externals[MANY];
    static char names[MANY][8];
    uint64_t seed = 31;
    struct index_writer *w = index_writer_new(model);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "n%u", (unsigned)i);
        externals[i] = (struct external){{"crm", 3}, {names[i], strlen(names[i])}};
    }
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 1500; i++) {
            uint32_t n = (uint32_t)random_below(&seed, MANY);
            struct profile p = company(n, &externals[n]);
            here[n] = random_below(&seed, 4) > 0;
            if (here[n])
                put(w, &p);
            else
                assert_int_equal(index_writer_remove(w, p.id), 0);
        }
        struct index *ix = index_writer_publish(w, (uint64_t)round);
        size_t count = 0;
        for (uint32_t n = 0; n < MANY; n++) {
            struct profile p = company(n, NULL);
            const void *packed = index_get(ix, p.id);
            assert_int_equal(packed != NULL, here[n]);
            assert_ptr_equal(by_external(ix, names[n]), packed);
            count += here[n];
        }
        assert_int_equal(index_count(ix), count);
        index_unref(ix);
    }
    index_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_id_and_external_id),
        cmocka_unit_test(a_snapshot_does_not_change),
        cmocka_unit_test(refuses_bytes_that_do_not_hold_together),
        cmocka_unit_test(keeps_count_through_rebuilds),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
