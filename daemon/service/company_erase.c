#include "company.h"
#include "request.h"

#include <string.h>

/* company.erase: the one way for a company to go for good. */

static void erase_done(struct request *r, const struct store_result *result)
{
    const char *id = param_string(r->params, "id", "");
    uint8_t bytes[IDENT_BYTES];
    char text[IDENT_TEXT];
    struct json_writer w;

    if (result->status == STORE_LOST || result->status == STORE_TIMEOUT) {
        request_refuse(r, REASON_OUTCOME);
        return;
    }
    if (result->status == STORE_SQL && strcmp(result->sqlstate, "SP001") == 0) {
        request_refuse(r, REASON_CONTENTION);
        return;
    }
    if (request_store_failed(r, result))
        return;
    if (PQntuples(result->res) == 0 || ident_parse(id, strlen(id), bytes)) {
        request_refuse(r, REASON_COMPANY);
        return;
    }
    ident_format(bytes, text);
    jw_init(&w, request_buffer(r));
    jw_object(&w);
    jw_key_text(&w, "id", text);
    jw_key(&w, "erased");
    jw_bool(&w, true);
    jw_key_int(&w, "seq", column_int(result->res, 0, 0));
    jw_object_end(&w);
    request_result(r);
}

void company_erase(struct request *r)
{
    const char *id = param_string(r->params, "id", "");
    uint8_t bytes[IDENT_BYTES];
    char text[IDENT_TEXT];

    if (ident_parse(id, strlen(id), bytes)) {
        request_refuse(r, REASON_COMPANY);
        return;
    }
    ident_format(bytes, text);
    const struct store_param params[] = {
        param_text(text),
        param_text(r->who.name),
        param_text(role_name(r->who.role)),
        param_text(r->rid),
    };
    if (request_run(r, STMT_COMPANY_ERASE, params, erase_done) == 0)
        r->on_timer = request_unknown;
}
