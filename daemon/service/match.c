#include "nouns.h"
#include "view.h"

#include <spean/clock.h>
#include <stdlib.h>
#include <string.h>

/* Matches: answered at once from this worker's snapshot of the index. */

/* Nothing can be said before the first index has come. */
static bool index_missing(struct request *r)
{
    if (r->s->index)
        return false;
    request_refuse(r, REASON_INDEX_LOADING);
    return true;
}

static enum model_lang match_lang(const struct request *r)
{
    const char *code = param_string(r->params, "lang", "eng");
    int lang = model_lang_parse(code, strlen(code));

    return lang < 0 ? LANG_ENG : (enum model_lang)lang;
}

static void write_factors(struct request *r, struct json_writer *w, const void *a, const void *b,
                          const struct score *score)
{
    const struct model *m = r->s->o.model;
    enum model_lang lang = match_lang(r);
    struct buf reason;

    buf_init(&reason, 8192);
    jw_key(w, "factors");
    jw_array(w);
    for (int f = 0; f < FACTOR_COUNT; f++) {
        buf_reset(&reason);
        if (explain_factor(m, a, b, clock_today(), (enum factor)f, lang, &reason))
            buf_reset(&reason);
        jw_object(w);
        jw_key_text(w, "name", factor_name((enum factor)f));
        jw_key(w, "value");
        jw_hundredths(w, score->factors[f].value);
        jw_key(w, "weight");
        jw_hundredths(w, score->factors[f].weight);
        jw_key(w, "reason");
        jw_string(w, reason.data ? reason.data : "", reason.len);
        jw_object_end(w);
    }
    jw_array_end(w);
    buf_done(&reason);
}

/* The members of one match, seen from a. */
static void write_match(struct request *r, struct json_writer *w, const void *a, const void *b,
                        const struct score *score)
{
    jw_key(w, "company");
    view_packed(w, r->s->o.model, b, true);
    jw_key(w, "score");
    jw_hundredths(w, score->total);
    jw_key(w, "a_to_b");
    jw_hundredths(w, score->a_to_b);
    jw_key(w, "b_to_a");
    jw_hundredths(w, score->b_to_a);
    jw_key_text(w, "language", score->language[0] ? score->language : NULL);
    write_factors(r, w, a, b, score);
}

/* What both answers end with. */
static void write_origin(const struct request *r, struct json_writer *w)
{
    jw_key_int(w, "seq", (int64_t)index_seq(r->s->index));
    jw_key_text(w, "weights_version", model_version(r->s->o.model));
}

/* ---- match.list ---- */

/* 0, or -1 when the call was answered. */
static int read_filter(struct request *r, struct index_filter *ret)
{
    const json_t *filter = param_value(r->params, "filter");
    const char *sector = param_string(filter, "sector", NULL);
    const char *region = param_string(filter, "region", NULL);
    const char *kind = param_string(filter, "kind", NULL);
    const char *lang = param_string(filter, "lang", NULL);
    const struct model *m = r->s->o.model;

    *ret = (struct index_filter){.kind = -1};
    if (sector && !(ret->sector = model_sector(m, sector, strlen(sector)))) {
        request_bad_param(r, "filter.sector", "is no sector code");
        return -1;
    }
    if (region && !(ret->region = model_region(m, region, strlen(region)))) {
        request_bad_param(r, "filter.region", "is no region code");
        return -1;
    }
    if (kind)
        ret->kind = kind_parse(kind, strlen(kind));
    if (lang)
        memcpy(ret->lang, lang, 3);
    return 0;
}

/* The packed company that the call is about; NULL when it was answered. */
static const void *match_company(struct request *r)
{
    struct company_ref ref;
    const void *found;

    if (company_ref_read(r, &ref))
        return NULL;
    if (ref.id[0])
        found = index_get(r->s->index, ref.bytes);
    else
        found = index_get_external(
            r->s->index, (struct text_ref){.s = ref.system, .len = strlen(ref.system)},
            (struct text_ref){.s = ref.external, .len = strlen(ref.external)});
    if (!found)
        request_refuse(r, REASON_COMPANY);
    return found;
}

