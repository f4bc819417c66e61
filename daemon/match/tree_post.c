#include "tree.h"

#include <stdlib.h>

/* Third step of a tree: under every key the companies that have it, and where cells change. */

static size_t record_next(const struct tree *t, size_t at)
{
    return at + RECORD_WORDS + record_needs(record_at(t, at));
}

/* Every key of a record, some maybe twice; how many. */
static size_t record_keys(const struct tree *t, const struct record *r, uint32_t *out)
{
    const struct field *f = &t->fields[r->field];
    size_t n = 0;
    for (size_t i = 0; i < record_needs(r); i++)
        out[n++] = r->needs[i];
    for (size_t i = 0; i < f->sector_count; i++)
        out[n++] = key_sector(t, f->sectors[i]);
    for (size_t i = 0; i < f->described_count; i++)
        out[n++] = key_described(t, f->described[i]);
    return n;
}
#define RECORD_KEYS (2 * NEEDS_MAX + SECTORS_MAX + TOPIC_SECTORS)

/* Counts each key's companies into first[key + 1], then makes places of the counts. */
static int postings_count(struct tree *t, uint32_t *first, uint32_t *last)
{
    uint32_t keys[RECORD_KEYS];
    uint64_t sum = 0;
    memset(last, 0xFF, t->key_count * sizeof *last);
    for (size_t i = 0; i < t->record_words; i = record_next(t, i)) {
        size_t n = record_keys(t, record_at(t, i), keys);
        for (size_t k = 0; k < n; k++) {
            if (last[keys[k]] == (uint32_t)i)
                continue;
            last[keys[k]] = (uint32_t)i;
            first[keys[k] + 1]++;
        }
    }
    for (size_t k = 0; k <= t->key_count; k++) {
        sum += first[k];
        first[k] = (uint32_t)sum;
    }
    t->posting_count = (size_t)sum;
    return sum < ALONE ? 0 : -1;
}

static void postings_fill(const struct tree *t, uint32_t *all, uint32_t *next, uint32_t *last)
{
    uint32_t keys[RECORD_KEYS];
    memset(last, 0xFF, t->key_count * sizeof *last);
    for (size_t i = 0; i < t->record_words; i = record_next(t, i)) {
        size_t n = record_keys(t, record_at(t, i), keys);
        for (size_t k = 0; k < n; k++) {
            if (last[keys[k]] == (uint32_t)i)
                continue;
            last[keys[k]] = (uint32_t)i;
            all[next[keys[k]]++] = (uint32_t)i;
        }
    }
}

/* ---- what is told of the other needs ---- */

/* What a record tells under the class. */
static uint32_t told_of(const struct tree *t, const struct record *r, uint32_t class)
{
    size_t n = record_needs(r);
    bool self = false;
    uint32_t group[2] = {0}, roles = 0, others = 0;
    for (size_t k = 0; k < n; k++) {
        if (!self && r->needs[k] == class) {
            self = true;
            continue;
        }
        uint32_t g = t->groups[r->needs[k]];
        group[others++ & 1] = g;
        roles |= 1u << t->roles[g];
    }
    if (n == 2)
        return group[0];
    if (n == 3) {
        uint32_t x = t->kins[group[0]], y = t->kins[group[1]];
        return x < y ? y << 8 | x : x << 8 | y;
    }
    return n > 3 ? roles : 0;
}

