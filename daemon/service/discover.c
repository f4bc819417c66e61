#include "method.h"
#include "tokens.h"

#include <spean/buf.h>
#include <spean/json_writer.h>
#include <spean/rpc.h>
#include <string.h>

/* The OpenRPC document, made from the method table and the table of error codes. */

static const struct {
    const char *name;
    const char *schema;
} schemas[] = {
    {"Company",
     "{\"type\":\"object\",\"description\":\"A company profile; docs/PROTOCOL.md has its rules.\","
     "\"required\":[\"country\",\"name\"],\"properties\":{\"id\":{\"type\":\"string\"},"
     "\"version\":{\"type\":\"integer\"},\"country\":{\"enum\":[\"KH\",\"CA\"]},"
     "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200}}}"},
    {"Found", "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"},"
              "\"name\":{\"type\":\"string\"},\"country\":{\"enum\":[\"KH\",\"CA\"]},"
              "\"region\":{\"type\":[\"string\",\"null\"]},"
              "\"sectors\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
              "\"rank\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1}}}"},
    {"Match", "{\"type\":\"object\",\"properties\":{\"company\":{\"type\":\"object\"},"
              "\"score\":{\"type\":\"number\",\"minimum\":0,\"maximum\":100},"
              "\"a_to_b\":{\"type\":\"number\",\"minimum\":0,\"maximum\":100},"
              "\"b_to_a\":{\"type\":\"number\",\"minimum\":0,\"maximum\":100},"
              "\"language\":{\"type\":[\"string\",\"null\"]},"
              "\"factors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
              "\"name\":{\"type\":\"string\"},\"value\":{\"type\":\"number\"},"
              "\"weight\":{\"type\":\"number\"},\"reason\":{\"type\":\"string\"}}}}}}"},
    {"Change", "{\"type\":\"object\",\"properties\":{\"seq\":{\"type\":\"integer\"},"
               "\"type\":{\"enum\":[\"created\",\"updated\",\"archived\",\"confirmed\","
               "\"erased\"]},\"id\":{\"type\":\"string\"},\"version\":{\"type\":\"integer\"},"
               "\"external_ids\":{\"type\":\"array\"},\"origin\":{\"type\":\"string\"},"
               "\"at\":{\"type\":\"string\",\"format\":\"date-time\"}}}"},
    {"AuditEntry", "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"},"
                   "\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"action\":{\"enum\":["
                   "\"contacts_read\",\"company_erased\",\"token_created\",\"token_revoked\"]},"
                   "\"principal\":{\"type\":\"string\"},\"role\":{\"type\":\"string\"},"
                   "\"company\":{\"type\":[\"string\",\"null\"]},"
                   "\"token\":{\"type\":[\"string\",\"null\"]},"
                   "\"request_id\":{\"type\":\"string\"}}}"},
    {"Token", "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"},"
              "\"name\":{\"type\":\"string\"},\"role\":{\"type\":\"string\"},"
              "\"created_at\":{\"type\":\"string\"},\"created_by\":{\"type\":\"string\"},"
              "\"expires_at\":{\"type\":[\"string\",\"null\"]},"
              "\"revoked\":{\"type\":\"boolean\"}}}"},
    {"Term", "{\"type\":\"object\",\"properties\":{\"code\":{\"type\":\"string\"},"
             "\"titles\":{\"type\":\"object\"}}}"},
};

static void write_roles(struct json_writer *w, unsigned roles)
{
    jw_key(w, "x-roles");
    jw_array(w);
    for (const char *const *word = role_words; *word; word++)
        if (roles & role_parse(*word))
            jw_text(w, *word);
    jw_array_end(w);
}

static void write_method(struct json_writer *w, const struct method *m)
{
    jw_object(w);
    jw_key_text(w, "name", m->name);
    jw_key_text(w, "summary", m->summary);
    jw_key_text(w, "paramStructure", "by-name");
    jw_key(w, "params");
    params_describe(w, m->params);
    jw_key(w, "result");
    jw_object(w);
    jw_key_text(w, "name", m->result);
    jw_key(w, "schema");
    jw_raw(w, m->schema, strlen(m->schema));
    jw_object_end(w);
    write_roles(w, m->roles);
    jw_object_end(w);
}

static void write_components(struct json_writer *w)
{
    const struct rpc_code_info *codes;
    size_t count;

    jw_key(w, "components");
    jw_object(w);
    jw_key(w, "schemas");
    jw_object(w);
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        jw_key(w, schemas[i].name);
        jw_raw(w, schemas[i].schema, strlen(schemas[i].schema));
    }
    jw_object_end(w);
    jw_key(w, "errors");
    jw_object(w);
    codes = rpc_codes(&count);
    for (size_t i = 0; i < count; i++) {
        jw_key(w, codes[i].reason);
        jw_object(w);
        jw_key_int(w, "code", codes[i].code);
        jw_key_text(w, "message", codes[i].message);
        jw_object_end(w);
    }
    jw_object_end(w);
    jw_object_end(w);
}

int methods_discover(struct buf *out)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    jw_key_text(&w, "openrpc", "1.3.2");
    jw_key(&w, "info");
    jw_object(&w);
    jw_key_text(&w, "title", "Spean");
    jw_key_text(&w, "version", SPEAN_VERSION);
    jw_object_end(&w);
    jw_key(&w, "methods");
    jw_array(&w);
    for (const struct method *m = methods; m->name; m++)
        write_method(&w, m);
    jw_array_end(&w);
    write_components(&w);
    jw_object_end(&w);
    return out->failed ? -1 : 0;
}