static void match_answer(struct request *r, const void *a, const struct index_hit *hits,
                         size_t count)
{
    struct json_writer w;

    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key(&w, "company");
    view_packed(&w, r->s->o.model, a, false);
    jw_key(&w, "matches");
    jw_array(&w);
    for (size_t i = 0; i < count; i++) {
        jw_object(&w);
        write_match(r, &w, a, hits[i].packed, &hits[i].score);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    write_origin(r, &w);
    jw_object_end(&w);
    request_result(r);
}

static void match_search(struct request *r)
{
    size_t limit = (size_t)param_int(r->params, "limit", MATCH_LIMIT_PRESET);
    double least = param_number(r->params, "min_score", 0) * 100;
    struct index_filter filter;
    struct index_hit *hits;
    const void *a;

    if (index_missing(r))
        return;
    a = match_company(r);
    if (!a || read_filter(r, &filter))
        return;
    hits = calloc(limit, sizeof *hits);
    if (!hits) {
        request_internal(r, "memory");
        return;
    }
    int32_t min_total = (int32_t)least;
    if (min_total < least - 1e-6) /* 87.251 asks for 87.26 and above */
        min_total++;
    size_t count = index_search(r->s->index, a, clock_today(), &filter, min_total, limit, hits);
    match_answer(r, a, hits, count);
    free(hits);
}

static void match_late(struct request *r)
{
    request_refuse(r, REASON_INDEX_BEHIND);
}

/* Runs when the index has come as far as the client wants. */
static void match_ready(struct request *r)
{
    uint64_t wanted = (uint64_t)param_int(r->params, "min_seq", 0);

    if (!r->s->index || index_seq(r->s->index) >= wanted)
        match_search(r);
    else
        request_wait(r, WAKE_INDEX, r->deadline_ms, match_ready, match_late);
}

void match_list(struct request *r)
{
    match_ready(r);
}

/* ---- match.explain ---- */

static const char *const excluded_words[] = {
    [EXCLUDED_NOT] = NULL,
    [EXCLUDED_SAME_COMPANY] = "same_company",
    [EXCLUDED_SAME_COUNTRY] = "same_country",
    [EXCLUDED_NOT_PUBLISHED] = "not_published",
    [EXCLUDED_EXPIRED] = "expired",
    [EXCLUDED_ZERO] = "zero_score",
};

static void write_excluded(struct request *r, struct json_writer *w, const void *a, const void *b,
                           int32_t total)
{
    enum excluded why = match_excluded(a, b, clock_today(), total);
    struct buf sentence;

    jw_key(w, "suggested");
    jw_bool(w, why == EXCLUDED_NOT);
    jw_key(w, "excluded");
    if (why == EXCLUDED_NOT) {
        jw_null(w);
        return;
    }
    buf_init(&sentence, 8192);
    if (explain_excluded(r->s->o.model, a, b, why, match_lang(r), &sentence))
        buf_reset(&sentence);
    jw_object(w);
    jw_key_text(w, "reason", excluded_words[why]);
    jw_key(w, "sentence");
    jw_string(w, sentence.data ? sentence.data : "", sentence.len);
    jw_object_end(w);
    buf_done(&sentence);
}

static const void *explain_company(struct request *r, const char *name)
{
    const char *id = param_string(r->params, name, "");
    uint8_t bytes[IDENT_BYTES];

    if (ident_parse(id, strlen(id), bytes))
        return NULL;
    return index_get(r->s->index, bytes);
}

void match_explain(struct request *r)
{
    struct json_writer w;
    struct score score;
    const void *a, *b;

    if (index_missing(r))
        return;
    a = explain_company(r, "a");
    b = explain_company(r, "b");
    if (!a || !b) {
        request_refuse(r, REASON_COMPANY);
        return;
    }
    score_pair(r->s->o.model, a, b, clock_today(), &score);
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    write_match(r, &w, a, b, &score);
    write_excluded(r, &w, a, b, score.total);
    write_origin(r, &w);
    jw_object_end(&w);
    request_result(r);
}
