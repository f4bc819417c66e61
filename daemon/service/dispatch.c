#include "auth.h"

#include <spean/params.h>
#include <string.h>

const struct method *method_find(const char *name)
{
    for (const struct method *m = methods; m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
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
    r->method->run(r);
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
