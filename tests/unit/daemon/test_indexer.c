#include "failing.h"
#include "indexer.h"
#include "service/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <spean/buf.h>
#include <spean/clock.h>
#include <spean/index.h>
#include <spean/json_reader.h>
#include <spean/net.h>
#include <spean/service.h>
#include <stdlib.h>
#include <string.h>

/* Two workers that never run: what was posted to them is seen when they are joined. */
struct seen {
    struct index *index; /* the last one */
    struct service_state state;
    int indexes, states, tokens;
};

struct stage {
    struct event_base *base; /* NULL: no thread beside */
    struct model *model;
    struct net_shared *shared;
    struct seen seen[2];
    struct worker *workers[2];
    struct indexer *x;
    int ready, broken;
    size_t companies;
};

static void seen_message(void *ctx, int type, void *data)
{
    struct seen *seen = ctx;

    if (type == SERVICE_INDEX) {
        index_unref(seen->index);
        seen->index = data;
        seen->indexes++;
    } else if (type == SERVICE_STATE) {
        memcpy(&seen->state, data, sizeof seen->state);
        free(data);
        seen->states++;
    } else if (type == SERVICE_TOKENS) {
        assert_null(data);
        seen->tokens++;
    }
}

static void stage_ready(void *ctx, size_t companies)
{
    struct stage *s = ctx;

    s->ready++;
    s->companies = companies;
}

static void stage_broken(void *ctx)
{
    struct stage *s = ctx;

    s->broken++;
}

static void stage_open_on(struct stage *s, struct event_base *base)
{
    static const struct worker_callbacks callbacks = {.message = seen_message};
    const struct net_limits limits = {.idle_ms = 1000, .stall_ms = 1000, .anonymous_ms = 1000};
    struct indexer_options o = {.workers = s->workers,
                                .worker_count = 2,
                                .base = base,
                                .ready = stage_ready,
                                .broken = stage_broken,
                                .ctx = s};
    char err[256];

    memset(s, 0, sizeof *s);
    s->base = base;
    if (model_load(SPEAN_SOURCE_DIR "/conf/model", &s->model, err, sizeof err) != 0)
        fail_msg("%s", err);
    s->shared = net_shared_new();
    for (int i = 0; i < 2; i++) {
        struct worker_options wo = {.limits = &limits,
                                    .shared = s->shared,
                                    .callbacks = &callbacks,
                                    .ctx = &s->seen[i],
                                    .number = i};

        s->workers[i] = worker_new(&wo);
        assert_non_null(s->workers[i]);
    }
    o.model = s->model;
    s->x = indexer_new(&o);
    assert_non_null(s->x);
}

static void stage_open(struct stage *s)
{
    stage_open_on(s, NULL);
}

/* Hands over what was posted. */
static void stage_deliver(struct stage *s)
{
    for (int i = 0; i < 2; i++)
        worker_join(s->workers[i]);
}

static void stage_close(struct stage *s)
{
    indexer_free(s->x);
    for (int i = 0; i < 2; i++) {
        worker_free(s->workers[i]);
        index_unref(s->seen[i].index);
    }
    net_shared_free(s->shared);
    model_free(s->model);
}

static const char doc_text[] =
    "{\"country\":\"KH\",\"name\":\"Angkor Rice\",\"status\":\"published\","
    "\"valid_until\":\"2027-11-24\",\"sectors\":[\"agro-industry.rice\"],"
    "\"languages\":[{\"lang\":\"khm\",\"level\":\"fluent\"}],\"offers\":[],\"seeks\":[],"
    "\"external_ids\":[{\"system\":\"crm\",\"id\":\"7\"}]}";

static void row_id(uint8_t id[IDENT_BYTES], int n)
{
    memset(id, 0, IDENT_BYTES);
    id[0] = (uint8_t)n;
    id[1] = (uint8_t)(n >> 8);
}

