#include "world.h"

#include <netinet/in.h>

static void reading_stops_at_the_output_mark(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fd, stopped;
    static char line[70000];

    (void)state;
    limits.output_mark = 64 << 10;
    x = world_start(&limits);
    fd = client_new(x);
    for (int i = 0; i < 200; i++)
        client_say(fd, "big 60000\n");
    wait_until(atomic_load(&x->lines) > 0);
    world_settle(x);
    stopped = atomic_load(&x->lines);
    world_settle(x);
    assert_int_equal(atomic_load(&x->lines), stopped);
    assert_true(stopped < 200); /* 12 MB are more than mark and kernel hold */
    assert_true(net_shared_buffered(x->shared) < 300000);
    for (int i = 0; i < 200; i++)
        assert_int_equal(client_line(fd, line, sizeof line), 60000);
    assert_int_equal(atomic_load(&x->closed), 0);
    close(fd);
    world_end(x);
}

static void slow_reader_is_dropped_at_the_cap(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fd, other;

    (void)state;
    limits.output = 64 << 10;
    x = world_start(&limits);
    fd = client_new(x);
    other = client_new(x);
    client_say(fd, "push 60000\n"); /* overflows inside its own callback */
    wait_until(atomic_load(&x->closed) == 1);
    client_expect_end(fd, true);
    client_say(other, "still here\n");
    client_expect(other, "still here");
    assert_int_equal(atomic_load(&x->closed), 1);
    close(fd);
    close(other);
    world_end(x);
}

static void one_answer_may_be_larger_than_the_cap(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    char *line = malloc(3000001);
    int fd;

    (void)state;
    limits.output = 64 << 10;
    x = world_start(&limits);
    fd = client_new(x);
    client_say(fd, "big 3000000\n");
    assert_int_equal(client_line(fd, line, 3000001), 3000000);
    free(line);
    close(fd);
    world_end(x);
}

/* What the client's socket takes at once does not wait: 128 KB in one go are no slow reader. */
static void a_burst_that_the_socket_takes_is_no_offence(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    char line[3000];
    int fd;

    (void)state;
    limits.output = 64 << 10;
    x = world_start(&limits);
    fd = client_new(x);
    client_say(fd, "push 2000\n");
    for (int i = 0; i < 64; i++)
        assert_int_equal(client_line(fd, line, sizeof line), 2000);
    client_say(fd, "still here\n");
    client_expect(fd, "still here");
    close(fd);
    world_end(x);
}

static void closing_says_what_was_said_before_and_nothing_after(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);

    (void)state;
    client_say(fd, "hold\none\nbye\nnot heard\n");
    client_expect(fd, "one");
    client_expect(fd, "bye");
    client_expect_end(fd, false);
    close(fd);
    wait_until(atomic_load(&x->closed) == 1);
    assert_int_equal(atomic_load(&x->lines), 3);
    world_end(x);
}

static void stale_names_reach_nobody(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x), before;
    uint64_t stale;

    (void)state;
    client_say(fd, "one\n");
    client_expect(fd, "one");
    close(fd);
    wait_until(atomic_load(&x->closed) == 1);
    world_settle(x);
    stale = x->last;
    fd = client_new(x);
    client_say(fd, "two\n");
    client_expect(fd, "two");
    before = atomic_load(&x->messages);
    assert_int_equal(worker_post(x->worker, MESSAGE_SEND_STALE, &stale), 0);
    wait_until(atomic_load(&x->messages) > before);
    client_say(fd, "three\n");
    client_expect(fd, "three"); /* the same slot, and not a word of "stale" */
    close(fd);
    world_end(x);
}

/* The owner may end one that says nothing. */
static void the_owner_may_close_at_any_time(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);
    uint64_t name;

    (void)state;
    client_say(fd, "hello\n");
    client_expect(fd, "hello");
    name = x->last;
    assert_int_equal(worker_post(x->worker, MESSAGE_CLOSE, &name), 0);
    client_expect_end(fd, false);
    wait_until(atomic_load(&x->closed) == 1);
    close(fd);
    world_end(x);
}

