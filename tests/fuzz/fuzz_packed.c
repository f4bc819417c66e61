#include "fuzz.h"

#include <string.h>

#include <spean/buf.h>
#include <spean/packed.h>
#include <spean/score.h>

/*
 * Any bytes as a packed profile out of the database: refused, or safe to read, to score and to
 * explain. Each is scored against itself and against a profile of our own.
 */

#define TODAY 20781

/* Read once and never freed: a process of libFuzzer runs until it is stopped. */
static struct model *model;
static struct buf partner;

static void add_need(struct need *needs, size_t *count, enum kind kind, const char *sector,
                     const char *hs, const char *text)
{
    struct need n = {.kind = (uint8_t)kind};

    n.sector = (uint8_t)model_sector(model, sector, strlen(sector));
    FUZZ_PROMISE(n.sector > 0);
    if (hs)
        n.hs[n.hs_count++] = (struct text_ref){hs, strlen(hs)};
    n.text = (struct text_ref){text, strlen(text)};
    needs[(*count)++] = n;
}

static void pack_partner(void)
{
    static const char markets[][3] = {"JP", "KH"};
    static const struct text_ref certified = {"haccp", 5};
    static const struct text_ref about = {"Imports fragrant rice; wants cold stores and AI.", 48};
    static const struct external known = {{"crm", 3}, {"42", 2}};
    struct profile p = {.country = COUNTRY_CA,
                        .status = STATUS_PUBLISHED,
                        .valid_until = TODAY + 1,
                        .verified = TODAY - 9,
                        .employees = 50,
                        .founded = 1998,
                        .name = {"Partner", 7},
                        .city = {"Laval", 5},
                        .markets = markets,
                        .market_count = 2,
                        .certifications = &certified,
                        .certification_count = 1,
                        .descriptions = {about},
                        .description_count = 1,
                        .externals = &known,
                        .external_count = 1};

    p.id[0] = 1;
    p.region = model_region(model, "CA-QC", 5);
    p.sectors[p.sector_count++] = (uint8_t)model_sector(model, "agro-industry.rice", 18);
    p.langs[p.lang_count++] = (struct tongue){.code = "khm", .level = LEVEL_FLUENT};
    p.langs[p.lang_count++] = (struct tongue){.code = "eng", .level = LEVEL_BASIC};
    add_need(p.seeks, &p.seek_count, KIND_GOODS, "agro-industry.rice", "100630", "jasmine rice");
    add_need(p.seeks, &p.seek_count, KIND_RESEARCH, "ai", NULL, "");
    add_need(p.offers, &p.offer_count, KIND_DISTRIBUTION, "agro-industry", NULL, "supermarkets");
    add_need(p.offers, &p.offer_count, KIND_GOODS, "agro-industry.rice", "10", "broken rice");
    buf_init(&partner, PACKED_MAX);
    FUZZ_PROMISE(packed_make(model, &p, &partner) == 0);
    FUZZ_PROMISE(packed_check(partner.data, partner.len));
}

static void load_once(void)
{
    char err[256];

    if (model)
        return;
    if (model_load(SPEAN_SOURCE_DIR "/conf/model", &model, err, sizeof(err)) < 0) {
        fprintf(stderr, "%s\n", err);
        abort();
    }
    pack_partner();
}

static void read_all(const void *bytes, size_t size)
{
    const char *start = bytes, *end = start + size;
    struct text_ref texts[2] = {packed_name(bytes), packed_city(bytes)};
    uint8_t sectors[SECTORS_MAX];

    for (size_t i = 0; i < 2; i++)
        FUZZ_PROMISE(!texts[i].len || (texts[i].s >= start && texts[i].s + texts[i].len <= end));
    FUZZ_PROMISE(packed_sectors(bytes, sectors) <= SECTORS_MAX);
    FUZZ_PROMISE((unsigned)packed_country(bytes) < COUNTRY_COUNT);
    FUZZ_PROMISE((unsigned)packed_status(bytes) <= STATUS_ARCHIVED);
    (void)packed_region(bytes);
    for (size_t i = 0; i < packed_external_count(bytes); i++) {
        struct external x = packed_external(bytes, i);
        FUZZ_PROMISE(x.system.s >= start && x.system.s + x.system.len <= end);
        FUZZ_PROMISE(x.id.s >= start && x.id.s + x.id.len <= end);
    }
}

static void score_both(const void *a, const void *b)
{
    struct score ab, ba;
    struct buf why;

    score_pair(model, a, b, TODAY, &ab);
    score_pair(model, b, a, TODAY, &ba);
    FUZZ_PROMISE(ab.total >= 0 && ab.total <= SCORE_MAX && ab.total == ba.total);
    FUZZ_PROMISE(ab.a_to_b == ba.b_to_a && ab.b_to_a == ba.a_to_b);
    buf_init(&why, 1 << 20);
    for (int f = 0; f < FACTOR_COUNT; f++) {
        buf_reset(&why);
        FUZZ_PROMISE(explain_factor(model, a, b, TODAY, (enum factor)f, LANG_ENG, &why) == 0);
    }
    buf_reset(&why);
    (void)explain_excluded(model, a, b, match_excluded(a, b, TODAY, ab.total), LANG_FRA, &why);
    buf_done(&why);
}

static void try_bytes(const void *bytes, size_t size)
{
    if (!packed_check(bytes, size))
        return;
    read_all(bytes, size);
    score_both(bytes, bytes);
    score_both(bytes, partner.data);
}

/* Edits of our own profile, in threes of offset and value: these get past the first checks, and a
 * corpus of them outlives changes of the format. */
static void try_edits(const uint8_t *edits, size_t size)
{
    uint8_t *copy = malloc(partner.len);

    if (!copy)
        return;
    memcpy(copy, partner.data, partner.len);
    for (; size >= 3; edits += 3, size -= 3)
        copy[(edits[0] + 256u * edits[1]) % partner.len] = edits[2];
    try_bytes(copy, partner.len);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load_once();
    if (size > 0 && data[0] == 'E')
        try_edits(data + 1, size - 1);
    else
        try_bytes(data, size);
    return 0;
}