static int give_doc(struct stage *s, int n, const char *text)
{
    uint8_t id[IDENT_BYTES];
    struct feed_row row = {
        .id = id, .packed = "old", .packed_len = 3, .doc = text, .doc_len = strlen(text)};

    row_id(id, n);
    return indexer_callbacks()->row(s->x, &row);
}

static void give_packed(struct stage *s, int n, const void *packed, size_t len)
{
    uint8_t id[IDENT_BYTES];
    struct feed_row row = {.id = id, .packed = packed, .packed_len = len};

    row_id(id, n);
    indexer_callbacks()->row(s->x, &row);
}

static void pack(struct stage *s, int n, struct buf *out)
{
    json_t *doc = json_loads(doc_text, 0, NULL);
    uint8_t id[IDENT_BYTES];

    assert_non_null(doc);
    row_id(id, n);
    buf_init(out, PACKED_MAX);
    assert_int_equal(pack_profile(s->model, doc, id, 0, out), 0);
    json_decref(doc);
}

static void rows_of_any_packing_are_in_the_index(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct text_ref system = {"crm", 3}, external = {"7", 1};
    uint8_t id[IDENT_BYTES];
    struct buf packed;
    struct stage s;

    (void)state;
    stage_open(&s);
    feed->reset(s.x, 0);
    pack(&s, 1, &packed);
    give_packed(&s, 1, packed.data, packed.len);
    give_doc(&s, 2, doc_text); /* made by another version: packed here */
    feed->state(s.x, true, 41);
    assert_int_equal(s.ready, 0);
    feed->caught_up(s.x, 42, "epoch-1");
    assert_int_equal(s.ready, 1);
    assert_int_equal(s.companies, 2);
    feed->caught_up(s.x, 43, "epoch-1");
    assert_int_equal(s.ready, 1); /* once */
    feed->tokens(s.x, 5);
    stage_deliver(&s);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s.seen[i].indexes, 2);
        assert_int_equal(s.seen[i].tokens, 1);
        assert_int_equal(index_seq(s.seen[i].index), 43);
        assert_int_equal(index_count(s.seen[i].index), 2);
        for (int n = 1; n <= 2; n++) {
            row_id(id, n);
            assert_non_null(index_get(s.seen[i].index, id));
        }
        assert_non_null(index_get_external(s.seen[i].index, system, external));
        assert_true(s.seen[i].state.database_up);
        assert_int_equal(s.seen[i].state.database_seq, 43);
        assert_string_equal(s.seen[i].state.epoch, "epoch-1");
    }
    buf_done(&packed);
    stage_close(&s);
}

static void gone_and_unreadable_rows_are_not(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct buf packed;
    struct stage s;

    (void)state;
    stage_open(&s);
    feed->reset(s.x, 0);
    for (int n = 1; n <= 4; n++)
        give_doc(&s, n, doc_text);
    feed->caught_up(s.x, 8, "e");
    give_packed(&s, 1, NULL, 0);                    /* gone */
    give_doc(&s, 2, "[not a profile");              /* its present form can't be read */
    give_packed(&s, 3, "garbage that is long", 20); /* nor this one's */
    pack(&s, 4, &packed);
    give_packed(&s, 4, packed.data, packed.len - 1); /* nor a truncated one's */
    feed->caught_up(s.x, 9, "e");
    assert_int_equal(s.broken, 0);
    stage_deliver(&s);
    assert_int_equal(index_count(s.seen[0].index), 0);
    buf_done(&packed);
    stage_close(&s);
}

static void reset_forgets_everything(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct stage s;

    (void)state;
    stage_open(&s);
    feed->reset(s.x, 0);
    give_doc(&s, 1, doc_text);
    give_doc(&s, 2, doc_text);
    feed->caught_up(s.x, 9, "before");
    feed->reset(s.x, 0);
    give_doc(&s, 3, doc_text);
    feed->caught_up(s.x, 3, "after");
    stage_deliver(&s);
    assert_int_equal(index_count(s.seen[1].index), 1);
    assert_int_equal(index_seq(s.seen[1].index), 3);
    assert_string_equal(s.seen[1].state.epoch, "after");
    stage_close(&s);
}

