#include "auth.h"
#include "cursor.h"
#include "nouns.h"
#include "view.h"

#include <spean/clock.h>
#include <spean/date.h>
#include <spean/text.h>
#include <stdlib.h>
#include <string.h>

/* ---- who am I ---- */

static void who_answer(struct request *r, const struct principal *who)
{
    struct json_writer w;

    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "principal", who->name);
    jw_key_text(&w, "role", role_name(who->role));
    jw_object_end(&w);
    request_result(r);
}

void auth_login(struct request *r)
{
    const char *token = param_string(r->params, "token", "");
    uint8_t digest[DIGEST_BYTES];
    struct principal who;

    if (auth_token(r, token, auth_login, &who, digest) != AUTH_OK)
        return;
    r->session->logged_in = true;
    memcpy(r->session->digest, digest, DIGEST_BYTES);
    r->who = who;
    worker_conn_trust(r->s->worker, r->session->conn, true);
    who_answer(r, &who);
}

void auth_whoami(struct request *r)
{
    struct principal who = r->who;

    who_answer(r, &who);
}

/* ---- token.create ---- */

struct creation {
    char token[TOKEN_TEXT];
    uint8_t digest[DIGEST_BYTES];
    char id[IDENT_TEXT];
    char name[PRINCIPAL_TEXT];
    enum role role;
    int64_t expires_ms; /* INT64_MAX: never */
};

static void creation_free(void *state)
{
    explicit_bzero(state, sizeof(struct creation));
    free(state);
}

static void create_done(struct request *r, const struct store_result *result)
{
    const struct creation *c = r->state;
    struct token_state *a = &r->s->auth;
    struct json_writer w;

    if (result->status == STORE_LOST || result->status == STORE_TIMEOUT) {
        request_refuse(r, REASON_OUTCOME);
        return;
    }
    if (request_store_failed(r, result))
        return;
    /* At once here, by the feed everywhere else. Without memory for it, a miss will find it. */
    if (tokens_add(&a->tokens, c->id, c->name, c->role, c->digest, c->expires_ms) == 0)
        tokens_sort(&a->tokens);
    auth_changed(r->s);
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "id", c->id);
    jw_key_text(&w, "token", c->token);
    jw_object_end(&w);
    request_result(r);
}

/* A time, or a day that counts to its end. 0, or -1 when the call was answered. */
static int read_expires(struct request *r, int64_t *ret)
{
    const char *text = param_string(r->params, "expires", NULL);
    int64_t ms = INT64_MAX;
    int32_t day;

    if (text && date_parse(text, strlen(text), &day) == 0)
        ms = ((int64_t)day + 1) * 86400000;
    else if (text && stamp_parse(text, strlen(text), &ms)) {
        request_bad_param(r, "expires", "must be a date or an RFC 3339 time");
        return -1;
    }
    if (ms <= clock_wall_ms()) {
        request_bad_param(r, "expires", "must be in the future");
        return -1;
    }
    *ret = ms;
    return 0;
}

/* What nobody could tell apart on a terminal or in a log is no name. */
static bool name_good(const char *name, bool *ret_no_memory)
{
    struct buf safe;
    bool good;

    buf_init(&safe, 8192);
    good = text_escape(&safe, name, strlen(name)) == 0 && safe.len == strlen(name) &&
           strncmp(name, "unix:", 5) != 0 && name[0] != ' ';
    *ret_no_memory = safe.failed; /* a name of 100 characters always fits */
    buf_done(&safe);
    return good;
}

/* 0, or -1 when the call was answered. */
static int creation_make(struct request *r, struct creation *c)
{
    const char *name = param_string(r->params, "name", "");
    uint8_t id[IDENT_BYTES];
    bool no_memory;

    if (!name_good(name, &no_memory)) {
        if (no_memory) {
            request_no_memory(r, "name");
            return -1;
        }
        request_bad_param(r, "name",
                          "must have no control characters and not begin with a blank or unix:");
        return -1;
    }
    snprintf(c->name, sizeof c->name, "%s", name);
    c->role = role_parse(param_string(r->params, "role", ""));
    if (read_expires(r, &c->expires_ms))
        return -1;
    if (token_make(c->token) || ident_make(id, clock_wall_ms())) {
        request_internal(r, "random");
        return -1;
    }
    if (digest_sha256(c->token, strlen(c->token), c->digest)) {
        request_no_memory(r, "digest");
        return -1;
    }
    ident_format(id, c->id);
    return 0;
}

