#include "model_in.h"
#include "packed_in.h"

#include <spean/buf.h>

#include <stdlib.h>

/* The writing half: text is read by the lexicon here, once, so that scoring never sees it. */

#define NEED_BYTES_MAX (NEED_HEAD + HS_MAX * 3 + NEED_TOPICS_MAX * 2 + NEED_TEXT_MAX)

struct packed_need {
    uint8_t bytes[NEED_BYTES_MAX];
    size_t len;
};

struct packing {
    const struct model *m;
    const struct profile *p;
    struct buf folded;
    uint8_t head[PACKED_HEAD];
    uint64_t certs, asked;
    uint32_t groups;
    struct packed_need needs[NEEDS_MAX];
};

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put24(uint8_t *p, uint32_t v)
{
    put16(p, v);
    p[2] = (uint8_t)(v >> 16);
}

static void put32(uint8_t *p, uint32_t v)
{
    put24(p, v);
    p[3] = (uint8_t)(v >> 24);
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

/* A byte that a cut may stand before: not inside a character, not before a Khmer sign that hangs
 * on its consonant, nor after the sign that joins two. */
static bool may_cut(const char *s, size_t at)
{
    const unsigned char *u = (const unsigned char *)s + at;
    if ((u[0] & 0xC0) == 0x80)
        return false;
    if (u[0] == 0xE1 && ((u[1] == 0x9E && u[2] >= 0xB4) || (u[1] == 0x9F && u[2] <= 0x93)))
        return false;
    return at < 3 || memcmp(s + at - 3, "\xE1\x9F\x92", 3) != 0;
}

/* The part of text to keep when at most `most` bytes fit: to a blank if one is near. */
static size_t text_keep(const char *s, size_t len, size_t most)
{
    if (len <= most)
        return len;
    size_t n = most;
    while (n > 0 && !may_cut(s, n))
        n--;
    for (size_t i = n; i > n / 2; i--)
        if (s[i] == ' ')
            return i;
    return n;
}

/* Reads one text into set; the lexicon's form of it is made in folded. 0 or -1. */
static int text_read(struct packing *pk, const struct text_ref *text, struct concept_set *set)
{
    if (text->len == 0)
        return 0;
    buf_reset(&pk->folded);
    if (lexicon_fold(&pk->folded, text->s, text->len) < 0)
        return -1;
    if (pk->folded.len > 0)
        lexicon_match(&pk->m->lexicon, pk->folded.data, pk->folded.len, set);
    return 0;
}

struct found {
    uint16_t topics[TOPICS_MAX];
    size_t topic_count;
    uint64_t certs;
    int vague; /* how many ways of being ready for everything */
};

/* Sorts what a text named into topics, certificates and vagueness. */
static void set_sort(struct packing *pk, const struct concept_set *set, size_t topics_max,
                     struct found *ret)
{
    const struct lexicon *lex = &pk->m->lexicon;
    *ret = (struct found){.topic_count = 0};
    for (size_t i = 0; i < lex->concept_count; i++) {
        if ((set->word[i / 64] >> (i % 64) & 1) == 0)
            continue;
        const struct concept *c = &lex->concepts[i];
        if (c->class == CONCEPT_CERT)
            ret->certs |= UINT64_C(1) << c->cert;
        ret->vague += c->class == CONCEPT_VAGUE;
        for (size_t k = 0; k < c->sector_count; k++)
            pk->groups |= 1u << pk->m->sectors[c->sectors[k]].group_no;
        if (c->sector_count > 0 && ret->topic_count < topics_max)
            ret->topics[ret->topic_count++] = (uint16_t)i;
    }
}

/* What the HS codes name, as words of the lexicon such as "hs080132": they speak where text is
 * silent. */
static void hs_read(struct packing *pk, const uint32_t *hs, size_t count, struct concept_set *set)
{
    for (size_t i = 0; i < count; i++) {
        char word[2 + 8] = "hs";
        size_t len = 2 + hs_format(hs[i], word + 2);
        lexicon_match(&pk->m->lexicon, word, len, set);
    }
}

/* Sorted HS codes without repetitions; how many. */
static size_t hs_sort(const struct need *need, uint32_t out[HS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < need->hs_count && i < HS_MAX; i++) {
        uint32_t v = hs_parse(need->hs[i].s, need->hs[i].len);
        size_t at = n;
        while (at > 0 && out[at - 1] > v)
            at--;
        if (v == HS_END || (at > 0 && out[at - 1] == v))
            continue;
        memmove(out + at + 1, out + at, (n - at) * sizeof *out);
        out[at] = v;
        n++;
    }
    return n;
}

static int need_pack(struct packing *pk, const struct need *need, bool seek,
                     struct packed_need *ret)
{
    struct concept_set set = {{0}};
    struct found found;
    uint32_t hs[HS_MAX];
    if (need->kind >= KIND_COUNT || model_sector_code(pk->m, need->sector) == NULL ||
        text_read(pk, &need->text, &set) < 0)
        return -1;
    size_t hs_count = hs_sort(need, hs);
    hs_read(pk, hs, hs_count, &set);
    set_sort(pk, &set, NEED_TOPICS_MAX, &found);
    size_t text = text_keep(need->text.s, need->text.len, NEED_TEXT_MAX);
    uint8_t *p = ret->bytes;
    p[0] = need->kind;
    p[1] = need->sector;
    p[2] = found.vague > 0 ? NEED_VAGUE : 0;
    p[3] = (uint8_t)hs_count;
    p[4] = (uint8_t)found.topic_count;
    p[5] = (uint8_t)text;
    p += NEED_HEAD;
    for (size_t i = 0; i < hs_count; i++, p += 3)
        put24(p, hs[i]);
    for (size_t i = 0; i < found.topic_count; i++, p += 2)
        put16(p, found.topics[i]);
    if (text > 0)
        memcpy(p, need->text.s, text);
    ret->len = (size_t)(p - ret->bytes) + text;
    pk->groups |= 1u << pk->m->sectors[need->sector].group_no;
    /* Who wants to learn about a certificate, or a machine for it, does not ask others for it. */
    if (seek && need->kind != KIND_TRAINING && need->kind != KIND_TECHNOLOGY)
        pk->asked |= found.certs;
    return 0;
}

static int need_compare(const void *a, const void *b)
{
    const struct packed_need *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int c = memcmp(x->bytes, y->bytes, n);
    return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

static int needs_pack(struct packing *pk, const struct need *needs, size_t count, bool seek,
                      struct buf *out)
{
    if (count > NEEDS_MAX)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (need_pack(pk, &needs[i], seek, &pk->needs[i]) < 0)
            return -1;
    qsort(pk->needs, count, sizeof *pk->needs, need_compare);
    for (size_t i = 0; i < count; i++)
        if (buf_add(out, pk->needs[i].bytes, pk->needs[i].len) < 0)
            return -1;
    return 0;
}

/* Languages sorted by code, each once with its best level. */
static int langs_pack(struct packing *pk, struct buf *out)
{
    struct tongue langs[LANGS_MAX];
    size_t n = 0;
    if (pk->p->lang_count > LANGS_MAX)
        return -1;
    for (size_t i = 0; i < pk->p->lang_count; i++) {
        const struct tongue *l = &pk->p->langs[i];
        size_t at = 0;
        while (at < n && memcmp(langs[at].code, l->code, 3) < 0)
            at++;
        if (at < n && memcmp(langs[at].code, l->code, 3) == 0) {
            if (l->level > langs[at].level)
                langs[at].level = l->level;
            continue;
        }
        memmove(langs + at + 1, langs + at, (n - at) * sizeof *langs);
        langs[at] = *l;
        n++;
    }
    pk->head[AT_LANG_COUNT] = (uint8_t)n;
    for (size_t i = 0; i < n; i++)
        if (buf_add(out, langs[i].code, 3) < 0 || buf_addc(out, (char)langs[i].level) < 0)
            return -1;
    return 0;
}

/* What descriptions and certificates say. */
static int topics_pack(struct packing *pk, struct buf *out)
{
    struct concept_set set = {{0}};
    struct found found;
    for (size_t i = 0; i < pk->p->certification_count; i++)
        if (text_read(pk, &pk->p->certifications[i], &set) < 0)
            return -1;
    set_sort(pk, &set, TOPICS_MAX, &found);
    pk->certs = found.certs;
    memset(&set, 0, sizeof set);
    for (size_t i = 0; i < pk->p->description_count; i++)
        if (text_read(pk, &pk->p->descriptions[i], &set) < 0)
            return -1;
    set_sort(pk, &set, TOPICS_MAX, &found);
    if (found.vague > 1) /* one big word may slip into any description */
        pk->head[AT_FLAGS] |= FLAG_VAGUE;
    pk->head[AT_TOPIC_COUNT] = (uint8_t)found.topic_count;
    for (size_t i = 0; i < found.topic_count; i++) {
        uint8_t two[2];
        put16(two, found.topics[i]);
        if (buf_add(out, two, 2) < 0)
            return -1;
    }
    return 0;
}

static int names_pack(struct packing *pk, struct buf *out)
{
    const struct profile *p = pk->p;
    size_t name = text_keep(p->name.s, p->name.len, NAME_BYTES_MAX);
    size_t city = text_keep(p->city.s, p->city.len, CITY_BYTES_MAX);
    put16(pk->head + AT_NAME_LEN, (uint32_t)name);
    put16(pk->head + AT_CITY_LEN, (uint32_t)city);
    if (buf_add(out, p->name.s, name) < 0 || buf_add(out, p->city.s, city) < 0 ||
        p->external_count > EXTERNAL_MAX)
        return -1;
    pk->head[AT_EXTERNAL_COUNT] = (uint8_t)p->external_count;
    for (size_t i = 0; i < p->external_count; i++) {
        const struct external *e = &p->externals[i];
        uint8_t lengths[4];
        if (e->system.len > EXTERNAL_BYTES_MAX || e->id.len > EXTERNAL_BYTES_MAX)
            return -1;
        put16(lengths, (uint32_t)e->system.len);
        put16(lengths + 2, (uint32_t)e->id.len);
        if (buf_add(out, lengths, 4) < 0 || buf_add(out, e->system.s, e->system.len) < 0 ||
            buf_add(out, e->id.s, e->id.len) < 0)
            return -1;
    }
    return 0;
}

static int sectors_pack(struct packing *pk)
{
    const struct profile *p = pk->p;
    uint8_t *sectors = pk->head + AT_SECTORS;
    size_t n = 0;
    if (p->sector_count > SECTORS_MAX)
        return -1;
    for (size_t i = 0; i < p->sector_count; i++) {
        uint8_t id = p->sectors[i];
        if (model_sector_code(pk->m, id) == NULL)
            return -1;
        pk->groups |= 1u << pk->m->sectors[id].group_no;
        size_t at = 1; /* the main sector stays first, the others are sorted */
        while (at < n && sectors[at] < id)
            at++;
        if (memchr(sectors, id, n) != NULL)
            continue;
        if (n == 0)
            at = 0;
        memmove(sectors + at + 1, sectors + at, n - (at < n ? at : n));
        sectors[at] = id;
        n++;
    }
    pk->head[AT_SECTOR_COUNT] = (uint8_t)n;
    return 0;
}

static void head_pack(struct packing *pk)
{
    const struct profile *p = pk->p;
    uint8_t *h = pk->head;
    h[0] = 'S';
    h[1] = 'P';
    h[AT_FORMAT] = PACKED_FORMAT;
    memcpy(h + AT_ID, p->id, IDENT_BYTES);
    put32(h + AT_VALID, (uint32_t)p->valid_until);
    put32(h + AT_VERIFIED, (uint32_t)p->verified);
    put32(h + AT_UPDATED, (uint32_t)p->updated);
    h[AT_COUNTRY] = (uint8_t)p->country;
    h[AT_STATUS] = (uint8_t)p->status;
    h[AT_REGION] = (uint8_t)p->region;
    h[AT_OFFER_COUNT] = (uint8_t)p->offer_count;
    h[AT_SEEK_COUNT] = (uint8_t)p->seek_count;
    if (p->employees >= 0) {
        h[AT_FLAGS] |= FLAG_EMPLOYEES;
        put32(h + AT_EMPLOYEES, (uint32_t)(p->employees > 100000000 ? 100000000 : p->employees));
    }
    for (size_t i = 0; i < p->market_count; i++) {
        h[AT_FLAGS] |= FLAG_EXPORTS;
        if (strcmp(p->markets[i], "KH") == 0)
            h[AT_FLAGS] |= FLAG_EXPORTS_KH;
        if (strcmp(p->markets[i], "CA") == 0)
            h[AT_FLAGS] |= FLAG_EXPORTS_CA;
    }
}

int packed_make(const struct model *m, const struct profile *p, struct buf *out)
{
    int rc = -2;
    struct buf body;
    struct packing *pk = calloc(1, sizeof *pk);
    buf_init(&body, PACKED_MAX - PACKED_HEAD);
    if (pk == NULL || p->country >= COUNTRY_COUNT || p->region < 0 || p->region >= REGION_IDS)
        goto out;
    pk->m = m;
    pk->p = p;
    buf_init(&pk->folded, 256u << 10);
    head_pack(pk);
    if (sectors_pack(pk) < 0 || langs_pack(pk, &body) < 0 || topics_pack(pk, &body) < 0 ||
        needs_pack(pk, p->offers, p->offer_count, false, &body) < 0 ||
        needs_pack(pk, p->seeks, p->seek_count, true, &body) < 0 || names_pack(pk, &body) < 0)
        goto out;
    put64(pk->head + AT_CERTS, pk->certs);
    put64(pk->head + AT_CERTS_ASKED, pk->asked);
    put32(pk->head + AT_GROUPS, pk->groups);
    put32(pk->head + AT_LENGTH, (uint32_t)(PACKED_HEAD + body.len));
    if (buf_add(out, pk->head, PACKED_HEAD) < 0 || buf_add(out, body.data, body.len) < 0)
        goto out;
    rc = 0;
out:
    if (pk == NULL || pk->folded.no_memory || body.no_memory || out->no_memory)
        rc = -1;
    if (pk != NULL)
        buf_done(&pk->folded);
    buf_done(&body);
    free(pk);
    return rc;
}
