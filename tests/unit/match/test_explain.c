#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <string.h>

static struct model *model;
static struct buf a, b; /* a Cambodian miller and an importer of Quebec */

static int load(void **state)
{
    (void)state;
    model = test_model();
    struct profile p = profile_of(COUNTRY_KH, 1, "Srae Thmey"),
                   q = profile_of(COUNTRY_CA, 2, "Comptoir");
    profile_sector(model, &p, "agro-industry.rice");
    profile_lang(&p, "fra", LEVEL_WORKING);
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", "100630", "Fragrant rice");
    p.employees = 1;
    profile_sector(model, &q, "agro-industry.food-processing");
    profile_lang(&q, "fra", LEVEL_FLUENT);
    profile_seek(model, &q, KIND_GOODS, "agro-industry.rice", "1006", "Riz HACCP pour épiceries");
    profile_seek(model, &q, KIND_DISTRIBUTION, "agro-industry.rice", NULL, "");
    q.region = model_region(model, "CA-QC", 5);
    q.employees = 900;
    buf_init(&a, PACKED_MAX);
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &a);
    profile_pack(model, &q, &b);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    buf_done(&a);
    buf_done(&b);
    model_free(model);
    return 0;
}

static void says(const struct buf *x, const struct buf *y, enum factor f, enum model_lang lang,
                 const char *part)
{
    struct buf out;
    buf_init(&out, 8192);
    assert_int_equal(explain_factor(model, x->data, y->data, TODAY, f, lang, &out), 0);
    assert_true(out.len > 0);
    assert_null(strpbrk(out.data, "{}"));
    if (strstr(out.data, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, out.data);
    buf_done(&out);
}

static void names_the_thing_itself(void **state)
{
    (void)state;
    says(&a, &b, FACTOR_NEED, LANG_ENG,
         "Comptoir wants to buy “Riz HACCP pour épiceries” (HS 1006). "
         "Srae Thmey sells “Fragrant rice” (HS 100630).");
    says(&b, &a, FACTOR_NEED, LANG_ENG, "Srae Thmey sells “Fragrant rice”");
    says(&a, &b, FACTOR_NEED, LANG_FRA, "Comptoir veut acheter « Riz HACCP");
    says(&a, &b, FACTOR_NEED, LANG_KHM, "Comptoir ចង់ទិញ «Riz HACCP");
}

static void tells_every_factor_in_every_language(void **state)
{
    (void)state;
    for (int f = 0; f < FACTOR_COUNT; f++)
        for (int l = 0; l < LANG_COUNT; l++)
            says(&a, &b, (enum factor)f, (enum model_lang)l, "");
    says(&a, &b, FACTOR_SECTOR, LANG_ENG, "Rice milling and export");
    says(&a, &b, FACTOR_LANGUAGE, LANG_ENG,
         "They can talk in French; level on the weaker side: working.");
    says(&a, &b, FACTOR_LANGUAGE, LANG_ENG, "Comptoir is in Quebec");
    says(&b, &a, FACTOR_LANGUAGE, LANG_FRA, "Langue commune : français");
    says(&a, &b, FACTOR_PRACTICAL, LANG_ENG, "Srae Thmey has a staff of 1, Comptoir of 900.");
    says(&a, &b, FACTOR_PRACTICAL, LANG_ENG,
         "Comptoir asks for a certificate that Srae Thmey does not list: HACCP");
}

static void says_when_there_is_nothing(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "A"), q = profile_of(COUNTRY_CA, 2, "B");
    struct buf x, y;
    buf_init(&x, PACKED_MAX);
    buf_init(&y, PACKED_MAX);
    profile_pack(model, &p, &x);
    profile_pack(model, &q, &y);
    says(&x, &y, FACTOR_NEED, LANG_ENG, "Neither A nor B");
    says(&x, &y, FACTOR_SECTOR, LANG_ENG, "A has not named its sector");
    says(&x, &y, FACTOR_LANGUAGE, LANG_ENG, "A has not said which languages");
    buf_done(&x);
    buf_done(&y);
}

/* Of a catalogue that the codes answer with all the same, the machine that is meant. */
static void names_the_nearest_of_equals(void **state)
{
    (void)state;
    static const char *const machines[] = {"Blowers snow", "Augers"};
    struct profile p = profile_of(COUNTRY_KH, 1, "A"), q = profile_of(COUNTRY_CA, 2, "B");
    struct buf x, y;
    buf_init(&x, PACKED_MAX);
    buf_init(&y, PACKED_MAX);
    profile_seek(model, &p, KIND_TECHNOLOGY, "agro-industry.agri-machinery", NULL,
                 "A zzordling line");
    for (size_t i = 0; i < 2; i++)
        profile_offer(model, &q, KIND_TECHNOLOGY, "agro-industry.agri-machinery", NULL,
                      machines[i]);
    profile_pack(model, &p, &x);
    profile_pack(model, &q, &y);
    says(&x, &y, FACTOR_NEED, LANG_ENG,
         "B licenses or supplies technology: “Agricultural machinery”");
    says(&x, &y, FACTOR_NEED, LANG_ENG, "“A zzordling line”");
    profile_offer(model, &q, KIND_TECHNOLOGY, "agro-industry.agri-machinery", NULL, "Zzordlers");
    buf_reset(&y);
    profile_pack(model, &q, &y);
    says(&x, &y, FACTOR_NEED, LANG_ENG, "B licenses or supplies technology: “Zzordlers”");
    says(&y, &x, FACTOR_NEED, LANG_ENG, "B licenses or supplies technology: “Zzordlers”");
    buf_done(&x);
    buf_done(&y);
}

