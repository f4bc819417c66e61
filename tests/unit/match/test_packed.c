#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packed_in.h"
#include "profiles.h"

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

static void gives_back_what_was_packed(void **state)
{
    (void)state;
    struct external externals[] = {{{"crm", 3}, {"001", 3}}, {{"dev", 3}, {"", 0}}};
    struct profile p = profile_of(COUNTRY_CA, 7, "Érablière du Lac");
    p.city = (struct text_ref){"Montréal", 9};
    p.region = 36;
    p.externals = externals;
    p.external_count = 2;
    profile_sector(model, &p, "energy.solar");
    profile_sector(model, &p, "agro-industry.rice");
    profile_sector(model, &p, "energy.solar");
    profile_sector(model, &p, "agro-industry");
    profile_lang(&p, "fra", LEVEL_FLUENT);
    profile_lang(&p, "eng", LEVEL_BASIC);
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", "100630 10", "Riz");
    profile_seek(model, &p, KIND_CAPITAL, "energy", NULL, "");
    struct buf b;
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    assert_memory_equal(packed_id(b.data), p.id, IDENT_BYTES);
    assert_int_equal(packed_country(b.data), COUNTRY_CA);
    assert_int_equal(packed_status(b.data), STATUS_PUBLISHED);
    assert_int_equal(packed_region(b.data), 36);
    assert_int_equal(packed_name(b.data).len, p.name.len);
    assert_memory_equal(packed_name(b.data).s, p.name.s, p.name.len);
    assert_memory_equal(packed_city(b.data).s, "Montréal", 9);
    uint8_t sectors[SECTORS_MAX];
    assert_int_equal(packed_sectors(b.data, sectors), 3); /* each once, the main one first */
    assert_int_equal(sectors[0], model_sector(model, "energy.solar", 12));
    assert_int_equal(sectors[1], model_sector(model, "agro-industry", 13));
    assert_int_equal(packed_external_count(b.data), 2);
    assert_memory_equal(packed_external(b.data, 0).id.s, "001", 3);
    assert_int_equal(packed_external(b.data, 1).id.len, 0);
    buf_done(&b);
}

static void refuses_every_truncation_and_tail(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < 50; i++) {
        struct profile p;
        struct buf b;
        profile_random(model, &seed, &p);
        buf_init(&b, PACKED_MAX);
        profile_pack(model, &p, &b);
        for (size_t n = 0; n < b.len; n++) {
            char *cut = malloc(n == 0 ? 1 : n); /* so that a read beyond is seen */
            assert_non_null(cut);
            memcpy(cut, b.data, n);
            assert_false(packed_check(cut, n));
            free(cut);
        }
        assert_int_equal(buf_addc(&b, 0), 0);
        assert_false(packed_check(b.data, b.len));
        buf_done(&b);
    }
    assert_false(packed_check(NULL, 0));
}

/* Whatever passes the check can be read and scored. */
static void survives_mutations(void **state)
{
    (void)state;
    uint64_t seed = 12;
    int passed = 0;
    for (int i = 0; i < test_count(20000); i++) {
        struct profile p;
        struct buf b, whole;
        struct score s;
        profile_random(model, &seed, &p);
        buf_init(&b, PACKED_MAX);
        buf_init(&whole, PACKED_MAX);
        profile_pack(model, &p, &b);
        profile_pack(model, &p, &whole);
        for (size_t k = 1 + random_below(&seed, 4); k > 0; k--)
            b.data[random_below(&seed, b.len)] = (char)random_next(&seed);
        if (packed_check(b.data, b.len)) {
            passed++;
            score_pair(model, b.data, whole.data, TODAY, &s);
            assert_in_range(s.total, 0, SCORE_MAX);
            for (size_t k = 0; k < packed_external_count(b.data); k++)
                assert_non_null(packed_external(b.data, k).system.s);
        }
        buf_done(&b);
        buf_done(&whole);
    }
    assert_in_range(passed, 100, 19000);
}

