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
    return sum < UINT32_MAX ? 0 : -1;
}

static void postings_fill(struct tree *t, uint32_t *next, uint32_t *last)
{
    uint32_t keys[RECORD_KEYS];
    memset(last, 0xFF, t->key_count * sizeof *last);
    for (size_t i = 0; i < t->record_words; i = record_next(t, i)) {
        size_t n = record_keys(t, record_at(t, i), keys);
        for (size_t k = 0; k < n; k++) {
            if (last[keys[k]] == (uint32_t)i)
                continue;
            last[keys[k]] = (uint32_t)i;
            t->postings[next[keys[k]]++] = (uint32_t)i;
        }
    }
}

/* Where runs begin. With no room given they are only counted. */
static size_t runs_make(struct tree *t, const uint32_t *first, bool fill)
{
    size_t n = 0;
    for (size_t k = 0; k < t->key_count; k++) {
        uint32_t needs = 0, before = 0;
        t->keys[k].run[0] = (uint32_t)n;
        for (uint32_t p = first[k]; p < first[k + 1]; p++) {
            uint32_t cell = record_cell(record_at(t, t->postings[p]));
            if (p > first[k] && cell == before)
                continue;
            before = cell;
            while (needs < cell_needs(t->cells[cell]))
                t->keys[k].run[++needs] = (uint32_t)n;
            if (fill) {
                t->run_cell[n] = cell;
                t->run_first[n] = p;
            }
            n++;
        }
        while (needs < CELL_NEEDS)
            t->keys[k].run[++needs] = (uint32_t)n;
    }
    return n;
}

int tree_post(struct tree *t)
{
    int rc = -1;
    t->key_count = t->class_count + 2 * SECTOR_IDS;
    uint32_t *first = calloc(t->key_count + 1, sizeof *first);
    uint32_t *next = malloc((t->key_count + 1) * sizeof *next);
    uint32_t *last = malloc((t->key_count + 1) * sizeof *last);
    t->keys = calloc(t->key_count, sizeof *t->keys);
    if (first == NULL || next == NULL || last == NULL || t->keys == NULL ||
        postings_count(t, first, last) < 0)
        goto out;
    t->postings = tree_alloc((t->posting_count + 1) * sizeof *t->postings);
    if (t->postings == NULL)
        goto out;
    memcpy(next, first, (t->key_count + 1) * sizeof *next);
    postings_fill(t, next, last);
    t->run_count = runs_make(t, first, false);
    t->run_cell = tree_alloc((t->run_count + 1) * sizeof *t->run_cell);
    t->run_first = tree_alloc((t->run_count + 1) * sizeof *t->run_first);
    if (t->run_cell == NULL || t->run_first == NULL)
        goto out;
    runs_make(t, first, true);
    t->run_first[t->run_count] = (uint32_t)t->posting_count;
    rc = 0;
out:
    free(first);
    free(next);
    free(last);
    return rc;
}

size_t tree_scan_bytes(const struct tree *t)
{
    return t->record_words * sizeof *t->records +
           t->run_count * (sizeof *t->run_cell + sizeof *t->run_first) +
           t->posting_count * sizeof *t->postings;
}

size_t tree_bytes(const struct tree *t)
{
    return sizeof *t + tree_scan_bytes(t) + t->cell_count * sizeof *t->cells +
           t->shape_count * (sizeof *t->shapes + sizeof *t->abouts) +
           t->class_count * sizeof *t->classes + t->field_count * sizeof *t->fields +
           t->key_count * sizeof *t->keys;
}
