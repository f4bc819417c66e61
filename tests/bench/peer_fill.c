#include "peer.h"

#include "view.h"

#include <string.h>

/* Profiles to rows. Numbers of things kept once: a shape is a need, a content all that a company
 * says of its trade, tongues a list of languages and whether French is at home there. */

static void put_list8(struct buf *b, const uint8_t *p, size_t n)
{
    buf_addc(b, '{');
    for (size_t i = 0; i < n; i++)
        buf_addf(b, i ? ",%d" : "%d", p[i]);
    buf_addc(b, '}');
}

static int core_weight(const struct model *m, const struct need_view *n, size_t i)
{
    if (n->core_count == 1 || (n->core[i] == n->sector && n->kind == KIND_CAPITAL))
        return 1000;
    return n->core[i] != n->sector ? n->core_close : m->w.close_beside;
}

/* id, role, sector, core, core_weight, named, topics, hs, specific. An HS code is the number of its
 * digits, then the digits, filled up to six. */
static void shape_row(const struct model *m, const struct need_view *n, uint32_t id, struct buf *b)
{
    buf_addf(b, "%u\t%d\t%d\t", id, n->role, n->sector);
    put_list8(b, n->core, n->core_count);
    buf_adds(b, "\t{");
    for (size_t i = 0; i < n->core_count; i++)
        buf_addf(b, i ? ",%d" : "%d", core_weight(m, n, i));
    buf_adds(b, "}\t");
    put_list8(b, n->named, n->named_count);
    buf_adds(b, "\t{");
    for (size_t i = 0; i < n->topic_count; i++)
        buf_addf(b, i ? ",%d" : "%d", n->topics[i]);
    buf_adds(b, "}\t{");
    for (size_t i = 0; i < n->hs_count; i++) {
        char digits[8];
        size_t len = hs_format(n->hs[i], digits);
        buf_addf(b, i ? ",%zu%s%s" : "%zu%s%s", len, digits, &"0000"[len - 2]);
    }
    buf_addf(b, "}\t%d\n", n->specific);
}

/* The number of a need; the row goes out when it is new. */
static uint32_t shape_add(struct peer *p, const struct need_view *n)
{
    struct need_view key = *n; /* without what does not count, and without what was there before */
    bool fresh;

    memset(&key, 0, sizeof key);
    key.role = n->role;
    key.kind = n->kind;
    key.sector = n->sector;
    key.hs_count = n->hs_count;
    key.topic_count = n->topic_count;
    key.core_count = n->core_count;
    key.named_count = n->named_count;
    key.core_close = n->core_close;
    key.specific = n->specific;
    memcpy(key.core, n->core, n->core_count);
    memcpy(key.named, n->named, n->named_count);
    memcpy(key.hs, n->hs, n->hs_count * sizeof *n->hs);
    memcpy(key.topics, n->topics, n->topic_count * sizeof *n->topics);
    uint32_t id = peer_set_add(&p->shapes, &key, sizeof key, &fresh);
    if (id != 0 && fresh) {
        shape_row(p->model, n, id, &p->shape.rows);
        if (peer_copy_row(&p->shape))
            return 0;
    }
    return id;
}

/* id, country, vague, sectors, described, offers, shapes */
static uint32_t content_add(struct peer *p, const struct view *v)
{
    struct buf key;
    uint32_t id = 0;
    bool fresh = false;

    buf_init(&key, 4096);
    buf_addf(&key, "%s\t%d\t", v->p[AT_COUNTRY] == COUNTRY_KH ? "KH" : "CA",
             (v->p[AT_FLAGS] & FLAG_VAGUE) != 0);
    put_list8(&key, v->sectors, v->sector_count);
    buf_addc(&key, '\t');
    put_list8(&key, v->described, v->described_count);
    buf_addf(&key, "\t%zu\t{", v->offer_count);
    for (size_t i = 0; i < v->need_count; i++) {
        uint32_t shape = shape_add(p, &v->needs[i]);
        if (shape == 0)
            key.failed = true;
        buf_addf(&key, i ? ",%u" : "%u", shape);
    }
    buf_adds(&key, "}\n");
    if (!key.failed)
        id = peer_set_add(&p->contents, key.data, key.len, &fresh);
    if (id != 0 && fresh) {
        buf_addf(&p->content.rows, "%u\t", id);
        buf_add(&p->content.rows, key.data, key.len);
        if (peer_copy_row(&p->content))
            id = 0;
    }
    buf_done(&key);
    return id;
}

