#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "answers.h"
#include "match_write.h"
#include "profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPANIES 90
#define KINDS 25 /* of companies: so that many score the same, and only ids part them */
#define BUDGET (2 << 20)

static struct model *model;

static int load(void **state)
{
    (void)state;
    model = test_model();
    return 0;
}

static int unload(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

/* ---- a world that changes ---- */

struct world {
    struct index_writer *writer;
    struct index *ix;
    uint64_t seed, seq;
    uint8_t id[COMPANIES][IDENT_BYTES];
};

static void world_publish(struct world *w)
{
    struct index *next = index_writer_publish(w->writer, ++w->seq);
    assert_non_null(next);
    index_unref(w->ix);
    w->ix = next;
}

/* One company becomes another one, goes, or is told of again. */
static void world_change(struct world *w)
{
    size_t n = random_below(&w->seed, COMPANIES);
    struct profile p;
    struct buf b;
    if (random_below(&w->seed, 8) == 0) {
        assert_int_equal(index_writer_remove(w->writer, w->id[n]), 0);
        return;
    }
    uint64_t kind = 1000 + random_below(&w->seed, KINDS);
    profile_random(model, &kind, &p);
    memcpy(p.id, w->id[n], IDENT_BYTES);
    if (random_below(&w->seed, 10) == 0)
        p.status = STATUS_PAUSED;
    if (random_below(&w->seed, 10) == 0)
        p.valid_until = TODAY - 1 + (int32_t)random_below(&w->seed, 2);
    buf_init(&b, PACKED_MAX);
    profile_pack(model, &p, &b);
    assert_int_equal(index_writer_put(w->writer, b.data, b.len), 0);
    buf_done(&b);
}

static void world_open(struct world *w, uint64_t seed)
{
    *w = (struct world){.writer = index_writer_new(model), .seed = seed};
    for (uint32_t n = 0; n < COMPANIES; n++) {
        uint64_t spread = random_next(&w->seed);
        memcpy(w->id[n], &spread, sizeof spread);
        memcpy(w->id[n] + 8, &n, sizeof n);
    }
    for (int i = 0; i < 3 * COMPANIES; i++)
        world_change(w);
    world_publish(w);
}

static void world_close(struct world *w)
{
    index_unref(w->ix);
    index_writer_free(w->writer);
}

/* ---- asking ---- */

/* One of a few hundred questions, so that each comes again and again. */
static struct question ask(struct world *w)
{
    struct question q;
    memset(&q, 0, sizeof q);
    memcpy(q.company, w->id[random_below(&w->seed, 12)], IDENT_BYTES);
    q.filter.kind = -1;
    q.limit = (int32_t[]){1, 3, 3, 100}[random_below(&w->seed, 4)];
    q.min_total = random_below(&w->seed, 4) == 0 ? 3000 : 0;
    q.lang = random_below(&w->seed, 4) == 0;
    if (random_below(&w->seed, 6) == 0)
        q.filter.sector = model_sector_at(model, (int)random_below(&w->seed, 6));
    if (random_below(&w->seed, 6) == 0)
        q.filter.kind = (int)random_below(&w->seed, 3);
    if (random_below(&w->seed, 6) == 0)
        strcpy(q.filter.lang, "fra");
    return q;
}

static size_t compute(const struct world *w, const void *a, const struct question *q, int32_t today,
                      struct index_hit *hits, struct buf *out)
{
    struct match_words say;
    struct json_writer jw;
    size_t n =
        index_search(w->ix, NULL, a, today, &q->filter, q->min_total, (size_t)q->limit, hits);
    match_words_init(&say, model, (enum model_lang)q->lang, today);
    buf_reset(out);
    jw_init(&jw, out);
    jw_object(&jw);
    match_write_list(&jw, &say, a, hits, n);
    match_words_done(&say);
    assert_false(out->failed);
    return n;
}

struct tally {
    unsigned kept, computed;
};

/* What is kept is what would be computed now, byte for byte. */
static void check(struct answers *c, const struct world *w, const struct question *q, int32_t today,
                  struct buf *out, struct tally *t)
{
    static struct index_hit hits[100];
    const void *a = index_get(w->ix, q->company);
    struct answer *kept = answers_find(c, q, w->ix, today);
    if (a == NULL) {
        assert_null(kept);
        return;
    }
    size_t len, n = compute(w, a, q, today, hits, out);
    if (kept != NULL) {
        const char *json = answer_json(kept, &len);
        assert_int_equal(len, out->len);
        assert_memory_equal(json, out->data, len);
        t->kept++;
        return;
    }
    struct finding f = {hits, n, out->data, out->len};
    answers_keep(c, q, &f, w->ix, today);
    t->computed++;
}

static void is_what_would_be_computed(void **state)
{
    (void)state;
    struct world w;
    struct tally t = {0, 0};
    struct buf out;
    struct answers *c = answers_new(BUDGET);
    buf_init(&out, 1 << 20);
    world_open(&w, 5);
    for (int round = 0; round < test_count(4000); round++) {
        for (size_t i = random_below(&w.seed, 3); i > 0; i--)
            world_change(&w);
        if (random_below(&w.seed, 3) > 0)
            world_publish(&w);
        for (int i = 0; i < 3; i++) {
            struct question q = ask(&w);
            check(c, &w, &q, TODAY + round / 2000, &out, &t);
        }
        assert_true(answers_bytes(c) <= BUDGET);
    }
    assert_true(t.kept > (unsigned)test_count(500) &&
                t.computed > (unsigned)test_count(500)); /* both were looked at */
    assert_true(answers_count(c) > 0);
    answers_flush(c);
    assert_int_equal(answers_bytes(c), 0);
    answers_free(c);
    world_close(&w);
    buf_done(&out);
}

/* Many changes at once are more than an answer looks at. */
static void is_so_after_many_changes(void **state)
{
    (void)state;
    struct world w;
    struct tally t = {0, 0};
    struct buf out;
    struct answers *c = answers_new(BUDGET);
    buf_init(&out, 1 << 20);
    world_open(&w, 6);
    for (int round = 0; round < 60; round++) {
        for (size_t i = random_below(&w.seed, round % 10 == 0 ? 9000 : 90); i > 0; i--)
            world_change(&w);
        world_publish(&w);
        for (int i = 0; i < 10; i++) {
            struct question q = ask(&w);
            check(c, &w, &q, TODAY, &out, &t);
            check(c, &w, &q, TODAY, &out, &t);
        }
    }
    assert_true(t.kept >= 300);
    answers_free(c);
    world_close(&w);
    buf_done(&out);
}

/* ---- keeping ---- */

static struct question question_of(uint32_t number)
{
    struct question q;
    memset(&q, 0, sizeof q);
    memcpy(q.company, &number, sizeof number);
    q.limit = 10;
    return q;
}

/* An index in which question_of(n) has a company for each n below count. */
static struct index *index_of(struct index_writer *w, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        struct profile p = profile_of(COUNTRY_KH, 0, "C");
        struct buf b;
        memset(p.id, 0, sizeof p.id);
        memcpy(p.id, &n, sizeof n);
        profile_sector(model, &p, "energy.solar");
        buf_init(&b, PACKED_MAX);
        profile_pack(model, &p, &b);
        assert_int_equal(index_writer_put(w, b.data, b.len), 0);
        buf_done(&b);
    }
    return index_writer_publish(w, 1);
}

