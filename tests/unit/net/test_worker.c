#include "world.h"

#define POSTERS 4
#define POSTS 2000

struct posts {
    struct worker *worker;
    int first; /* types first .. first + POSTS - 1 */
    int failed;
};

struct tally {
    int next[POSTERS];
    int total;
    int disorder;
};

static void tally_message(void *ctx, int type, void *data)
{
    struct tally *t = ctx;
    int who = type / POSTS, n = type % POSTS;

    if (*(int *)data != type || t->next[who] != n)
        t->disorder++;
    t->next[who] = n + 1;
    t->total++;
    free(data);
}

static void *post_all(void *arg)
{
    struct posts *p = arg;

    for (int i = 0; i < POSTS; i++) {
        int *data = malloc(sizeof *data);

        if (data == NULL) {
            p->failed++;
            continue;
        }
        *data = p->first + i;
        if (worker_post(p->worker, p->first + i, data) != 0) {
            free(data);
            p->failed++;
        }
    }
    return NULL;
}

static void messages_of_many_threads_come_in_their_order(void **state)
{
    static const struct worker_callbacks callbacks = {.message = tally_message};
    struct net_limits limits = world_limits();
    struct tally tally = {0};
    struct worker_options o = {
        .limits = &limits, .shared = net_shared_new(), .callbacks = &callbacks, .ctx = &tally};
    struct posts posts[POSTERS];
    pthread_t threads[POSTERS];
    struct worker *w = worker_new(&o);

    (void)state;
    assert_non_null(w);
    assert_int_equal(worker_start(w), 0);
    for (int i = 0; i < POSTERS; i++) {
        posts[i] = (struct posts){w, i * POSTS, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posts[i]), 0);
    }
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(posts[i].failed, 0);
    }
    worker_drain(w, clock_mono_ms() + 5000);
    worker_join(w); /* what was posted before the end has been handed over by now */
    assert_int_equal(tally.total, POSTERS * POSTS);
    assert_int_equal(tally.disorder, 0);
    assert_int_equal(worker_post(w, 1, NULL), -1);
    worker_free(w);
    net_shared_free(o.shared);
}

static void one_that_never_ran_hands_its_messages_over(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_new(&limits);
    int server, client = client_pair(&server);

    (void)state;
    assert_int_equal(worker_post(x->worker, MESSAGE_COUNT, NULL), 0);
    assert_int_equal(worker_adopt(x->worker, server, true), 0);
    worker_join(x->worker);
    assert_int_equal(atomic_load(&x->messages), 1);
    client_expect_end(client, false);
    assert_int_equal(worker_post(x->worker, MESSAGE_COUNT, NULL), -1);
    close(client);
    world_end(x);
}

static void adopting_after_the_end_closes_the_socket(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int server, client = client_pair(&server);

    (void)state;
    worker_drain(x->worker, clock_mono_ms() + 5000);
    worker_join(x->worker);
    assert_int_equal(worker_adopt(x->worker, server, true), -1);
    client_expect_end(client, false);
    close(client);
    world_end(x);
}

static void drain_answers_what_is_owed_and_hears_nothing_new(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int owed = client_new(x), idle = client_new(x), late, lines;

    (void)state;
    client_say(owed, "hold\n");
    client_say(idle, "one\n");
    client_expect(idle, "one");
    wait_until(atomic_load(&x->lines) == 2);
    worker_drain(x->worker, clock_mono_ms() + 10000);
    client_expect_end(idle, false); /* nothing owed: gone at once */
    wait_until(atomic_load(&x->closed) == 1);
    client_say(owed, "two\n");
    late = client_new(x); /* accepted a moment too late */
    client_expect_end(late, false);
    close(late);
    world_settle(x);
    lines = atomic_load(&x->lines);
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    client_expect(owed, "released");
    client_expect_end(owed, false);
    close(owed);
    close(idle);
    worker_join(x->worker);
    assert_int_equal(lines, 2);
    assert_int_equal(atomic_load(&x->opened), 2);
    world_end(x);
}

static void drain_ends_at_the_deadline(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);
    uint64_t begun = clock_mono_ms();

    (void)state;
    client_say(fd, "hold\n");
    wait_until(atomic_load(&x->lines) == 1);
    worker_drain(x->worker, clock_mono_ms() + 200);
    worker_join(x->worker);
    assert_true(clock_mono_ms() - begun >= 150); /* a timer may be a little early */
    assert_int_equal(atomic_load(&x->closed), 1);
    client_expect_end(fd, false);
    close(fd);
    world_end(x);
}

static void the_heart_beats_without_work(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    uint64_t before;

    (void)state;
    limits.idle_ms = 200; /* ticks are a quarter of it */
    x = world_start(&limits);
    before = worker_heartbeat(x->worker);
    wait_until(worker_heartbeat(x->worker) > before);
    world_end(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_many_threads_come_in_their_order),
        cmocka_unit_test(one_that_never_ran_hands_its_messages_over),
        cmocka_unit_test(adopting_after_the_end_closes_the_socket),
        cmocka_unit_test(drain_answers_what_is_owed_and_hears_nothing_new),
        cmocka_unit_test(drain_ends_at_the_deadline),
        cmocka_unit_test(the_heart_beats_without_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