/* id, french, codes, levels */
static uint32_t tongues_add(struct peer *p, const struct view *v)
{
    struct buf key;
    uint32_t id = 0;
    bool fresh = false;

    buf_init(&key, 1024);
    buf_addf(&key, "%d\t{", p->model->regions[v->p[AT_REGION]].french);
    for (size_t i = 0; i < v->lang_count; i++)
        buf_addf(&key, i ? ",%.3s" : "%.3s", (const char *)v->langs + i * 4);
    buf_adds(&key, "}\t{");
    for (size_t i = 0; i < v->lang_count; i++)
        buf_addf(&key, i ? ",%d" : "%d", v->langs[i * 4 + 3]);
    buf_adds(&key, "}\n");
    if (!key.failed)
        id = peer_set_add(&p->tongues, key.data, key.len, &fresh);
    if (id != 0 && fresh) {
        buf_addf(&p->tongue.rows, "%u\t", id);
        buf_add(&p->tongue.rows, key.data, key.len);
        if (peer_copy_row(&p->tongue))
            id = 0;
    }
    buf_done(&key);
    return id;
}

/* id, country, live, valid_until, content, tongues, employees, exports, verified, held, asked */
static int company_add(struct peer *p, const struct view *v)
{
    struct buf *b = &p->company.rows;
    const uint8_t *bytes = v->p;
    char id[IDENT_TEXT];
    uint32_t content = content_add(p, v), tongues = tongues_add(p, v);
    int32_t verified = (int32_t)get32(bytes + AT_VERIFIED);
    uint8_t flags = bytes[AT_FLAGS];

    if (content == 0 || tongues == 0)
        return -1;
    ident_format(packed_id(bytes), id);
    buf_addf(b, "%s\t%s\t%d\t%d\t%u\t%u\t", id, bytes[AT_COUNTRY] == COUNTRY_KH ? "KH" : "CA",
             bytes[AT_STATUS] == STATUS_PUBLISHED, (int)get32(bytes + AT_VALID), content, tongues);
    if (flags & FLAG_EMPLOYEES)
        buf_addf(b, "%u", get32(bytes + AT_EMPLOYEES));
    else
        buf_adds(b, "\\N");
    buf_addf(b, "\t%d\t", flags & (FLAG_EXPORTS | FLAG_EXPORTS_KH | FLAG_EXPORTS_CA));
    if (verified == DAY_NONE)
        buf_adds(b, "\\N");
    else
        buf_addf(b, "%d", (int)verified);
    buf_addf(b, "\t%lld\t%lld\n", (long long)get64(bytes + AT_CERTS),
             (long long)get64(bytes + AT_CERTS_ASKED));
    return peer_copy_row(&p->company);
}

int peer_fill(struct peer *p)
{
    struct view v;
    int rc = -1;

    peer_set_init(&p->shapes);
    peer_set_init(&p->contents);
    peer_set_init(&p->tongues);
    if (peer_copy_begin(&p->shape, p->conninfo, "shape") ||
        peer_copy_begin(&p->content, p->conninfo, "content") ||
        peer_copy_begin(&p->company, p->conninfo, "company") ||
        peer_copy_begin(&p->tongue, p->conninfo, "tongue"))
        goto out;
    for (size_t i = 0; i < p->rows->count; i++) {
        view_open(p->model, p->rows->row[i], &v);
        if (company_add(p, &v))
            goto out;
    }
    rc = 0;
out:
    rc |= peer_copy_end(&p->shape);
    rc |= peer_copy_end(&p->content);
    rc |= peer_copy_end(&p->company);
    rc |= peer_copy_end(&p->tongue);
    fprintf(stderr, "spean-bench-peer: %zu companies, %zu contents, %zu needs, %zu tongues\n",
            p->rows->count, p->contents.count, p->shapes.count, p->tongues.count);
    peer_set_done(&p->shapes);
    peer_set_done(&p->contents);
    peer_set_done(&p->tongues);
    return rc ? -1 : 0;
}
