#include <spean/statements.h>

/*
 * Names are qualified and types are written out, so that a statement means the same on every
 * connection and for every server version.
 */
const struct store_statement store_statements[STMT_COUNT] = {
    [STMT_COMPANY_FIND] = {"company_find",
                           "SELECT ord, id, version, doc, updated_ms"
                           " FROM spean.company_find($1::jsonb)",
                           1},
    [STMT_COMPANY_ERASED] = {"company_erased", "SELECT id FROM spean.company_erased($1::jsonb)", 1},
    [STMT_COMPANY_WRITE] = {"company_write",
                            "SELECT seq, at_ms, replay, kept_digest, kept_answer, kept_seq,"
                            " (SELECT epoch FROM spean.feed)"
                            " FROM spean.company_write($1::jsonb, $2::text, $3::text, $4::text,"
                            " $5::text, $6::bigint, $7::integer, $8::text)",
                            8},
    [STMT_IDEMPOTENCY_FIND] = {"idempotency_find",
                               "SELECT digest, answer, seq FROM spean.idempotency"
                               " WHERE principal = $1::text AND key = $2::text"
                               " AND expires_at > now()",
                               2},
    [STMT_COMPANY_GET] =
        {"company_get",
         "SELECT c.id, c.version, c.doc, spean.epoch_ms(c.updated_at) AS updated_ms"
         " FROM spean.company c"
         " WHERE c.id = coalesce($1::uuid, (SELECT e.company_id FROM spean.company_external e"
         " WHERE e.system = $2::text AND e.id = $3::text))",
         3},
    [STMT_COMPANY_READ] = {"company_read",
                           "SELECT id, version, doc, updated_ms FROM spean.company_read($1::uuid,"
                           " $2::text, $3::text, $4::text, $5::text, $6::text)",
                           6},
    [STMT_COMPANY_ERASE] = {"company_erase",
                            "SELECT seq FROM spean.company_erase($1::uuid, $2::text, $3::text,"
                            " $4::text)",
                            4},
    [STMT_COMPANY_LIST] = {"company_list",
                           "SELECT id, version, doc, updated_ms FROM spean.company_list($1::text,"
                           " $2::text, $3::text, $4::text, $5::bigint, $6::uuid, $7::integer)",
                           7},
    [STMT_COMPANY_SEARCH] = {"company_search",
                             "SELECT id, name, country, region, sectors, rank"
                             " FROM spean.company_search($1::text, $2::text, $3::integer)",
                             3},
    [STMT_CHANGES_LIST] =
        {"changes_list",
         "SELECT NULL::bigint AS seq, f.epoch, f.seq AS head, NULL::text AS type,"
         " NULL::uuid AS id, NULL::bigint AS version, NULL::jsonb AS externals,"
         " NULL::text AS origin, NULL::bigint AS at_ms FROM spean.feed f"
         " UNION ALL"
         " (SELECT c.seq, NULL, NULL, c.type, c.company_id, c.version, c.externals, c.origin,"
         " spean.epoch_ms(c.at) FROM spean.change c WHERE c.seq > $1::bigint"
         " ORDER BY c.seq LIMIT $2::integer)"
         " ORDER BY seq NULLS FIRST",
         2},
    [STMT_TOKEN_CREATE] = {"token_create",
                           "SELECT id FROM spean.token_create($1::text, $2::text, $3::text,"
                           " $4::text, $5::bigint, $6::text, $7::bigint, $8::text, $9::text)",
                           9},
    [STMT_TOKEN_LIST] = {"token_list",
                         "SELECT id, name, role, spean.epoch_ms(created_at) AS created_ms,"
                         " spean.epoch_ms(expires_at) AS expires_ms,"
                         " revoked_at IS NOT NULL AS revoked, created_by"
                         " FROM spean.token ORDER BY created_at, id",
                         0},
    [STMT_TOKEN_REVOKE] = {"token_revoke",
                           "SELECT found FROM spean.token_revoke($1::text, $2::text, $3::text,"
                           " $4::text)",
                           4},
    [STMT_TOKEN_LOAD] = {"token_load",
                         "SELECT id, name, role, digest, spean.epoch_ms(expires_at) AS expires_ms"
                         " FROM spean.token WHERE revoked_at IS NULL"
                         " AND (expires_at IS NULL OR expires_at > now())",
                         0},
    [STMT_AUDIT_LIST] = {"audit_list",
                         "SELECT id, at_ms, action, principal, role, company_id, token_id, request"
                         " FROM spean.audit_list($1::bigint, $2::text, $3::uuid, $4::text,"
                         " $5::bigint, $6::integer)",
                         6},
};
