#include "company.h"
#include "cursor.h"
#include "write.h"

#include <spean/clock.h>
#include <stdlib.h>

/* The methods that write companies. */

/* A write of `count` patches; NULL when the call was answered. */
static struct write *write_new(struct request *r, enum plan_kind kind, size_t count)
{
    static const char *const without[] = {"idempotency_key", NULL};
    struct write *w = calloc(1, sizeof *w);
    uint8_t digest[DIGEST_BYTES];
    struct plan_rules rules = {
        .kind = kind,
        .model = r->s->o.model,
        .codes = r->s->codes,
        .may_verify = (r->who.role & (ROLE_STAFF | ROLE_ADMIN)) != 0,
        .if_version = param_int(r->params, "if_version", -1),
        .now_ms = clock_wall_ms(),
        .today = clock_today(),
    };

    rules.codes.today = rules.today;
    if (!w)
        goto fail;
    w->s = r->s;
    r->state = w;
    r->state_free = write_free;
    buf_init(&w->answer, ANSWER_MAX);
    w->key = param_string(r->params, "idempotency_key", NULL);
    if (plan_init(&w->plan, &rules, count))
        goto fail;
    if (w->key) {
        if (call_digest(r->method->name, r->params, without, digest))
            goto fail;
        digest_format(digest, w->digest);
    }
    return w;
fail:
    request_no_memory(r, "state");
    return NULL;
}

void company_upsert(struct request *r)
{
    struct write *w = write_new(r, PLAN_UPSERT, 1);

    if (!w)
        return;
    w->plan.rules.keep_ids = r->who.role == ROLE_ADMIN && w->plan.rules.if_version == 0;
    plan_patch(&w->plan, 0, param_value(r->params, "company"));
    if (w->plan.items[0].bad_form)
        request_error(r, &w->plan.items[0].error);
    else
        write_start(r);
}

void company_upsert_many(struct request *r)
{
    const json_t *companies = param_value(r->params, "companies");
    bool keep_ids = param_bool(r->params, "keep_ids", false);
    struct write *w;

    if (keep_ids && r->who.role != ROLE_ADMIN) {
        request_refuse(r, REASON_KEEP_IDS);
        return;
    }
    w = write_new(r, PLAN_UPSERT, json_array_size(companies));
    if (!w)
        return;
    w->many = true;
    w->plan.rules.keep_ids = keep_ids;
    for (size_t i = 0; i < w->plan.count; i++)
        plan_patch(&w->plan, i, json_array_get(companies, i));
    write_start(r);
}

static void write_own(struct request *r, enum plan_kind kind)
{
    struct write *w = write_new(r, kind, 1);

    if (!w)
        return;
    w->own = json_pack("{s:O}", "id", param_value(r->params, "id"));
    if (!w->own) {
        request_no_memory(r, "state");
        return;
    }
    plan_patch(&w->plan, 0, w->own);
    if (w->plan.items[0].bad_form)
        request_error(r, &w->plan.items[0].error);
    else
        write_start(r);
}

void company_archive(struct request *r)
{
    write_own(r, PLAN_ARCHIVE);
}

void company_confirm(struct request *r)
{
    write_own(r, PLAN_CONFIRM);
}
