#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <stdlib.h>
#include <string.h>

struct model *test_model(void)
{
    struct model *m;
    char err[512];
    if (model_load(SPEAN_SOURCE_DIR "/conf/model", &m, err, sizeof err) < 0)
        fail_msg("%s", err);
    return m;
}

static struct text_ref text_of(const char *s)
{
    return (struct text_ref){s == NULL ? "" : s, s == NULL ? 0 : strlen(s)};
}

struct profile profile_of(enum country c, uint8_t id, const char *name)
{
    struct profile p = {.country = c,
                        .status = STATUS_PUBLISHED,
                        .valid_until = TODAY + 100,
                        .verified = DAY_NONE,
                        .updated = TODAY,
                        .name = text_of(name),
                        .city = text_of(""),
                        .employees = -1};
    p.id[IDENT_BYTES - 1] = id;
    return p;
}

static uint8_t sector_of(const struct model *m, const char *code)
{
    int id = model_sector(m, code, strlen(code));
    assert_true(id > 0);
    return (uint8_t)id;
}

void profile_sector(const struct model *m, struct profile *p, const char *code)
{
    p->sectors[p->sector_count++] = sector_of(m, code);
}

void profile_lang(struct profile *p, const char *code, enum level l)
{
    struct tongue *t = &p->langs[p->lang_count++];
    memcpy(t->code, code, 4);
    t->level = (uint8_t)l;
}

static struct need need_of(const struct model *m, enum kind k, const char *sector, const char *hs,
                           const char *text)
{
    struct need n = {.kind = (uint8_t)k, .sector = sector_of(m, sector), .text = text_of(text)};
    for (const char *at = hs; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");
        n.hs[n.hs_count++] = (struct text_ref){at, len};
        at += len + (at[len] == ' ');
    }
    return n;
}

void profile_offer(const struct model *m, struct profile *p, enum kind k, const char *sector,
                   const char *hs, const char *text)
{
    p->offers[p->offer_count++] = need_of(m, k, sector, hs, text);
}

void profile_seek(const struct model *m, struct profile *p, enum kind k, const char *sector,
                  const char *hs, const char *text)
{
    p->seeks[p->seek_count++] = need_of(m, k, sector, hs, text);
}

void profile_describe(struct profile *p, const char *text)
{
    p->descriptions[p->description_count++] = text_of(text);
}

void profile_pack(const struct model *m, const struct profile *p, struct buf *out)
{
    assert_int_equal(packed_make(m, p, out), 0);
    assert_true(packed_check(out->data, out->len));
}

struct score profile_score(const struct model *m, const struct profile *a, const struct profile *b)
{
    struct buf x, y;
    struct score s;
    buf_init(&x, PACKED_MAX);
    buf_init(&y, PACKED_MAX);
    profile_pack(m, a, &x);
    profile_pack(m, b, &y);
    score_pair(m, x.data, y.data, TODAY, &s);
    buf_done(&x);
    buf_done(&y);
    return s;
}

int test_count(int n)
{
    const char *said = getenv("SPEAN_TEST_SCALE");
    long scale = said ? strtol(said, NULL, 10) : 1;

    return scale > 1 && n > scale ? n / (int)scale : scale > 1 ? 1 : n;
}

enum index_kernel test_kernel(void)
{
    const char *said = getenv("SPEAN_TEST_KERNEL");
    enum index_kernel which = INDEX_KERNEL_AUTO;

    if (said != NULL && (index_kernel_parse(said, &which) != 0 || !index_kernel_runs(which)))
        fail_msg("SPEAN_TEST_KERNEL: this processor has no kernel \"%s\"", said);
    return which;
}

bool test_kernel_due(enum index_kernel which)
{
    enum index_kernel only = test_kernel();

    return only == INDEX_KERNEL_AUTO ? index_kernel_runs(which) : which == only;
}

uint64_t random_next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

size_t random_below(uint64_t *seed, size_t n)
{
    return (size_t)(random_next(seed) % n);
}