static void calls_rivals_rivals(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "A"), q = profile_of(COUNTRY_CA, 2, "B");
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", "100630", "Rice");
    profile_offer(model, &q, KIND_GOODS, "agro-industry.rice", "100630", "Rice");
    struct buf x, y;
    buf_init(&x, PACKED_MAX);
    buf_init(&y, PACKED_MAX);
    profile_pack(model, &p, &x);
    profile_pack(model, &q, &y);
    says(&x, &y, FACTOR_NEED, LANG_ENG, "look like competitors");
    buf_done(&x);
    buf_done(&y);
}

static void explains_exclusion(void **state)
{
    (void)state;
    for (int w = EXCLUDED_NOT; w <= EXCLUDED_ZERO; w++)
        for (int l = 0; l < LANG_COUNT; l++) {
            struct buf out;
            buf_init(&out, 1024);
            assert_int_equal(
                explain_excluded(model, a.data, b.data, (enum excluded)w, (enum model_lang)l, &out),
                0);
            assert_int_equal(out.len > 0, w != EXCLUDED_NOT);
            buf_done(&out);
        }
}

static void keeps_to_the_ceiling(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 20);
    assert_int_equal(explain_factor(model, a.data, b.data, TODAY, FACTOR_NEED, LANG_ENG, &out), -1);
    buf_done(&out);
}

static void one_stop_ends_a_sentence(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "A"), q = profile_of(COUNTRY_CA, 2, "B Inc.");
    profile_sector(model, &p, "energy.wind");
    profile_seek(model, &p, KIND_SERVICES, "energy.solar", NULL, "");
    profile_sector(model, &q, "energy.solar");
    struct buf x, y, out;
    buf_init(&x, PACKED_MAX);
    buf_init(&y, PACKED_MAX);
    buf_init(&out, 4096);
    profile_pack(model, &p, &x);
    profile_pack(model, &q, &y);
    assert_int_equal(explain_factor(model, x.data, y.data, TODAY, FACTOR_SECTOR, LANG_FRA, &out),
                     0);
    assert_string_equal(out.data, "Ce que A cherche, « Énergie solaire », est le métier de B Inc.");
    buf_done(&out);
    buf_done(&x);
    buf_done(&y);
}

/* Every random pair can be told, whatever is missing. */
static void tells_random_pairs(void **state)
{
    (void)state;
    uint64_t seed = 21;
    for (int i = 0; i < 500; i++) {
        struct profile p, q;
        struct buf x, y;
        profile_random(model, &seed, &p);
        profile_random(model, &seed, &q);
        buf_init(&x, PACKED_MAX);
        buf_init(&y, PACKED_MAX);
        profile_pack(model, &p, &x);
        profile_pack(model, &q, &y);
        for (int f = 0; f < FACTOR_COUNT; f++)
            says(&x, &y, (enum factor)f, (enum model_lang)(i % LANG_COUNT), "");
        buf_done(&x);
        buf_done(&y);
    }
}

/* All at once is each by itself. */
static void all_factors_are_each_one(void **state)
{
    (void)state;
    static struct buf packed[40];
    uint64_t seed = 11;
    for (int i = 0; i < 40; i++) {
        struct profile p;
        profile_random(model, &seed, &p);
        buf_init(&packed[i], PACKED_MAX);
        profile_pack(model, &p, &packed[i]);
    }
    for (int i = 0; i < 40 * 40; i++) {
        const void *x = packed[i % 40].data, *y = packed[i / 40].data;
        enum model_lang lang = (enum model_lang)(i % LANG_COUNT);
        struct buf all, one;
        size_t ends[FACTOR_COUNT], at = 0;
        buf_init(&all, 32768);
        buf_init(&one, 8192);
        explain_all(model, x, y, TODAY, lang, &all, ends);
        for (int f = 0; f < FACTOR_COUNT; at = ends[f++]) {
            buf_reset(&one);
            assert_int_equal(explain_factor(model, x, y, TODAY, (enum factor)f, lang, &one), 0);
            assert_int_equal(ends[f] - at, one.len);
            assert_memory_equal(all.data + at, one.data, one.len);
        }
        assert_int_equal(at, all.len);
        buf_done(&all);
        buf_done(&one);
    }
    for (int i = 0; i < 40; i++)
        buf_done(&packed[i]);
}

/* A sentence that has no room is left out, and those that have stand there whole. */
static void leaves_out_what_has_no_room(void **state)
{
    (void)state;
    struct buf out;
    size_t ends[FACTOR_COUNT], at = 0;
    buf_init(&out, 120);
    explain_all(model, a.data, b.data, TODAY, LANG_ENG, &out, ends);
    assert_false(out.failed);
    int empty = 0, told = 0;
    for (int f = 0; f < FACTOR_COUNT; at = ends[f++]) {
        empty += ends[f] == at;
        told += ends[f] > at;
        assert_true(ends[f] == at || out.data[ends[f] - 1] == '.');
    }
    assert_true(empty > 0 && told > 0);
    assert_true(out.len <= 120);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_thing_itself),
        cmocka_unit_test(tells_every_factor_in_every_language),
        cmocka_unit_test(says_when_there_is_nothing),
        cmocka_unit_test(names_the_nearest_of_equals),
        cmocka_unit_test(calls_rivals_rivals),
        cmocka_unit_test(explains_exclusion),
        cmocka_unit_test(keeps_to_the_ceiling),
        cmocka_unit_test(one_stop_ends_a_sentence),
        cmocka_unit_test(tells_random_pairs),
        cmocka_unit_test(all_factors_are_each_one),
        cmocka_unit_test(leaves_out_what_has_no_room),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
