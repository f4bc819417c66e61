#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <string.h>

/* What a good match is, by example. */

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

static struct profile miller(void)
{
    struct profile p = profile_of(COUNTRY_KH, 1, "Mill");
    profile_sector(model, &p, "agro-industry.rice");
    profile_lang(&p, "khm", LEVEL_FLUENT);
    profile_lang(&p, "eng", LEVEL_WORKING);
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", "100630", "Fragrant rice");
    return p;
}

static struct profile buyer(const char *hs)
{
    struct profile p = profile_of(COUNTRY_CA, 2, "Importer");
    profile_sector(model, &p, "agro-industry.food-processing");
    profile_lang(&p, "eng", LEVEL_FLUENT);
    profile_seek(model, &p, KIND_GOODS, "agro-industry.rice", hs, "Rice for supermarkets");
    return p;
}

static void buyer_meets_seller(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006");
    struct score s = profile_score(model, &a, &b);
    assert_true(s.total > 8000);
    assert_true(s.b_to_a > s.a_to_b); /* the mill's wish counts a little less than the search */
    assert_string_equal(s.language, "eng");
}

static void rivals_score_below_half_of_a_buyer(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006"), rival = miller();
    rival.country = COUNTRY_CA;
    rival.id[IDENT_BYTES - 1] = 3;
    assert_true(profile_score(model, &a, &rival).total * 2 < profile_score(model, &a, &b).total);
    struct profile raising = profile_of(COUNTRY_KH, 4, "X"), other = profile_of(COUNTRY_CA, 5, "Y");
    profile_sector(model, &raising, "energy.solar");
    profile_sector(model, &other, "energy.solar");
    profile_seek(model, &raising, KIND_CAPITAL, "energy.solar", NULL, "Equity");
    profile_seek(model, &other, KIND_CAPITAL, "energy.solar", NULL, "Equity");
    assert_int_equal(profile_score(model, &raising, &other).factors[FACTOR_NEED].value, 0);
}

static void hs_codes_must_agree(void **state)
{
    (void)state;
    struct profile a = miller(), same = buyer("100630"), near = buyer("1006"), far = buyer("0801");
    int32_t x = profile_score(model, &a, &same).total, y = profile_score(model, &a, &near).total;
    assert_true(x >= y);
    assert_true(profile_score(model, &a, &far).total * 2 < y);
}

static void a_buyer_is_a_distributor(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006");
    a.offer_count = 0;
    profile_seek(model, &a, KIND_DISTRIBUTION, "agro-industry.rice", NULL, "An importer");
    assert_true(profile_score(model, &a, &b).total > 6000);
}

static void language_decides_how_sure(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006"), none = buyer("1006"), basic = buyer("1006");
    strcpy(none.langs[0].code, "pan");
    basic.langs[0].level = LEVEL_BASIC;
    int32_t best = profile_score(model, &a, &b).total,
            least = profile_score(model, &a, &none).total;
    int32_t between = profile_score(model, &a, &basic).total;
    assert_true(least < between && between < best);
    assert_true(least > best / 2); /* still possible with an interpreter */
    assert_string_equal(profile_score(model, &a, &none).language, "");
}

static void french_counts_more_with_quebec(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006"), c;
    profile_lang(&a, "fra", LEVEL_WORKING);
    strcpy(b.langs[0].code, "fra");
    c = b;
    b.region = model_region(model, "CA-ON", 5);
    c.region = model_region(model, "CA-QC", 5);
    assert_true(profile_score(model, &a, &c).total > profile_score(model, &a, &b).total);
}

static void both_directions_count_more(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006"), c = buyer("1006");
    profile_seek(model, &a, KIND_TECHNOLOGY, "agro-industry.agri-machinery", NULL, "Paddy dryer");
    int32_t one = profile_score(model, &a, &b).total;
    profile_offer(model, &c, KIND_TECHNOLOGY, "agro-industry.agri-machinery", NULL, "Paddy dryers");
    assert_true(profile_score(model, &a, &c).total > one);
}

static void text_crosses_sectors(void **state)
{
    (void)state;
    struct profile bank = profile_of(COUNTRY_KH, 1, "Bank"), lab = profile_of(COUNTRY_CA, 2, "Lab");
    struct profile other = profile_of(COUNTRY_CA, 3, "Other");
    profile_sector(model, &bank, "fintech.microfinance");
    profile_seek(model, &bank, KIND_TECHNOLOGY, "fintech.microfinance", NULL,
                 "Khmer speech recognition for our call centre");
    profile_sector(model, &lab, "ai.language-technology");
    profile_offer(model, &lab, KIND_TECHNOLOGY, "ai.language-technology", NULL,
                  "Reconnaissance vocale pour langues peu dotées");
    profile_sector(model, &other, "ai.computer-vision");
    profile_offer(model, &other, KIND_TECHNOLOGY, "ai.computer-vision", NULL, "Drone images");
    assert_true(profile_score(model, &bank, &lab).total > 4000);
    assert_true(profile_score(model, &bank, &other).total < 1500);
}

