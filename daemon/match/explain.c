#include "pair.h"

#include <spean/buf.h>

/* The sentences of each factor. */

#define WHAT_MAX 4096 /* bytes of a part of a sentence */

struct telling {
    const struct model *m;
    const struct view *v[2]; /* a, b */
    struct text_ref name[2];
    enum model_lang lang;
    struct buf *out;
    struct buf *what; /* room for a part of a sentence */
    size_t start;     /* where this telling began in out */
};

static struct message_arg arg_text(enum holder holder, struct text_ref t)
{
    return (struct message_arg){holder, t.s, t.len};
}

static struct message_arg arg_str(enum holder holder, const char *s)
{
    s = s == NULL ? "" : s;
    return (struct message_arg){holder, s, strlen(s)};
}

static struct message_arg arg_name(const struct telling *t, enum holder holder,
                                   const struct view *v)
{
    return arg_text(holder, t->name[v == t->v[1]]);
}

static struct message_arg arg_sector(const struct telling *t, enum holder holder, uint8_t id)
{
    return arg_str(holder, model_sector_title(t->m, id, t->lang));
}

#define ARG_END ((struct message_arg){HOLDER_NONE, NULL, 0})

/* One more whole sentence. */
static int tell(const struct telling *t, enum message msg, const struct message_arg *args)
{
    if (t->out->len > t->start && buf_addc(t->out, ' ') < 0)
        return -1;
    return message_format(t->m, t->lang, msg, args, t->out);
}

/* The number in digits; out is returned. */
static const char *number_text(unsigned v, char out[16])
{
    char digits[16];
    size_t n = 0, at = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    while (n > 0)
        out[at++] = digits[--n];
    out[at] = '\0';
    return out;
}

/* The HS codes of a need, those that the other need shares first; at most three. */
static void hs_list(const struct need_view *n, const struct need_view *other, char out[32])
{
    size_t len = 0, told = 0;
    out[0] = '\0';
    for (int shared = 1; shared >= 0; shared--)
        for (size_t i = 0; i < n->hs_count && told < 3; i++) {
            bool common = false;
            for (size_t k = 0; other != NULL && k < other->hs_count; k++)
                common |= hs_common(n->hs[i], other->hs[k]) >= 4;
            if (common != (shared == 1))
                continue;
            if (told++ > 0) {
                memcpy(out + len, ", ", 2);
                len += 2;
            }
            len += hs_format(n->hs[i], out + len); /* three of six digits, and what parts them */
        }
}

/* "x wants to buy “...” (HS 1006)." plain: the sector alone says what. */
static int tell_need(const struct telling *t, const struct view *x, const struct need_view *n,
                     const struct need_view *other, bool plain)
{
    struct buf *what = t->what;
    char hs[32];
    hs_list(n, other, hs);
    if (plain)
        hs[0] = '\0';
    buf_reset(what);
    bool text = n->text.len > 0 && !plain;
    enum message msg = text            ? hs[0] != '\0' ? MSG_WHAT_TEXT_HS : MSG_WHAT_TEXT
                       : hs[0] != '\0' ? MSG_WHAT_SECTOR_HS
                                       : MSG_WHAT_SECTOR;
    struct message_arg inner[] = {arg_text(HOLDER_TEXT, n->text), arg_str(HOLDER_HS, hs),
                                  arg_sector(t, HOLDER_SECTOR, n->sector), ARG_END};
    int rc = message_format(t->m, t->lang, msg, inner, what);
    if (rc < 0)
        return rc;
    struct message_arg args[] = {
        arg_name(t, HOLDER_X, x), {HOLDER_WHAT, what->data, what->len}, ARG_END};
    return tell(t, (enum message)(MSG_OFFER_GOODS + n->role), args);
}

/* True if both offer the same thing: rivals, if nothing else binds them. */
static uint8_t rival_sector(const struct telling *t)
{
    for (size_t i = 0; i < t->v[0]->offer_count; i++)
        for (size_t k = 0; k < t->v[1]->offer_count; k++) {
            const struct need_view *x = &t->v[0]->needs[i], *y = &t->v[1]->needs[k];
            if (x->kind == y->kind && x->sector == y->sector)
                return x->sector;
        }
    return 0;
}

