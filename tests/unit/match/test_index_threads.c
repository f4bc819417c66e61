#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiles.h"

#include <spean/index.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Readers search snapshots while the writer makes new ones; run under the thread sanitizer too. */

#define READERS 3
#define ROUNDS ((uint64_t)test_count(60))
#define COMPANIES 400

static struct model *model;

/* What the writer hands over: as a worker's mailbox does. */
static struct desk {
    pthread_mutex_t lock;
    struct index *current;
    atomic_bool over;
} desk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct index *desk_take(void)
{
    pthread_mutex_lock(&desk.lock);
    struct index *ix = desk.current == NULL ? NULL : index_ref(desk.current);
    pthread_mutex_unlock(&desk.lock);
    return ix;
}

static void desk_put(struct index *ix)
{
    pthread_mutex_lock(&desk.lock);
    struct index *old = desk.current;
    desk.current = ix;
    pthread_mutex_unlock(&desk.lock);
    index_unref(old);
}

static void *reader(void *arg)
{
    const struct buf *a = arg;
    uint64_t last = 0;
    size_t *found = calloc(1, sizeof *found);
    struct index_hit hits[10];
    struct index_room *room = index_room_new();
    struct index_place at = {.needs = 0};
    while (found != NULL && !atomic_load(&desk.over)) {
        struct index *ix = desk_take();
        if (ix == NULL)
            continue;
        size_t n = index_search(ix, room, a->data, TODAY, NULL, 0, 10, hits);
        for (size_t i = 0; i < n; i++)
            *found += packed_name(hits[i].packed).len;
        const void *next = index_next_by_needs(ix, COUNTRY_KH, &at);
        at = next == NULL ? (struct index_place){.needs = 0} : index_place_of(next);
        if (index_seq(ix) < last) /* snapshots never go back */
            *found = SIZE_MAX / 2;
        last = index_seq(ix);
        index_unref(ix);
    }
    index_room_free(room);
    return found;
}

static void write_rounds(struct index_writer *w)
{
    uint64_t seed = 51;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < COMPANIES; i++) {
            struct profile p;
            struct buf b;
            profile_random(model, &seed, &p);
            memset(p.id, 0, sizeof p.id);
            p.id[0] = (uint8_t)random_below(&seed, 256);
            p.id[1] = (uint8_t)random_below(&seed, 16);
            buf_init(&b, PACKED_MAX);
            profile_pack(model, &p, &b);
            assert_int_equal(index_writer_put(w, b.data, b.len), 0);
            if (i % 5 == 0)
                assert_int_equal(index_writer_remove(w, p.id), 0);
            buf_done(&b);
        }
        struct index *ix = index_writer_publish(w, round);
        assert_non_null(ix);
        desk_put(ix);
    }
}

static void readers_and_a_writer_do_not_meet(void **state)
{
    (void)state;
    model = test_model();
    struct profile p = profile_of(COUNTRY_KH, 1, "Asker");
    profile_sector(model, &p, "agro-industry.rice");
    profile_offer(model, &p, KIND_GOODS, "agro-industry.rice", "100630", "Rice");
    struct buf a;
    buf_init(&a, PACKED_MAX);
    profile_pack(model, &p, &a);
    struct index_writer *w = index_writer_new(model);
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &a), 0);
    write_rounds(w);
    index_writer_free(w); /* snapshots live on */
    atomic_store(&desk.over, true);
    for (int i = 0; i < READERS; i++) {
        void *found;
        assert_int_equal(pthread_join(threads[i], &found), 0);
        assert_non_null(found);
        assert_true(*(size_t *)found < SIZE_MAX / 2);
        free(found);
    }
    struct index *last = desk_take();
    assert_int_equal(index_seq(last), ROUNDS);
    index_unref(last);
    desk_put(NULL);
    buf_done(&a);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_and_a_writer_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