static void vague_fits_nobody(void **state)
{
    (void)state;
    struct profile a = profile_of(COUNTRY_KH, 1, "Farm"), b = profile_of(COUNTRY_CA, 2, "Sharp"),
                   c = profile_of(COUNTRY_CA, 3, "Vague");
    profile_sector(model, &a, "energy.solar");
    profile_seek(model, &a, KIND_SERVICES, "ai.analytics", NULL, "Forecast of solar output");
    profile_sector(model, &b, "ai.analytics");
    profile_offer(model, &b, KIND_SERVICES, "ai.analytics", NULL, "Forecasting for solar farms");
    profile_sector(model, &c, "ai");
    profile_offer(model, &c, KIND_SERVICES, "ai", NULL, "AI for all industries");
    profile_describe(&c, "Innovative solutions for organizations of every size, any sector.");
    assert_true(profile_score(model, &a, &c).total * 2 < profile_score(model, &a, &b).total);
}

static void finance_serves_any_field(void **state)
{
    (void)state;
    struct profile a = miller(), b = profile_of(COUNTRY_CA, 2, "Factor");
    profile_seek(model, &a, KIND_CAPITAL, "agro-industry.rice", NULL, "Working capital");
    profile_sector(model, &b, "fintech.trade-finance");
    profile_offer(model, &b, KIND_CAPITAL, "fintech.trade-finance", NULL,
                  "Pre-shipment and working capital lines");
    assert_true(profile_score(model, &a, &b).total > 4500);
}

static void certificates_and_checks_order_equals(void **state)
{
    (void)state;
    static const struct text_ref certs[] = {{"brcgs", 5}};
    struct profile a = miller(), b = buyer("1006"), c;
    b.seeks[0].text = (struct text_ref){"BRCGS site only", 15};
    int32_t without = profile_score(model, &a, &b).total;
    c = a;
    c.certifications = certs;
    c.certification_count = 1;
    int32_t with = profile_score(model, &c, &b).total;
    assert_true(with > without);
    c.verified = TODAY - 10;
    int32_t fresh = profile_score(model, &c, &b).total;
    c.verified = TODAY - 1000;
    int32_t old = profile_score(model, &c, &b).total;
    assert_true(fresh > old && old >= with);
}

static void says_why_a_pair_is_not_suggested(void **state)
{
    (void)state;
    struct profile a = miller(), b = buyer("1006");
    struct buf x, y;
    buf_init(&x, PACKED_MAX);
    profile_pack(model, &a, &x);
    enum excluded expected[] = {EXCLUDED_NOT, EXCLUDED_NOT_PUBLISHED, EXCLUDED_EXPIRED,
                                EXCLUDED_SAME_COUNTRY, EXCLUDED_SAME_COMPANY};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct profile c = b;
        if (i == 1)
            c.status = STATUS_PAUSED;
        if (i == 2)
            c.valid_until = TODAY - 1;
        if (i >= 3)
            c.country = COUNTRY_KH;
        if (i == 4)
            c.id[IDENT_BYTES - 1] = 1;
        buf_init(&y, PACKED_MAX);
        profile_pack(model, &c, &y);
        assert_int_equal(match_excluded(x.data, y.data, TODAY, 5000), expected[i]);
        if (i == 0)
            assert_int_equal(match_excluded(x.data, y.data, TODAY, 0), EXCLUDED_ZERO);
        buf_done(&y);
    }
    buf_done(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buyer_meets_seller),
        cmocka_unit_test(rivals_score_below_half_of_a_buyer),
        cmocka_unit_test(hs_codes_must_agree),
        cmocka_unit_test(a_buyer_is_a_distributor),
        cmocka_unit_test(language_decides_how_sure),
        cmocka_unit_test(french_counts_more_with_quebec),
        cmocka_unit_test(both_directions_count_more),
        cmocka_unit_test(text_crosses_sectors),
        cmocka_unit_test(vague_fits_nobody),
        cmocka_unit_test(finance_serves_any_field),
        cmocka_unit_test(certificates_and_checks_order_equals),
        cmocka_unit_test(says_why_a_pair_is_not_suggested),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