static const char *const texts[] = {
    "",
    "Fragrant rice in 2, 4 and 8 kg bags",
    "Chaudière pour balle de riz, mise en service comprise",
    "ជីប៉ូតាស្យូមក្លរួ បាវ ៥០ គីឡូក្រាម",
    "Khmer speech recognition for call centres",
    "Cashew kernels WW320, BRCGS site only",
    "IQF tunnel with cold store, HACCP",
    "USD 2 million, equity or long loan",
    "Any modern technology, all sectors",
    "Crop index insurance bundled with loans",
    "Ultrafiltration membranes for muddy water",
    "Solar rooftop with battery, ISO 9001",
};
#define TEXTS (sizeof texts / sizeof *texts)

static const char *const hs_codes[] = {"10", "1006", "100630", "0801", "080132", "310420", "84"};
#define HS_CODES (sizeof hs_codes / sizeof *hs_codes)

/* A quarter of all sectors, so that random companies have something to do with each other. */
static uint8_t sector_random(const struct model *m, uint64_t *seed)
{
    return (uint8_t)model_sector_at(m, (int)random_below(seed, (size_t)model_sector_count(m) / 4));
}

static struct need need_random(const struct model *m, uint64_t *seed)
{
    struct need n = {.kind = (uint8_t)random_below(seed, KIND_COUNT),
                     .sector = sector_random(m, seed),
                     .text = text_of(texts[random_below(seed, TEXTS)])};
    for (size_t i = random_below(seed, 3); n.kind == KIND_GOODS && i > 0; i--)
        n.hs[n.hs_count++] = text_of(hs_codes[random_below(seed, HS_CODES)]);
    return n;
}

void profile_random(const struct model *m, uint64_t *seed, struct profile *ret)
{
    static const char *const langs[] = {"khm", "eng", "fra", "zho", "vie", "tha"};
    static const char markets[][3] = {"KH", "CA", "US", "FR", "JP"};
    static const struct text_ref certs[] = {{"haccp", 5}, {"brcgs", 5}, {"iso-9001", 8}};
    *ret = profile_of((enum country)random_below(seed, COUNTRY_COUNT), 0, "A company");
    for (size_t i = 0; i < IDENT_BYTES; i++)
        ret->id[i] = (uint8_t)random_next(seed);
    ret->region = ret->country == COUNTRY_KH ? 1 + (int)random_below(seed, 25)
                                             : 26 + (int)random_below(seed, 13);
    for (size_t i = random_below(seed, 4); i > 0; i--)
        ret->sectors[ret->sector_count++] = sector_random(m, seed);
    for (size_t i = random_below(seed, 4); i > 0; i--)
        profile_lang(ret, langs[random_below(seed, sizeof langs / sizeof *langs)],
                     (enum level)(LEVEL_BASIC + random_below(seed, 3)));
    for (size_t i = random_below(seed, 5); i > 0; i--)
        ret->offers[ret->offer_count++] = need_random(m, seed);
    for (size_t i = random_below(seed, 5); i > 0; i--)
        ret->seeks[ret->seek_count++] = need_random(m, seed);
    for (size_t i = random_below(seed, 3); i > 0; i--)
        ret->descriptions[ret->description_count++] = text_of(texts[random_below(seed, TEXTS)]);
    ret->markets = markets;
    ret->market_count = random_below(seed, 6);
    ret->certifications = certs;
    ret->certification_count = random_below(seed, 4);
    if (random_below(seed, 3) > 0)
        ret->employees = (int64_t)(1u << random_below(seed, 13));
    if (random_below(seed, 2) > 0)
        ret->verified = TODAY - (int32_t)random_below(seed, 1500);
}

struct index *profiles_index(const struct model *m, uint64_t seed, int count)
{
    struct index_writer *w = index_writer_new(m);
    struct index *ix = NULL;
    struct buf b;
    int rc = w == NULL ? -1 : 0;
    buf_init(&b, PACKED_MAX);
    for (int i = 0; i < count && rc == 0; i++) {
        struct profile p;
        profile_random(m, &seed, &p);
        buf_reset(&b);
        profile_pack(m, &p, &b);
        rc = index_writer_put(w, b.data, b.len);
    }
    if (rc == 0)
        ix = index_writer_publish(w, 1);
    buf_done(&b);
    index_writer_free(w);
    return ix;
}