static int tell_no_need(const struct telling *t)
{
    uint8_t sector = rival_sector(t);
    struct message_arg args[] = {arg_name(t, HOLDER_A, t->v[0]), arg_name(t, HOLDER_B, t->v[1]),
                                 arg_sector(t, HOLDER_SECTOR, sector), ARG_END};
    return tell(t, sector != 0 ? MSG_NEED_RIVALS : MSG_NEED_NONE, args);
}

static int tell_needs(const struct telling *t, const struct need_result *r)
{
    struct telling_pick pick;
    const struct meet *best = &pick.meet;
    if (r->best.how == MEET_NONE)
        return tell_no_need(t);
    if (meet_pick(t->m, t->v[0], t->v[1], &r->best, &pick) < 0) {
        buf_starve(t->out); /* else the sentence would only be left out */
        return -1;
    }
    const struct view *x = t->v[best->x_is_b], *y = t->v[!best->x_is_b];
    const struct need_view *n = &x->needs[best->need_x];
    const struct need_view *other = best->how == MEET_NEEDS ? &y->needs[best->need_y] : NULL;
    struct message_arg args[] = {arg_name(t, HOLDER_X, x), arg_name(t, HOLDER_Y, y),
                                 arg_sector(t, HOLDER_SECTOR, best->sector), ARG_END};
    if (best->how != MEET_DESCRIBED && tell_need(t, x, n, other, pick.plain_x) < 0)
        return -1;
    int rc = best->how == MEET_NEEDS    ? tell_need(t, y, other, n, pick.plain_y)
             : best->how == MEET_OWN    ? tell(t, MSG_NEED_OWN, args)
             : best->how == MEET_SERVES ? tell(t, MSG_NEED_SERVES, args)
                                        : tell(t, MSG_NEED_DESCRIBED, args);
    if (rc < 0 || r->others == 0)
        return rc;
    char count[16];
    number_text((unsigned)r->others, count);
    return tell(t, MSG_NEED_MORE, (struct message_arg[]){arg_str(HOLDER_COUNT, count), ARG_END});
}

static int tell_sector(const struct telling *t, const struct sector_result *r)
{
    for (int i = 0; i < 2; i++)
        if (t->v[i]->sector_count == 0)
            return tell(t, MSG_SECTOR_NONE,
                        (struct message_arg[]){arg_name(t, HOLDER_X, t->v[i]), ARG_END});
    uint8_t of_x = r->x_is_b ? r->of_b : r->of_a, of_y = r->x_is_b ? r->of_a : r->of_b;
    struct message_arg args[] = {arg_name(t, HOLDER_A, t->v[0]),
                                 arg_name(t, HOLDER_B, t->v[1]),
                                 arg_name(t, HOLDER_X, t->v[r->x_is_b]),
                                 arg_name(t, HOLDER_Y, t->v[!r->x_is_b]),
                                 arg_sector(t, HOLDER_SECTOR_A, r->of_a),
                                 arg_sector(t, HOLDER_SECTOR_B, r->of_b),
                                 arg_sector(t, HOLDER_SECTOR, of_x),
                                 arg_sector(t, HOLDER_SECTOR_Y, of_y),
                                 ARG_END};
    if (r->value == 0)
        return tell(t, MSG_SECTOR_FAR, args);
    if (r->sought)
        return tell(t, r->of_a == r->of_b ? MSG_SECTOR_SOUGHT : MSG_SECTOR_SOUGHT_CLOSE, args);
    return tell(t, r->of_a == r->of_b ? MSG_SECTOR_SAME : MSG_SECTOR_CLOSE, args);
}

static int tell_language(const struct telling *t, const struct language_result *r)
{
    struct message_arg both[] = {arg_name(t, HOLDER_A, t->v[0]), arg_name(t, HOLDER_B, t->v[1]),
                                 ARG_END};
    if (r->code[0] == '\0') {
        if (!r->unknown_a && !r->unknown_b)
            return tell(t, MSG_LANGUAGE_NONE, both);
        const struct view *x = t->v[!r->unknown_a];
        return tell(t, MSG_LANGUAGE_UNKNOWN,
                    (struct message_arg[]){arg_name(t, HOLDER_X, x), ARG_END});
    }
    struct message_arg args[] = {
        arg_str(HOLDER_LANGUAGE, model_tongue_title(t->m, r->code, t->lang)),
        arg_str(HOLDER_LEVEL, model_level_title(t->m, (enum level)r->level, t->lang)), ARG_END};
    if (tell(t, MSG_LANGUAGE_SHARED, args) < 0)
        return -1;
    if (!r->french)
        return 0;
    bool x_is_b = !t->m->regions[t->v[0]->p[AT_REGION]].french;
    const struct view *x = t->v[x_is_b];
    struct message_arg more[] = {
        arg_name(t, HOLDER_X, x), arg_name(t, HOLDER_Y, t->v[!x_is_b]),
        arg_str(HOLDER_REGION, model_region_title(t->m, x->p[AT_REGION], t->lang)), ARG_END};
    return tell(t, MSG_LANGUAGE_FRENCH, more);
}