static void a_lost_database_keeps_what_was_known(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct stage s;

    (void)state;
    stage_open(&s);
    feed->reset(s.x, 0);
    feed->state(s.x, true, 12);
    feed->caught_up(s.x, 12, "e");
    feed->state(s.x, false, 0);
    stage_deliver(&s);
    assert_false(s.seen[0].state.database_up);
    assert_int_equal(s.seen[0].state.database_seq, 12);
    assert_string_equal(s.seen[0].state.epoch, "e");
    stage_close(&s);
}

/* Companies from..to-1, packed. */
static void give_many(struct stage *s, int from, int to)
{
    struct buf packed;
    uint8_t id[IDENT_BYTES];

    pack(s, 0, &packed);
    for (int n = from; n < to; n++) {
        struct feed_row row = {.id = id, .packed = packed.data, .packed_len = packed.len};
        row_id(id, n);
        memcpy(packed.data + 8, id, sizeof id); /* where packed bytes have their id */
        indexer_callbacks()->row(s->x, &row);
    }
    buf_done(&packed);
}

/* A large first load is built on a thread of its own; what comes meanwhile is in the first
 * snapshot, and nothing is called ready before. */
static void a_large_load_is_built_beside(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct event_base *base = event_base_new();
    uint8_t id[IDENT_BYTES];
    struct stage s;

    (void)state;
    assert_non_null(base);
    stage_open_on(&s, base);
    feed->reset(s.x, 0);
    give_many(&s, 0, 3000);
    feed->caught_up(s.x, 10, "e");
    give_many(&s, 3000, 3010);
    feed->caught_up(s.x, 20, "e");
    assert_int_equal(s.ready, 0);
    while (s.ready == 0)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    assert_int_equal(s.companies, 3010);
    stage_deliver(&s);
    assert_int_equal(index_seq(s.seen[0].index), 20);
    for (int n = 0; n < 3010; n++) {
        row_id(id, n);
        assert_non_null(index_get(s.seen[0].index, id));
    }
    stage_close(&s);
    event_base_free(base);
}

/* Closed, or begun anew, while the thread is at work. */
static void what_is_built_beside_may_come_too_late(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct event_base *base = event_base_new();
    struct stage s;

    (void)state;
    stage_open_on(&s, base);
    feed->reset(s.x, 0);
    give_many(&s, 0, 3000);
    feed->caught_up(s.x, 10, "e");
    feed->reset(s.x, 0);
    give_many(&s, 0, 5);
    feed->caught_up(s.x, 2, "f");
    assert_int_equal(s.companies, 5);
    give_many(&s, 5, 3000);
    feed->caught_up(s.x, 3, "f");
    stage_close(&s);
    event_base_free(base);
}

/* Rows 1..3, packed here, and a snapshot, with allocations failing from the n-th on; what was
 * refused for want of memory is given again as the feed does. Whether any failed. */
static bool feed_starved(struct stage *s, long n, long more, uint64_t seq)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    int row = 1;

    failing_set((size_t)n, more);
    for (; row <= 3; row++)
        if (give_doc(s, row, doc_text) != 0)
            break;
    if (row > 3)
        feed->caught_up(s->x, seq, "e");
    bool failed = failing_rest() > 0;
    for (; row <= 3; row++) {
        assert_int_equal(give_doc(s, row, doc_text), 0);
        if (row == 3)
            feed->caught_up(s->x, seq, "e");
    }
    if (feed->state(s->x, true, seq) < 0) { /* all anew */
        feed->reset(s->x, 0);
        for (row = 1; row <= 3; row++)
            assert_int_equal(give_doc(s, row, doc_text), 0);
        feed->caught_up(s->x, seq, "e");
        assert_int_equal(feed->state(s->x, true, seq), 0);
    }
    return failed;
}

