#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <spean/index.h>

#include <stdlib.h>
#include <string.h>

/*
 * Every allocation fails in turn: each time the call says so, nothing is lost (the address
 * sanitizer looks), and the next call works. Linked with --wrap for malloc, calloc and realloc.
 */
static long fail_at; /* the n-th allocation from now on fails; 0: none */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool fails(void)
{
    return fail_at > 0 && --fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

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

static void loading_a_model(void **state)
{
    (void)state;
    int failed = 0;
    /* Close at first, then ever wider: the lexicon alone allocates thousands of times. */
    for (long n = 1; n < 200000; n += 1 + n / 8) {
        struct model *m = NULL;
        char err[256] = "";
        fail_at = n;
        int rc = model_load(SPEAN_SOURCE_DIR "/conf/model", &m, err, sizeof err);
        bool reached = fail_at == 0;
        fail_at = 0;
        assert_int_equal(rc, m == NULL ? -1 : 0);
        assert_true(rc == 0 || (reached && err[0] != '\0'));
        failed += rc < 0;
        model_free(m);
        if (!reached)
            break;
    }
    assert_true(failed > 20);
}

static void packing_and_explaining(void **state)
{
    (void)state;
    uint64_t seed = 61;
    struct profile p, q;
    struct buf x;
    profile_random(model, &seed, &p);
    profile_random(model, &seed, &q);
    buf_init(&x, PACKED_MAX);
    profile_pack(model, &p, &x);
    for (long n = 1;; n++) {
        struct buf y, out;
        buf_init(&y, PACKED_MAX);
        buf_init(&out, 8192);
        fail_at = n;
        int rc = packed_make(model, &q, &y);
        if (rc == 0)
            rc = explain_factor(model, x.data, y.data, TODAY, FACTOR_NEED, LANG_KHM, &out);
        bool reached = fail_at == 0;
        fail_at = 0;
        buf_done(&y);
        buf_done(&out);
        if (!reached) {
            assert_int_equal(rc, 0);
            break;
        }
        assert_int_equal(rc, -1);
    }
    buf_done(&x);
}

/* Everybody comes once by needs, too: layers that had no memory for the order are looked through.
 */
static void assert_walks(const struct index *ix)
{
    for (enum country c = 0; c < COUNTRY_COUNT; c++) {
        size_t by_id = 0, by_needs = 0;
        struct index_place at = {.needs = 0};
        uint8_t id[IDENT_BYTES] = {0};
        const void *packed;
        for (; (packed = index_next(ix, c, id)) != NULL; by_id++)
            memcpy(id, packed_id(packed), IDENT_BYTES);
        for (; (packed = index_next_by_needs(ix, c, &at)) != NULL; by_needs++)
            at = index_place_of(packed);
        assert_int_equal(by_needs, by_id);
    }
}

/* Puts, removes and publishes; what failed is simply not there. */
static void keeping_an_index(void **state)
{
    (void)state;
    static struct buf packed[300];
    uint64_t seed = 62;
    for (int i = 0; i < 300; i++) {
        struct profile p;
        profile_random(model, &seed, &p);
        buf_init(&packed[i], PACKED_MAX);
        profile_pack(model, &p, &packed[i]);
    }
    for (long n = 1;; n++) {
        fail_at = n;
        struct index_writer *w = index_writer_new(model);
        size_t stored = 0;
        for (int i = 0; w != NULL && i < 300; i++)
            stored += index_writer_put(w, packed[i].data, packed[i].len) == 0;
        struct index *ix = w == NULL ? NULL : index_writer_publish(w, 1);
        bool reached = fail_at == 0;
        fail_at = 0;
        if (ix != NULL) {
            assert_int_equal(index_count(ix), stored);
            assert_walks(ix);
        }
        index_unref(ix);
        index_writer_free(w);
        if (!reached)
            break;
    }
    for (int i = 0; i < 300; i++)
        buf_done(&packed[i]);
}

/* All at once: there is an index of everything, or none. */
static void loading_an_index(void **state)
{
    (void)state;
    static struct buf packed[300];
    uint64_t seed = 63;
    for (int i = 0; i < 300; i++) {
        struct profile p;
        profile_random(model, &seed, &p);
        buf_init(&packed[i], PACKED_MAX);
        profile_pack(model, &p, &packed[i]);
    }
    for (long n = 1;; n++) {
        fail_at = n;
        struct index_writer *w = index_writer_new(model);
        struct index_load *load = w == NULL ? NULL : index_load_new();
        bool given = load != NULL;
        for (int i = 0; given && i < 300; i++)
            given = index_load_put(load, packed[i].data, packed[i].len) == 0;
        struct index_rebuild *r = given ? index_load_begin(w, load) : NULL;
        if (r == NULL)
            index_load_free(load);
        else
            index_rebuild_run(r);
        bool built = r != NULL && index_rebuild_end(w, r) == 0;
        struct index *ix = built ? index_writer_publish(w, 1) : NULL;
        bool reached = fail_at == 0;
        fail_at = 0;
        assert_true(reached || ix != NULL);
        if (ix != NULL) {
            assert_int_equal(index_count(ix), 300);
            assert_walks(ix);
        }
        index_unref(ix);
        index_writer_free(w);
        if (!reached)
            break;
    }
    for (int i = 0; i < 300; i++)
        buf_done(&packed[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_a_model),
        cmocka_unit_test(packing_and_explaining),
        cmocka_unit_test(keeping_an_index),
        cmocka_unit_test(loading_an_index),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
