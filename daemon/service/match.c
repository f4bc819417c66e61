#include "match.h"
#include "match_write.h"
#include "nouns.h"
#include "view.h"

#include <spean/clock.h>
#include <stdlib.h>
#include <string.h>

/* Matches: answered at once from this worker's snapshot of the index. */

bool match_index_missing(struct request *r)
{
    if (r->s->index)
        return false;
    request_refuse(r, REASON_INDEX_LOADING);
    return true;
}

enum model_lang match_lang(const struct request *r)
{
    const char *code = param_string(r->params, "lang", "eng");
    int lang = model_lang_parse(code, strlen(code));

    return lang < 0 ? LANG_ENG : (enum model_lang)lang;
}

/* What both answers end with. */
static void write_origin(const struct request *r, struct json_writer *w)
{
    jw_key_int(w, "seq", (int64_t)index_seq(r->s->index));
    jw_key_text(w, "weights_version", model_version(r->s->o.model));
}

void match_retail(struct service *s)
{
    int n = snprintf(s->tail, sizeof s->tail, ",\"seq\":%llu,\"weights_version\":\"%s\"}",
                     (unsigned long long)index_seq(s->index), model_version(s->o.model));

    s->tail_len = n < 0 ? 0 : (size_t)n;
}

/* ---- match.list ---- */

/* 0, or -1 when the call was answered. */
static int match_filter(struct request *r, struct index_filter *ret)
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

static int32_t match_least(const struct request *r)
{
    double least = param_number(r->params, "min_score", 0) * 100;
    int32_t total = (int32_t)least;

    return total < least - 1e-6 ? total + 1 : total; /* 87.251 asks for 87.26 and above */
}

int match_question(struct request *r, struct question *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->limit = (int32_t)param_int(r->params, "limit", MATCH_LIMIT_PRESET);
    ret->min_total = match_least(r);
    ret->lang = (int32_t)match_lang(r);
    return match_filter(r, &ret->filter);
}

/* An answer that is kept: the same for everybody but for its end. */
static void match_repeat(struct request *r, const struct answer *kept)
{
    struct buf *b = request_buffer(r);
    size_t len;
    const char *json = answer_json(kept, &len);

    buf_add(b, json, len);
    buf_add(b, r->s->tail, r->s->tail_len);
    request_result(r);
}

static void match_compute(struct request *r, const void *a, const struct question *q, int32_t today)
{
    struct service *s = r->s;
    struct index_hit hits[MATCH_LIMIT_MAX];
    struct match_words say;
    struct json_writer w;
    struct buf *b = request_buffer(r);
    struct finding found = {.hits = hits};

    found.count =
        index_search(s->index, s->room, a, today, &q->filter, q->min_total, (size_t)q->limit, hits);
    match_words_init(&say, s->o.model, (enum model_lang)q->lang, today);
    jw_init(&w, b);
    jw_object(&w);
    match_write_list(&w, &say, a, hits, found.count);
    match_words_done(&say);
    if (!b->failed) {
        found.json = b->data;
        found.len = b->len;
        struct answer *kept = answers_keep(s->answers, q, &found, s->index, today);
        if (kept)
            match_learn(r, kept);
    }
    buf_add(b, s->tail, s->tail_len);
    request_result(r);
}

static void match_search(struct request *r)
{
    int32_t today = clock_today();
    struct answer *kept;
    struct question q;
    const void *a;

    if (match_index_missing(r))
        return;
    a = match_company(r);
    if (!a || match_question(r, &q))
        return;
    memcpy(q.company, packed_id(a), IDENT_BYTES);
    kept = answers_find(r->s->answers, &q, r->s->index, today);
    if (!kept) {
        match_compute(r, a, &q, today);
        return;
    }
    match_learn(r, kept);
    match_repeat(r, kept);
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
    else if (r->s->stopping) /* nothing follows the changes any more */
        match_late(r);
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
    if (explain_excluded(r->s->o.model, a, b, why, match_lang(r), &sentence) && sentence.no_memory)
        buf_starve(w->out);
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
    struct match_words say;
    struct json_writer w;
    struct score score;
    const void *a, *b;

    if (match_index_missing(r))
        return;
    a = explain_company(r, "a");
    b = explain_company(r, "b");
    if (!a || !b) {
        request_refuse(r, REASON_COMPANY);
        return;
    }
    match_words_init(&say, r->s->o.model, match_lang(r), clock_today());
    score_pair(r->s->o.model, a, b, say.today, &score);
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    match_write(&w, &say, a, b, &score);
    match_words_done(&say);
    write_excluded(r, &w, a, b, score.total);
    write_origin(r, &w);
    jw_object_end(&w);
    request_result(r);
}
