#include "import_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include <spean/clock.h>
#include <spean/ident.h>
#include <spean/rpc.h>

#define TRIES_MAX 6

int run_init(struct import_run *r, struct app *app)
{
    uint8_t id[IDENT_BYTES];

    memset(r, 0, sizeof(*r));
    r->app = app;
    r->notes = json_object();
    if (r->notes == NULL || ident_make(id, clock_wall_ms()) < 0)
        return -1;
    ident_format(id, r->run_id);
    progress_start(&r->progress, app->err, app->err_tty, "importing", 0);
    return 0;
}

void run_done(struct import_run *r)
{
    for (size_t i = 0; i < IMPORT_WINDOW; i++)
        batch_done(&r->flights[i].batch);
    batch_done(&r->batch);
    json_decref(r->notes);
    free(r->since);
    free(r->principal);
}

/* Reads the change feed from `since` (a cursor, or a number in `from`) to its end. Every change of
 * our own after that is counted in *ret_own. */
static int feed_read(struct import_run *r, int64_t from, uint64_t *ret_own)
{
    bool more = true;
    int code = EXIT_DONE;

    while (more && code == EXIT_DONE) {
        json_t *params = json_object(), *result = NULL, *change;
        const char *next;
        size_t i;

        json_object_set_new(params, "since",
                            r->since != NULL ? json_string(r->since) : json_integer(from));
        json_object_set_new(params, "limit", json_integer(1000));
        code = app_call(r->app, "changes.list", params, &result);
        if (code != EXIT_DONE)
            break;
        json_array_foreach(json_object_get(result, "changes"), i, change)
        {
            const char *origin = json_string_value(json_object_get(change, "origin"));

            if (origin != NULL && r->principal != NULL && strcmp(origin, r->principal) == 0)
                (*ret_own)++;
        }
        next = json_string_value(json_object_get(result, "next"));
        more = json_is_true(json_object_get(result, "more")) && next != NULL;
        if (next != NULL) {
            free(r->since);
            r->since = strdup(next);
        }
        json_decref(result);
    }
    return code;
}

int run_begin(struct import_run *r)
{
    json_t *who = NULL, *health = NULL;
    const char *principal;
    uint64_t own = 0;
    int64_t seq;
    int code = app_call(r->app, "auth.whoami", json_object(), &who);

    if (code != EXIT_DONE)
        return code;
    principal = json_string_value(json_object_get(who, "principal"));
    r->principal = principal != NULL ? strdup(principal) : NULL;
    json_decref(who);
    code = app_call(r->app, "system.health", json_object(), &health);
    if (code != EXIT_DONE)
        return code;
    seq = json_integer_value(json_object_get(json_object_get(health, "index"), "seq"));
    json_decref(health);
    return feed_read(r, seq, &own);
}

/* The answer to one company of a batch. */
static void result_take(struct import_run *r, const json_t *result, long line)
{
    const json_t *error = json_object_get(result, "error");
    const char *message = json_string_value(json_object_get(error, "message"));

    if (error != NULL) {
        run_fail_fields(r, line, json_object_get(json_object_get(error, "data"), "fields"),
                        message != NULL ? message : "refused");
        return;
    }
    if (json_is_true(json_object_get(result, "created")))
        r->created++;
    else
        r->unchanged++; /* until the change feed says otherwise */
}

static int flight_send(struct import_run *r, struct flight *f)
{
    json_t *params =
        json_pack("{s:O,s:s}", "companies", f->batch.companies, "idempotency_key", f->key);
    int code = app_connect(r->app), sent;

    if (params != NULL && r->keep_ids && json_object_set_new(params, "keep_ids", json_true()) < 0) {
        json_decref(params);
        params = NULL;
    }
    if (code != EXIT_DONE || params == NULL) {
        json_decref(params);
        return code != EXIT_DONE ? code : EXIT_FAILED;
    }
    sent = link_send(r->app->link, "company.upsertMany", params, &f->number);
    json_decref(params);
    if (sent == 0)
        return EXIT_DONE;
    app_say(r->app, "%s", link_error(r->app->link));
    return sent == -2 ? EXIT_NO_CONNECTION : EXIT_FAILED;
}

