#include "auth.h"
#include "nouns.h"

#include <spean/clock.h>

/*
 * Wake-ups for subscribers: not the changes themselves, only that there are some. Many changes in a
 * short time make one notification.
 */

static void subscriber_tell(struct service *s, const struct session *session, uint64_t seq)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, 1024);
    for (unsigned i = 1; i <= session->subscriptions; i++) {
        char id[24];

        snprintf(id, sizeof id, "%llu-%u", (unsigned long long)session->number, i);
        buf_reset(&out);
        jw_init(&w, &out);
        jw_object(&w);
        jw_key_text(&w, "jsonrpc", "2.0");
        jw_key_text(&w, "method", "changes.event");
        jw_key(&w, "params");
        jw_object(&w);
        jw_key_text(&w, "subscription", id);
        jw_key_int(&w, "seq", (int64_t)seq);
        jw_object_end(&w);
        jw_object_end(&w);
        if (!out.failed)
            worker_conn_notify(s->worker, session->conn, out.data, out.len);
    }
    buf_done(&out);
}

static void subscribers_tell(struct service *s)
{
    uint64_t seq = s->head;
    const struct session *session;

    s->notified_seq = seq;
    s->notified_ms = clock_mono_ms();
    LIST_FOREACH(session, &s->subscribers, subscriber)
    {
        /* Whose token was revoked meanwhile hears no more. */
        if (session_principal(s, session).role != ROLE_NONE)
            subscriber_tell(s, session, seq);
    }
}

void subscribers_timer(evutil_socket_t fd, short what, void *arg)
{
    struct service *s = arg;

    (void)fd;
    (void)what;
    if (s->head > s->notified_seq)
        subscribers_tell(s);
}

void subscribers_wake(struct service *s)
{
    uint64_t now = clock_mono_ms(), next = s->notified_ms + NOTIFY_APART_MS;

    if (s->head <= s->notified_seq)
        return;
    if (LIST_EMPTY(&s->subscribers))
        s->notified_seq = s->head;
    else if (!evtimer_pending(s->notify_timer, NULL))
        timer_set(s->notify_timer, next > now ? next - now : 0);
}

void changes_subscribe(struct request *r)
{
    struct session *session = r->session;
    struct json_writer w;
    char id[24];

    /* A call's own `auth` ends with the call; a subscription goes on, so the connection itself has
     * to be somebody's. */
    if (session_principal(r->s, session).role == ROLE_NONE) {
        request_refuse(r, REASON_LOGIN);
        return;
    }
    if (session->subscriptions >= SUBSCRIPTIONS_MAX) {
        request_refuse(r, REASON_SUBSCRIPTIONS);
        return;
    }
    if (session->subscriptions++ == 0) {
        LIST_INSERT_HEAD(&r->s->subscribers, session, subscriber);
        worker_conn_subscribe(r->s->worker, session->conn, true);
    }
    snprintf(id, sizeof id, "%llu-%u", (unsigned long long)session->number, session->subscriptions);
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "subscription", id);
    jw_object_end(&w);
    request_result(r);
}
