#include "world.h"

#include <spean/frame.h>

static void pipelined_lines_are_answered_in_order(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);
    char *text = malloc(1000 * 12);
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(text + len, "line %d\n", i);
    client_write(fd, text, len);
    for (int i = 0; i < 1000; i++) {
        char line[32];

        snprintf(line, sizeof line, "line %d", i);
        client_expect(fd, line);
    }
    free(text);
    close(fd);
    world_end(x);
}

static void bytes_may_come_one_by_one(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);

    (void)state;
    for (const char *s = "abc\ndef\r\n"; *s; s++)
        client_write(fd, s, 1);
    client_expect(fd, "abc");
    client_expect(fd, "def");
    close(fd);
    world_end(x);
}

static void empty_lines_are_passed_over(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);

    (void)state;
    client_say(fd, "\n\r\n\none\r\n\n\ntwo\n");
    client_expect(fd, "one");
    client_expect(fd, "two");
    assert_int_equal(atomic_load(&x->lines), 2);
    close(fd);
    world_end(x);
}

static void last_line_needs_no_end(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);

    (void)state;
    client_say(fd, "one\nhold\ntwo");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    client_expect(fd, "one");
    client_expect(fd, "two");
    /* The held answer is still owed after the client's end. */
    wait_until(atomic_load(&x->lines) == 3);
    world_settle(x);
    assert_int_equal(atomic_load(&x->closed), 0);
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    client_expect(fd, "released");
    client_expect_end(fd, false);
    wait_until(atomic_load(&x->closed) == 1);
    close(fd);
    world_end(x);
}

static void in_flight_cap_holds_further_lines_back(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fd;

    (void)state;
    limits.in_flight = 4;
    x = world_start(&limits);
    fd = client_new(x);
    client_say(fd, "hold\nhold\nhold\nhold\nhold\nhold\nafter\n");
    wait_until(atomic_load(&x->lines) == 4);
    world_settle(x);
    assert_int_equal(atomic_load(&x->lines), 4);
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    for (int i = 0; i < 4; i++)
        client_expect(fd, "released");
    wait_until(atomic_load(&x->lines) == 7);
    client_expect(fd, "after");
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    client_expect(fd, "released");
    client_expect(fd, "released");
    close(fd);
    world_end(x);
}

static void notifications_are_settled_without_an_answer(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fd;

    (void)state;
    limits.in_flight = 2;
    x = world_start(&limits);
    fd = client_new(x);
    client_say(fd, "silent\nsilent\nsilent\nsilent\nheard\n");
    client_expect(fd, "heard");
    close(fd);
    world_end(x);
}

/* Everything is written before the worker starts, so the order is the loop's alone. */
static void one_connection_takes_turns_with_others(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int a, b, server_a, server_b;
    char *first_b;

    (void)state;
    limits.turn = 4;
    x = world_new(&limits);
    a = client_pair(&server_a);
    b = client_pair(&server_b);
    for (int i = 0; i < 100; i++)
        client_say(a, "a\n");
    client_say(b, "b\n");
    assert_int_equal(worker_adopt(x->worker, server_a, true), 0);
    assert_int_equal(worker_adopt(x->worker, server_b, true), 0);
    assert_int_equal(worker_start(x->worker), 0);
    client_expect(b, "b");
    for (int i = 0; i < 100; i++)
        client_expect(a, "a");
    close(a);
    close(b);
    wait_until(atomic_load(&x->closed) == 2);
    first_b = memchr(x->order, 'b', x->order_count);
    assert_non_null(first_b);
    assert_true(first_b - x->order <= 8);
    world_end(x);
}

static void too_long_line_is_refused_and_closed(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);
    static char flood[100000];

    (void)state;
    memset(flood, 'x', sizeof flood);
    client_say(fd, "hold\n");
    client_write(fd, flood, 1000); /* just as long as it may be */
    client_say(fd, "\r\n");
    wait_until(atomic_load(&x->lines) == 2);
    client_write(fd, flood, sizeof flood);
    wait_until(atomic_load(&x->too_long) == 1);
    client_write(fd, flood, sizeof flood); /* goes on: neither blocked nor reset */
    client_say(fd, "\nnot heard\n");
    assert_int_equal(atomic_load(&x->limit_seen), 1000);
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0); /* owed before */
    flood[1000] = '\0';
    client_expect(fd, flood);
    client_expect(fd, "too long");
    client_expect(fd, "released");
    client_expect_end(fd, false);
    close(fd);
    wait_until(atomic_load(&x->closed) == 1);
    assert_int_equal(atomic_load(&x->lines), 2);
    assert_int_equal(atomic_load(&x->too_long), 1);
    world_end(x);
}

static void trust_allows_longer_lines(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fd;
    static char text[200001], got[200001];

    (void)state;
    limits.line = 200000;
    x = world_start(&limits);
    fd = client_new(x);
    memset(text, 'x', 200000);
    client_say(fd, "trust\n");
    client_write(fd, text, 200000);
    client_say(fd, "\n");
    client_expect(fd, "trust");
    assert_int_equal(client_line(fd, got, sizeof got), 200000);
    assert_memory_equal(text, got, 200000);
    client_write(fd, text, 200000);
    client_say(fd, "x");
    client_expect(fd, "too long");
    assert_int_equal(atomic_load(&x->limit_seen), 200000);
    close(fd);
    world_end(x);
}

static void strangers_hear_one_thing_and_are_closed(void **state)
{
    static const struct {
        const char *says;
        int what;
    } strangers[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", STRANGER_HTTP},
        {"Content-Length: 20\r\n\r\n{}", STRANGER_LSP},
        {"\x16\x03\x01\x02", STRANGER_TLS}, /* no LF will ever come */
    };
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd;

    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        fd = client_new(x);
        client_say(fd, strangers[i].says);
        client_expect(fd, "stranger");
        client_expect_end(fd, false);
        assert_int_equal(atomic_load(&x->what), strangers[i].what);
        close(fd);
    }
    assert_int_equal(atomic_load(&x->stranger), 3);
    assert_int_equal(atomic_load(&x->lines), 0);
    fd = client_new(x); /* a later line, too: what was asked before is answered */
    client_say(fd, "hello\n{GET \nGET / HTTP/1.1\nnot looked at\n");
    client_expect(fd, "hello");
    client_expect(fd, "{GET ");
    client_expect(fd, "stranger");
    client_expect_end(fd, false);
    close(fd);
    assert_int_equal(atomic_load(&x->lines), 2);
    world_end(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelined_lines_are_answered_in_order),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(empty_lines_are_passed_over),
        cmocka_unit_test(last_line_needs_no_end),
        cmocka_unit_test(in_flight_cap_holds_further_lines_back),
        cmocka_unit_test(notifications_are_settled_without_an_answer),
        cmocka_unit_test(one_connection_takes_turns_with_others),
        cmocka_unit_test(too_long_line_is_refused_and_closed),
        cmocka_unit_test(trust_allows_longer_lines),
        cmocka_unit_test(strangers_hear_one_thing_and_are_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