static void the_least_used_gives_way(void **state)
{
    (void)state;
    static char json[1000];
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_of(w, 0);
    struct answers *c = answers_new(20000);
    struct question first = question_of(0);
    for (uint32_t n = 0; n < 100; n++) {
        struct question q = question_of(n);
        struct finding f = {NULL, 0, json, sizeof json};
        assert_non_null(answers_keep(c, &q, &f, ix, TODAY));
        assert_non_null(answers_find(c, &first, ix, TODAY)); /* used all the time */
        assert_true(answers_bytes(c) <= 20000);
    }
    assert_true(answers_count(c) > 5);
    struct question q = question_of(50);
    assert_null(answers_find(c, &q, ix, TODAY));
    q = question_of(99);
    assert_non_null(answers_find(c, &q, ix, TODAY));
    struct finding large = {NULL, 0, json, 2501};
    assert_null(answers_keep(c, &q, &large, ix, TODAY)); /* over an eighth */
    assert_null(answers_find(c, &q, ix, TODAY));         /* and the old one is gone */
    answers_free(c);
    index_unref(ix);
    index_writer_free(w);
}

static void nothing_is_kept_without_a_budget(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_of(w, 0);
    struct answers *c = answers_new(0);
    struct question q = question_of(1);
    struct finding f = {NULL, 0, "{}", 2};
    assert_null(answers_keep(c, &q, &f, ix, TODAY));
    assert_int_equal(answers_count(c), 0);
    answers_free(c);
    answers_free(NULL);
    index_unref(ix);
    index_writer_free(w);
}

