#include "match_write.h"

#include "view.h"

void match_words_init(struct match_words *w, const struct model *m, enum model_lang lang,
                      int32_t today)
{
    *w = (struct match_words){.model = m, .lang = lang, .today = today};
    buf_init(&w->reasons, 32768);
}

void match_words_done(struct match_words *w)
{
    buf_done(&w->reasons);
}

static void write_factors(struct json_writer *w, struct match_words *say, const void *a,
                          const void *b, const struct score *score)
{
    struct buf *reasons = &say->reasons;
    size_t ends[FACTOR_COUNT], at = 0;

    buf_reset(reasons);
    /* No answer rather than a score that does not say why. */
    if (explain_all(say->model, a, b, say->today, say->lang, reasons, ends))
        w->out->failed = true;
    if (w->out->failed && reasons->no_memory)
        buf_starve(w->out);
    jw_key(w, "factors");
    jw_array(w);
    for (int f = 0; f < FACTOR_COUNT; at = ends[f++]) {
        jw_object(w);
        jw_key_text(w, "name", factor_name((enum factor)f));
        jw_key(w, "value");
        jw_hundredths(w, score->factors[f].value);
        jw_key(w, "weight");
        jw_hundredths(w, score->factors[f].weight);
        jw_key(w, "reason");
        jw_string(w, reasons->data ? reasons->data + at : "", ends[f] - at);
        jw_object_end(w);
    }
    jw_array_end(w);
}

void match_write(struct json_writer *w, struct match_words *say, const void *a, const void *b,
                 const struct score *score)
{
    jw_key(w, "company");
    view_packed(w, say->model, b, true);
    jw_key(w, "score");
    jw_hundredths(w, score->total);
    jw_key(w, "a_to_b");
    jw_hundredths(w, score->a_to_b);
    jw_key(w, "b_to_a");
    jw_hundredths(w, score->b_to_a);
    jw_key_text(w, "language", score->language[0] ? score->language : NULL);
    write_factors(w, say, a, b, score);
}

void match_write_list(struct json_writer *w, struct match_words *say, const void *a,
                      const struct index_hit *hits, size_t count)
{
    jw_key(w, "company");
    view_packed(w, say->model, a, false);
    jw_key(w, "matches");
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        match_write(w, say, a, hits[i].packed, &hits[i].score);
        jw_object_end(w);
    }
    jw_array_end(w);
}
