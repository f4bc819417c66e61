#include <spean/rpc.h>

#include <spean/buf.h>
#include <spean/json_writer.h>

#include <stdio.h>

static const struct rpc_code_info *code_info(int code)
{
    size_t n;
    const struct rpc_code_info *codes = rpc_codes(&n);

    for (size_t i = 0; i < n; i++) {
        if (codes[i].code == code)
            return &codes[i];
    }
    return NULL;
}

static void write_id(struct json_writer *w, const json_t *id)
{
    jw_key(w, "id");
    if (id)
        jw_json(w, id);
    else
        jw_null(w);
}

int rpc_write_head(struct buf *out, const json_t *id)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    jw_key_text(&w, "jsonrpc", "2.0");
    write_id(&w, id);
    jw_key(&w, "result");
    return out->failed ? -1 : 0;
}

int rpc_write_result(struct buf *out, const json_t *id, const char *result, size_t len)
{
    rpc_write_head(out, id);
    buf_add(out, result, len);
    buf_addc(out, '}');
    return out->failed ? -1 : 0;
}

/* A sentence for people: the error's own, else its first field, else the code's. */
static void write_message(struct json_writer *w, const struct rpc_error *e,
                          const struct rpc_code_info *info)
{
    size_t count = json_array_size(e->fields);
    json_t *first = json_array_get(e->fields, 0);
    const char *field = json_string_value(json_object_get(first, "field"));
    const char *problem = json_string_value(json_object_get(first, "problem"));
    struct buf text;

    if (e->message[0] || !field || !problem) {
        jw_key_text(w, "message", e->message[0] ? e->message : info->message);
        return;
    }
    buf_init(&text, 1024);
    buf_addf(&text, "%s: %s %s", info->message, field, problem);
    if (count > 1)
        buf_addf(&text, ", and %zu more", count - 1);
    jw_key_text(w, "message", text.failed ? info->message : text.data);
    buf_done(&text);
}

int rpc_write_error(struct buf *out, const json_t *id, const struct rpc_error *e,
                    const char *request_id)
{
    const struct rpc_code_info *info = code_info(e->code);
    struct json_writer w;

    if (!info)
        info = code_info(RPC_INTERNAL);
    jw_init(&w, out);
    jw_object(&w);
    jw_key_text(&w, "jsonrpc", "2.0");
    write_id(&w, id);
    jw_key(&w, "error");
    jw_object(&w);
    jw_key_int(&w, "code", info->code);
    write_message(&w, e, info);
    jw_key(&w, "data");
    jw_object(&w);
    jw_key_text(&w, "reason", e->reason[0] ? e->reason : info->reason);
    jw_key_text(&w, "request_id", request_id);
    jw_key(&w, "retryable");
    jw_bool(&w, info->retryable || rpc_error_is_no_memory(e));
    if (e->fields || e->code == RPC_INVALID) {
        jw_key(&w, "fields");
        if (e->fields)
            jw_json(&w, e->fields);
        else
            jw_raw(&w, "[]", 2);
    }
    jw_object_end(&w);
    jw_object_end(&w);
    jw_object_end(&w);
    return out->failed ? -1 : 0;
}
