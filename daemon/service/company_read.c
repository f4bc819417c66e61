#include "company.h"

#include "cursor.h"
#include "view.h"

#include <spean/date.h>
#include <spean/text.h>
#include <stdlib.h>
#include <string.h>

/* ---- company.get ---- */

enum { GET_ID, GET_VERSION, GET_DOC, GET_UPDATED };

static void view_row(struct view *v, const PGresult *res, int row)
{
    v->id = column(res, row, GET_ID);
    v->version = column_int(res, row, GET_VERSION);
    v->doc = column(res, row, GET_DOC);
    v->updated_ms = column_int(res, row, GET_UPDATED);
}

/* Fields to give; contacts only where they are asked for and may be seen. */
static uint32_t get_mask(const struct request *r)
{
    const json_t *fields = param_value(r->params, "fields");
    uint32_t mask = fields ? view_mask(fields) : VIEW_ALL;

    return r->who.role & (ROLE_STAFF | ROLE_ADMIN | ROLE_INTEGRATION) ? mask : mask & VIEW_LIST;
}

static bool get_shows_contacts(const struct request *r)
{
    return (get_mask(r) & ~VIEW_LIST) != 0;
}

/* Answers for what view_write said. */
static void view_answer(struct request *r, int written)
{
    if (written == -1)
        request_no_memory(r, "doc");
    else if (written < 0)
        request_internal(r, "doc");
    else
        request_result(r);
}

static void get_done(struct request *r, const struct store_result *result)
{
    struct json_writer w;
    struct view v;

    if (request_store_failed(r, result))
        return;
    if (PQntuples(result->res) == 0) {
        request_refuse(r, REASON_COMPANY);
        return;
    }
    view_row(&v, result->res, 0);
    jw_init(&w, request_buffer(r));
    view_answer(r, view_write(&w, &v, get_mask(r)));
}

void company_get(struct request *r)
{
    struct company_ref ref;

    if (company_ref_read(r, &ref))
        return;
    const struct store_param params[] = {
        param_text(ref.id[0] ? ref.id : NULL),
        param_text(ref.system),
        param_text(ref.external),
        param_text(r->who.name), /* from here on for STMT_COMPANY_READ */
        param_text(role_name(r->who.role)),
        param_text(r->rid),
    };
    /* Whoever gets contacts is in the audit, or gets none. */
    request_run(r, get_shows_contacts(r) ? STMT_COMPANY_READ : STMT_COMPANY_GET, params, get_done);
}

/* ---- company.list ---- */

struct list_state {
    uint8_t filter[DIGEST_BYTES];
    int64_t limit;
    uint32_t mask;
};

static void list_done(struct request *r, const struct store_result *result)
{
    const struct list_state *state = r->state;
    struct buf *out = request_buffer(r);
    size_t page = request_page(r);
    uint8_t last[IDENT_BYTES];
    char cursor[CURSOR_TEXT];
    struct json_writer w;
    int given = 0, rows;

    if (request_store_failed(r, result))
        return;
    rows = PQntuples(result->res);
    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, "companies");
    jw_array(&w);
    for (; given < rows && given < state->limit; given++) {
        struct view v;
        view_row(&v, result->res, given);
        /* At least one, or the list would never go on. */
        if (given > 0 && out->len + strlen(v.doc) > page)
            break;
        int written = view_write(&w, &v, state->mask);
        if (written == 0 && ident_parse(v.id, strlen(v.id), last))
            written = -2;
        if (written < 0) {
            view_answer(r, written);
            return;
        }
    }
    jw_array_end(&w);
    if (given < rows)
        cursor_format(last, state->filter, cursor);
    jw_key_text(&w, "next", given < rows ? cursor : NULL);
    jw_object_end(&w);
    request_result(r);
}

