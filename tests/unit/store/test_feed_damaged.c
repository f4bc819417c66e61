#include "between.h"
#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <spean/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Loads whose stream is damaged between a real server and the feed, or whose server tells what
 * cannot be. None is called level; the load begins anew, and the next that is sound is taken.
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

static FILE *words;
static struct log *feed_log;
static struct between *between;
static char through[sizeof(cluster.conninfo)];

static bool said(const char *what)
{
    char line[1000];
    bool found = false;

    rewind(words);
    while (!found && fgets(line, sizeof(line), words))
        found = strstr(line, what) != NULL;
    return found;
}

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
    words = tmpfile();
    feed_log = words ? log_new(fileno(words), LOG_LEVEL_INFO) : NULL;
    if (!feed_log || feed_setup(state) != 0)
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
    log_free(feed_log);
    fclose(words);
    return 0;
}

static void assert_all_told(int count)
{
    for (int n = 1; n <= COMPANIES; n++)
        assert_int_equal(1, one.versions[n]);
    assert_int_equal(count, one.rows - one.rows_before);
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
    assert_all_told(COMPANIES);
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
        assert_all_told(COMPANIES);
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
        assert_all_told(COMPANIES);
        feed_free(one.feed);
        one.feed = NULL;
    }
    assert_true(said("source=read_conninfo"));
    assert_true(said("reason=nonsense")); /* it only lacked its end */
    assert_true(said("reason=lost"));     /* nothing of it could be read on */
}

static void cancel(void)
{
    sql_value(conn, "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
                    " WHERE application_name = 'speand' AND query LIKE '%COPY%'");
}

static void kill_reader(void)
{
    sql_value(conn, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE application_name = 'speand' AND query LIKE '%COPY%'");
}

/* The server ends the statement after rows have come: tried again, on the same connection. */
static void cancelled(const char *primary)
{
    char pid[24];

    fill(7000);
    widen();
    listen_through(primary, NULL);
    one.act_at = 100;
    one.act = cancel;
    WAIT_UNTIL(base, one.rows >= 100);
    snprintf(pid, sizeof(pid), "%s",
             sql_value(conn, "SELECT pid FROM pg_stat_activity WHERE application_name = 'speand'"));
    WAIT_UNTIL(base, one.downs > 0);
    assert_int_equal(0, one.caught_ups);
    wait_even(&one);
    assert_true(said("feed_refused statement=feed_load sqlstate=57014"));
    assert_int_equal(2, one.resets);
    assert_all_told(7000);
    assert_string_equal(pid, sql_value(conn, "SELECT pid FROM pg_stat_activity WHERE"
                                             " application_name = 'speand'"));
}

static void test_cancelled(void **state)
{
    (void)state;
    cancelled(cluster.conninfo);
}

/* Only the first of two errors counts. */
static void test_error_twice(void **state)
{
    (void)state;
    fault.error_is_two = true;
    cancelled(through);
    assert_int_equal(1, fault.done);
}

static void lost_there(void (*act)(void), const char *reason)
{
    fill(7000);
    widen();
    listen_through(cluster.conninfo, cluster.conninfo);
    one.act_at = 100;
    one.act = act;
    wait_even(&one);
    assert_true(said(reason));
    assert_int_equal(2, one.resets);
    assert_in_range(one.rows_before, 100, 6999);
    assert_int_equal(1, one.caught_ups);
    assert_all_told(7000);
}

static void test_cancelled_there(void **state)
{
    (void)state;
    lost_there(cancel, "feed_reader_left reason=57014");
}

static void test_killed_there(void **state)
{
    (void)state;
    lost_there(kill_reader, "feed_reader_left reason=lost");
}

/* ---- a sound stream of what cannot be ---- */

/* The table's place is taken by a view of it, until it is back. */
static void replace(const char *table, const char *view)
{
    char sql[1000];

    snprintf(sql, sizeof(sql),
             "BEGIN; ALTER TABLE spean.%s RENAME TO moved; CREATE VIEW spean.%s AS %s; COMMIT",
             table, table, view);
    assert_int_equal(0, sql_run(conn, sql));
}

static void put_back(const char *table)
{
    char sql[200];

    snprintf(sql, sizeof(sql),
             "BEGIN; DROP VIEW spean.%s; ALTER TABLE spean.moved RENAME TO %s; COMMIT", table,
             table);
    assert_int_equal(0, sql_run(conn, sql));
}

static void assert_never_level(const char *table, const char *view, const char *model)
{
    replace(table, view);
    listen_logged(&one, 50, model, NULL, feed_log);
    WAIT_UNTIL(base, one.downs >= 3);
    assert_int_equal(0, one.caught_ups);
    put_back(table);
    wait_even(&one);
    assert_int_equal(1, one.caught_ups);
    assert_all_told(COMPANIES);
    feed_free(one.feed);
    one.feed = NULL;
}

#define MOVED_AS(id, packed, version, updated)                                                     \
    "SELECT " id " AS id, " packed " AS packed, " version " AS version, " updated                  \
    " AS updated_at, doc, pack_format, pack_model FROM spean.moved"
#define NOT_OF(n, type, column)                                                                    \
    "CASE WHEN right(id::text, 2) <> '" n "' THEN " column " ELSE NULL::" type " END"

static void test_rows_that_cannot_be(void **state)
{
    (void)state;
    fill(COMPANIES);
    assert_never_level(
        "company", MOVED_AS(NOT_OF("14", "uuid", "id"), "packed", "version", "updated_at"), "m1");
    assert_never_level(
        "company", MOVED_AS("id", NOT_OF("14", "bytea", "packed"), "version", "updated_at"), "m1");
    assert_never_level(
        "company", MOVED_AS("id", "packed", NOT_OF("14", "bigint", "version"), "updated_at"), "m1");
    assert_never_level("company", MOVED_AS("id", "packed", "version::integer", "updated_at"), "m1");
    assert_never_level(
        "company", MOVED_AS("id", "packed", "version", NOT_OF("14", "timestamptz", "updated_at")),
        "m2");
    assert_true(said("makes no sense"));
}

/* Two counters, but only for the load: whatever looked before it saw one. */
static void test_two_counters(void **state)
{
    (void)state;
    fill(COMPANIES);
    assert_never_level("feed",
                       "SELECT * FROM spean.moved UNION ALL SELECT * FROM spean.moved"
                       " WHERE current_setting('transaction_isolation') = 'repeatable read'",
                       "m1");
}

/* Another history, but only for the load. */
static void test_other_history_there(void **state)
{
    (void)state;
    fill(COMPANIES);
    replace("feed",
            "SELECT CASE current_setting('transaction_isolation') WHEN 'repeatable read'"
            " THEN gen_random_uuid() ELSE epoch END AS epoch, seq, token_version FROM spean.moved");
    listen_logged(&one, 50, "m1", cluster.conninfo, feed_log);
    WAIT_UNTIL(base, said("feed_reader_left reason=lost"));
    put_back("feed");
    wait_even(&one);
    assert_all_told(COMPANIES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recut),         TEST(test_damaged),
        TEST(test_damaged_there), TEST(test_cancelled),
        TEST(test_error_twice),   TEST(test_cancelled_there),
        TEST(test_killed_there),  TEST(test_rows_that_cannot_be),
        TEST(test_two_counters),  TEST(test_other_history_there),
    };
    FEED_MAIN(tests);
}