/* A refusal that may pass: wait a little longer each time, then send the same again. */
static int flight_again(struct import_run *r, struct flight *f)
{
    struct timespec pause = {.tv_sec = f->tries / 2, .tv_nsec = 200000000L};

    nanosleep(&pause, NULL);
    return flight_send(r, f);
}

static int flight_land(struct import_run *r, struct flight *f, struct answer *a)
{
    const json_t *results = json_object_get(a->result, "results");

    f->number = 0;
    if (a->kind == ANSWER_ERROR && a->retryable && ++f->tries < TRIES_MAX)
        return flight_again(r, f);
    if (a->kind != ANSWER_RESULT) {
        progress_clear(&r->progress);
        return app_fail(r->app, a);
    }
    for (size_t i = 0; i < f->batch.n; i++)
        result_take(r, json_array_get(results, i), f->batch.lines[i]);
    r->sent += f->batch.n;
    progress_update(&r->progress, r->sent, "companies");
    batch_done(&f->batch);
    return EXIT_DONE;
}

static struct flight *flight_of(struct import_run *r, int64_t number)
{
    for (size_t i = 0; i < IMPORT_WINDOW; i++)
        if (r->flights[i].number == number)
            return &r->flights[i];
    return NULL;
}

static bool flights_open(const struct import_run *r)
{
    for (size_t i = 0; i < IMPORT_WINDOW; i++)
        if (r->flights[i].number != 0)
            return true;
    return false;
}

/* Waits for the answer to one of the batches under way. */
static int flight_wait(struct import_run *r)
{
    struct answer a = {0};
    int64_t number = link_collect(r->app->link, 0, r->app->timeout_ms, &a);
    struct flight *f = number > 0 ? flight_of(r, number) : NULL;
    int code = EXIT_DONE;

    if (number < 0) {
        progress_clear(&r->progress);
        code = app_fail(r->app, &a);
    } else if (f != NULL) {
        code = flight_land(r, f, &a);
    }
    answer_done(&a);
    return code;
}

static int batch_send(struct import_run *r)
{
    struct flight *f;
    int code;

    while ((f = flight_of(r, 0)) == NULL) {
        code = flight_wait(r);
        if (code != EXIT_DONE)
            return code;
    }
    f->batch = r->batch;
    memset(&r->batch, 0, sizeof(r->batch));
    f->tries = 0;
    snprintf(f->key, sizeof(f->key), "import-%s-%" PRIu64, r->run_id, ++r->batches);
    return flight_send(r, f);
}

int run_add(struct import_run *r, json_t *company, long line)
{
    const char *status = json_string_value(json_object_get(company, "status"));
    int code;

    if (batch_never(company)) {
        run_fail(r, line, "more than one request may hold");
        json_decref(company);
        return EXIT_DONE;
    }
    if (status != NULL && strcmp(status, "draft") == 0)
        r->drafts++;
    if (!batch_fits(&r->batch, company)) {
        code = batch_send(r);
        if (code != EXIT_DONE) {
            json_decref(company);
            return code;
        }
    }
    if (batch_add(&r->batch, company, line) == 0)
        return EXIT_DONE;
    app_say(r->app, "out of memory");
    return EXIT_FAILED;
}

int run_finish(struct import_run *r)
{
    uint64_t own = 0;
    int code = r->batch.n > 0 ? batch_send(r) : EXIT_DONE;

    while (code == EXIT_DONE && flights_open(r))
        code = flight_wait(r);
    progress_clear(&r->progress);
    if (code != EXIT_DONE || r->unchanged == 0)
        return code;
    code = feed_read(r, 0, &own);
    if (code != EXIT_DONE)
        return code;
    /* Every company that was made or changed is one change of ours. */
    own = own > r->created ? own - r->created : 0;
    r->updated = own < r->unchanged ? own : r->unchanged;
    r->unchanged -= r->updated;
    return EXIT_DONE;
}
