#include "auth.h"

#include <spean/clock.h>
#include <spean/log.h>
#include <string.h>

/* ---- the token table ---- */

static uint64_t revocations(const struct service *s)
{
    return s->o.revocations ? atomic_load(s->o.revocations) : s->auth.revoked;
}

static void auth_load(struct service *s)
{
    struct token_state *a = &s->auth;
    uint64_t now = clock_mono_ms();

    a->last_ms = now;
    a->started++;
    a->revoking = revocations(s);
    if (pool_run(s->pool, STMT_TOKEN_LOAD, NULL, now + s->o.request_ms, TOKENS_NUMBER) == 0) {
        a->loading = true;
        return;
    }
    a->failed = true;
    timer_set(a->timer, TOKENS_APART_MS);
    requests_wake(s, WAKE_TOKENS);
}

void auth_timer(evutil_socket_t fd, short what, void *arg)
{
    struct service *s = arg;

    (void)fd;
    (void)what;
    if (s->auth.loading) /* it may have looked before what this one is for */
        timer_set(s->auth.timer, TOKENS_APART_MS);
    else
        auth_load(s);
}

void auth_refresh(struct service *s)
{
    struct token_state *a = &s->auth;
    uint64_t now = clock_mono_ms(), next = a->last_ms + TOKENS_APART_MS;

    if (!evtimer_pending(a->timer, NULL))
        timer_set(a->timer, a->last_ms && next > now ? next - now : 0);
}

static int tokens_read(struct tokens *ret, const PGresult *res)
{
    enum { ID, NAME, ROLE, DIGEST, EXPIRES };
    struct tokens fresh = {0};

    for (int row = 0; row < PQntuples(res); row++) {
        const char *id = column(res, row, ID), *name = column(res, row, NAME);
        const char *role = column(res, row, ROLE), *hex = column(res, row, DIGEST);
        uint8_t digest[DIGEST_BYTES];
        int64_t expires =
            PQgetisnull(res, row, EXPIRES) ? INT64_MAX : column_int(res, row, EXPIRES);

        if (!id || !name || !role || !hex || role_parse(role) == ROLE_NONE ||
            digest_parse(hex, digest))
            continue; /* not one that this version can use */
        if (tokens_add(&fresh, id, name, role_parse(role), digest, expires)) {
            tokens_done(&fresh);
            return -1;
        }
    }
    tokens_sort(&fresh);
    tokens_done(ret);
    *ret = fresh;
    return 0;
}

void auth_loaded(struct service *s, const struct store_result *result)
{
    struct token_state *a = &s->auth;

    a->loading = false;
    if (a->started <= a->discard && s->worker) {
        auth_refresh(s);
        return;
    }
    a->failed = result->status != STORE_OK || tokens_read(&a->tokens, result->res) != 0;
    if (!a->failed) {
        a->loaded = a->started;
        if (a->revoking > a->revoked)
            a->revoked = a->revoking;
    } else
        log_event(s->o.log, LOG_LEVEL_WARN, "tokens_not_read", "sqlstate=%s", result->sqlstate);
    if (!s->worker) /* the pool is being closed */
        return;
    if (a->failed) /* what it was for is told only once: a revoked token must not live on */
        auth_refresh(s);
    requests_wake(s, WAKE_TOKENS);
}

void auth_changed(struct service *s)
{
    s->auth.discard = s->auth.started;
    auth_refresh(s);
}

void auth_revoked(struct service *s, const char *id)
{
    struct token_state *a = &s->auth;

    tokens_remove(&a->tokens, id);
    if (s->o.revocations && atomic_fetch_add(s->o.revocations, 1) == a->revoked)
        a->revoked++; /* up to date but for this one, which has just gone */
    auth_changed(s);
}

/* ---- one call ---- */

static enum auth_outcome auth_refuse(struct request *r, enum reason why)
{
    request_refuse(r, why);
    return AUTH_REFUSED;
}

/*
 * The table was not read in the time that a database may be away for. One that is there is slow: it
 * is waited for as by any other statement.
 */
static void auth_late(struct request *r)
{
    bool up = pool_up(r->s->pool);

    if (up && clock_mono_ms() < r->deadline_ms)
        request_wait(r, WAKE_TOKENS, r->deadline_ms, r->on_wake, auth_late);
    else
        request_refuse(r, up ? REASON_DEADLINE : REASON_DATABASE);
}

/*
 * A token that is not in the table may have been made a moment ago, by another worker or daemon:
 * the table is read once more before it is refused. Loads are kept apart, so strangers who make
 * tokens up cost four small statements a second at most.
 */
static enum auth_outcome auth_miss(struct request *r, void (*again)(struct request *r))
{
    struct token_state *a = &r->s->auth;

    if (r->token_load && a->loaded >= r->token_load)
        return auth_refuse(r, REASON_TOKEN_UNKNOWN);
    if (r->token_load && a->failed && !a->loading && a->started >= r->token_load && r->s->was_up)
        return auth_refuse(r, REASON_DATABASE);
    if (!r->token_load) {
        if (service_cut_off(r->s))
            return auth_refuse(r, REASON_DATABASE);
        r->token_load = a->started + 1;
    }
    if (a->started < r->token_load)
        auth_refresh(r->s);
    request_wait(r, WAKE_TOKENS, r->started_ms + UNAVAILABLE_MS, again, auth_late);
    return AUTH_LATER;
}