static int tell_size(const struct telling *t, const struct practical_result *r)
{
    char count[2][16];
    for (int i = 0; i < 2; i++) {
        const uint8_t *p = t->v[i]->p;
        if ((p[AT_FLAGS] & FLAG_EMPLOYEES) == 0)
            return tell(t, MSG_SIZE_UNKNOWN,
                        (struct message_arg[]){arg_name(t, HOLDER_X, t->v[i]), ARG_END});
        number_text(get32(p + AT_EMPLOYEES), count[i]);
    }
    struct message_arg args[] = {arg_name(t, HOLDER_A, t->v[0]), arg_name(t, HOLDER_B, t->v[1]),
                                 arg_str(HOLDER_COUNT_A, count[0]),
                                 arg_str(HOLDER_COUNT_B, count[1]), ARG_END};
    return tell(t,
                r->size_free               ? MSG_SIZE_FREE
                : r->size >= SCORE_MAX / 2 ? MSG_SIZE_FITS
                                           : MSG_SIZE_APART,
                args);
}

static int tell_exports(const struct telling *t, const struct practical_result *r)
{
    for (int i = 0; i < 2; i++) {
        const uint8_t *p = t->v[i]->p;
        bool to_kh = t->v[!i]->p[AT_COUNTRY] == COUNTRY_KH;
        if (r->exports == t->m->w.export_target &&
            p[AT_FLAGS] & (to_kh ? FLAG_EXPORTS_KH : FLAG_EXPORTS_CA)) {
            const char *country =
                t->m->messages.text[t->lang][to_kh ? MSG_COUNTRY_KH : MSG_COUNTRY_CA].s;
            return tell(t, MSG_EXPORT_TARGET,
                        (struct message_arg[]){arg_name(t, HOLDER_X, t->v[i]),
                                               arg_str(HOLDER_COUNTRY, country), ARG_END});
        }
    }
    for (int i = 0; i < 2; i++)
        if (t->v[i]->p[AT_FLAGS] & FLAG_EXPORTS)
            return tell(t, MSG_EXPORT_SOME,
                        (struct message_arg[]){arg_name(t, HOLDER_X, t->v[i]), ARG_END});
    return tell(t, MSG_EXPORT_NONE,
                (struct message_arg[]){arg_name(t, HOLDER_A, t->v[0]),
                                       arg_name(t, HOLDER_B, t->v[1]), ARG_END});
}

static int tell_checked(const struct telling *t, const struct practical_result *r)
{
    bool x_is_b = !r->checked_a;
    struct message_arg args[] = {arg_name(t, HOLDER_A, t->v[0]), arg_name(t, HOLDER_B, t->v[1]),
                                 arg_name(t, HOLDER_X, t->v[x_is_b]),
                                 arg_name(t, HOLDER_Y, t->v[!x_is_b]), ARG_END};
    return tell(t,
                r->checked_a && r->checked_b   ? MSG_CHECKED_BOTH
                : r->checked_a || r->checked_b ? MSG_CHECKED_ONE
                                               : MSG_CHECKED_NONE,
                args);
}

/* Names of the certificates in the set. */
static int certs_list(const struct model *m, uint64_t certs, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < m->lexicon.concept_count; i++) {
        const struct concept *c = &m->lexicon.concepts[i];
        if (c->class != CONCEPT_CERT || (certs >> c->cert & 1) == 0)
            continue;
        if ((!first && buf_adds(out, ", ") < 0) || buf_adds(out, c->code) < 0)
            return -1;
        first = false;
    }
    return 0;
}

static int tell_certified(const struct telling *t, bool holder_is_b, uint64_t certs,
                          enum message msg)
{
    if (certs == 0)
        return 0;
    struct buf *names = t->what;
    buf_reset(names);
    if (certs_list(t->m, certs, names) < 0)
        return -1;
    struct message_arg args[] = {arg_name(t, HOLDER_X, t->v[holder_is_b]),
                                 arg_name(t, HOLDER_Y, t->v[!holder_is_b]),
                                 {HOLDER_CERTIFICATE, names->data, names->len},
                                 ARG_END};
    return tell(t, msg, args);
}

