#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>
#include <spean/buf.h>
#include <spean/date.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>
#include <spean/text.h>
#include <stdio.h>
#include <string.h>

#include "generate.h"
#include "pack.h"

#define TODAY 20781 /* 2026-11-24 */
#define SAMPLE 4000

static struct model *model;
static struct world *world;

static int setup(void **state)
{
    char err[300];

    (void)state;
    world = calloc(1, sizeof *world);
    if (!world || model_load(SPEAN_SOURCE_DIR "/conf/model", &model, err, sizeof err) ||
        world_init(world, model, err, sizeof err)) {
        print_error("%s\n", err);
        return -1;
    }
    world->seed = 1;
    world->count = 2050000;
    world->today = TODAY;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_free(model);
    free(world);
    return 0;
}

/* Numbers all over the range. */
static struct company *sample(unsigned i)
{
    struct company *c = calloc(1, sizeof *c);

    assert_non_null(c);
    company_make(world, (uint64_t)i * (world->count / SAMPLE), c);
    return c;
}

static bool sector_known(const void *ctx, const char *code, size_t len)
{
    return model_sector(ctx, code, len) != 0;
}

static bool region_known(const void *ctx, const char *country, const char *code, size_t len)
{
    int id = model_region(ctx, code, len);

    return id != 0 &&
           model_region_country(ctx, id) == (country[0] == 'K' ? COUNTRY_KH : COUNTRY_CA);
}

