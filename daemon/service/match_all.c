#include "cursor.h"
#include "match.h"
#include "match_write.h"
#include "nouns.h"

#include <spean/clock.h>
#include <stdlib.h>
#include <string.h>

/*
 * match.all: one company after the other, by id or by what they need. A page is made in slices, so
 * that the worker's other connections get their turn, and each slice looks at the index as it is
 * then.
 */

#define ALL_PAGE_MS 1000 /* a page ends after this, however little it holds */

struct all_state {
    uint8_t filter[DIGEST_BYTES];
    struct index_place last; /* of the last company given, or the cursor's; by id: that alone */
    bool by_needs;
    enum country country;
    struct question question; /* but for the company */
    struct index_hit hits[MATCH_LIMIT_MAX];
    size_t hit_count; /* by needs: of the company before, in this slice */
    struct match_words say;
    struct buf page; /* of its own: the service's is used by others between two slices */
    struct json_writer w;
    uint64_t began_ms, seq;
    size_t given;
};

static void all_free(void *state)
{
    struct all_state *s = state;

    buf_done(&s->page);
    match_words_done(&s->say);
    free(s);
}

/* One company and its matches. False: the page has no room for it, and is as it was before. */
static bool all_add(struct request *r, struct all_state *s, const void *a)
{
    const struct question *q = &s->question;
    struct json_writer before = s->w;
    size_t len = s->page.len;

    s->hit_count =
        index_search_near(r->s->index, r->s->room, a, s->say.today, &q->filter, q->min_total,
                          (size_t)q->limit, s->hits, s->by_needs ? s->hit_count : 0);
    jw_object(&s->w);
    match_write_list(&s->w, &s->say, a, s->hits, s->hit_count);
    jw_object_end(&s->w);
    /* At least one, or the list would never go on. */
    if (s->given > 0 && (s->page.failed || s->page.len > request_page(r))) {
        s->page.failed = s->page.no_memory = false;
        s->page.len = len;
        s->w = before;
        return false;
    }
    s->last = index_place_of(a);
    s->given++;
    return true;
}

/* next: there are more. */
static void all_end(struct request *r, bool next)
{
    struct all_state *s = r->state;
    struct buf *out = request_buffer(r);
    char cursor[CURSOR_TEXT];

    jw_array_end(&s->w);
    if (next && s->by_needs)
        cursor_number_format(s->last.needs, s->last.id, s->filter, cursor);
    else if (next)
        cursor_format(s->last.id, s->filter, cursor);
    jw_key_text(&s->w, "next", next ? cursor : NULL);
    jw_key_int(&s->w, "seq", (int64_t)s->seq);
    jw_key_text(&s->w, "weights_version", model_version(r->s->o.model));
    jw_object_end(&s->w);
    if (s->page.no_memory)
        buf_starve(out);
    else if (s->page.failed)
        out->failed = true; /* one company alone is too large */
    else
        buf_add(out, s->page.data, s->page.len);
    request_result(r);
}

static const void *all_next(const struct request *r, const struct all_state *s)
{
    return s->by_needs ? index_next_by_needs(r->s->index, s->country, &s->last)
                       : index_next(r->s->index, s->country, s->last.id);
}

static void all_go(struct request *r)
{
    struct all_state *s = r->state;
    uint64_t began_ms = clock_mono_ms();
    const void *a;

    s->hit_count = 0; /* they were of the index as it was then */
    while ((a = all_next(r, s)) != NULL) {
        uint64_t now_ms = clock_mono_ms();

        if (s->page.failed || (s->given > 0 && now_ms - s->began_ms >= ALL_PAGE_MS)) {
            all_end(r, true);
            return;
        }
        if (now_ms - began_ms >= BATCH_SLICE_MS) { /* others first */
            request_wait(r, 0, now_ms, NULL, all_go);
            return;
        }
        if (!all_add(r, s, a)) {
            all_end(r, true);
            return;
        }
    }
    all_end(r, false);
}

static int all_cursor(const char *cursor, struct all_state *s)
{
    return s->by_needs ? cursor_number_parse(cursor, s->filter, &s->last.needs, s->last.id)
                       : cursor_parse(cursor, s->filter, s->last.id);
}

/* What the call asks for. 0, or -1 when it was answered. */
static int all_read(struct request *r, struct all_state *s)
{
    /* The order is known by the kind of the cursor, whether it was said or not. */
    static const char *const paging[] = {"cursor", "limit", "lang", "order", NULL};
    const char *cursor = param_string(r->params, "cursor", NULL);

    s->country =
        strcmp(param_string(r->params, "country", ""), "KH") == 0 ? COUNTRY_KH : COUNTRY_CA;
    s->by_needs = strcmp(param_string(r->params, "order", "id"), "needs") == 0;
    if (match_question(r, &s->question))
        return -1;
    if (call_digest(r->method->name, r->params, paging, s->filter)) {
        request_no_memory(r, "digest");
        return -1;
    }
    if (cursor && all_cursor(cursor, s)) {
        request_refuse(r, REASON_CURSOR);
        return -1;
    }
    return 0;
}

void match_all(struct request *r)
{
    struct all_state *s;

    if (match_index_missing(r))
        return;
    s = calloc(1, sizeof *s);
    if (!s) {
        request_no_memory(r, "state");
        return;
    }
    r->state = s;
    r->state_free = all_free;
    match_words_init(&s->say, r->s->o.model, match_lang(r), clock_today());
    buf_init(&s->page, request_buffer(r)->max);
    if (all_read(r, s))
        return;
    s->began_ms = clock_mono_ms();
    s->seq = index_seq(r->s->index);
    jw_init(&s->w, &s->page);
    jw_object(&s->w);
    jw_key(&s->w, "companies");
    jw_array(&s->w);
    all_go(r);
}
