#include <spean/rpc.h>

#include <spean/buf.h>
#include <spean/text.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 64       /* fields named in one error */
#define FIELD_BYTES_MAX 240 /* of a field's path, which may hold a name that a client made up */

static const struct rpc_code_info codes[] = {
    {RPC_PARSE, false, "parse_error", "This is not JSON as the protocol takes it"},
    {RPC_INVALID_REQUEST, false, "invalid_request", "This is not a JSON-RPC 2.0 call"},
    {RPC_NO_METHOD, false, "method_not_found", "There is no such method"},
    {RPC_INVALID_PARAMS, false, "invalid_params", "The parameters do not fit the method"},
    {RPC_INTERNAL, false, "internal_error", "The server failed; its log says more"},
    {RPC_UNAUTHENTICATED, false, "unauthenticated", "A valid token is needed"},
    {RPC_FORBIDDEN, false, "forbidden", "The role does not allow this"},
    {RPC_RATE_LIMITED, true, "rate_limited", "Too many requests; try again later"},
    {RPC_UNAVAILABLE, true, "unavailable", "The database cannot be reached; try again later"},
    {RPC_TIMEOUT, true, "timeout", "The request took too long; it may still have been done"},
    {RPC_TOO_LARGE, false, "too_large", "The request is over a limit"},
    {RPC_NOT_FOUND, false, "not_found", "There is no such thing"},
    {RPC_CONFLICT, false, "version_conflict", "The company has another version by now"},
    {RPC_IDEMPOTENCY, false, "idempotency_key_reused",
     "The idempotency key was used with other content"},
    {RPC_CURSOR, false, "cursor_expired", "The cursor is not valid any more; begin anew"},
    {RPC_INVALID, false, "invalid", "The company cannot be stored as it is"},
    {RPC_AMBIGUOUS, false, "ambiguous_external_id", "The external ids lead to different companies"},
};

const struct rpc_code_info *rpc_codes(size_t *ret_count)
{
    *ret_count = sizeof(codes) / sizeof(codes[0]);
    return codes;
}

/* The longest prefix of at most max bytes that does not end inside a UTF-8 sequence. */
static size_t cut_utf8(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* Copies text into a field of `size` bytes: controls and broken bytes escaped, cut if too long. */
static void copy_safe(char *out, size_t size, const char *text)
{
    struct buf safe;
    size_t len = cut_utf8(text, strlen(text), size - 1);

    buf_init(&safe, 8 * size);
    if (text_escape(&safe, text, len) == 0 && safe.len > 0) {
        len = cut_utf8(safe.data, safe.len, size - 1);
        memcpy(out, safe.data, len);
    } else {
        len = 0;
    }
    out[len] = '\0';
    buf_done(&safe);
}

int rpc_error_set(struct rpc_error *e, int code, const char *reason, const char *fmt, ...)
{
    char text[sizeof(e->message) * 2] = "";

    if (fmt) {
        va_list ap;
        va_start(ap, fmt);
        /* What does not fit is cut; copy_safe takes care of the ragged end. */
        if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
            text[0] = '\0';
        va_end(ap);
    }
    e->code = code;
    snprintf(e->reason, sizeof(e->reason), "%s", reason ? reason : "");
    copy_safe(e->message, sizeof(e->message), text);
    return -1;
}

int rpc_error_no_memory(struct rpc_error *e)
{
    e->code = RPC_TOO_LARGE;
    snprintf(e->reason, sizeof(e->reason), "%s", RPC_NO_MEMORY);
    snprintf(e->message, sizeof(e->message), "%s",
             "The server has no memory left for this; try again later");
    return -1;
}

bool rpc_error_is_no_memory(const struct rpc_error *e)
{
    return e->code == RPC_TOO_LARGE && strcmp(e->reason, RPC_NO_MEMORY) == 0;
}

static bool is_listed(const json_t *fields, const char *field, const char *problem)
{
    size_t n;
    json_t *entry;

    json_array_foreach(fields, n, entry)
    {
        if (!strcmp(json_string_value(json_object_get(entry, "field")), field) &&
            !strcmp(json_string_value(json_object_get(entry, "problem")), problem))
            return true;
    }
    return false;
}

int rpc_error_field(struct rpc_error *e, int code, const char *field, const char *problem)
{
    char safe[FIELD_BYTES_MAX];
    json_t *entry;

    if (!e->code)
        e->code = code;
    if (!e->fields)
        e->fields = json_array();
    copy_safe(safe, sizeof(safe), field);
    if (json_array_size(e->fields) >= FIELDS_MAX || is_listed(e->fields, safe, problem))
        return -1;
    /* Without memory the field goes unnamed; the code still says what is wrong. */
    entry = json_pack("{s:s, s:s}", "field", safe, "problem", problem);
    if (entry && json_array_append_new(e->fields, entry) < 0)
        return -1;
    return -1;
}

void rpc_error_done(struct rpc_error *e)
{
    if (!e)
        return;
    json_decref(e->fields);
    *e = (struct rpc_error){0};
}
