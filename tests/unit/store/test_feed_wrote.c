#include "feed_private.h"
#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes of this daemon's own, which the feed is told of and need not ask for. */

static char server[STORE_SERVER];

/* Company n and those after it as version `version`, the last of them as change `last`. */
static struct feed_write *written(uint64_t last, unsigned n, size_t count, int64_t version)
{
    static const uint8_t packed[] = {1, 0, 2};
    uint8_t *to;
    struct feed_write *w = feed_write_new(count, count * 19, &to);

    assert_non_null(w);
    w->last = last;
    snprintf(w->server, sizeof w->server, "%s", server);
    memcpy(w->epoch, one.epoch, FEED_EPOCH);
    for (size_t i = 0; i < count; i++, to += 19) {
        to[14] = (uint8_t)(n + i) >> 8;
        to[15] = (uint8_t)(n + i);
        memcpy(to + 16, packed, sizeof packed);
        w->rows[i] = (struct feed_row){.id = to,
                                       .packed = to + 16,
                                       .packed_len = sizeof packed,
                                       .version = version,
                                       .updated_ms = 1800000000000};
    }
    return w;
}

static void tell(struct feed_write *w)
{
    feed_wrote(one.feed, w);
    free(w);
}

static void follow(uint64_t poll_ms)
{
    listen_on(&one, poll_ms, "m1");
    wait_even(&one);
    WAIT_UNTIL(base, one.feed->state == FEED_IDLE);
    snprintf(server, sizeof server, "%s",
             sql_value(conn, "SELECT (extract(epoch FROM pg_postmaster_start_time())"
                             " * 1000000)::bigint"));
}

static void rest(void)
{
    WAIT_UNTIL(base, one.feed->state == FEED_IDLE && !one.feed->again);
}

/* Without a word from the database, which does not even know of it here. */
static void test_next_is_given_at_once(void **state)
{
    (void)state;
    fill(10);
    follow(60000);
    tell(written(1, 7, 1, 2));
    assert_int_equal(1, one.seq);
    assert_int_equal(1, one.database_seq);
    assert_int_equal(2, one.versions[7]);
    tell(written(4, 20, 3, 1));
    assert_int_equal(4, one.seq);
    assert_int_equal(14, one.rows);
    assert_int_equal(1, one.versions[22]);
    assert_int_equal(3, one.caught_ups);
    assert_int_equal(FEED_IDLE, one.feed->state);
    /* Known already. */
    tell(written(4, 20, 1, 9));
    assert_int_equal(14, one.rows);
    assert_int_equal(FEED_IDLE, one.feed->state);
}

/* What is not the next change of this history is asked for instead. */
static void test_other_is_asked_for(void **state)
{
    static const struct {
        bool server, epoch;
        uint64_t gap;
    } cases[] = {{true, false, 0}, {false, true, 0}, {false, false, 1}};

    (void)state;
    follow(60000);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t next = one.seq + 1;
        struct feed_write *w = written(next + cases[i].gap, 1 + i, 1, 77);

        if (cases[i].server)
            w->server[0] ^= 1;
        if (cases[i].epoch)
            w->epoch[0] ^= 1;
        for (uint64_t k = 0; k <= cases[i].gap; k++)
            assert_int_equal(0, write_company(conn, 1 + i + (unsigned)k, 0));
        tell(w);
        assert_int_equal(next - 1, one.seq);
        assert_int_equal(FEED_BUSY, one.feed->state);
        wait_even(&one);
        rest();
        assert_int_equal(1, one.versions[1 + i]);
    }
    assert_int_equal(1, one.resets);
    assert_int_equal(4, one.rows);
}

/* The page that was asked for before says nothing new, and nothing twice. */
static void test_told_while_changes_are_read(void **state)
{
    (void)state;
    follow(60000);
    assert_int_equal(0, write_company(conn, 5, 0));
    WAIT_UNTIL(base, one.feed->state == FEED_BUSY); /* the notification has come */
    assert_int_equal(0, one.seq);
    tell(written(1, 5, 1, 1));
    assert_int_equal(1, one.seq);
    rest();
    assert_int_equal(1, one.rows);
    assert_int_equal(2, one.caught_ups);
    /* Where it reaches further, it is taken as it is. */
    assert_int_equal(0, sql_run(conn, "BEGIN"));
    assert_int_equal(0, write_company(conn, 5, 1));
    assert_int_equal(0, write_company(conn, 5, 2));
    assert_int_equal(0, sql_run(conn, "COMMIT"));
    WAIT_UNTIL(base, one.feed->state == FEED_BUSY);
    tell(written(2, 5, 1, 2));
    assert_int_equal(2, one.versions[5]);
    rest();
    assert_int_equal(3, one.seq);
    assert_int_equal(3, one.versions[5]);
    assert_int_equal(1, one.resets);
    assert_true(one.ordered);
}

/* A counter that was asked for before the write is no other history. */
static void test_told_while_the_counter_is_read(void **state)
{
    (void)state;
    fill(3);
    follow(60000);
    event_active(one.feed->timer, EV_TIMEOUT, 0);
    WAIT_UNTIL(base, one.feed->state == FEED_BUSY);
    /* The answer, 0, may be there; it has not been read. */
    tell(written(1, 3, 1, 2));
    assert_int_equal(1, one.seq);
    rest();
    assert_int_equal(1, one.resets);
    assert_int_equal(1, one.database_seq);
    assert_int_equal(2, one.versions[3]);
    /* Asked now it is: the counter has gone back. */
    event_active(one.feed->timer, EV_TIMEOUT, 0);
    WAIT_UNTIL(base, one.resets == 2 && one.caught_ups == 3);
    assert_int_equal(1, one.versions[3]);
}

static void test_without_memory(void **state)
{
    (void)state;
    follow(100);
    assert_int_equal(0, write_company(conn, 5, 0));
    one.starve = 1;
    tell(written(1, 5, 1, 1));
    assert_int_equal(0, one.starve);
    assert_int_equal(0, one.seq);
    wait_even(&one);
    assert_int_equal(1, one.versions[5]);
    assert_int_equal(1, one.resets);
}

/* Before all is loaded, and while the database is away, nothing is known that it could follow. */
static void test_not_level(void **state)
{
    (void)state;
    fill(10);
    follow(100);
    assert_int_equal(0, cluster_halt(&cluster));
    WAIT_UNTIL(base, !one.up);
    tell(written(1, 7, 1, 2));
    assert_int_equal(0, one.seq);
    assert_int_equal(0, cluster_resume(&cluster));
    PQreset(conn);
    WAIT_UNTIL(base, one.up && one.feed->state == FEED_IDLE);
    /* It is another server now. */
    tell(written(1, 7, 1, 2));
    assert_int_equal(0, one.seq);
    assert_int_equal(10, one.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(test_next_is_given_at_once),
        FEED_TEST(test_other_is_asked_for),
        FEED_TEST(test_told_while_changes_are_read),
        FEED_TEST(test_told_while_the_counter_is_read),
        FEED_TEST(test_without_memory),
        FEED_TEST(test_not_level),
    };

    FEED_MAIN(tests);
}
