#ifndef SPEAN_SERVICE_REASON_H
#define SPEAN_SERVICE_REASON_H

#include <spean/rpc.h>

/*
 * Every refusal of the methods: its error code, the stable word that programs branch on, and the
 * sentence for people. One table, so that docs/PROTOCOL.md can be tested to name them all.
 */
#define SERVICE_REASONS(X)                                                                         \
    X(NOT_JSON_RPC, RPC_INVALID_REQUEST, "not_json_rpc",                                           \
      "This port speaks JSON-RPC 2.0, one JSON text a line")                                       \
    X(LINE_TOO_LONG, RPC_TOO_LARGE, "line_too_long", "The line is longer than allowed here")       \
    X(BATCH_FULL, RPC_TOO_LARGE, "batch_answer_too_large",                                         \
      "The answers before it fill the line; send this call again by itself")                       \
    X(ANSWER_TOO_LARGE, RPC_TOO_LARGE, "answer_too_large", "The answer would not fit into a line") \
    X(PROFILE_TOO_LARGE, RPC_TOO_LARGE, "profile_too_large",                                       \
      "The whole profile would be larger than allowed")                                            \
    X(WRITE_TOO_LARGE, RPC_TOO_LARGE, "write_too_large",                                           \
      "The companies together are too large for one call; send fewer")                             \
    X(NO_MEMORY, RPC_TOO_LARGE, RPC_NO_MEMORY,                                                     \
      "The server has no memory left for this; try again later")                                   \
    X(NO_AUTH, RPC_UNAUTHENTICATED, "authentication_required", "This method needs a token")        \
    X(LOGIN, RPC_UNAUTHENTICATED, "login_required",                                                \
      "This needs auth.login on the connection, not a token in the call")                          \
    X(TOKEN_UNKNOWN, RPC_UNAUTHENTICATED, "token_unknown", "The token is not known here")          \
    X(TOKEN_EXPIRED, RPC_UNAUTHENTICATED, "token_expired", "The token has expired")                \
    X(TOKEN_REVOKED, RPC_UNAUTHENTICATED, "token_revoked", "The token has been revoked")           \
    X(ROLE, RPC_FORBIDDEN, "role_not_allowed", "This role may not call this method")               \
    X(VERIFY, RPC_FORBIDDEN, "verified_needs_staff", "Only staff and admin may set verified")      \
    X(KEEP_IDS, RPC_FORBIDDEN, "keep_ids_needs_admin", "Only admin may bring ids in")              \
    X(GUESSING, RPC_RATE_LIMITED, "too_many_wrong_tokens",                                         \
      "Too many wrong tokens came from this address; try again later")                             \
    X(SUBSCRIPTIONS, RPC_RATE_LIMITED, "too_many_subscriptions",                                   \
      "This connection has as many subscriptions as it may have")                                  \
    X(DATABASE, RPC_UNAVAILABLE, "database_unavailable", "The database can't be reached now")      \
    X(OVERLOADED, RPC_UNAVAILABLE, "overloaded", "Too much is waiting for the database")           \
    X(CROWDED, RPC_UNAVAILABLE, RPC_CROWDED, "Too many connections, try later") /* said by net */  \
    X(INDEX_LOADING, RPC_UNAVAILABLE, "index_loading", "The companies are still being loaded")     \
    X(CONTENTION, RPC_UNAVAILABLE, "write_contention",                                             \
      "Others keep writing the same companies; nothing was written")                               \
    X(DEADLINE, RPC_TIMEOUT, "deadline_exceeded", "No answer in time; nothing was written")        \
    X(OUTCOME, RPC_TIMEOUT, "outcome_unknown",                                                     \
      "No answer from the database: the write may have been applied; send it again with the same " \
      "idempotency key")                                                                           \
    X(INDEX_BEHIND, RPC_TIMEOUT, "index_behind", "The index has not reached min_seq in time")      \
    X(COMPANY, RPC_NOT_FOUND, "company_not_found", "There is no such company")                     \
    X(ERASED, RPC_NOT_FOUND, "company_erased",                                                     \
      "The company with this id has been erased; its id is not given again")                       \
    X(TOKEN, RPC_NOT_FOUND, "token_not_found", "There is no such token")                           \
    X(VERSION, RPC_CONFLICT, "version_conflict", "The company has another version")                \
    X(KEY_REUSED, RPC_IDEMPOTENCY, "idempotency_key_reused",                                       \
      "The idempotency key was used with other content")                                           \
    X(ANSWER_ERASED, RPC_IDEMPOTENCY, "answer_erased",                                             \
      "What was written with this key has been erased since")                                      \
    X(CURSOR, RPC_CURSOR, "cursor_invalid", "The cursor belongs to another list; start again")     \
    X(SINCE, RPC_CURSOR, "position_unknown",                                                       \
      "The change feed has no such position; read everything again from the start")                \
    X(AMBIGUOUS, RPC_AMBIGUOUS, "ambiguous_external_id",                                           \
      "The identifiers lead to different companies")

enum reason {
#define X(name, code, word, message) REASON_##name,
    SERVICE_REASONS(X)
#undef X
        REASON_COUNT
};

/* Sets code, reason and the table's message. */
void reason_set(struct rpc_error *e, enum reason why);
const char *reason_word(enum reason why);

#endif