/* What would be refused, or stored in another form than it is loaded in, fails here. */
static void test_stored_form(void **state)
{
    const struct profile_codes codes = {model, TODAY, sector_known, region_known};

    (void)state;
    for (unsigned i = 0; i < SAMPLE; i++) {
        struct company *c = sample(i);
        struct buf doc, packed, again;
        struct rpc_error e = {0};
        buf_init(&doc, 1 << 20);
        buf_init(&packed, PACKED_MAX);
        buf_init(&again, PACKED_MAX);
        assert_int_equal(company_doc(world, c, &doc), 0);
        json_t *made = json_loadb(doc.data, doc.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(made);
        json_t *checked = json_deep_copy(made);
        int refused = profile_check(checked, &codes, &e);
        json_object_del(checked, "contacts"); /* they are kept apart */
        if (refused || !json_equal(made, checked)) {
            char *text = json_dumps(checked, JSON_COMPACT);
            fprintf(stderr, "%s\nbecomes\n%s\n", doc.data, text ? text : "");
            free(text);
            fail();
        }
        assert_int_equal(packed_make(model, &c->p, &packed), 0);
        assert_int_equal(pack_profile(model, made, c->p.id, c->p.updated, &again), 0);
        assert_int_equal(packed.len, again.len);
        assert_memory_equal(packed.data, again.data, again.len);
        rpc_error_done(&e);
        json_decref(made);
        json_decref(checked);
        buf_done(&doc);
        buf_done(&packed);
        buf_done(&again);
        free(c);
    }
}

static void test_same_seed_same_company(void **state)
{
    struct company *a = sample(7), *b = sample(7);
    struct buf one, two;

    (void)state;
    buf_init(&one, 1 << 20);
    buf_init(&two, 1 << 20);
    assert_int_equal(company_doc(world, a, &one), 0);
    assert_int_equal(company_doc(world, b, &two), 0);
    assert_string_equal(one.data, two.data);
    assert_memory_equal(a->p.id, b->p.id, IDENT_BYTES);
    world->seed = 2;
    company_make(world, b->number, b);
    world->seed = 1;
    buf_reset(&two);
    assert_int_equal(company_doc(world, b, &two), 0);
    assert_string_not_equal(one.data, two.data);
    assert_memory_not_equal(a->p.id, b->p.id, IDENT_BYTES);
    buf_done(&one);
    buf_done(&two);
    free(a);
    free(b);
}

/* Ids in the order of the numbers, so that they are in the order of the changes too. */
static void test_ids_ascend(void **state)
{
    struct company *a = sample(0), *b = sample(0);

    (void)state;
    for (uint64_t n = 1; n < 3000; n++) {
        struct company *swap = a;
        company_identity(world, n, b);
        assert_true(memcmp(a->p.id, b->p.id, IDENT_BYTES) < 0);
        assert_true(a->updated_ms <= b->updated_ms);
        assert_true(b->updated_ms < (int64_t)TODAY * 86400000);
        a = b;
        b = swap;
    }
    free(a);
    free(b);
}

struct tally {
    unsigned country[COUNTRY_COUNT], small[COUNTRY_COUNT], known[COUNTRY_COUNT];
    unsigned english[COUNTRY_COUNT], quebec, quebec_french, ontario, phnom_penh;
    unsigned khmer_named, khmer_script, offers, seeks, hs, goods, described, verified;
    unsigned certified, exporting, live;
    unsigned group[SECTOR_MAX + 1];
};

static void tally_langs(struct tally *t, const struct company *c)
{
    for (size_t i = 0; i < c->p.lang_count; i++) {
        t->english[c->p.country] += strcmp(c->p.langs[i].code, "eng") == 0;
        if (c->p.country == COUNTRY_CA && strcmp(c->p.langs[i].code, "fra") == 0 &&
            strcmp(model_region_code(model, c->p.region), "CA-QC") == 0)
            t->quebec_french++;
    }
}

static void tally_add(struct tally *t, const struct company *c)
{
    const char *region = model_region_code(model, c->p.region);

    t->country[c->p.country]++;
    t->known[c->p.country] += c->p.employees >= 0;
    t->small[c->p.country] += c->p.employees >= 0 && c->p.employees < 5;
    t->quebec += strcmp(region, "CA-QC") == 0;
    t->ontario += strcmp(region, "CA-ON") == 0;
    t->phnom_penh += strcmp(region, "KH-12") == 0;
    t->khmer_script += (unsigned char)c->p.name.s[0] == 0xE1;
    t->khmer_named += c->names[LANG_KHM].len > 0;
    t->offers += c->p.offer_count > 0;
    t->seeks += c->p.seek_count > 0;
    for (size_t i = 0; i < c->p.offer_count; i++) {
        t->goods += c->p.offers[i].kind == KIND_GOODS;
        t->hs += c->p.offers[i].hs_count > 0;
    }
    t->described += c->p.description_count > 0;
    t->verified += c->p.verified != DAY_NONE;
    t->certified += c->p.certification_count > 0;
    t->exporting += c->p.market_count > 0;
    t->live += c->p.status == STATUS_PUBLISHED && c->p.valid_until >= TODAY;
    t->group[model_sector_group(model, c->p.sectors[0])]++;
    tally_langs(t, c);
}

#define SHARE(part, whole, from, to)                                                               \
    assert_in_range((unsigned long)(part)*1000 / (whole), (from), (to))

static void test_distributions(void **state)
{
    struct tally *t = calloc(1, sizeof *t);
    unsigned most = 0, groups = 0, all = 0;

    (void)state;
    assert_non_null(t);
    for (unsigned i = 0; i < SAMPLE; i++) {
        struct company *c = sample(i);
        tally_add(t, c);
        free(c);
    }
    SHARE(t->country[COUNTRY_KH], SAMPLE, 340, 390);
    SHARE(t->small[COUNTRY_CA], t->known[COUNTRY_CA], 500, 620);
    SHARE(t->small[COUNTRY_KH], t->known[COUNTRY_KH], 860, 950);
    SHARE(t->ontario, t->country[COUNTRY_CA], 320, 410);
    SHARE(t->quebec_french, t->quebec, 820, 950);
    SHARE(t->phnom_penh, t->country[COUNTRY_KH], 145, 230);
    SHARE(t->english[COUNTRY_KH], t->country[COUNTRY_KH], 100, 350);
    SHARE(t->english[COUNTRY_CA], t->country[COUNTRY_CA], 850, 1000);
    SHARE(t->khmer_script, t->country[COUNTRY_KH], 250, 350);
    SHARE(t->khmer_named, t->country[COUNTRY_KH], 280, 420);
    SHARE(t->offers, SAMPLE, 880, 960);
    SHARE(t->seeks, SAMPLE, 660, 780);
    SHARE(t->hs, t->goods, 500, 1000);
    SHARE(t->described, SAMPLE, 300, 400);
    SHARE(t->verified, SAMPLE, 100, 300);
    SHARE(t->certified, SAMPLE, 10, 150);
    SHARE(t->exporting, SAMPLE, 30, 250);
    SHARE(t->live, SAMPLE, 850, 940);
    for (unsigned i = 0; i <= SECTOR_MAX; i++) {
        most = t->group[i] > most ? t->group[i] : most;
        groups += t->group[i] > 0;
    }
    for (int i = 0; i < model_sector_count(model); i++)
        all += model_sector_group(model, model_sector_at(model, i)) == model_sector_at(model, i);
    assert_int_equal(groups, all);
    SHARE(most, SAMPLE, 150, 400); /* some are many times as common as others */
    free(t);
}

/* A good's codes are of its sector: some HS code of the table begins with each. */
static void test_hs_belongs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLE; i++) {
        struct company *c = sample(i);
        for (size_t n = 0; n < c->p.seek_count; n++) {
            const struct need *need = &c->p.seeks[n];
            assert_true(need->hs_count == 0 || need->kind == KIND_GOODS);
            for (size_t k = 0; k < need->hs_count; k++) {
                const struct sector_world *s = &world->sectors[world->by_id[need->sector]];
                bool found = false;
                for (size_t h = 0; h < s->hs_count; h++)
                    found |= s->hs[h].len >= need->hs[k].len &&
                             memcmp(s->hs[h].s, need->hs[k].s, need->hs[k].len) == 0;
                assert_true(found);
            }
        }
        free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored_form), cmocka_unit_test(test_same_seed_same_company),
        cmocka_unit_test(test_ids_ascend),  cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_hs_belongs),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