/* Another worker has revoked a token that may still stand in the table here. */
static bool auth_stale(const struct service *s)
{
    return revocations(s) > s->auth.revoked;
}

static enum auth_outcome auth_wait_fresh(struct request *r, void (*again)(struct request *r))
{
    if (r->token_load && r->s->auth.loaded >= r->token_load)
        r->token_load = 0; /* and one more was revoked since */
    return auth_miss(r, again);
}

/* Counts the present call's token as a wrong try; once, however often it is looked for. */
static void auth_wrong(struct request *r, const uint8_t *digest)
{
    char source[GUESS_SOURCE_TEXT];

    if (r->guessed)
        return;
    r->guessed = true;
    if (!guesses_wrong(r->s->o.guesses, &r->session->source, digest, clock_mono_ms()))
        return;
    guess_source_format(&r->session->source, source);
    log_event(r->s->o.log, LOG_LEVEL_WARN, "too_many_wrong_tokens", "source=%s request=%s", source,
              r->rid);
}

/* digest NULL: it has not the form of a token. */
static bool auth_blocked(struct request *r, const uint8_t *digest)
{
    return !r->guessed &&
           guesses_blocked(r->s->o.guesses, &r->session->source, digest, clock_mono_ms());
}

static enum auth_outcome auth_no_token(struct request *r)
{
    if (auth_blocked(r, NULL))
        return auth_refuse(r, REASON_GUESSING);
    auth_wrong(r, NULL);
    return auth_refuse(r, REASON_TOKEN_UNKNOWN);
}

enum auth_outcome auth_token(struct request *r, const char *token, void (*again)(struct request *r),
                             struct principal *ret_who, uint8_t ret_digest[DIGEST_BYTES])
{
    uint8_t digest[DIGEST_BYTES];

    if (!token_plausible(token, strlen(token)))
        return auth_no_token(r);
    if (digest_sha256(token, strlen(token), digest)) {
        request_no_memory(r, "digest");
        return AUTH_REFUSED;
    }
    if (auth_blocked(r, digest))
        return auth_refuse(r, REASON_GUESSING);
    if (auth_stale(r->s))
        return auth_wait_fresh(r, again);
    const struct token *t = tokens_find(&r->s->auth.tokens, digest);
    if (!t) {
        /* Before it is looked for in the database: many that wait for that at once are many tries.
         * A daemon that has just started knows nobody. */
        if (r->s->auth.loaded)
            auth_wrong(r, digest);
        return auth_miss(r, again);
    }
    guesses_right(r->s->o.guesses, &r->session->source, digest, r->guessed, clock_mono_ms());
    if (t->expires_ms <= clock_wall_ms())
        return auth_refuse(r, REASON_TOKEN_EXPIRED);
    *ret_who = t->principal;
    memcpy(ret_digest, digest, DIGEST_BYTES);
    return AUTH_OK;
}

/* Who it is as of now; NULL: nobody, or nobody any longer. */
static const struct principal *session_who(const struct service *s, const struct session *session)
{
    const struct token *t;

    if (!session->logged_in)
        return session->peer_until_ms && session->peer_until_ms <= clock_wall_ms() ? NULL
                                                                                   : &session->peer;
    t = tokens_find(&s->auth.tokens, session->digest);
    return t && t->expires_ms > clock_wall_ms() ? &t->principal : NULL;
}

struct principal session_principal(const struct service *s, const struct session *session)
{
    const struct principal *who = session_who(s, session);

    return who ? *who : (struct principal){.role = ROLE_NONE};
}

bool auth_may(const struct service *s, const struct session *session, unsigned roles)
{
    const struct principal *who;

    if (session->logged_in && auth_stale(s))
        return false;
    who = session_who(s, session);
    return who && (who->role & roles) != 0;
}

static enum auth_outcome auth_session(struct request *r, void (*again)(struct request *r))
{
    const struct session *session = r->session;
    const struct token *t;

    if (session->logged_in && r->method->roles != 0 && auth_stale(r->s))
        return auth_wait_fresh(r, again);
    r->who = session_principal(r->s, session);
    if (r->who.role != ROLE_NONE || !session->logged_in)
        return AUTH_OK;
    /* Logged in by a token that is good no longer: the methods for anybody still are. */
    if (r->method->roles == 0)
        return AUTH_OK;
    t = tokens_find(&r->s->auth.tokens, session->digest);
    return auth_refuse(r, t ? REASON_TOKEN_EXPIRED : REASON_TOKEN_REVOKED);
}

enum auth_outcome auth_call(struct request *r, void (*again)(struct request *r))
{
    json_t *token = json_is_object(r->params) ? json_object_get(r->params, "auth") : NULL;
    uint8_t digest[DIGEST_BYTES];
    enum auth_outcome outcome;

    if (!token)
        return auth_session(r, again);
    if (!json_is_string(token))
        return auth_no_token(r);
    outcome = auth_token(r, json_string_value(token), again, &r->who, digest);
    if (outcome != AUTH_OK)
        return outcome;
    json_object_del(r->params, "auth");
    r->own_token = true;
    worker_conn_trust(r->s->worker, r->session->conn, true);
    return AUTH_OK;
}
