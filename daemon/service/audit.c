#include "cursor.h"
#include "nouns.h"
#include "request.h"

#include <endian.h>
#include <spean/date.h>
#include <stdlib.h>
#include <string.h>

/* audit.list: what has to be accounted for, the newest first. */

struct audit_page {
    uint8_t filter[DIGEST_BYTES];
    int64_t limit;
};

enum { ID, AT, ACTION, PRINCIPAL, ROLE, COMPANY, TOKEN, REQUEST };

/* A row's number in a cursor's place for an id. */
static void place_format(int64_t number, uint8_t ret[IDENT_BYTES])
{
    uint64_t big = htobe64((uint64_t)number);

    memset(ret, 0, IDENT_BYTES);
    memcpy(ret, &big, sizeof big);
}

static int64_t place_parse(const uint8_t place[IDENT_BYTES])
{
    uint64_t big;

    memcpy(&big, place, sizeof big);
    return (int64_t)be64toh(big);
}

static void write_entry(struct json_writer *w, const PGresult *res, int row)
{
    char stamp[STAMP_TEXT];

    stamp_format(column_int(res, row, AT), stamp);
    jw_object(w);
    jw_key_int(w, "id", column_int(res, row, ID));
    jw_key_text(w, "at", stamp);
    jw_key_text(w, "action", column(res, row, ACTION));
    jw_key_text(w, "principal", column(res, row, PRINCIPAL));
    jw_key_text(w, "role", column(res, row, ROLE));
    jw_key_text(w, "company", column(res, row, COMPANY));
    jw_key_text(w, "token", column(res, row, TOKEN));
    jw_key_text(w, "request_id", column(res, row, REQUEST));
    jw_object_end(w);
}

static void list_done(struct request *r, const struct store_result *result)
{
    const struct audit_page *page = r->state;
    struct buf *out = request_buffer(r);
    size_t room = request_page(r);
    uint8_t last[IDENT_BYTES] = {0};
    char cursor[CURSOR_TEXT] = "";
    struct json_writer w;
    int given = 0, rows;

    if (request_store_failed(r, result))
        return;
    rows = PQntuples(result->res);
    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, "entries");
    jw_array(&w);
    for (; given < rows && given < page->limit && (given == 0 || out->len < room); given++) {
        write_entry(&w, result->res, given);
        place_format(column_int(result->res, given, ID), last);
    }
    jw_array_end(&w);
    if (given < rows)
        cursor_format(last, page->filter, cursor);
    jw_key_text(&w, "next", given < rows ? cursor : NULL);
    jw_object_end(&w);
    request_result(r);
}

/* The statement's parameters; texts are the caller's. -1 when the call was answered. */
static int list_params(struct request *r, struct store_param params[6], char texts[4][40])
{
    static const char *const paging[] = {"cursor", "limit", NULL};
    struct audit_page *page = r->state;
    const char *cursor = param_string(r->params, "cursor", NULL);
    const char *company = param_string(r->params, "company", NULL);
    const char *since = param_string(r->params, "since", NULL);
    uint8_t id[IDENT_BYTES], place[IDENT_BYTES] = {0};
    int64_t since_ms = 0;

    if (company && ident_parse(company, strlen(company), id)) {
        request_refuse(r, REASON_COMPANY);
        return -1;
    }
    if (since && stamp_parse(since, strlen(since), &since_ms)) {
        request_bad_param(r, "since", "must be an RFC 3339 time");
        return -1;
    }
    if (call_digest(r->method->name, r->params, paging, page->filter)) {
        request_no_memory(r, "digest");
        return -1;
    }
    if (cursor && cursor_parse(cursor, page->filter, place)) {
        request_refuse(r, REASON_CURSOR);
        return -1;
    }
    snprintf(texts[0], 40, "%lld", (long long)place_parse(place));
    if (company)
        ident_format(id, texts[1]);
    snprintf(texts[2], 40, "%lld", (long long)since_ms);
    snprintf(texts[3], 40, "%lld", (long long)page->limit + 1);
    params[0] = param_text(cursor ? texts[0] : NULL);
    params[1] = param_text(param_string(r->params, "action", NULL));
    params[2] = param_text(company ? texts[1] : NULL);
    params[3] = param_text(param_string(r->params, "principal", NULL));
    params[4] = param_text(since ? texts[2] : NULL);
    params[5] = param_text(texts[3]);
    return 0;
}

void audit_list(struct request *r)
{
    struct audit_page *page = calloc(1, sizeof *page);
    struct store_param params[6];
    char texts[4][40];

    if (!page) {
        request_no_memory(r, "state");
        return;
    }
    r->state = page;
    r->state_free = free;
    page->limit = param_int(r->params, "limit", AUDIT_LIST_PRESET);
    if (list_params(r, params, texts) == 0)
        request_run(r, STMT_AUDIT_LIST, params, list_done);
}