/* The statement's parameters; buffers of the caller. -1 when the call was answered. */
static int list_params(struct request *r, struct store_param params[7], char texts[3][40])
{
    static const char *const paging[] = {"cursor", "limit", "fields", NULL};
    struct list_state *state = r->state;
    const char *cursor = param_string(r->params, "cursor", NULL);
    const char *sector = param_string(r->params, "sector", NULL);
    const char *region = param_string(r->params, "region", NULL);
    const char *after = param_string(r->params, "updated_after", NULL);
    uint8_t id[IDENT_BYTES];
    int64_t after_ms = 0;

    if (sector && !model_sector(r->s->o.model, sector, strlen(sector))) {
        request_bad_param(r, "sector", "is no sector code");
        return -1;
    }
    if (region && !model_region(r->s->o.model, region, strlen(region))) {
        request_bad_param(r, "region", "is no region code");
        return -1;
    }
    if (after && stamp_parse(after, strlen(after), &after_ms)) {
        request_bad_param(r, "updated_after", "must be an RFC 3339 time");
        return -1;
    }
    if (call_digest(r->method->name, r->params, paging, state->filter)) {
        request_no_memory(r, "digest");
        return -1;
    }
    if (cursor && cursor_parse(cursor, state->filter, id)) {
        request_refuse(r, REASON_CURSOR);
        return -1;
    }
    snprintf(texts[0], 40, "%lld", (long long)after_ms);
    if (cursor)
        ident_format(id, texts[1]);
    snprintf(texts[2], 40, "%lld", (long long)state->limit + 1);
    params[0] = param_text(param_string(r->params, "country", NULL));
    params[1] = param_text(sector);
    params[2] = param_text(region);
    params[3] = param_text(param_string(r->params, "status", NULL));
    params[4] = param_text(after ? texts[0] : NULL);
    params[5] = param_text(cursor ? texts[1] : NULL);
    params[6] = param_text(texts[2]);
    return 0;
}

void company_list(struct request *r)
{
    struct list_state *state = calloc(1, sizeof *state);
    struct store_param params[7];
    char texts[3][40];

    if (!state) {
        request_no_memory(r, "state");
        return;
    }
    r->state = state;
    r->state_free = free;
    state->limit = param_int(r->params, "limit", COMPANY_LIST_PRESET);
    state->mask = view_mask(param_value(r->params, "fields"));
    if (list_params(r, params, texts) == 0)
        request_run(r, STMT_COMPANY_LIST, params, list_done);
}

/* ---- company.search ---- */

static void search_done(struct request *r, const struct store_result *result)
{
    enum { ID, NAME, COUNTRY, REGION, SECTORS, RANK };
    struct json_writer w;
    char rank[32];

    if (request_store_failed(r, result))
        return;
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key(&w, "companies");
    jw_array(&w);
    for (int row = 0; row < PQntuples(result->res); row++) {
        const char *sectors = column(result->res, row, SECTORS);
        const char *text = column(result->res, row, RANK);

        jw_object(&w);
        jw_key_text(&w, "id", column(result->res, row, ID));
        jw_key_text(&w, "name", column(result->res, row, NAME));
        jw_key_text(&w, "country", column(result->res, row, COUNTRY));
        jw_key_text(&w, "region", column(result->res, row, REGION));
        jw_key(&w, "sectors");
        jw_raw(&w, sectors ? sectors : "[]", sectors ? strlen(sectors) : 2);
        jw_key(&w, "rank");
        int n = snprintf(rank, sizeof rank, "%.3f", text ? strtod(text, NULL) : 0.0);
        jw_raw(&w, rank, (size_t)n);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    request_result(r);
}

void company_search(struct request *r)
{
    const char *text = param_string(r->params, "text", "");
    struct store_param params[3];
    struct buf key;
    char limit[24];

    buf_init(&key, 64 * 1024);
    if (text_search_key(&key, text, strlen(text)) || buf_adds(&key, "")) {
        request_no_memory(r, "search_key");
        goto out;
    }
    snprintf(limit, sizeof limit, "%lld", (long long)param_int(r->params, "limit", 20));
    params[0] = param_text(key.data ? key.data : "");
    params[1] = param_text(param_string(r->params, "country", NULL));
    params[2] = param_text(limit);
    request_run(r, STMT_COMPANY_SEARCH, params, search_done);
out:
    buf_done(&key);
}
