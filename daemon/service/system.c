#include "nouns.h"
#include "request.h"

#include <spean/clock.h>

void system_ping(struct request *r)
{
    buf_adds(request_buffer(r), "\"pong\"");
    request_result(r);
}

void system_version(struct request *r)
{
    struct json_writer w;

    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "name", "spean");
    jw_key_text(&w, "version", SPEAN_VERSION);
    jw_key_int(&w, "protocol", 1);
    jw_object_end(&w);
    request_result(r);
}

static void health_loading(struct json_writer *w, const struct service_loading *l)
{
    if (l->phase == SERVICE_LOADED)
        return;
    jw_key(w, "loading");
    jw_object(w);
    jw_key_text(w, "phase", l->phase == SERVICE_READING ? "reading" : "building");
    jw_key_int(w, "companies", (int64_t)l->companies);
    if (l->about > 0)
        jw_key_int(w, "about", (int64_t)l->about);
    jw_object_end(w);
}

void system_health(struct request *r)
{
    const struct service *s = r->s;
    bool up = s->state.database_up && pool_up(s->pool);
    uint64_t now = clock_mono_ms();
    struct json_writer w;

    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "status", !s->index ? "starting" : up ? "ok" : "degraded");
    jw_key_text(&w, "database", up ? "up" : "down");
    jw_key(&w, "index");
    jw_object(&w);
    jw_key_int(&w, "companies", s->index ? (int64_t)index_count(s->index) : 0);
    jw_key_int(&w, "seq", s->index ? (int64_t)index_seq(s->index) : 0);
    jw_key_int(&w, "lag_ms", s->lag_since_ms ? (int64_t)(now - s->lag_since_ms) : 0);
    health_loading(&w, &s->state.loading);
    jw_object_end(&w);
    jw_key_int(&w, "uptime_s", (int64_t)((now - s->started_ms) / 1000));
    jw_object_end(&w);
    request_result(r);
}

void rpc_discover(struct request *r)
{
    if (methods_discover(request_buffer(r)))
        request_no_memory(r, "discover");
    else
        request_result(r);
}
