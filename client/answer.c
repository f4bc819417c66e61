#include "answer.h"

#include <stdio.h>
#include <string.h>

#include <spean/rpc.h>

/* Wider than what a daemon accepts: a page of profiles is one answer. */
static const struct rpc_limits answer_limits = {.depth = 40, .elements = 500000, .batch = 1};

static const char *error_text(const json_t *error)
{
    const char *text = json_string_value(json_object_get(error, "message"));

    return text ? text : "an error without a message";
}

/* 0 or -1. */
static int message_sort(struct message *m)
{
    const json_t *id = json_object_get(m->root, "id");
    const json_t *error = json_object_get(m->root, "error");
    const json_t *result = json_object_get(m->root, "result");

    if (!id && json_is_string(json_object_get(m->root, "method"))) {
        m->kind = MESSAGE_NOTIFICATION;
        return 0;
    }
    if (!result == !error)
        return -1;
    if (error && (!json_is_object(error) || !json_is_integer(json_object_get(error, "code"))))
        return -1;
    if (json_is_integer(id)) {
        m->kind = MESSAGE_ANSWER;
        m->number = json_integer_value(id);
        return m->number > 0 ? 0 : -1;
    }
    if (!json_is_null(id) || !error)
        return -1;
    m->kind = MESSAGE_GENERAL_ERROR;
    m->text = error_text(error);
    return 0;
}

int message_parse(const char *line, size_t len, struct message *ret)
{
    struct rpc_error e = {0};
    struct message m = {.root = rpc_parse_json(line, len, &answer_limits, &e)};

    rpc_error_done(&e);
    if (!m.root)
        return -1;
    if (message_sort(&m) < 0) {
        json_decref(m.root);
        return -1;
    }
    *ret = m;
    return 0;
}

void answer_take(struct answer *ret, json_t *root)
{
    json_t *error = json_object_get(root, "error");
    const json_t *data = json_object_get(error, "data");
    const char *reason = json_string_value(json_object_get(data, "reason"));

    *ret = (struct answer){.kind = error ? ANSWER_ERROR : ANSWER_RESULT};
    if (error) {
        ret->error = json_incref(error);
        ret->code = (int)json_integer_value(json_object_get(error, "code"));
        ret->retryable = json_is_true(json_object_get(data, "retryable"));
        snprintf(ret->reason, sizeof(ret->reason), "%s", reason ? reason : "");
        snprintf(ret->message, sizeof(ret->message), "%s", error_text(error));
    } else {
        ret->result = json_incref(json_object_get(root, "result"));
    }
    json_decref(root);
}

void answer_done(struct answer *a)
{
    json_decref(a->result);
    json_decref(a->error);
    a->result = NULL;
    a->error = NULL;
}