/* A daemon that serves goes on, and catches up as soon as there is memory: every worker then has
 * every company. */
static void a_served_index_outlives_want_of_memory(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct stage s;

    (void)state;
    if (getenv("SPEAN_TEST_VALGRIND"))
        skip(); /* whose allocator stands before the one that fails */
    for (long more = 1; more <= 20; more += 19) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            assert_true(n < 1000);
            stage_open(&s);
            feed->reset(s.x, 0);
            feed->caught_up(s.x, 1, "e");
            failed = feed_starved(&s, n, more, 9);
            assert_int_equal(s.broken, 0);
            assert_int_equal(indexer_stats(s.x).companies, 3);
            assert_int_equal(indexer_stats(s.x).refused, 0);
            stage_deliver(&s);
            for (int i = 0; i < 2; i++) {
                assert_int_equal(index_count(s.seen[i].index), 3);
                assert_int_equal(index_seq(s.seen[i].index), 9);
            }
            stage_close(&s);
        }
    }
}

/* All anew while it serves: the old snapshot stays until the new one is whole. */
static void a_reload_outlives_want_of_memory(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct stage s;
    bool failed = true;

    (void)state;
    if (getenv("SPEAN_TEST_VALGRIND"))
        skip(); /* whose allocator stands before the one that fails */
    for (long n = 1; failed; n++) {
        assert_true(n < 1000);
        stage_open(&s);
        feed->reset(s.x, 0);
        give_doc(&s, 7, doc_text);
        feed->caught_up(s.x, 1, "before");
        failing_set((size_t)n, 1);
        feed->reset(s.x, 0);
        failed = failing_rest() > 0;
        failed |= feed_starved(&s, n > 1 ? n - 1 : 0, 3, 9);
        assert_int_equal(s.broken, 0);
        stage_deliver(&s);
        for (int i = 0; i < 2; i++)
            assert_int_equal(index_count(s.seen[i].index), 3);
        stage_close(&s);
    }
}

/* One that has never served ends and says so, or comes up whole. */
static void a_start_without_memory_ends(void **state)
{
    const struct feed_callbacks *feed = indexer_callbacks();
    struct stage s;
    bool failed = true;
    int broken = 0;

    (void)state;
    if (getenv("SPEAN_TEST_VALGRIND"))
        skip(); /* whose allocator stands before the one that fails */
    for (long n = 1; failed; n++) {
        assert_true(n < 1000);
        stage_open(&s);
        feed->reset(s.x, 0);
        failing_set((size_t)n, 1);
        for (int row = 1; row <= 3; row++)
            assert_int_equal(give_doc(&s, row, doc_text), 0);
        feed->caught_up(s.x, 9, "e");
        failed = failing_rest() > 0;
        feed->state(s.x, true, 9);
        assert_int_equal(s.ready + s.broken, 1);
        broken += s.broken;
        stage_deliver(&s);
        for (int i = 0; i < 2 && !s.broken; i++)
            assert_int_equal(index_count(s.seen[i].index), 3);
        stage_close(&s);
    }
    assert_true(broken > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_any_packing_are_in_the_index),
        cmocka_unit_test(gone_and_unreadable_rows_are_not),
        cmocka_unit_test(reset_forgets_everything),
        cmocka_unit_test(a_lost_database_keeps_what_was_known),
        cmocka_unit_test(a_large_load_is_built_beside),
        cmocka_unit_test(what_is_built_beside_may_come_too_late),
        cmocka_unit_test(a_served_index_outlives_want_of_memory),
        cmocka_unit_test(a_reload_outlives_want_of_memory),
        cmocka_unit_test(a_start_without_memory_ends),
    };

    jr_init(malloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
