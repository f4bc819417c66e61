#include "auth.h"
#include "match.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <string.h>

/*
 * The short way of a line that was answered before: the same bytes but for the id, an answer that
 * still holds, somebody who may ask. Whatever else is so takes the long way and gets its answer,
 * or its error, there.
 */

#define HEAD_MAX 128

static const char head_start[] = "{\"jsonrpc\":\"2.0\",\"id\":";
static const char head_end[] = ",\"result\":";

static struct call_line line_parts(const char *line, size_t len, const struct rpc_span *id)
{
    size_t after = id->at + id->len;

    return (struct call_line){
        .before = line, .before_len = id->at, .after = line + after, .after_len = len - after};
}

void match_learn(struct request *r, struct answer *a)
{
    const struct line_now *now = &r->s->line;
    struct line_terms terms = {.roles = r->method->roles,
                               .min_seq = (uint64_t)param_int(r->params, "min_seq", 0)};
    struct rpc_span id;

    /* Only the line that this worker holds in its hands, and if all that admitted it will be looked
     * at again: a token of its own would not be. */
    if (now->session != r->session || now->number != r->line || r->own_token ||
        !rpc_find_id(now->text, now->len, &id))
        return;
    struct call_line line = line_parts(now->text, now->len, &id);
    answers_learn(r->s->answers, a, &line, &terms);
}

static void send_again(struct service *s, struct session *session, const char *id, size_t id_len,
                       const struct answer *a)
{
    char head[HEAD_MAX];
    size_t at = sizeof head_start - 1, len;
    const char *json = answer_json(a, &len);

    memcpy(head, head_start, at);
    memcpy(head + at, id, id_len);
    at += id_len;
    memcpy(head + at, head_end, sizeof head_end - 1);
    at += sizeof head_end - 1;
    const struct iovec parts[] = {
        {.iov_base = head, .iov_len = at},
        {.iov_base = (char *)(uintptr_t)json, .iov_len = len},
        {.iov_base = s->tail, .iov_len = s->tail_len},
        {.iov_base = (char *)(uintptr_t) "}", .iov_len = 1},
    };
    worker_conn_sendv(s->worker, session->conn, parts, sizeof parts / sizeof parts[0]);
}

static void log_again(struct service *s, const struct session *session)
{
    struct principal who = session_principal(s, session);
    char rid[RID_TEXT];

    line_name(s, session, rid);
    call_log(s, "match.list", 0, 0, rid, &who);
}

bool match_again(struct service *s, struct session *session, const char *line, size_t len)
{
    struct line_terms terms;
    struct rpc_span id;
    struct answer *a;

    if (!s->index || answers_count(s->answers) == 0 || !rpc_find_id(line, len, &id))
        return false;
    struct call_line parts = line_parts(line, len, &id);
    a = answers_find_line(s->answers, &parts, s->index, clock_today(), &terms);
    if (!a || index_seq(s->index) < terms.min_seq || !auth_may(s, session, terms.roles))
        return false;
    if (log_wants(s->o.log, LOG_LEVEL_DEBUG))
        log_again(s, session);
    metrics_again(&s->metrics);
    send_again(s, session, line + id.at, id.len, a);
    return true;
}