/* One that is gone before it is looked at is no connection. */
static void who_is_gone_at_once_is_not_announced(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    socklen_t len = sizeof a;
    int listening = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), peer;

    (void)state;
    assert_int_equal(bind(listening, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    peer = accept(listening, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(fd);
    len = sizeof a;
    wait_until(getpeername(peer, (struct sockaddr *)&a, &len) != 0);
    assert_int_equal(worker_adopt(x->worker, peer, false), 0);
    world_settle(x);
    wait_until(net_shared_connections(x->shared) == 0);
    assert_int_equal(atomic_load(&x->opened), 0);
    close(listening);
    world_end(x);
}

static void opened_may_refuse(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_new(&limits);
    int fd;

    (void)state;
    x->refuse = true;
    assert_int_equal(worker_start(x->worker), 0);
    fd = client_new(x);
    client_expect(fd, "refused");
    client_expect_end(fd, false);
    close(fd);
    wait_until(net_shared_connections(x->shared) == 0);
    assert_int_equal(atomic_load(&x->closed), 0);
    world_end(x);
}

static void the_peer_of_a_unix_socket_is_known(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    int fd = client_new(x);

    (void)state;
    client_say(fd, "one\n");
    client_expect(fd, "one");
    assert_true(x->peer.local);
    assert_int_equal(x->peer.uid, getuid());
    assert_int_equal(x->peer.gid, getgid());
    assert_int_equal(x->peer.pid, getpid());
    assert_string_equal(x->peer.address, "unix");
    close(fd);
    world_end(x);
}

static void idle_ones_leave_and_subscribers_stay(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int idle, waiting, subscriber, mute;

    (void)state;
    limits.idle_ms = 200;
    x = world_start(&limits);
    mute = client_new(x); /* nobody has authenticated on it: another limit */
    idle = client_new(x);
    waiting = client_new(x);
    subscriber = client_new(x);
    client_say(subscriber, "subscribe\n");
    client_expect(subscriber, "subscribe");
    client_say(waiting, "hold\n");
    client_say(idle, "trust\nand a half");
    client_expect(idle, "trust");
    client_expect_end(idle, false);
    wait_until(atomic_load(&x->closed) == 1);
    client_say(subscriber, "there\n");
    client_expect(subscriber, "there");
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    client_expect(waiting, "released"); /* whoever is owed an answer is not idle */
    assert_int_equal(send(mute, "x\n", 2, MSG_NOSIGNAL), 2);
    client_expect(mute, "x");
    close(idle);
    close(waiting);
    close(subscriber);
    close(mute);
    world_end(x);
}

static void strangers_who_do_not_speak_leave(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int mute, partial, spoke, waiting, other;

    (void)state;
    limits.anonymous_ms = 100;
    x = world_start(&limits);
    other = client_new_saying(x, "trust\n");
    client_expect(other, "trust");
    mute = client_new(x);
    partial = client_new_saying(x, "{");
    spoke = client_new_saying(x, "one\n");
    client_expect(spoke, "one");
    waiting = client_new_saying(x, "hold\n");
    client_expect_end(mute, true);
    client_expect_end(partial, true);
    client_expect_end(spoke, true);
    client_say(other, "two\n"); /* one of ours */
    client_expect(other, "two");
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    client_expect(waiting, "released"); /* and one that is owed an answer */
    client_expect_end(waiting, true);
    close(mute);
    close(partial);
    close(spoke);
    close(waiting);
    close(other);
    world_end(x);
}

static void the_budget_costs_the_largest_its_place(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    static char text[400000];
    int large, small;

    (void)state;
    limits.buffers = 500000;
    x = world_start(&limits);
    large = client_new(x);
    small = client_new(x);
    memset(text, 'x', sizeof text);
    client_say(large, "trust\n");
    client_expect(large, "trust");
    client_say(small, "trust\n");
    client_expect(small, "trust");
    client_write(large, text, 400000);
    wait_until(net_shared_buffered(x->shared) == 400000);
    client_write(small, text, 150000);
    client_expect_end(large, true);
    client_write(small, "\n", 1);
    assert_int_equal(client_line(small, text, sizeof text), 150000);
    assert_int_equal(atomic_load(&x->closed), 1);
    close(large);
    close(small);
    world_end(x);
}

/* At once, not with the next tick. */
static void the_budget_holds_within_a_turn(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fds[4];

    (void)state;
    limits.buffers = 700000;
    x = world_start(&limits);
    for (int i = 0; i < 4; i++) {
        fds[i] = client_new(x);
        client_say(fds[i], "hold\n");
    }
    wait_until(atomic_load(&x->lines) == 4);
    assert_int_equal(worker_post(x->worker, MESSAGE_FLOOD, NULL), 0);
    wait_until(atomic_load(&x->buffered_seen) > 0);
    assert_int_equal(atomic_load(&x->buffered_seen), 2 * 300001);
    wait_until(atomic_load(&x->closed) == 2);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    world_end(x);
}

static void limits_change_while_connections_live(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x;
    int fd;

    (void)state;
    limits.in_flight = 1;
    x = world_start(&limits);
    fd = client_new(x);
    client_say(fd, "hold\nhold\nhold\n");
    wait_until(atomic_load(&x->lines) == 1);
    limits.in_flight = 3;
    limits.line_anonymous = 10;
    worker_set_limits(x->worker, &limits);
    wait_until(atomic_load(&x->lines) == 3);
    assert_int_equal(worker_post(x->worker, MESSAGE_RELEASE, NULL), 0);
    for (int i = 0; i < 3; i++)
        client_expect(fd, "released");
    client_say(fd, "this is longer than ten\n");
    client_expect(fd, "too long");
    close(fd);
    world_end(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_stops_at_the_output_mark),
        cmocka_unit_test(slow_reader_is_dropped_at_the_cap),
        cmocka_unit_test(one_answer_may_be_larger_than_the_cap),
        cmocka_unit_test(a_burst_that_the_socket_takes_is_no_offence),
        cmocka_unit_test(closing_says_what_was_said_before_and_nothing_after),
        cmocka_unit_test(stale_names_reach_nobody),
        cmocka_unit_test(the_owner_may_close_at_any_time),
        cmocka_unit_test(who_is_gone_at_once_is_not_announced),
        cmocka_unit_test(opened_may_refuse),
        cmocka_unit_test(the_peer_of_a_unix_socket_is_known),
        cmocka_unit_test(idle_ones_leave_and_subscribers_stay),
        cmocka_unit_test(strangers_who_do_not_speak_leave),
        cmocka_unit_test(the_budget_costs_the_largest_its_place),
        cmocka_unit_test(the_budget_holds_within_a_turn),
        cmocka_unit_test(limits_change_while_connections_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
