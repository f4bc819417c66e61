#include "between.h"
#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Loads whose stream is damaged between a real server and the feed. None is called level; the load
 * begins anew, and the next that is sound is taken.
 */

enum damage {
    SOUND,
    RECUT,     /* sound, but cut elsewhere than between rows */
    NO_END,    /* all rows, and not the end of them */
    NO_ROWS,   /* nothing but that it is over */
    SIGNATURE, /* one bit of the head, with which the first row comes */
    CRITICAL,  /* a flag that changes what rows look like */
    COLUMNS,   /* a row has another number of fields */
    NEGATIVE,  /* a field has a length below null's */
    HUGE,      /* 16 MiB */
    SHORT_ROW, /* a row lacks its last byte */
    LONG_ROW,  /* or has one more */
    BEHIND,    /* another row after the end */
    TWO_ENDS,
    DAMAGES
};

#define COMPANIES 40
#define AT 20 /* the damaged row */

static struct {
    enum damage damage;
    int pieces; /* of the stream under way */
    int done;   /* how often it was damaged */
    bool error_is_two;
    struct buf row; /* one that was sound */
} fault;

static struct between *between;
static char through[sizeof(cluster.conninfo)];

/* A row of the stream with `add` bytes more, and what is written over it at `at`. */
static void say_row(struct buf *out, const char *body, size_t len, int add, size_t at,
                    const char *over, size_t over_len)
{
    size_t n = (size_t)((int)len + add);
    char *copy = calloc(1, n);

    assert_non_null(copy);
    memcpy(copy, body, n < len ? n : len);
    memcpy(copy + at, over, over_len);
    between_say(out, 'd', copy, n);
    free(copy);
    fault.done++;
}

static bool damage_head(const char *body, size_t len, struct buf *out)
{
    if (fault.damage == SIGNATURE)
        say_row(out, body, len, 0, 3, "o", 1);
    else if (fault.damage == CRITICAL)
        say_row(out, body, len, 0, 11, "\0\1", 2);
    else
        return false;
    return true;
}

static bool damage_row(const char *body, size_t len, struct buf *out)
{
    switch (fault.damage) {
    case COLUMNS:
        say_row(out, body, len, 0, 0, "\0\4", 2);
        return true;
    case NEGATIVE:
        say_row(out, body, len, 0, 2, "\377\377\377\376", 4);
        return true;
    case HUGE:
        say_row(out, body, len, 0, 2, "\1\0\0\0", 4);
        return true;
    case SHORT_ROW:
        say_row(out, body, len, -1, 0, "\0\5", 2);
        return true;
    case LONG_ROW:
        say_row(out, body, len, 1, 0, "\0\5", 2);
        return true;
    default:
        return false;
    }
}

static bool damage_end(const char *body, size_t len, struct buf *out)
{
    if (fault.damage == NO_END) {
        fault.done++;
        return true;
    }
    if (fault.damage == BEHIND || fault.damage == TWO_ENDS) {
        between_say(out, 'd', body, len);
        if (fault.damage == BEHIND)
            between_say(out, 'd', fault.row.data, fault.row.len);
        else
            between_say(out, 'd', body, len);
        fault.done++;
        return true;
    }
    return false;
}

static bool damage_piece(const char *body, size_t len, struct buf *out)
{
    bool end = len == 2;
    int n = fault.pieces++;

    if (fault.damage == NO_ROWS) {
        fault.done += n == 0;
        return true;
    }
    if (fault.damage == RECUT) {
        fault.done++;
        between_say(out, 'd', body, len / 2);
        between_say(out, 'd', body + len / 2, len - len / 2);
        return true;
    }
    if (n == 1 && !end) {
        buf_reset(&fault.row);
        buf_add(&fault.row, body, len);
    }
    if (n == 0)
        return damage_head(body, len, out);
    if (end)
        return damage_end(body, len, out);
    return n == AT && damage_row(body, len, out);
}

