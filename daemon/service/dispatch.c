#include "auth.h"

#include <spean/clock.h>
#include <spean/params.h>
#include <string.h>

const struct method *method_find(const char *name)
{
    for (const struct method *m = methods; m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

/*
 * Pages asked for by one client in one go would be in its output all at once, and cost it the
 * connection although it reads. So they are made one at a time. A long-poll holds nobody up.
 */
static bool call_must_queue(struct request *r)
{
    struct session *session = r->session;

    if (!(r->method->flags & METHOD_BULKY) || r->bulky || param_int(r->params, "wait_s", 0) > 0)
        return false;
    if (session->bulky > 0 || worker_conn_waiting(r->s->worker, session->conn) > 0)
        return true;
    session->bulky++;
    r->bulky = true;
    return false;
}

/* Runs the method; a worker that has just been born gets a moment to reach the database. */
static void call_start(struct request *r)
{
    uint64_t now = clock_mono_ms();

    if (now >= r->deadline_ms)
        request_expired(r);
    else if (call_must_queue(r))
        request_wait(r, 0, now + BULKY_APART_MS, NULL, call_start);
    else if ((r->method->flags & METHOD_DATABASE) && !service_cut_off(r->s) && !r->s->was_up &&
             now < r->started_ms + STARTING_MS)
        request_wait(r, 0, now + 20, NULL, call_start);
    else
        r->method->run(r);
}

/* Who may, whether the params are right, and then the method itself. Called again after a wait. */
static void call_admit(struct request *r)
{
    struct rpc_error e = {0};

    if (auth_call(r, call_admit) != AUTH_OK)
        return;
    if (r->method->roles != 0 && r->who.role == ROLE_NONE) {
        request_refuse(r, REASON_NO_AUTH);
        return;
    }
    if (r->method->roles != 0 && !(r->method->roles & r->who.role)) {
        request_refuse(r, REASON_ROLE);
        return;
    }
    if (params_check(r->params, r->method->params, &e)) {
        request_error(r, &e);
        return;
    }
    if (!json_is_object(r->params)) /* an empty array */
        r->params = NULL;
    r->deadline_ms = r->started_ms + r->s->o.request_ms;
    call_start(r);
}

void call_run(struct request *r)
{
    struct rpc_error e = {0};

    if (r->call->error.code) {
        e = r->call->error;
        if (e.fields)
            json_incref(e.fields);
        request_error(r, &e);
        return;
    }
    r->method = method_find(r->call->method);
    if (!r->method) {
        rpc_error_set(&e, RPC_NO_METHOD, NULL, NULL);
        request_error(r, &e);
        return;
    }
    if (r->out.len > BATCH_MARK) {
        request_refuse(r, REASON_BATCH_FULL);
        return;
    }
    call_admit(r);
}
