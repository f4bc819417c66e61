#include "wrote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define WRITERS 4
#define WRITES 20000

/* What workers have written comes to the main thread in the order of each, or not at all. */
struct taken {
    uint64_t last[WRITERS];
    size_t count;
    bool ordered;
};

static struct wrote *wrote;
static atomic_int running;

static void take(void *ctx, const struct feed_write *w)
{
    struct taken *t = ctx;
    size_t who = w->last % WRITERS;

    t->ordered = t->ordered && w->last > t->last[who];
    t->last[who] = w->last;
    t->count++;
}

static void put(uint64_t number)
{
    uint8_t *bytes;
    struct feed_write *w = feed_write_new(1, 3, &bytes);

    assert_non_null(w);
    w->last = number;
    wrote_put(wrote, w);
}

static void *writer_run(void *arg)
{
    uint64_t me = *(const uint64_t *)arg;

    for (uint64_t i = 1; i <= WRITES; i++)
        put(i * WRITERS + me);
    running--;
    return NULL;
}

static void test_in_order(void **state)
{
    struct event_base *base = event_base_new();
    struct taken t = {.ordered = true};

    (void)state;
    wrote = wrote_new(base, take, &t);
    assert_non_null(wrote);
    for (uint64_t i = 1; i <= 10; i++)
        put(i * WRITERS);
    assert_int_equal(0, t.count);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(10, t.count);
    assert_true(t.ordered);
    /* Nobody comes for them: those that are too many go. */
    for (uint64_t i = 11; i <= 500; i++)
        put(i * WRITERS);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_in_range(t.count, 20, 100);
    put(501 * WRITERS); /* and there is room again */
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(501 * WRITERS, t.last[0]);
    put(502 * WRITERS); /* never taken */
    wrote_free(wrote);
    event_base_free(base);
}

static void test_many_writers(void **state)
{
    struct event_base *base = event_base_new();
    pthread_t threads[WRITERS];
    uint64_t who[WRITERS];
    struct taken t = {.ordered = true};

    (void)state;
    wrote = wrote_new(base, take, &t);
    assert_non_null(wrote);
    running = WRITERS;
    for (uint64_t i = 0; i < WRITERS; i++) {
        who[i] = i;
        assert_int_equal(0, pthread_create(&threads[i], NULL, writer_run, &who[i]));
    }
    while (running > 0)
        event_base_loop(base, EVLOOP_NONBLOCK);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_true(t.ordered);
    assert_in_range(t.count, 1, WRITERS * WRITES);
    put((WRITES + 1) * WRITERS); /* whoever is woken takes all: nothing is left behind */
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal((WRITES + 1) * WRITERS, t.last[0]);
    wrote_free(wrote);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_many_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
