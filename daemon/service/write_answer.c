#include "write.h"

#include <spean/json_reader.h>
#include <string.h>

/* The answers of writes. */

enum { ERRORS_MARK = 200000 /* above, errors of items come without their fields */ };

/* A result's text is kept without seq, so that a replay gives the same: it is put in at the end. */
void write_answer(struct request *r, const char *text, int64_t seq)
{
    struct buf *out = request_buffer(r);
    size_t len = strlen(text);

    if (len < 2 || text[len - 1] != '}') {
        request_internal(r, "kept_answer");
        return;
    }
    buf_add(out, text, len - 1);
    buf_addf(out, ",\"seq\":%lld}", (long long)seq);
    request_result(r);
}

void write_replay(struct request *r, const char *digest, const char *answer, int64_t seq)
{
    const struct write *w = r->state;

    if (digest && !*digest) /* company.erase took it away */
        request_refuse(r, REASON_ANSWER_ERASED);
    else if (!digest || strcmp(digest, w->digest) != 0)
        request_refuse(r, REASON_KEY_REUSED);
    else if (!answer)
        request_internal(r, "kept_answer");
    else
        write_answer(r, answer, seq);
}

/* The error object of an item, as it would stand in an answer of its own. */
static int answer_error(struct json_writer *w, const struct rpc_error *e, const char *rid)
{
    struct buf line;
    json_t *answer = NULL, *error;
    bool no_memory;

    buf_init(&line, ANSWER_MAX);
    if (rpc_write_error(&line, NULL, e, rid) == 0)
        answer = jr_parse(line.data, line.len, 0, NULL, &no_memory);
    error = json_object_get(answer, "error");
    if (w->out->len > ERRORS_MARK) /* so many that their details would not fit */
        json_object_del(json_object_get(error, "data"), "fields");
    jw_object(w);
    jw_key(w, "error");
    if (error)
        jw_json(w, error);
    else
        jw_null(w);
    jw_object_end(w);
    json_decref(answer);
    buf_done(&line);
    return error ? 0 : -1;
}

static void answer_item(struct json_writer *w, const struct plan *p, const struct plan_item *item)
{
    jw_object(w);
    jw_key_text(w, "id", p->subjects[item->subject].id);
    jw_key_int(w, "version", plan_version(p, item));
    if (p->rules.kind == PLAN_UPSERT) {
        jw_key(w, "created");
        jw_bool(w, item->created);
    }
    jw_object_end(w);
}

int write_answer_make(struct request *r)
{
    struct write *w = r->state;
    struct json_writer jw;

    buf_reset(&w->answer);
    jw_init(&jw, &w->answer);
    if (!w->many) {
        answer_item(&jw, &w->plan, &w->plan.items[0]);
        return w->answer.failed ? -1 : 0;
    }
    jw_object(&jw);
    jw_key(&jw, "results");
    jw_array(&jw);
    for (size_t i = 0; i < w->plan.count; i++) {
        const struct plan_item *item = &w->plan.items[i];
        if (!item->error.code)
            answer_item(&jw, &w->plan, item);
        else if (answer_error(&jw, &item->error, r->rid))
            return -1;
    }
    jw_array_end(&jw);
    jw_object_end(&jw);
    return w->answer.failed ? -1 : 0;
}
