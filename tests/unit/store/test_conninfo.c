#include "conninfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

static void test_what_needs_a_lookup(void **state)
{
    (void)state;
    unsetenv("PGHOST");
    unsetenv("PGHOSTADDR");
    assert_false(conninfo_has_targets(""));
    assert_false(conninfo_has_targets("dbname=x"));
    assert_false(conninfo_has_targets("host=/run/postgresql"));
    assert_false(conninfo_has_targets("host=127.0.0.1"));
    assert_false(conninfo_has_targets("hostaddr=::1"));
    assert_true(conninfo_has_targets("host=::1,/tmp,10.1.2.3"));
    assert_false(conninfo_has_targets("host=db.example hostaddr=10.0.0.1"));
    assert_false(conninfo_has_targets("this is = not a ' connection string"));
    assert_true(conninfo_has_targets("host=db.example"));
    assert_true(conninfo_has_targets("postgresql://db.example/spean"));
    assert_true(conninfo_has_targets("host=/tmp,db.example"));
    assert_true(conninfo_has_targets("host=a,b hostaddr=10.0.0.1,"));
    setenv("PGHOST", "db.example", 1);
    assert_true(conninfo_has_targets("dbname=x"));
    assert_false(conninfo_has_targets("host=/tmp"));
    unsetenv("PGHOST");
}

/* Names become addresses; what is an address or a folder stays in its place. */
static void test_lists(void **state)
{
    struct targets t = {0};
    char err[160] = "";

    (void)state;
    assert_int_equal(0, conninfo_resolve("host=/tmp,localhost,10.0.0.1 hostaddr=,,10.0.0.9"
                                         " port=1,2,3",
                                         &t, err, sizeof(err)));
    /* localhost may have one address or two */
    assert_memory_equal("/tmp,localhost,", t.host, 15);
    assert_non_null(strstr(t.host, ",10.0.0.1"));
    assert_memory_equal(",", t.hostaddr, 1);
    assert_true(strstr(t.hostaddr, "127.0.0.1") || strstr(t.hostaddr, "::1"));
    assert_string_equal(",10.0.0.9", strrchr(t.hostaddr, ','));
    assert_memory_equal("1,2,", t.port, 4);
    assert_string_equal(",3", strrchr(t.port, ','));
    targets_done(&t);
    /* One port is meant for all hosts. */
    assert_int_equal(0, conninfo_resolve("host=localhost,/tmp port=77", &t, err, sizeof(err)));
    assert_string_equal(",77", strrchr(t.port, ','));
    targets_done(&t);
    assert_int_equal(-1, conninfo_resolve("host=no-such-host.invalid", &t, err, sizeof(err)));
    assert_non_null(strstr(err, "no-such-host.invalid"));
    assert_null(t.host);
}

static void test_turns(void **state)
{
    struct targets t = {0}, turned = {0};
    char err[160] = "";

    (void)state;
    assert_int_equal(0, conninfo_resolve("host=/a,10.0.0.1,/c port=1,2,3", &t, err, sizeof(err)));
    assert_int_equal(0, targets_turn(&t, 0, &turned));
    assert_string_equal("/a,10.0.0.1,/c", turned.host);
    targets_done(&turned);
    assert_int_equal(0, targets_turn(&t, 4, &turned));
    assert_string_equal("10.0.0.1,/c,/a", turned.host);
    assert_string_equal(",,", turned.hostaddr);
    assert_string_equal("2,3,1", turned.port);
    targets_done(&turned);
    targets_done(&t);
    assert_int_equal(0, conninfo_resolve("hostaddr=10.0.0.1,10.0.0.2", &t, err, sizeof(err)));
    assert_string_equal("10.0.0.1,10.0.0.2", t.hostaddr);
    assert_string_equal(",", t.host);
    targets_done(&t);
}

struct found {
    struct event_base *base;
    int times;
    bool ok;
};

static void on_found(void *ctx, const struct targets *t, const char *err)
{
    struct found *f = ctx;

    (void)err;
    f->times++;
    f->ok = t != NULL;
    event_base_loopbreak(f->base);
}

static void test_thread(void **state)
{
    struct found f = {.base = event_base_new()};

    (void)state;
    struct resolver *r = resolver_start(f.base, "host=localhost", on_found, &f);
    assert_non_null(r);
    event_base_dispatch(f.base);
    assert_int_equal(1, f.times);
    assert_true(f.ok);
    resolver_free(r);
    /* Forgotten at once: the thread ends by itself and nobody is called. */
    r = resolver_start(f.base, "host=localhost", on_found, &f);
    assert_non_null(r);
    resolver_free(r);
    event_base_loop(f.base, EVLOOP_NONBLOCK);
    assert_int_equal(1, f.times);
    event_base_free(f.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_needs_a_lookup),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
