#include "feed_private.h"

#include <endian.h>
#include <spean/ident.h>
#include <stdio.h>
#include <string.h>

/* What a page of changes tells of a company: */
enum { COL_ID, COL_PACKED, COL_DOC, COL_VERSION, COL_UPDATED, COL_COMPANY };
#define COMPANY                                                                                    \
    "c.packed,"                                                                                    \
    " CASE WHEN c.pack_format <> $3::integer OR c.pack_model <> $4::text THEN c.doc::text END,"    \
    " c.version, spean.epoch_ms(c.updated_at)"

/* And of itself: */
enum { COL_FIRST = COL_COMPANY, COL_LAST, COL_HEAD, COL_EPOCH, COL_CHANGES };

const struct store_statement feed_statements[FEED_COUNT] = {
    [FEED_LISTEN] = {"feed_listen", "LISTEN spean_changes", 0},
    [FEED_HEAD] = {"feed_head", "SELECT epoch, seq, token_version FROM spean.feed", 0},
    [FEED_FOLLOW] = {"feed_follow",
                     "WITH page AS MATERIALIZED (SELECT seq, company_id FROM spean.change"
                     " WHERE seq > $1::bigint ORDER BY seq LIMIT $2::integer),"
                     " span AS (SELECT min(seq) AS first, max(seq) AS last FROM page),"
                     " moved AS (SELECT company_id, max(seq) AS last FROM page GROUP BY company_id)"
                     " SELECT m.company_id, " COMPANY ", s.first, s.last, f.seq, f.epoch"
                     " FROM moved m CROSS JOIN span s CROSS JOIN spean.feed f"
                     " LEFT JOIN spean.company c ON c.id = m.company_id ORDER BY m.last",
                     4},
    [FEED_REWOUND] = {"feed_rewound", "SELECT epoch FROM spean.feed_rewound($1::uuid, $2::bigint)",
                      2},
};

static int64_t cell_int8(const PGresult *res, int row, int col)
{
    uint64_t n = 0;

    if (PQgetlength(res, row, col) == (int)sizeof(n))
        memcpy(&n, PQgetvalue(res, row, col), sizeof(n));
    return (int64_t)be64toh(n);
}

static const uint8_t *cell_uuid(const PGresult *res, int row, int col)
{
    if (PQgetisnull(res, row, col) || PQgetlength(res, row, col) != FEED_UUID)
        return NULL;
    return (const uint8_t *)PQgetvalue(res, row, col);
}

static int cell_epoch(const PGresult *res, int row, int col, char out[FEED_EPOCH])
{
    const uint8_t *id = cell_uuid(res, row, col);

    if (!id)
        return -1;
    ident_format(id, out);
    return 0;
}

int feed_read_head(const PGresult *res, struct feed_head *ret)
{
    if (PQntuples(res) != 1 || PQnfields(res) != 3 || cell_epoch(res, 0, 0, ret->epoch) < 0)
        return -1;
    ret->seq = (uint64_t)cell_int8(res, 0, 1);
    ret->token_version = (uint64_t)cell_int8(res, 0, 2);
    return 0;
}

/* One company to the callback. 0, -1 (nonsense) or FEED_NO_MEMORY. */
static int feed_give(struct feed *f, const PGresult *res, int row)
{
    struct feed_row r = {.id = cell_uuid(res, row, COL_ID)};

    if (!r.id)
        return -1;
    if (!PQgetisnull(res, row, COL_PACKED)) {
        r.packed = PQgetvalue(res, row, COL_PACKED);
        r.packed_len = (size_t)PQgetlength(res, row, COL_PACKED);
        r.version = cell_int8(res, row, COL_VERSION);
        r.updated_ms = cell_int8(res, row, COL_UPDATED);
        if (!PQgetisnull(res, row, COL_DOC)) {
            r.doc = PQgetvalue(res, row, COL_DOC);
            r.doc_len = (size_t)PQgetlength(res, row, COL_DOC);
        }
    }
    return f->callbacks.row(f->ctx, &r) == 0 ? 0 : FEED_NO_MEMORY;
}

int feed_read_span(const PGresult *res, struct feed_page *ret)
{
    struct feed_page page = {.rows = PQntuples(res)};

    if (PQnfields(res) != COL_CHANGES)
        return -1;
    if (page.rows > 0) {
        page.first = (uint64_t)cell_int8(res, 0, COL_FIRST);
        page.last = (uint64_t)cell_int8(res, 0, COL_LAST);
        page.head = (uint64_t)cell_int8(res, 0, COL_HEAD);
        if (cell_epoch(res, 0, COL_EPOCH, page.epoch) < 0)
            return -1;
    }
    *ret = page;
    return 0;
}

int feed_read_changes(struct feed *f, const PGresult *res)
{
    for (int row = 0; row < PQntuples(res); row++) {
        int rc = feed_give(f, res, row);
        if (rc < 0)
            return rc;
    }
    return 0;
}