static void refuses_other_formats(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "A");
    struct buf b;
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    b.data[AT_FORMAT]++;
    assert_false(packed_check(b.data, b.len));
    buf_done(&b);
}

static void refuses_profiles_beyond_the_limits(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "A");
    struct buf b;
    buf_init(&b, PACKED_MAX);
    p.external_count = EXTERNAL_MAX + 1;
    assert_int_equal(packed_make(model, &p, &b), -2);
    p.external_count = 0;
    p.sectors[p.sector_count++] = 250; /* no such sector */
    assert_int_equal(packed_make(model, &p, &b), -2);
    p.sector_count = 0;
    buf_done(&b);
    buf_init(&b, 10);
    assert_int_equal(packed_make(model, &p, &b), -2);
    buf_done(&b);
}

/* A letter that unfolds to eighteen, as often as a description may hold it. */
static void packs_text_that_unfolds(void **state)
{
    (void)state;
    struct profile p = profile_of(COUNTRY_KH, 1, "A");
    struct buf text, b;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(buf_adds(&text, "\xEF\xB7\xBA"), 0);
    profile_describe(&p, text.data);
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", NULL, text.data);
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    buf_done(&b);
    buf_done(&text);
}

static void cuts_khmer_between_syllables(void **state)
{
    (void)state;
    char text[600] = "";
    for (int i = 0; i < 20; i++)
        strcat(text, "ក្រុម"); /* a consonant, a joined one, a vowel, a consonant: 15 bytes */
    struct profile p = profile_of(COUNTRY_KH, 1, "A");
    struct buf b;
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", NULL, text);
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    const uint8_t *need = (const uint8_t *)b.data + PACKED_HEAD;
    size_t kept = need[5], at = NEED_HEAD + (size_t)need[3] * 3 + (size_t)need[4] * 2;
    assert_in_range(kept, NEED_TEXT_MAX - 15, NEED_TEXT_MAX);
    assert_true(kept % 15 == 0 || kept % 15 == 12);
    assert_memory_equal(need + at, text, kept);
    buf_done(&b);
}

static void compares_hs_codes(void **state)
{
    (void)state;
    uint32_t rice = hs_parse("100630", 6), heading = hs_parse("1006", 4),
             chapter = hs_parse("10", 2);
    char out[8];
    assert_int_equal(hs_common(rice, rice), 6);
    assert_int_equal(hs_common(rice, heading), 4);
    assert_int_equal(hs_common(chapter, rice), 2);
    assert_int_equal(hs_common(rice, hs_parse("100640", 6)), 4);
    assert_int_equal(hs_common(rice, hs_parse("080132", 6)), 0);
    assert_int_equal(hs_parse("1006a", 5), HS_END);
    assert_int_equal(hs_parse("10 6", 4), HS_END);
    assert_int_equal(hs_format(hs_parse("010221", 6), out), 6);
    assert_string_equal(out, "010221");
    assert_int_equal(hs_format(hs_parse("01", 2), out), 2);
    assert_string_equal(out, "01");
}

static void knows_the_words_of_status(void **state)
{
    (void)state;
    for (int i = 0; i <= STATUS_ARCHIVED; i++) {
        const char *word = status_name((enum status)i);
        assert_int_equal(status_parse(word, strlen(word)), i);
    }
    assert_int_equal(status_parse("drafts", 6), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_packed),
        cmocka_unit_test(refuses_every_truncation_and_tail),
        cmocka_unit_test(survives_mutations),
        cmocka_unit_test(refuses_other_formats),
        cmocka_unit_test(refuses_profiles_beyond_the_limits),
        cmocka_unit_test(packs_text_that_unfolds),
        cmocka_unit_test(cuts_khmer_between_syllables),
        cmocka_unit_test(compares_hs_codes),
        cmocka_unit_test(knows_the_words_of_status),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