static int posting_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Most are few. */
static void postings_sort(uint64_t *told, size_t count)
{
    if (count > 24) {
        qsort(told, count, sizeof *told, posting_compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t x = told[i];
        size_t k = i;
        for (; k > 0 && told[k - 1] > x; k--)
            told[k] = told[k - 1];
        told[k] = x;
    }
}

struct posting_list { /* while runs are made */
    uint32_t *first;  /* of each key in all */
    uint32_t *all;    /* records, by key and cell */
    uint64_t *told;   /* of one cell of a key: what is told << 32, and the record */
};

/* Puts the records of one cell, from p to end, in the order of what they tell, which goes to told.
 */
static void told_order(const struct tree *t, struct posting_list *l, uint32_t key, uint32_t p,
                       uint32_t end)
{
    bool tells = key < t->class_count && t->cell_bits < 32;
    for (uint32_t i = p; i < end; i++) {
        uint32_t told = tells ? told_of(t, record_at(t, l->all[i]), key) : 0;
        l->told[i - p] = (uint64_t)told << 32 | l->all[i];
    }
    if (tells && end - p > 1)
        postings_sort(l->told, end - p);
    for (uint32_t i = p; i < end; i++)
        l->all[i] = (uint32_t)l->told[i - p];
}

struct runs_count {
    size_t runs, postings;
};

/* The runs of one cell of a key. With no room given they are only counted. */
static void runs_of_cell(struct tree *t, const struct posting_list *l, uint32_t cell, size_t count,
                         struct runs_count *n)
{
    for (size_t i = 0, end; i < count; i = end, n->runs++) {
        uint32_t told = (uint32_t)(l->told[i] >> 32);
        for (end = i + 1; end < count && l->told[end] >> 32 == told; end++)
            continue;
        size_t kept = end - i > 1 ? end - i : 0;
        if (t->runs != NULL) {
            t->runs[n->runs] = told == 0 ? cell : cell | told << t->cell_bits;
            t->run_first[n->runs] =
                kept == 0 ? (uint32_t)l->told[i] | ALONE : (uint32_t)n->postings;
            for (size_t k = 0; k < kept; k++)
                t->postings[n->postings + k] = (uint32_t)l->told[i + k];
            if (kept > 0)
                t->postings[n->postings + kept - 1] |= LAST;
        }
        n->postings += kept;
    }
}

static struct runs_count runs_make(struct tree *t, struct posting_list *l)
{
    struct runs_count n = {0, 0};
    for (uint32_t k = 0; k < t->key_count; k++) {
        uint32_t needs = 0;
        t->keys[k].run[0] = (uint32_t)n.runs;
        for (uint32_t p = l->first[k], end; p < l->first[k + 1]; p = end) {
            uint32_t cell = record_cell(record_at(t, l->all[p]));
            for (end = p + 1; end < l->first[k + 1]; end++)
                if (record_cell(record_at(t, l->all[end])) != cell)
                    break;
            while (needs < cell_needs(t->cells[cell]))
                t->keys[k].run[++needs] = (uint32_t)n.runs;
            told_order(t, l, k, p, end);
            runs_of_cell(t, l, cell, end - p, &n);
        }
        while (needs < CELL_NEEDS)
            t->keys[k].run[++needs] = (uint32_t)n.runs;
    }
    return n;
}

/* Room for the longest list. 0 or -1. */
static int told_room(const struct tree *t, struct posting_list *l)
{
    size_t most = 0;
    for (size_t k = 0; k < t->key_count; k++)
        most = l->first[k + 1] - l->first[k] > most ? l->first[k + 1] - l->first[k] : most;
    l->told = malloc((most + 1) * sizeof *l->told);
    return l->told == NULL ? -1 : 0;
}

/* Fills l->all. 0 or -1. */
static int postings_make(struct tree *t, struct posting_list *l)
{
    int rc = -1;
    uint32_t *next = malloc((t->key_count + 1) * sizeof *next);
    uint32_t *last = malloc((t->key_count + 1) * sizeof *last);
    if (next == NULL || last == NULL || postings_count(t, l->first, last) < 0)
        goto out;
    l->all = malloc((t->posting_count + 1) * sizeof *l->all);
    if (l->all == NULL)
        goto out;
    memcpy(next, l->first, (t->key_count + 1) * sizeof *next);
    postings_fill(t, l->all, next, last);
    rc = 0;
out:
    free(next);
    free(last);
    return rc;
}

int tree_post(struct tree *t, size_t told_cells)
{
    int rc = -1;
    struct posting_list l = {NULL, NULL, NULL};
    t->key_count = t->class_count + 2 * SECTOR_IDS;
    t->cell_bits = t->cell_count <= told_cells ? 32 - TOLD_BITS : 32;
    t->keys = calloc(t->key_count, sizeof *t->keys);
    l.first = calloc(t->key_count + 1, sizeof *l.first);
    if (l.first == NULL || t->keys == NULL || postings_make(t, &l) < 0 || told_room(t, &l) < 0)
        goto out;
    struct runs_count n = runs_make(t, &l);
    t->run_count = n.runs;
    t->posting_count = n.postings;
    t->runs = tree_alloc((n.runs + 1) * sizeof *t->runs);
    t->run_first = tree_alloc((n.runs + 1) * sizeof *t->run_first);
    t->postings = tree_alloc((n.postings + 1) * sizeof *t->postings);
    if (t->runs == NULL || t->run_first == NULL || t->postings == NULL)
        goto out;
    runs_make(t, &l);
    rc = 0;
out:
    free(l.first);
    free(l.all);
    free(l.told);
    return rc;
}

size_t tree_scan_bytes(const struct tree *t)
{
    return t->record_words * sizeof *t->records +
           t->run_count * (sizeof *t->runs + sizeof *t->run_first) +
           t->posting_count * sizeof *t->postings;
}

size_t tree_bytes(const struct tree *t)
{
    return sizeof *t + tree_scan_bytes(t) + t->cell_count * sizeof *t->cells +
           t->shape_count * sizeof *t->shapes +
           t->class_count * (sizeof *t->classes + sizeof *t->groups) +
           t->field_count * sizeof *t->fields + t->key_count * sizeof *t->keys;
}