static bool on_message(void *ctx, char type, const char *body, size_t len, struct buf *out)
{
    (void)ctx;
    if (type == 'H')
        fault.pieces = 0;
    if (type == 'E' && fault.error_is_two) {
        fault.done++;
        between_say(out, type, body, len);
        between_say(out, type, body, len);
        return true;
    }
    return type == 'd' && damage_piece(body, len, out);
}

static int setup(void **state)
{
    char dir[sizeof(cluster.dir) + 16], there[sizeof(cluster.dir) + 32];

    memset(&fault, 0, sizeof(fault));
    buf_init(&fault.row, 1 << 20);
    if (words_open() < 0 || feed_setup(state) != 0)
        return -1;
    snprintf(dir, sizeof(dir), "%s/between", cluster.dir);
    snprintf(there, sizeof(there), "%s/.s.PGSQL.5432", cluster.dir);
    snprintf(through, sizeof(through), "host=%s user=spean dbname=spean", dir);
    between = between_new(base, dir, there, on_message, NULL);
    return between ? 0 : -1;
}

static int teardown(void **state)
{
    feed_free(one.feed);
    one.feed = NULL;
    between_free(between);
    feed_teardown(state);
    buf_done(&fault.row);
    words_close();
    return 0;
}

/* The feed reads through what stands between. Where both its servers are the primary, the second
 * only loads. */
static void listen_through(const char *primary, const char *reader)
{
    listen_logged_at(&one, primary, 50, "m1", reader, feed_log);
}

/* However a sound stream is cut, it is the same. */
static void test_recut(void **state)
{
    (void)state;
    fill(COMPANIES);
    fault.damage = RECUT;
    listen_through(through, NULL);
    wait_even(&one);
    assert_int_equal(COMPANIES + 1, fault.done);
    assert_int_equal(1, one.resets);
    assert_all_told(&one, COMPANIES);
}

/* Each damage twice over, then none. */
static void test_damaged(void **state)
{
    (void)state;
    fill(COMPANIES);
    for (fault.damage = NO_END; fault.damage < DAMAGES; fault.damage++) {
        fault.done = 0;
        listen_through(through, NULL);
        WAIT_UNTIL(base, fault.done >= 2 && one.resets >= 3);
        assert_int_equal(0, one.caught_ups);
        assert_true(one.loading);
        enum damage was = fault.damage;
        fault.damage = SOUND;
        wait_even(&one);
        assert_int_equal(1, one.caught_ups);
        assert_all_told(&one, COMPANIES);
        feed_free(one.feed);
        one.feed = NULL;
        fault.damage = was;
    }
    assert_true(said("makes no sense"));
}

/* What a standby gives is damaged: the primary takes over, and what came from there is forgotten.
 */
static void test_damaged_there(void **state)
{
    (void)state;
    fill(COMPANIES);
    for (fault.damage = NO_END; fault.damage < DAMAGES; fault.damage++) {
        fault.done = 0;
        listen_through(cluster.conninfo, through);
        wait_even(&one);
        assert_int_equal(1, fault.done);
        assert_int_equal(2, one.resets);
        assert_int_equal(1, one.caught_ups);
        assert_all_told(&one, COMPANIES);
        feed_free(one.feed);
        one.feed = NULL;
    }
    assert_true(said("source=read_conninfo"));
    assert_true(said("reason=nonsense")); /* it only lacked its end */
    assert_true(said("reason=lost"));     /* nothing of it could be read on */
}

/* Only the first of two errors counts. */
static void test_error_twice(void **state)
{
    (void)state;
    fault.error_is_two = true;
    fill(7000);
    widen();
    listen_through(through, NULL);
    one.act_at = 100;
    one.act = cancel_copy;
    WAIT_UNTIL(base, one.downs > 0);
    assert_int_equal(0, one.caught_ups);
    wait_even(&one);
    assert_int_equal(1, fault.done);
    assert_true(said("feed_refused statement=feed_load sqlstate=57014"));
    assert_int_equal(2, one.resets);
    for (int n = 1; n <= 7000; n++)
        assert_int_equal(1, one.versions[n]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recut),
        TEST(test_damaged),
        TEST(test_damaged_there),
        TEST(test_error_twice),
    };
    FEED_MAIN(tests);
}
