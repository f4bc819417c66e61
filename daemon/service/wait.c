#include "request.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <stdlib.h>
#include <string.h>

/* What a call waits for: the database, an event, or its deadline. */

void timer_set(struct event *timer, uint64_t ms)
{
    struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    /* Without memory for it too early, rather than never. */
    if (event_add(timer, &tv))
        event_active(timer, EV_TIMEOUT, 1);
}

static void request_arm(struct request *r, uint64_t until_ms)
{
    uint64_t now = clock_mono_ms();

    timer_set(&r->timer, until_ms > now ? until_ms - now : 0);
}

void request_expired(struct request *r)
{
    request_refuse(r, REASON_DEADLINE);
}

void request_unknown(struct request *r)
{
    request_refuse(r, REASON_OUTCOME);
}

static void request_unwait(struct request *r)
{
    if (r->wakes)
        LIST_REMOVE(r, of_waiting);
    r->wakes = 0;
    r->on_wake = NULL;
    r->on_timer = NULL;
}

int request_try(struct request *r, enum statement which, const struct store_param *params,
                void (*done)(struct request *r, const struct store_result *result))
{
    request_unwait(r);
    if (pool_run(r->s->pool, which, params, r->deadline_ms, request_number(r)))
        return -1;
    r->on_store = done;
    request_arm(r, r->deadline_ms);
    return 0;
}

int request_run(struct request *r, enum statement which, const struct store_param *params,
                void (*done)(struct request *r, const struct store_result *result))
{
    if (request_try(r, which, params, done) == 0)
        return 0;
    request_refuse(r, pool_up(r->s->pool) ? REASON_OVERLOADED : REASON_DATABASE);
    return -1;
}

void request_store_done(void *ctx, uint64_t number, const struct store_result *result)
{
    struct request *r = request_find(ctx, number);

    if (!r || !r->on_store)
        return;
    void (*done)(struct request *, const struct store_result *) = r->on_store;
    r->on_store = NULL;
    event_del(&r->timer);
    done(r, result);
}

void request_wait(struct request *r, unsigned wakes, uint64_t until_ms,
                  void (*on_wake)(struct request *r), void (*on_timer)(struct request *r))
{
    request_unwait(r);
    if (wakes)
        LIST_INSERT_HEAD(&r->s->waiting, r, of_waiting);
    r->wakes = wakes;
    r->on_wake = on_wake;
    r->on_timer = on_timer;
    request_arm(r, until_ms);
}

void requests_wake(struct service *s, unsigned wakes)
{
    struct request_list present;
    struct request *r;

    /* Those that are woken may end, wait anew, or end others: take one at a time off a list that
     * nothing is added to. */
    present = s->waiting;
    if (LIST_EMPTY(&present))
        return;
    LIST_FIRST(&present)->of_waiting.le_prev = &LIST_FIRST(&present);
    LIST_INIT(&s->waiting);
    while ((r = LIST_FIRST(&present))) {
        LIST_REMOVE(r, of_waiting);
        LIST_INSERT_HEAD(&s->waiting, r, of_waiting);
        if (r->wakes & wakes)
            r->on_wake(r);
    }
}

/* Classes of SQLSTATE that say "not now": connections, resources, intervention, read-only. */
static bool sqlstate_passing(const char *sqlstate)
{
    return strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
           strncmp(sqlstate, "57P", 3) == 0 || strcmp(sqlstate, "25006") == 0;
}

void store_error(const struct request *r, const struct store_result *result, struct rpc_error *e)
{
    const char *said = NULL;
    char text[256];

    switch (result->status) {
    case STORE_TIMEOUT:
        reason_set(e, REASON_DEADLINE);
        return;
    case STORE_UNAVAILABLE:
    case STORE_LOST:
        reason_set(e, REASON_DATABASE);
        return;
    case STORE_OK:
    case STORE_SQL:
        break;
    }
    if (result->res)
        said = PQresultErrorField(result->res, PG_DIAG_MESSAGE_PRIMARY);
    if (!said)
        said = "-";
    log_event(r->s->o.log, LOG_LEVEL_WARN, "sql_error", "request=%s sqlstate=%s message=%s", r->rid,
              result->sqlstate, log_quote(text, sizeof text, said, strlen(said)));
    if (sqlstate_passing(result->sqlstate))
        reason_set(e, REASON_DATABASE);
    else if (strcmp(result->sqlstate, "57014") == 0) /* statement_timeout: rolled back */
        reason_set(e, REASON_DEADLINE);
    else
        rpc_error_set(e, RPC_INTERNAL, NULL, NULL);
}

bool request_store_failed(struct request *r, const struct store_result *result)
{
    struct rpc_error e = {0};

    if (result->status == STORE_OK)
        return false;
    store_error(r, result, &e);
    request_error(r, &e);
    return true;
}

struct store_param param_text(const char *text)
{
    return (struct store_param){.value = text, .len = text ? strlen(text) : 0};
}

const char *column(const PGresult *res, int row, int col)
{
    return PQgetisnull(res, row, col) ? NULL : PQgetvalue(res, row, col);
}

int64_t column_int(const PGresult *res, int row, int col)
{
    const char *text = column(res, row, col);

    return text ? strtoll(text, NULL, 10) : 0;
}