void token_create(struct request *r)
{
    struct creation *c = calloc(1, sizeof *c);
    char hex[DIGEST_TEXT], expires[24], now[24];

    if (!c) {
        request_no_memory(r, "state");
        return;
    }
    r->state = c;
    r->state_free = creation_free;
    if (creation_make(r, c))
        return;
    digest_format(c->digest, hex);
    snprintf(expires, sizeof expires, "%lld", (long long)c->expires_ms);
    snprintf(now, sizeof now, "%lld", (long long)clock_wall_ms());
    const struct store_param params[] = {
        param_text(c->id),
        param_text(c->name),
        param_text(role_name(c->role)),
        param_text(hex),
        param_text(c->expires_ms == INT64_MAX ? NULL : expires),
        param_text(r->who.name),
        param_text(now),
        param_text(role_name(r->who.role)),
        param_text(r->rid),
    };
    if (request_run(r, STMT_TOKEN_CREATE, params, create_done) == 0)
        r->on_timer = request_unknown;
}

/* ---- token.list ---- */

struct token_page {
    int64_t limit;
    bool after; /* begin after this id: */
    char id[IDENT_TEXT];
    uint8_t filter[DIGEST_BYTES];
};

enum { ID, NAME, ROLE, CREATED, EXPIRES, REVOKED, CREATED_BY };

static void write_stamp(struct json_writer *w, const char *key, const PGresult *res, int row,
                        int col)
{
    char stamp[STAMP_TEXT];

    jw_key(w, key);
    if (PQgetisnull(res, row, col)) {
        jw_null(w);
        return;
    }
    stamp_format(column_int(res, row, col), stamp);
    jw_text(w, stamp);
}

static void write_token(struct json_writer *w, const PGresult *res, int row)
{
    jw_object(w);
    jw_key_text(w, "id", column(res, row, ID));
    jw_key_text(w, "name", column(res, row, NAME));
    jw_key_text(w, "role", column(res, row, ROLE));
    write_stamp(w, "created_at", res, row, CREATED);
    jw_key_text(w, "created_by", column(res, row, CREATED_BY));
    write_stamp(w, "expires_at", res, row, EXPIRES);
    jw_key(w, "revoked");
    jw_bool(w, strcmp(PQgetvalue(res, row, REVOKED), "t") == 0);
    jw_object_end(w);
}

static void list_done(struct request *r, const struct store_result *result)
{
    const struct token_page *page = r->state;
    const PGresult *res = result->res;
    char cursor[CURSOR_TEXT] = "";
    uint8_t last[IDENT_BYTES];
    bool started, more = false;
    int64_t given = 0;
    struct json_writer w;

    if (request_store_failed(r, result))
        return;
    started = !page->after;
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key(&w, "tokens");
    jw_array(&w);
    for (int row = 0; row < PQntuples(res) && !more; row++) {
        const char *id = PQgetvalue(res, row, ID);
        if (!started) {
            started = strcmp(id, page->id) == 0;
        } else if (given < page->limit) {
            write_token(&w, res, row);
            given++;
            if (ident_parse(id, strlen(id), last) == 0)
                cursor_format(last, page->filter, cursor);
        } else {
            more = true;
        }
    }
    jw_array_end(&w);
    jw_key_text(&w, "next", more ? cursor : NULL);
    jw_object_end(&w);
    request_result(r);
}

void token_list(struct request *r)
{
    static const char *const paging[] = {"cursor", "limit", NULL};
    struct token_page *page = calloc(1, sizeof *page);
    const char *cursor = param_string(r->params, "cursor", NULL);
    uint8_t id[IDENT_BYTES];

    if (!page) {
        request_no_memory(r, "state");
        return;
    }
    r->state = page;
    r->state_free = free;
    page->limit = param_int(r->params, "limit", TOKEN_LIST_PRESET);
    page->after = cursor != NULL;
    if (call_digest(r->method->name, r->params, paging, page->filter)) {
        request_no_memory(r, "digest");
        return;
    }
    if (cursor && cursor_parse(cursor, page->filter, id)) {
        request_refuse(r, REASON_CURSOR);
        return;
    }
    if (cursor)
        ident_format(id, page->id);
    request_run(r, STMT_TOKEN_LIST, NULL, list_done);
}

/* ---- token.revoke ---- */

static void revoke_done(struct request *r, const struct store_result *result)
{
    const char *id = param_string(r->params, "id", "");
    struct json_writer w;

    if (result->status == STORE_LOST || result->status == STORE_TIMEOUT) {
        request_refuse(r, REASON_OUTCOME);
        return;
    }
    if (request_store_failed(r, result))
        return;
    if (PQntuples(result->res) != 1 || strcmp(PQgetvalue(result->res, 0, 0), "t") != 0) {
        request_refuse(r, REASON_TOKEN);
        return;
    }
    auth_revoked(r->s, id);
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "id", id);
    jw_key(&w, "revoked");
    jw_bool(&w, true);
    jw_object_end(&w);
    request_result(r);
}

void token_revoke(struct request *r)
{
    const struct store_param params[] = {
        param_text(param_string(r->params, "id", "")),
        param_text(r->who.name),
        param_text(role_name(r->who.role)),
        param_text(r->rid),
    };

    if (request_run(r, STMT_TOKEN_REVOKE, params, revoke_done) == 0)
        r->on_timer = request_unknown;
}
