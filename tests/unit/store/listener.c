#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <spean/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event_base *base;
struct listener one, two;

static FILE *words;
struct log *feed_log;

int words_open(void)
{
    words = tmpfile();
    feed_log = words ? log_new(fileno(words), LOG_LEVEL_INFO) : NULL;
    return feed_log ? 0 : -1;
}

void words_close(void)
{
    log_free(feed_log);
    feed_log = NULL;
    if (words)
        fclose(words);
    words = NULL;
}

bool said(const char *what)
{
    char line[1000];
    bool found = false;

    rewind(words);
    while (!found && fgets(line, sizeof(line), words))
        found = strstr(line, what) != NULL;
    return found;
}

static const char *feed_pids =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'speand' AND datname = current_database()";

static void on_reset(void *ctx, uint64_t about)
{
    struct listener *l = ctx;

    l->about = about;
    l->loading = true;
    l->rows_before = l->rows;
    l->resets++;
    l->seq = 0;
    memset(l->versions, 0, sizeof(l->versions));
}

static int on_row(void *ctx, const struct feed_row *row)
{
    struct listener *l = ctx;
    unsigned n = ((unsigned)row->id[14] << 8 | row->id[15]) % IDS;

    if (l->starve > 0) {
        l->starve--;
        return -1;
    }
    l->rows++;
    l->gone += row->packed == NULL;
    l->docs += row->doc != NULL;
    if (row->packed) {
        assert_int_equal(3, row->packed_len);
        assert_memory_equal("\x01\x00\x02", row->packed, 3);
        assert_true(!row->doc || (row->doc[0] == '{' && row->doc[row->doc_len - 1] == '}'));
        if (row->doc || !l->loading)
            assert_true(row->updated_ms > 1700000000000);
    }
    l->versions[n] = row->packed ? row->version : -1;
    if (l->rows == l->kill_at)
        sql_value(conn, feed_pids);
    if (l->rows == l->act_at)
        l->act();
    return 0;
}

static void on_caught_up(void *ctx, uint64_t seq, const char *epoch)
{
    struct listener *l = ctx;

    l->ordered = l->ordered && seq >= l->seq;
    l->loading = false;
    l->caught_ups++;
    l->seq = seq;
    snprintf(l->epoch, sizeof(l->epoch), "%s", epoch);
}

static int on_state(void *ctx, bool up, uint64_t database_seq)
{
    struct listener *l = ctx;

    l->downs += l->up && !up;
    l->up = up;
    l->database_seq = database_seq;
    return 0;
}

static void on_tokens(void *ctx, uint64_t version)
{
    struct listener *l = ctx;

    (void)version;
    l->token_moves++;
}

static const struct feed_callbacks callbacks = {.reset = on_reset,
                                                .row = on_row,
                                                .caught_up = on_caught_up,
                                                .state = on_state,
                                                .tokens = on_tokens};

void listen_on(struct listener *l, uint64_t poll_ms, const char *model)
{
    listen_logged(l, poll_ms, model, NULL, NULL);
}

void listen_logged(struct listener *l, uint64_t poll_ms, const char *model, const char *there,
                   struct log *log)
{
    listen_logged_at(l, cluster.conninfo, poll_ms, model, there, log);
}

void listen_logged_at(struct listener *l, const char *primary, uint64_t poll_ms, const char *model,
                      const char *there, struct log *log)
{
    struct feed_options o = {.conninfo = primary,
                             .read_conninfo = there,
                             .connect_ms = client_wait_ms() / 10,
                             .retry_ms = 50,
                             .poll_ms = poll_ms,
                             .pack_format = 1,
                             .pack_model = model};

    memset(l, 0, sizeof(*l));
    l->ordered = true;
    l->feed = feed_new(base, &o, log, &callbacks, l);
    assert_non_null(l->feed);
}

uint64_t counter(void)
{
    return strtoull(sql_value(conn, "SELECT seq FROM spean.feed"), NULL, 10);
}

void wait_even(struct listener *l)
{
    uint64_t seq = counter();

    WAIT_UNTIL(base, l->caught_ups > 0 && l->seq >= seq);
}

void assert_all_told(const struct listener *l, int count)
{
    for (int n = 1; n <= count; n++)
        assert_int_equal(1, l->versions[n]);
    assert_int_equal(count, l->rows - l->rows_before);
}

void cancel_copy(void)
{
    sql_value(conn, "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
                    " WHERE application_name = 'speand' AND query LIKE '%COPY%'");
}

void kill_copy(void)
{
    sql_value(conn, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE application_name = 'speand' AND query LIKE '%COPY%'");
}

int write_company(PGconn *c, unsigned n, int64_t expect)
{
    char sql[700];

    snprintf(sql, sizeof(sql),
             "SELECT * FROM spean.company_write('[{\"id\":\"00000000-0000-7000-8000-00000000%04x\","
             "\"expect\":%lld,\"type\":\"%s\",\"doc\":{\"country\":\"KH\",\"name\":\"n\","
             "\"status\":\"published\"},\"contacts\":[],\"keys\":[],\"packed\":\"AQAC\"}]',"
             " 'test', NULL, NULL, NULL, 0, 1, 'm1')",
             n, (long long)expect, expect ? "updated" : "created");
    return sql_run(c, sql);
}

void fill(int count)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO spean.company SELECT ('00000000-0000-7000-8000-00000000' ||"
             " lpad(to_hex(n), 4, '0'))::uuid, 1, 'KH', 'n', NULL, NULL, 'published', '{}', '{}',"
             " NULL, NULL, now(), '{\"name\": \"n\"}', '\\x010002', 1, 'm1'"
             " FROM generate_series(1, %d) n",
             count);
    assert_int_equal(0, sql_run(conn, sql));
}

void widen(void)
{
    assert_int_equal(0, sql_run(conn, "UPDATE spean.company SET doc ="
                                      " jsonb_build_object('name', repeat('x', 1500))"));
}

int feed_setup(void **state)
{
    (void)state;
    conn = sql_open(cluster.conninfo);
    base = event_base_new();
    return sql_run(conn, "TRUNCATE spean.company, spean.company_external, spean.company_contact,"
                         " spean.company_key, spean.change;"
                         "UPDATE spean.feed SET epoch = gen_random_uuid(), seq = 0");
}

int feed_teardown(void **state)
{
    (void)state;
    feed_free(one.feed);
    feed_free(two.feed);
    one.feed = two.feed = NULL;
    event_base_free(base);
    PQfinish(conn);
    return 0;
}
