#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <stdlib.h>
#include <string.h>

/* What holds of every pair, tried on thousands of random ones. */

#define PAIRS test_count(4000)

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

/* Two random companies that may meet. */
static void pair_random(uint64_t *seed, struct profile *a, struct profile *b)
{
    profile_random(model, seed, a);
    profile_random(model, seed, b);
    b->country = a->country == COUNTRY_KH ? COUNTRY_CA : COUNTRY_KH;
}

static void lies_between_0_and_100(void **state)
{
    (void)state;
    uint64_t seed = 1;
    int zero = 0, high = 0;
    for (int i = 0; i < PAIRS; i++) {
        struct profile a, b;
        pair_random(&seed, &a, &b);
        struct score s = profile_score(model, &a, &b);
        assert_in_range(s.total, 0, SCORE_MAX);
        assert_in_range(s.a_to_b, 0, SCORE_MAX);
        assert_in_range(s.b_to_a, 0, SCORE_MAX);
        for (int f = 0; f < FACTOR_COUNT; f++) {
            assert_in_range(s.factors[f].value, 0, SCORE_MAX);
            assert_in_range(s.factors[f].weight, 0, SCORE_MAX);
        }
        zero += s.total == 0;
        high += s.total > 6000;
    }
    assert_true(zero > PAIRS / 200 && high > PAIRS / 200); /* the random world is no empty one */
}

static void does_not_depend_on_who_asks(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < PAIRS; i++) {
        struct profile a, b;
        pair_random(&seed, &a, &b);
        struct score s = profile_score(model, &a, &b), t = profile_score(model, &b, &a);
        assert_int_equal(s.total, t.total);
        assert_int_equal(s.a_to_b, t.b_to_a);
        assert_int_equal(s.b_to_a, t.a_to_b);
        assert_string_equal(s.language, t.language);
        assert_memory_equal(s.factors, t.factors, sizeof s.factors);
    }
}

static void factors_recombine(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < PAIRS; i++) {
        struct profile a, b;
        pair_random(&seed, &a, &b);
        struct score s = profile_score(model, &a, &b);
        int64_t sum = 0, weights = 0;
        for (int f = 0; f < FACTOR_COUNT; f++) {
            sum += (int64_t)s.factors[f].value * s.factors[f].weight;
            weights += s.factors[f].weight;
        }
        assert_int_equal(weights, SCORE_MAX);
        assert_in_range(s.total + 2 - (sum + SCORE_MAX / 2) / SCORE_MAX, 0, 4);
    }
}

static void shared_language_never_lowers(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < PAIRS; i++) {
        struct profile a, b;
        pair_random(&seed, &a, &b);
        struct score s = profile_score(model, &a, &b);
        const char *code = random_below(&seed, 2) == 0 ? "fra" : "kor";
        profile_lang(&a, code, (enum level)(LEVEL_BASIC + random_below(&seed, 3)));
        profile_lang(&b, code, (enum level)(LEVEL_BASIC + random_below(&seed, 3)));
        struct score t = profile_score(model, &a, &b);
        assert_true(t.total >= s.total);
        assert_true(t.a_to_b >= s.a_to_b && t.b_to_a >= s.b_to_a);
    }
}

static void an_offer_never_lowers(void **state)
{
    (void)state;
    uint64_t seed = 5;
    int higher = 0;
    for (int i = 0; i < PAIRS; i++) {
        struct profile a, b;
        pair_random(&seed, &a, &b);
        if (b.seek_count == 0)
            continue;
        struct score s = profile_score(model, &a, &b);
        a.offers[a.offer_count++] = b.seeks[random_below(&seed, b.seek_count)];
        struct score t = profile_score(model, &a, &b);
        assert_true(t.total >= s.total);
        assert_true(t.a_to_b >= s.a_to_b && t.b_to_a >= s.b_to_a);
        higher += t.total > s.total;
    }
    assert_true(higher > PAIRS / 4);
}

static void swap_random(uint64_t *seed, void *list, size_t from, size_t count, size_t size)
{
    char *base = list, tmp[sizeof(struct need)];
    assert_true(size <= sizeof tmp);
    for (size_t i = from; i + 1 < count; i++) {
        size_t k = i + random_below(seed, count - i);
        memcpy(tmp, base + i * size, size);
        memcpy(base + i * size, base + k * size, size);
        memcpy(base + k * size, tmp, size);
    }
}

static void order_of_lists_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int i = 0; i < PAIRS; i++) {
        struct profile a;
        struct buf x, y;
        profile_random(model, &seed, &a);
        buf_init(&x, PACKED_MAX);
        buf_init(&y, PACKED_MAX);
        profile_pack(model, &a, &x);
        swap_random(&seed, a.sectors, 1, a.sector_count, 1);
        swap_random(&seed, a.langs, 0, a.lang_count, sizeof *a.langs);
        swap_random(&seed, a.offers, 0, a.offer_count, sizeof *a.offers);
        swap_random(&seed, a.seeks, 0, a.seek_count, sizeof *a.seeks);
        profile_pack(model, &a, &y);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.data, y.data, x.len);
        buf_done(&x);
        buf_done(&y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_between_0_and_100), cmocka_unit_test(does_not_depend_on_who_asks),
        cmocka_unit_test(factors_recombine),      cmocka_unit_test(shared_language_never_lowers),
        cmocka_unit_test(an_offer_never_lowers),  cmocka_unit_test(order_of_lists_does_not_matter),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
