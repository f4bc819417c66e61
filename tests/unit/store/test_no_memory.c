#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <failing.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conninfo.h"

/*
 * Every allocation fails in turn, here, in libevent and in libpq. What cannot be made says so; a
 * pool gets itself up again, and a statement is answered once, or was refused.
 */

static bool resolve_once(void *ctx)
{
    struct targets t = {0};
    char err[300] = "";
    bool done = conninfo_resolve(ctx, &t, err, sizeof(err)) == 0;

    failing_rest();
    assert_true(done ? t.hostaddr != NULL : err[0] != '\0');
    targets_done(&t);
    return done;
}

static void test_resolving(void **state)
{
    char conninfo[] = "host=localhost,127.0.0.1 port=1,2 dbname=x";

    (void)state;
    assert_true(failing_each(resolve_once, conninfo) > 5);
}

static bool turn_once(void *ctx)
{
    struct targets turned = {0};
    bool done = targets_turn(ctx, 1, &turned) == 0;

    failing_rest();
    if (done)
        assert_string_equal(turned.host, "b,a");
    targets_done(&turned);
    return done;
}

static void test_turning(void **state)
{
    char host[] = "a,b", addr[] = "127.0.0.1,127.0.0.2", port[] = "1,2";
    struct targets t = {.host = host, .hostaddr = addr, .port = port};

    (void)state;
    assert_true(failing_each(turn_once, &t) > 2);
}

struct lookup {
    struct event_base *base;
    int found, failed;
};

static void on_found(void *ctx, const struct targets *t, const char *err)
{
    struct lookup *l = ctx;

    l->found += t != NULL;
    l->failed += t == NULL && err && err[0];
}

static bool lookup_once(void *ctx)
{
    struct lookup *l = ctx;
    struct resolver *r;

    l->found = l->failed = 0;
    r = resolver_start(l->base, "host=localhost dbname=x", on_found, l);
    if (r) {
        for (int i = 0; l->found + l->failed == 0 && i < 60000; i++)
            event_base_loop(l->base, EVLOOP_ONCE | EVLOOP_NONBLOCK), usleep(1000);
        failing_rest();
        assert_int_equal(1, l->found + l->failed); /* one of both, once */
    }
    resolver_free(r);
    return l->found == 1;
}

static void test_lookups(void **state)
{
    struct lookup l = {.base = event_base_new()};

    (void)state;
    assert_true(failing_each(lookup_once, &l) > 2);
    event_base_free(l.base);
}

/* ---- a pool ---- */

static struct {
    int answers;
    enum store_status status;
} got;

static void on_done(void *ctx, uint64_t number, const struct store_result *result)
{
    (void)ctx;
    assert_int_equal(7, number);
    got.answers++;
    got.status = result->status;
}

static bool pool_make_once(void *ctx)
{
    struct store_options o = client_options("host=/nonexistent dbname=x");
    struct pool *p = pool_new(ctx, &o, NULL, echo_statements, STATEMENTS, on_done, NULL);
    bool done = p != NULL;

    pool_free(p);
    return done;
}

static void test_making_pools(void **state)
{
    struct event_base *base = event_base_new();

    (void)state;
    assert_true(failing_each(pool_make_once, base) > 5);
    event_base_free(base);
}

/* A statement, from the pool's making to its answer. Failures end with the first that shows. */
static bool pool_once(void *ctx)
{
    struct store_options o = client_options(cluster.conninfo);
    struct store_param param = {.value = "x", .len = 1};
    struct pool *p;
    uint64_t end = clock_mono_ms() + WAIT_MS;
    bool sent = false, done;

    o.retry_ms = 1;
    got.answers = 0;
    p = pool_new(ctx, &o, NULL, echo_statements, STATEMENTS, on_done, NULL);
    if (!p)
        return false;
    for (int after = 0; got.answers == 0 && after < 3 && clock_mono_ms() < end;) {
        if (!sent && pool_up(p))
            sent = pool_run(p, ECHO, &param, clock_mono_ms() + WAIT_MS, 7) == 0;
        event_base_loop(ctx, EVLOOP_NONBLOCK);
        usleep(200);
        after += failing_count() > 0;
    }
    done = got.answers == 1 && got.status == STORE_OK && failing_count() == 0;
    failing_rest();
    if (sent)
        WAIT_UNTIL((struct event_base *)ctx, got.answers == 1);
    WAIT_UNTIL((struct event_base *)ctx, pool_up(p));
    got.answers = 0;
    assert_int_equal(0, pool_run(p, ECHO, &param, clock_mono_ms() + WAIT_MS, 7));
    WAIT_UNTIL((struct event_base *)ctx, got.answers == 1);
    assert_int_equal(STORE_OK, got.status);
    pool_free(p);
    /* The ticks of loop_turn that are still to come hold a block each. */
    while (event_base_get_num_events(ctx, EVENT_BASE_COUNT_ADDED) > 0)
        event_base_loop(ctx, EVLOOP_ONCE);
    return done;
}

static void test_pools(void **state)
{
    struct event_base *base = event_base_new();

    (void)state;
    assert_true(failing_thinly(pool_once, base) > 10);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolving), cmocka_unit_test(test_turning),
        cmocka_unit_test(test_lookups),   cmocka_unit_test(test_making_pools),
        cmocka_unit_test(test_pools),
    };
    int code = echo_begin();

    if (code == 0)
        code = cmocka_run_group_tests(tests, NULL, NULL);
    else
        code = code > 0 ? 0 : 1;
    cluster_stop(&cluster);
    return code;
}
