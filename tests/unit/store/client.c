#include "client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client client;

uint64_t client_wait_ms(void)
{
    const char *said = getenv("SPEAN_TEST_PATIENCE");
    double patience = said ? strtod(said, NULL) : 1;

    return (uint64_t)(20000 * (patience > 1 && patience < 100 ? patience : 1));
}

static void client_done(void *ctx, uint64_t number, const struct store_result *result)
{
    struct client *c = ctx;

    assert_false(c->running);
    assert_true(number < ANSWERS_MAX);
    struct answer *a = &c->answers[number];
    a->times++;
    c->count++;
    a->status = result->status;
    memcpy(a->sqlstate, result->sqlstate, sizeof(a->sqlstate));
    if (result->status == STORE_OK)
        a->res = PQcopyResult(result->res, PG_COPYRES_TUPLES | PG_COPYRES_ATTRS);
}

struct store_options client_options(const char *conninfo)
{
    return (struct store_options){.conninfo = conninfo,
                                  .connections = 1,
                                  .pipeline = 16,
                                  .queue = 64,
                                  .connect_ms = client_wait_ms() / 10,
                                  .retry_ms = 50};
}

void client_open(struct client *c, const struct store_options *o,
                 const struct store_statement *statements, size_t count)
{
    memset(c, 0, sizeof(*c));
    c->base = event_base_new();
    assert_non_null(c->base);
    c->pool = pool_new(c->base, o, NULL, statements, count, client_done, c);
    assert_non_null(c->pool);
}

void client_close(struct client *c)
{
    pool_free(c->pool);
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        PQclear(c->answers[i].res);
    event_base_free(c->base);
}

int64_t client_run(struct client *c, size_t which, uint64_t timeout_ms, int params,
                   const char *const *values)
{
    struct store_param p[STORE_PARAMS_MAX] = {0};
    uint64_t number = c->next;

    assert_true(number < ANSWERS_MAX);
    for (int i = 0; i < params; i++)
        p[i] = (struct store_param){.value = values[i], .len = values[i] ? strlen(values[i]) : 0};
    c->running = true;
    int code = pool_run(c->pool, which, p, clock_mono_ms() + timeout_ms, number);
    c->running = false;
    if (code < 0)
        return -1;
    return (int64_t)c->next++;
}

static void loop_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

void loop_turn(struct event_base *base)
{
    struct timeval tv = {.tv_usec = 10000};

    event_base_once(base, -1, EV_TIMEOUT, loop_tick, NULL, &tv);
    event_base_loop(base, EVLOOP_ONCE);
}

const struct answer *client_ask(struct client *c, size_t which, int params,
                                const char *const *values)
{
    WAIT_UNTIL(c->base, pool_up(c->pool));
    int64_t number = client_run(c, which, WAIT_MS, params, values);
    assert_true(number >= 0);
    const struct answer *a = &c->answers[number];
    WAIT_UNTIL(c->base, a->times > 0);
    assert_int_equal(1, a->times);
    return a;
}

const char *cell(const struct answer *a, int row, const char *column)
{
    int field = PQfnumber(a->res, column);

    if (!a->res || field < 0 || row >= PQntuples(a->res))
        return "(none)";
    return PQgetisnull(a->res, row, field) ? "(null)" : PQgetvalue(a->res, row, field);
}
