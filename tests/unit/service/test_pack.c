#include "pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <spean/buf.h>
#include <spean/score.h>

/* From the stored JSON form to the packed one. */

#define TODAY 20781 /* 2026-11-24 */

static struct model *model;

static int model_open(void **state)
{
    char err[256];

    (void)state;
    return model_load(SPEAN_SOURCE_DIR "/conf/model", &model, err, sizeof err);
}

static int model_close(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

/* Packs JSON text; 0 or -1. */
static int pack(const char *text, uint8_t number, struct buf *out)
{
    json_t *doc = json_loads(text, 0, NULL);
    uint8_t id[IDENT_BYTES] = {number};

    assert_non_null(doc);
    buf_init(out, PACKED_MAX);
    int rc = pack_profile(model, doc, id, TODAY, out);
    json_decref(doc);
    return rc;
}

#define SELLER                                                                                     \
    "{\"external_ids\":[{\"system\":\"crm\",\"id\":\"7\"}],\"country\":\"KH\",\"name\":"           \
    "\"ស្រែមាស\","                                                                   \
    "\"region\":\"KH-2\",\"city\":\"Thma Koul\",\"sectors\":[\"agro-industry.rice\"],"             \
    "\"languages\":[{\"lang\":\"khm\",\"level\":\"fluent\"},{\"lang\":\"fra\",\"level\":"          \
    "\"working\"}],"                                                                               \
    "\"offers\":[{\"kind\":\"goods\",\"sector\":\"agro-industry.rice\",\"hs\":[\"100630\"],"       \
    "\"text\":\"Riz parfumé\"}],\"employees\":40,\"export_markets\":[\"CA\"],"                    \
    "\"certifications\":[\"haccp\"],\"verified\":\"2026-10-01\",\"status\":\"published\","         \
    "\"valid_until\":\"2027-11-30\",\"description\":{\"fra\":\"Rizerie\"}}"

#define BUYER                                                                                      \
    "{\"country\":\"CA\",\"name\":\"Comptoir\",\"region\":\"CA-QC\",\"sectors\":[],"               \
    "\"languages\":[{\"lang\":\"fra\",\"level\":\"fluent\"}],\"seeks\":[{\"kind\":\"goods\","      \
    "\"sector\":\"agro-industry.rice\",\"hs\":[\"1006\"],\"text\":\"HACCP\"}],\"employees\":30,"   \
    "\"verified\":null,\"status\":\"published\",\"valid_until\":\"2027-11-30\"}"

static void carries_every_field_that_matters(void **state)
{
    struct buf a, b;
    struct score s;

    (void)state;
    assert_int_equal(pack(SELLER, 1, &a), 0);
    assert_int_equal(pack(BUYER, 2, &b), 0);
    assert_true(packed_check(a.data, a.len));
    assert_true(packed_check(b.data, b.len));
    assert_int_equal(packed_country(a.data), COUNTRY_KH);
    assert_int_equal(packed_status(a.data), STATUS_PUBLISHED);
    assert_int_equal(packed_region(a.data), model_region(model, "KH-2", 4));
    assert_memory_equal(packed_name(a.data).s, "ស្រែមាស", packed_name(a.data).len);
    assert_memory_equal(packed_city(a.data).s, "Thma Koul", 9);
    assert_int_equal(packed_external_count(a.data), 1);
    assert_memory_equal(packed_external(a.data, 0).system.s, "crm", 3);
    score_pair(model, a.data, b.data, TODAY, &s);
    assert_true(s.total > 7000);
    assert_string_equal(s.language, "fra");
    assert_int_equal(match_excluded(a.data, b.data, TODAY, s.total), EXCLUDED_NOT);
    buf_done(&a);
    buf_done(&b);
}

/* Every field is seen: the score falls when it goes. */
static void loses_score_with_each_field(void **state)
{
    static const char *const fields[] = {"languages",      "offers",   "employees",
                                         "certifications", "verified", "export_markets"};

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct buf a, b, c;
        struct score s, t;
        json_t *doc = json_loads(SELLER, 0, NULL);
        json_object_del(doc, fields[i]);
        char *text = json_dumps(doc, 0);
        assert_int_equal(pack(SELLER, 1, &a), 0);
        assert_int_equal(pack(text, 1, &b), 0);
        assert_int_equal(pack(BUYER, 2, &c), 0);
        score_pair(model, a.data, c.data, TODAY, &s);
        score_pair(model, b.data, c.data, TODAY, &t);
        if (t.total >= s.total)
            fail_msg("%s makes no difference", fields[i]);
        free(text);
        json_decref(doc);
        buf_done(&a);
        buf_done(&b);
        buf_done(&c);
    }
}

static void leaves_out_what_the_model_does_not_know(void **state)
{
    struct buf b;
    uint8_t sectors[SECTORS_MAX];

    (void)state;
    assert_int_equal(pack("{\"country\":\"CA\",\"name\":\"A\",\"sectors\":[\"flowers\",\"energy\"],"
                          "\"offers\":[{\"kind\":\"barter\",\"sector\":\"energy\"},{}],"
                          "\"languages\":[{\"lang\":\"english\"}],\"region\":\"XX-1\"}",
                          1, &b),
                     0);
    assert_true(packed_check(b.data, b.len));
    assert_int_equal(packed_sectors(b.data, sectors), 1);
    assert_int_equal(packed_region(b.data), 0);
    assert_int_equal(packed_status(b.data), STATUS_DRAFT);
    buf_done(&b);
}

static void refuses_what_is_no_profile(void **state)
{
    struct buf b;

    (void)state;
    assert_int_equal(pack("{}", 1, &b), -2);
    buf_done(&b);
    assert_int_equal(pack("{\"country\":\"TH\",\"name\":\"A\"}", 1, &b), -2);
    buf_done(&b);
    assert_int_equal(pack("[]", 1, &b), -2);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_every_field_that_matters),
        cmocka_unit_test(loses_score_with_each_field),
        cmocka_unit_test(leaves_out_what_the_model_does_not_know),
        cmocka_unit_test(refuses_what_is_no_profile),
    };
    return cmocka_run_group_tests(tests, model_open, model_close);
}