/* ---- lines ---- */

static struct call_line line_of(const char *before, const char *after)
{
    return (struct call_line){before, after, strlen(before), strlen(after)};
}

static void lines_lead_to_answers(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_of(w, 2);
    struct answers *c = answers_new(BUDGET);
    struct question q = question_of(1);
    struct finding f = {NULL, 0, "{\"x\":1", 6};
    struct answer *a = answers_keep(c, &q, &f, ix, TODAY);
    struct line_terms terms = {3, 17}, got = {0, 0};
    struct call_line line = line_of("{\"id\":", ",\"method\":\"m\"}");
    assert_null(answers_find_line(c, &line, ix, TODAY, &got));
    answers_learn(c, a, &line, &terms);
    size_t once = answers_bytes(c);
    answers_learn(c, a, &line, &terms); /* known already */
    assert_int_equal(answers_bytes(c), once);
    assert_ptr_equal(answers_find_line(c, &line, ix, TODAY, &got), a);
    assert_int_equal(got.roles, 3);
    assert_int_equal(got.min_seq, 17);
    struct call_line other = line_of("{\"id\":,", "\"method\":\"m\"}"); /* parted elsewhere */
    assert_null(answers_find_line(c, &other, ix, TODAY, &got));
    answers_flush_lines(c);
    assert_null(answers_find_line(c, &line, ix, TODAY, &got));
    assert_ptr_equal(answers_find(c, &q, ix, TODAY), a);
    answers_learn(c, a, &line, &terms);
    assert_null(answers_find_line(c, &line, ix, TODAY + 1, &got)); /* midnight: gone altogether */
    assert_int_equal(answers_count(c), 0);
    assert_int_equal(answers_bytes(c), 0);
    answers_free(c);
    index_unref(ix);
    index_writer_free(w);
}

static void an_answer_remembers_few_lines(void **state)
{
    (void)state;
    struct index_writer *w = index_writer_new(model);
    struct index *ix = index_of(w, 2);
    struct answers *c = answers_new(BUDGET);
    struct line_terms terms = {3, 0}, got;
    char text[64], huge[600];
    for (uint32_t n = 0; n < 2; n++) {
        struct question q = question_of(n);
        struct finding f = {NULL, 0, "{}", 2};
        struct answer *a = answers_keep(c, &q, &f, ix, TODAY);
        for (int i = 0; i < 1000; i++) { /* also more than there are buckets at first */
            snprintf(text, sizeof text, "{\"n\":%u,\"i\":%d", (unsigned)n, i);
            struct call_line line = line_of(text, "}");
            answers_learn(c, a, &line, &terms);
            assert_ptr_equal(answers_find_line(c, &line, ix, TODAY, &got), a);
        }
    }
    struct call_line old = line_of("{\"n\":1,\"i\":990", "}");
    assert_null(answers_find_line(c, &old, ix, TODAY, &got));
    struct question q = question_of(1);
    size_t before = answers_bytes(c);
    memset(huge, 'x', sizeof huge);
    struct call_line line = {huge, "}", sizeof huge, 1};
    answers_learn(c, answers_find(c, &q, ix, TODAY), &line, &terms);
    assert_int_equal(answers_bytes(c), before);
    answers_free(c);
    index_unref(ix);
    index_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_would_be_computed),
        cmocka_unit_test(is_so_after_many_changes),
        cmocka_unit_test(the_least_used_gives_way),
        cmocka_unit_test(nothing_is_kept_without_a_budget),
        cmocka_unit_test(lines_lead_to_answers),
        cmocka_unit_test(an_answer_remembers_few_lines),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
