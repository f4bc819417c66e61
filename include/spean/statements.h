#ifndef SPEAN_STATEMENTS_H
#define SPEAN_STATEMENTS_H

#include <spean/store.h>

/*
 * Every statement the methods run: parameters and result columns. Each is one SQL function or
 * SELECT of sql/, one implicit transaction. Parameters are text form; uuid as text; times as epoch
 * ms.
 */
enum statement {
    /*
     * $1 refs: JSON array of {"id": uuid|null, "externals": [{"system","id"}]} (<= 1000).
     * Rows, for each ref and distinct company that its id, else its externals, lead to:
     * ord int (place in refs, 0-based), id, version, doc (stored profile JSON with contacts),
     * updated_ms. A ref that leads nowhere has no row; two rows of one ord: ambiguous.
     */
    STMT_COMPANY_FIND,
    /* Which of the ids in $1 (refs, as above) are of companies that were erased: id. */
    STMT_COMPANY_ERASED,
    /*
     * Writes all or nothing. $1 writes: JSON array of {"id", "expect": version (0: new), "type":
     * created|updated|archived|confirmed, "doc": profile without contacts and server fields,
     * "contacts": array, "keys": [{"lang","key"}] (text_search_key of every name), "packed":
     * base64}. $2 origin (principal), $3 idempotency key or null, $4 digest of the request (hex) or
     * null, $5 answer: JSON text to keep with the key or null, $6 how long to keep it in ms, $7
     * pack_format, $8 pack_model. One row: seq (of the last change made; the counter's present
     * value if writes is empty), at_ms, replay bool, kept_digest, kept_answer, kept_seq (of the
     * key's first use, when replay; then nothing was written now), epoch. SQLSTATE SP001: a version
     * moved or an external id was taken meanwhile: find again and retry (a bounded number of times:
     * two companies of one request that claim the same external id never succeed). 22023: an id
     * occurs twice in writes. Changes get their seq in the order of writes.
     */
    STMT_COMPANY_WRITE,
    /* $1 principal, $2 key. No row, or: digest, answer, seq. */
    STMT_IDEMPOTENCY_FIND,
    /* $1 id or null, $2 system or null, $3 external id or null. No row, or: id, version, doc
       (without contacts), updated_ms. */
    STMT_COMPANY_GET,
    /* The same with the contacts, and in the same transaction a row in the audit if there are any:
       $4 who reads, $5 in which role, $6 request id. */
    STMT_COMPANY_READ,
    /* $1 id, $2 who, $3 role, $4 request id. Takes a company away with everything that tells of it,
       but for a tombstone in the change feed and the audit. One row: seq of the tombstone, the same
       when it was erased before; no row: there never was one. SP001: in another's way, try again.
     */
    STMT_COMPANY_ERASE,
    /*
     * $1 country, $2 sector (a group matches its leaves), $3 region, $4 status, $5 updated after
     * (ms): each or null; $6 id after which to go on, or null; $7 limit. Rows by id: id, version,
     * doc (without contacts), updated_ms.
     */
    STMT_COMPANY_LIST,
    /* $1 search key, $2 country or null, $3 limit. Rows by rank: id, name, country, region, sectors
       (JSON), rank (0..1). */
    STMT_COMPANY_SEARCH,
    /*
     * $1 seq after which, $2 limit. First row: the head: seq null, epoch, head (counter). Then rows
     * by seq: seq, epoch null, head null, type, id, version, externals (JSON), origin, at_ms.
     */
    STMT_CHANGES_LIST,
    /* $1 id, $2 name, $3 role, $4 digest (hex), $5 expires ms or null, $6 by whom, $7 created ms,
       $8 the maker's role, $9 request id. One row: id. */
    STMT_TOKEN_CREATE,
    /* Rows: id, name, role, created_ms, expires_ms, revoked bool, created_by. */
    STMT_TOKEN_LIST,
    /* $1 id, $2 by whom, $3 in which role, $4 request id. One row: found bool. Moves the token
       version and notifies. */
    STMT_TOKEN_REVOKE,
    /* Rows of tokens not revoked: id, name, role, digest (hex), expires_ms. */
    STMT_TOKEN_LOAD,
    /* $1 id before which, $2 action, $3 company, $4 principal, $5 since ms: each or null; $6 limit.
       Rows, newest first: id, at_ms, action, principal, role, company_id, token_id, request. */
    STMT_AUDIT_LIST,
    STMT_COUNT
};

extern const struct store_statement store_statements[STMT_COUNT];

#endif
