#include "fuzz.h"

#include <string.h>

#include <spean/buf.h>
#include <spean/json_writer.h>
#include <spean/params.h>
#include <spean/rpc.h>
#include <spean/text.h>

/* Any line: it is answered, and every answer is one line of JSON that carries the call's id. Where
 * the id is found without parsing it is the one that the parser finds, and the line with another
 * one there is the same call. */

static const struct rpc_limits limits = {.depth = 32, .elements = 4096, .batch = 100};

static const struct param inner[] = {
    {.name = "system", .type = PARAM_STRING, .required = true, .min = 1, .max = 64},
    {.name = "id", .type = PARAM_STRING, .required = true, .min = 1, .max = 200},
    {0}};
static const struct param element[] = {{.name = "company", .type = PARAM_OBJECT}, {0}};
static const struct param table[] = {
    {.name = "id", .type = PARAM_STRING, .min = 36, .max = 36},
    {.name = "external_id", .type = PARAM_OBJECT, .fields = inner},
    {.name = "limit", .type = PARAM_INT, .min = 1, .max = 100},
    {.name = "since", .type = PARAM_INT_OR_STRING},
    {.name = "min_score", .type = PARAM_NUMBER, .min = 0, .max = 100},
    {.name = "updated_after", .type = PARAM_STAMP},
    {.name = "day", .type = PARAM_DATE},
    {.name = "companies", .type = PARAM_ARRAY, .max = 1000, .fields = element},
    {0}};

static void check_answer(const struct buf *out, const json_t *id)
{
    json_t *answer;

    FUZZ_PROMISE(!out->failed && !memchr(out->data, '\n', out->len));
    FUZZ_PROMISE(text_valid(out->data, out->len));
    answer = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    FUZZ_PROMISE(answer);
    FUZZ_PROMISE(id ? json_equal(json_object_get(answer, "id"), id)
                    : json_is_null(json_object_get(answer, "id")));
    json_decref(answer);
}

static void answer_error(const json_t *id, const struct rpc_error *e)
{
    struct buf out;

    FUZZ_PROMISE(e->code != 0 && text_valid(e->message, strlen(e->message)));
    buf_init(&out, 16u << 20);
    rpc_write_error(&out, id, e, "r");
    check_answer(&out, id);
    buf_done(&out);
}

static void answer_call(struct rpc_call *call)
{
    struct buf out, result;
    struct json_writer w;

    if (call->error.code) {
        answer_error(call->id, &call->error);
        return;
    }
    FUZZ_PROMISE(call->method && strlen(call->method) <= 64);
    if (params_check(call->params, table, &call->error) < 0) {
        answer_error(call->id, &call->error);
        return;
    }
    buf_init(&out, 16u << 20);
    buf_init(&result, 16u << 20);
    jw_init(&w, &result);
    jw_json(&w, call->params);
    FUZZ_PROMISE(!result.failed);
    rpc_write_result(&out, call->id, result.data, result.len);
    check_answer(&out, call->id);
    buf_done(&out);
    buf_done(&result);
}

static void check_found_id(const char *line, size_t len, const struct rpc_doc *doc)
{
    static const char other[] = "\"another id\"";
    struct rpc_error e = {0};
    struct rpc_doc again;
    struct rpc_span id;
    struct buf text;

    if (!rpc_find_id(line, len, &id))
        return;
    FUZZ_PROMISE(id.len > 0 && id.at + id.len <= len);
    if (doc->count != 1 || doc->calls[0].error.code)
        return; /* no good line */
    FUZZ_PROMISE(!doc->batch && doc->calls[0].id);
    buf_init(&text, len + 100);
    struct json_writer w;
    jw_init(&w, &text);
    jw_json(&w, doc->calls[0].id);
    FUZZ_PROMISE(text.len == id.len && memcmp(text.data, line + id.at, id.len) == 0);
    buf_reset(&text);
    buf_add(&text, line, id.at);
    buf_adds(&text, other);
    buf_add(&text, line + id.at + id.len, len - id.at - id.len);
    FUZZ_PROMISE(!text.failed && rpc_parse(text.data, text.len, &limits, &again, &e) == 0);
    json_object_set_new(again.root, "id", json_incref(json_object_get(doc->root, "id")));
    FUZZ_PROMISE(json_equal(again.root, doc->root));
    rpc_doc_done(&again);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_doc doc = {0};
    struct rpc_error e = {0};

    if (rpc_parse((const char *)data, size, &limits, &doc, &e) < 0)
        answer_error(NULL, &e);
    check_found_id((const char *)data, size, &doc);
    for (size_t i = 0; i < doc.count; i++)
        answer_call(&doc.calls[i]);
    rpc_doc_done(&doc);
    rpc_error_done(&e);
    return 0;
}
