#include <spean/rpc.h>

#include <spean/json_reader.h>
#include <spean/text.h>

#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "scan.h"

#define METHOD_MAX 64

/* Stands for a method name that is longer than any method's: no such method. */
static const char method_too_long[] = "(too long)";

/* Checks all limits, then parses. *ret_nul: there may be U+0000 in strings of the tree. */
static json_t *parse(const char *text, size_t len, const struct rpc_limits *limits, bool *ret_nul,
                     struct rpc_error *e)
{
    json_error_t why = {0};
    bool no_memory;
    json_t *root;

    switch (scan_json(text, len, limits, ret_nul)) {
    case SCAN_DEEP:
        rpc_error_set(e, RPC_TOO_LARGE, NULL, "Nested deeper than %zu", limits->depth);
        return NULL;
    case SCAN_MANY:
        rpc_error_set(e, RPC_TOO_LARGE, NULL, "More than %zu elements", limits->elements);
        return NULL;
    case SCAN_OK:
        break;
    }
    if (!text_valid(text, len)) {
        rpc_error_set(e, RPC_PARSE, NULL, "The text is not well-formed UTF-8, or has a NUL byte");
        return NULL;
    }
    root = jr_parse(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why,
                    &no_memory);
    if (root)
        return root;
    /* The parser's own message echoes the text: say where instead. */
    if (no_memory || json_error_code(&why) == json_error_out_of_memory ||
        json_error_code(&why) == json_error_unknown) /* gave up before it said anything */
        rpc_error_no_memory(e);
    else if (json_error_code(&why) == json_error_duplicate_key)
        rpc_error_set(e, RPC_PARSE, NULL, "A member is given twice, at byte %d", why.position);
    else
        rpc_error_set(e, RPC_PARSE, NULL, "Not valid JSON, at byte %d", why.position);
    return NULL;
}

/* Finds a string with U+0000 in it; path: where. Depth is limited by the scan. */
static bool find_nul(const json_t *value, struct path *path)
{
    if (json_is_string(value))
        return memchr(json_string_value(value), '\0', json_string_length(value)) != NULL;
    for (size_t i = 0; i < json_array_size(value); i++) {
        size_t before = path_index(path, i);
        if (find_nul(json_array_get(value, i), path))
            return true;
        path_cut(path, before);
    }
    json_t *object = (json_t *)(uintptr_t)value; /* the iterator changes nothing */
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        size_t before = path_member(path, json_object_iter_key(at));
        if (find_nul(json_object_iter_value(at), path))
            return true;
        path_cut(path, before);
    }
    return false;
}

json_t *rpc_parse_json(const char *text, size_t len, const struct rpc_limits *limits,
                       struct rpc_error *e)
{
    struct path path;
    bool nul;
    json_t *root = parse(text, len, limits, &nul, e);

    path_init(&path);
    if (root && nul && find_nul(root, &path)) {
        rpc_error_set(e, RPC_PARSE, NULL, "U+0000 is not taken: %s", path.text);
        json_decref(root);
        return NULL;
    }
    return root;
}

static bool is_id(const json_t *id)
{
    return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

/*
 * U+0000 is well-formed JSON, so the call can be told apart from its neighbours and gets an answer
 * of its own. Only in params has it a place to name.
 */
static void refuse_nul(const json_t *value, struct rpc_call *call)
{
    struct path path;

    path_init(&path);
    if (!find_nul(value, &path))
        return;
    path_init(&path);
    if (call->id && find_nul(call->id, &path))
        call->id = NULL;
    if (call->id && call->params && find_nul(call->params, &path)) {
        rpc_error_set(&call->error, RPC_INVALID_PARAMS, NULL, "U+0000 is not taken");
        rpc_error_field(&call->error, RPC_INVALID_PARAMS, path.text, "has U+0000 in it");
        return;
    }
    rpc_error_set(&call->error, RPC_INVALID_REQUEST, NULL, "U+0000 is not taken");
}

/* One element of a batch, or the only call. What is wrong with it goes into call->error. */
static void read_call(json_t *value, bool nul, struct rpc_call *call)
{
    const json_t *id = json_object_get(value, "id");
    const json_t *version = json_object_get(value, "jsonrpc");
    const json_t *method = json_object_get(value, "method");
    json_t *params = json_object_get(value, "params");

    if (is_id(id))
        call->id = id;
    if (!json_is_object(value))
        rpc_error_set(&call->error, RPC_INVALID_REQUEST, NULL, "A call is an object");
    else if (id && !is_id(id))
        rpc_error_set(&call->error, RPC_INVALID_REQUEST, NULL,
                      "`id` must be a string, a number or null");
    else if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
        rpc_error_set(&call->error, RPC_INVALID_REQUEST, NULL, "`jsonrpc` must be \"2.0\"");
    else if (!json_is_string(method))
        rpc_error_set(&call->error, RPC_INVALID_REQUEST, NULL, "`method` must be a string");
    else if (params && !json_is_object(params) && !json_is_array(params) && !json_is_null(params))
        rpc_error_set(&call->error, RPC_INVALID_REQUEST, NULL,
                      "`params` must be an object or an array");
    if (!call->error.code) {
        call->method =
            json_string_length(method) <= METHOD_MAX ? json_string_value(method) : method_too_long;
        call->params = json_is_null(params) ? NULL : params;
    }
    if (nul)
        refuse_nul(value, call);
}

int rpc_parse(const char *line, size_t len, const struct rpc_limits *limits, struct rpc_doc *ret,
              struct rpc_error *e)
{
    bool nul;
    struct rpc_doc doc = {0};
    int r = -1;

    doc.root = parse(line, len, limits, &nul, e);
    if (!doc.root)
        return -1;
    doc.batch = json_is_array(doc.root);
    doc.count = doc.batch ? json_array_size(doc.root) : 1;
    if (doc.count == 0) {
        rpc_error_set(e, RPC_INVALID_REQUEST, NULL, "A batch needs at least one call");
        goto out;
    }
    if (doc.count > limits->batch) {
        rpc_error_set(e, RPC_TOO_LARGE, NULL, "A batch holds at most %zu calls", limits->batch);
        goto out;
    }
    doc.calls = calloc(doc.count, sizeof(*doc.calls));
    if (!doc.calls) {
        rpc_error_no_memory(e);
        goto out;
    }
    for (size_t i = 0; i < doc.count; i++)
        read_call(doc.batch ? json_array_get(doc.root, i) : doc.root, nul, &doc.calls[i]);
    *ret = doc;
    doc = (struct rpc_doc){0};
    r = 0;
out:
    rpc_doc_done(&doc);
    return r;
}

void rpc_doc_done(struct rpc_doc *doc)
{
    if (!doc)
        return;
    for (size_t i = 0; doc->calls && i < doc->count; i++)
        rpc_error_done(&doc->calls[i].error);
    free(doc->calls);
    json_decref(doc->root);
    *doc = (struct rpc_doc){0};
}