static int tell_practical(const struct telling *t, const struct practical_result *r)
{
    if (tell_size(t, r) < 0 || tell_exports(t, r) < 0 || tell_checked(t, r) < 0 ||
        tell_certified(t, false, r->certs_have_a, MSG_CERTIFIED_HAS) < 0 ||
        tell_certified(t, true, r->certs_have_b, MSG_CERTIFIED_HAS) < 0 ||
        tell_certified(t, false, r->certs_miss_a, MSG_CERTIFIED_MISSING) < 0)
        return -1;
    return tell_certified(t, true, r->certs_miss_b, MSG_CERTIFIED_MISSING);
}

static int tell_factor(const struct telling *t, const struct pair *pair, enum factor f)
{
    switch (f) {
    case FACTOR_NEED:
        return tell_needs(t, &pair->need);
    case FACTOR_SECTOR:
        return tell_sector(t, &pair->sector);
    case FACTOR_LANGUAGE:
        return tell_language(t, &pair->language);
    case FACTOR_PRACTICAL:
        return tell_practical(t, &pair->practical);
    default:
        return -1;
    }
}

int explain_factor(const struct model *m, const void *a, const void *b, int32_t today,
                   enum factor f, enum model_lang lang, struct buf *out)
{
    struct view x, y;
    struct pair pair;
    view_open(m, a, &x);
    view_open(m, b, &y);
    struct buf what;
    pair_score(m, &x, &y, today, &pair);
    buf_init(&what, WHAT_MAX);
    struct telling t = {m, {&x, &y}, {packed_name(a), packed_name(b)}, lang, out, &what, out->len};
    int rc = tell_factor(&t, &pair, f);
    buf_done(&what);
    return rc;
}

int explain_all(const struct model *m, const void *a, const void *b, int32_t today,
                enum model_lang lang, struct buf *out, size_t ret_ends[FACTOR_COUNT])
{
    struct view x, y;
    struct pair pair;
    struct buf what;
    buf_init(&what, WHAT_MAX);
    view_open(m, a, &x);
    view_open(m, b, &y);
    pair_score(m, &x, &y, today, &pair);
    struct telling t = {m, {&x, &y}, {packed_name(a), packed_name(b)}, lang, out, &what, 0};
    bool no_memory = false;
    int ret = 0;
    for (int f = 0; f < FACTOR_COUNT; f++) {
        t.start = out->len;
        if (tell_factor(&t, &pair, (enum factor)f) < 0) {
            ret = out->failed || what.failed ? -1 : ret;
            no_memory |= out->no_memory || what.no_memory;
            out->len = t.start;
            out->failed = out->no_memory = false;
            if (out->data != NULL)
                out->data[out->len] = '\0';
        }
        ret_ends[f] = out->len;
    }
    buf_done(&what);
    if (no_memory)
        buf_starve(out);
    return ret;
}

int explain_excluded(const struct model *m, const void *a, const void *b, enum excluded why,
                     enum model_lang lang, struct buf *out)
{
    static const enum message messages[] = {
        [EXCLUDED_SAME_COMPANY] = MSG_EXCLUDED_SAME_COMPANY,
        [EXCLUDED_SAME_COUNTRY] = MSG_EXCLUDED_SAME_COUNTRY,
        [EXCLUDED_NOT_PUBLISHED] = MSG_EXCLUDED_NOT_PUBLISHED,
        [EXCLUDED_EXPIRED] = MSG_EXCLUDED_EXPIRED,
        [EXCLUDED_ZERO] = MSG_EXCLUDED_ZERO,
    };
    if (why == EXCLUDED_NOT)
        return 0;
    if (why < EXCLUDED_NOT || why > EXCLUDED_ZERO)
        return -1;
    bool kh = packed_country(a) == COUNTRY_KH;
    const char *country = m->messages.text[lang][kh ? MSG_COUNTRY_KH : MSG_COUNTRY_CA].s;
    struct message_arg args[] = {arg_text(HOLDER_A, packed_name(a)),
                                 arg_text(HOLDER_B, packed_name(b)),
                                 arg_str(HOLDER_COUNTRY, country), ARG_END};
    return message_format(m, lang, messages[why], args, out);
}
