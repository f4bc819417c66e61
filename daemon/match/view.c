#include "view.h"

/* Adds id to a small set unless it is full or has it. */
static void set_add(uint8_t *set, uint8_t *count, size_t most, uint8_t id)
{
    if (*count < most && memchr(set, id, *count) == NULL)
        set[(*count)++] = id;
}

/* Calls for every sector of the topics at p. Topics that the model does not know are passed over:
 * bytes of another model's making must not harm. */
static const struct concept *topic_get(const struct model *m, uint16_t topic)
{
    return topic < m->lexicon.concept_count ? &m->lexicon.concepts[topic] : NULL;
}

/* A need in a whole group is narrowed to the leaves of it that its own text, or else the company's
 * description, names. */
static void core_fill(const struct model *m, const uint8_t *leaves, size_t count,
                      struct need_view *n)
{
    for (size_t i = 0; i < count; i++)
        if (m->sectors[leaves[i]].group == n->sector && leaves[i] != n->sector)
            set_add(n->core, &n->core_count, CORE_MAX - 1, leaves[i]);
}

static void core_find(const struct model *m, const struct view *v, const uint8_t *all,
                      size_t all_count, struct need_view *n)
{
    n->core_count = 0;
    n->core_close = 1000;
    if (m->sectors[n->sector].group == n->sector) {
        core_fill(m, n->named, n->named_count, n);
        if (n->core_count == 0)
            core_fill(m, all, all_count, n);
        if (n->core_count == 0)
            core_fill(m, v->sectors, v->sector_count, n);
        if (n->core_count > 0)
            n->core_close = (uint16_t)m->w.close_refined;
    }
    n->core[n->core_count++] = n->sector;
}

static uint16_t need_specific(const struct model *m, const struct view *v,
                              const struct need_view *n, bool vague)
{
    int32_t s = 1000;
    bool group = m->sectors[n->sector].group == n->sector;
    if (vague && m->w.fit_vague < s)
        s = m->w.fit_vague;
    if (group && n->core_count == 1 && n->hs_count == 0 && n->kind != KIND_CAPITAL &&
        m->w.fit_broad < s)
        s = m->w.fit_broad;
    if (v->p[AT_FLAGS] & FLAG_VAGUE)
        s = s * m->w.fit_vague_company / 1000;
    return (uint16_t)s;
}

/* Unfolds one need; returns its bytes. */
static size_t need_open(const struct model *m, const struct view *v, const uint8_t *p,
                        const uint8_t *all, size_t all_count, enum side side, struct need_view *n)
{
    n->kind = p[0];
    n->role = (uint8_t)(side * KIND_COUNT + p[0]);
    n->sector = p[1];
    n->hs_count = p[3];
    n->topic_count = p[4];
    const uint8_t *at = p + NEED_HEAD;
    for (size_t i = 0; i < n->hs_count; i++, at += 3)
        n->hs[i] = get24(at);
    n->named_count = 0;
    for (size_t i = 0; i < n->topic_count; i++, at += 2) {
        n->topics[i] = get16(at);
        const struct concept *c = topic_get(m, n->topics[i]);
        for (size_t k = 0; c != NULL && k < c->sector_count; k++)
            /* In a need of capital, words of finance say how, not what for. */
            if (c->sectors[k] != n->sector &&
                (n->kind != KIND_CAPITAL || !m->sectors[c->sectors[k]].finance))
                set_add(n->named, &n->named_count, TEXT_SECTORS, c->sectors[k]);
    }
    n->text = (struct text_ref){(const char *)at, p[5]};
    core_find(m, v, all, all_count, n);
    n->specific = need_specific(m, v, n, (p[2] & NEED_VAGUE) != 0);
    return (size_t)(at - p) + p[5];
}

void view_open(const struct model *m, const void *packed, struct view *ret)
{
    const uint8_t *p = packed;
    ret->p = p;
    ret->sector_count = p[AT_SECTOR_COUNT];
    ret->sectors = p + AT_SECTORS;
    ret->lang_count = p[AT_LANG_COUNT];
    ret->langs = p + PACKED_HEAD;
    ret->offer_count = p[AT_OFFER_COUNT];
    ret->need_count = ret->offer_count + p[AT_SEEK_COUNT];
    const uint8_t *at = ret->langs + ret->lang_count * 4;
    uint8_t all[TOPIC_SECTORS], all_count = 0, described = 0;
    for (size_t i = 0; i < p[AT_TOPIC_COUNT]; i++, at += 2) {
        const struct concept *c = topic_get(m, get16(at));
        for (size_t k = 0; c != NULL && k < c->sector_count; k++) {
            set_add(all, &all_count, TOPIC_SECTORS, c->sectors[k]);
            if (memchr(ret->sectors, c->sectors[k], ret->sector_count) == NULL)
                set_add(ret->described, &described, TOPIC_SECTORS, c->sectors[k]);
        }
    }
    ret->described_count = described;
    for (size_t i = 0; i < ret->need_count; i++)
        at += need_open(m, ret, at, all, all_count, i < ret->offer_count ? SIDE_OFFER : SIDE_SEEK,
                        &ret->needs[i]);
}
