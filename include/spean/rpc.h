#ifndef SPEAN_RPC_H
#define SPEAN_RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* JSON-RPC 2.0: one line in, calls out; answers and errors in, one line out. */

enum rpc_code {
    RPC_PARSE = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_NO_METHOD = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL = -32603,
    RPC_UNAUTHENTICATED = -32010,
    RPC_FORBIDDEN = -32011,
    RPC_RATE_LIMITED = -32012,
    RPC_UNAVAILABLE = -32013,
    RPC_TIMEOUT = -32014,
    RPC_TOO_LARGE = -32015,
    RPC_NOT_FOUND = 1001,
    RPC_CONFLICT = 1002,
    RPC_IDEMPOTENCY = 1003,
    RPC_CURSOR = 1004,
    RPC_INVALID = 1005,
    RPC_AMBIGUOUS = 1006
};

/* The reason of rpc_error_no_memory. */
#define RPC_NO_MEMORY "resource_exhausted"
/* What a connection beyond the limit is told, before it is closed. */
#define RPC_CROWDED "too_many_connections"

/* One table of them all: code, whether a retry may help, the default reason and message. */
struct rpc_code_info {
    int code;
    bool retryable;
    const char *reason;  /* stable snake_case */
    const char *message; /* a sentence without the final stop */
};
const struct rpc_code_info *rpc_codes(size_t *ret_count);

/* What went wrong with one call. Zeroed: no error. */
struct rpc_error {
    int code;
    char reason[48];   /* "" : the code's default */
    char message[200]; /* "" : the code's default; valid UTF-8, no control characters */
    json_t *fields;    /* owned: array of {field, problem}, or NULL */
};
/* Sets code, reason (NULL: default) and message (NULL: default). Returns -1, to be returned on. */
int rpc_error_set(struct rpc_error *e, int code, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* There was no memory for it: RPC_TOO_LARGE, and a retry may help. Needs none itself. Returns -1.
 */
int rpc_error_no_memory(struct rpc_error *e);
bool rpc_error_is_no_memory(const struct rpc_error *e);
/*
 * Adds {field, problem} unless it is there already; the code becomes `code` if none is set. Lists
 * at most 64. `problem` is said after the field's name: "is required". Returns -1.
 */
int rpc_error_field(struct rpc_error *e, int code, const char *field, const char *problem);
void rpc_error_done(struct rpc_error *e);

/* Limits checked before jansson sees the line (1 MiB of "{}," would take 79 MiB of heap). */
struct rpc_limits {
    size_t depth;    /* contract: 32 */
    size_t elements; /* contract: 32,768 values, counted as commas + containers opened */
    size_t batch;    /* contract: 100 */
};

struct rpc_call {
    const json_t *id;       /* NULL: a notification, or not found out when error.code is set */
    const char *method;     /* valid UTF-8, at most 64 bytes */
    json_t *params;         /* object or array, or NULL */
    struct rpc_error error; /* code set: this element is no valid call; answer with it */
};

struct rpc_doc {
    json_t *root; /* owns what the calls point to */
    bool batch;
    size_t count;
    struct rpc_call *calls;
};

/*
 * Parses one line. 0 with *ret to give to rpc_doc_done, or -1 with e: RPC_PARSE,
 * RPC_INVALID_REQUEST (empty batch) or RPC_TOO_LARGE; the answer's id is then null. A call with
 * U+0000 in it gets an error of its own, with its id, and is never to be run.
 */
int rpc_parse(const char *line, size_t len, const struct rpc_limits *limits, struct rpc_doc *ret,
              struct rpc_error *e);
void rpc_doc_done(struct rpc_doc *doc);

struct rpc_span { /* bytes of a line */
    size_t at, len;
};

/*
 * Finds the id of a line that is one call, without parsing it. Only ids that an answer repeats byte
 * for byte: a whole number of at most 18 digits, or at most 64 characters of plain ASCII (with
 * their quotes). It says nothing of the rest; but a line that differs from one that was parsed in
 * this place alone is the same call with another id. False: there is none, or it can't be told.
 */
bool rpc_find_id(const char *line, size_t len, struct rpc_span *ret);

/*
 * Parses JSON text under the same limits, duplicates and U+0000 refused, well-formed UTF-8 only.
 * Any top-level value. New reference, or NULL with e.
 */
json_t *rpc_parse_json(const char *text, size_t len, const struct rpc_limits *limits,
                       struct rpc_error *e);

/* Answers, each one line without the LF. id NULL prints null. result: JSON text already. 0 or -1.
 */
int rpc_write_result(struct buf *out, const json_t *id, const char *result, size_t len);
/* What stands before the result; "}" is what stands after it. 0 or -1. */
int rpc_write_head(struct buf *out, const json_t *id);
int rpc_write_error(struct buf *out, const json_t *id, const struct rpc_error *e,
                    const char *request_id);

#endif
