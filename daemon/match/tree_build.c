#include "index_in.h"
#include "tree_making.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Second step of a tree: an order in which what is alike stands together. */

#define CODES ((size_t)CELL_NEEDS << 16)

#define LARGE_PAGE ((size_t)2 << 20)

void *tree_alloc(size_t size)
{
    void *p;
    if (size < 4 * LARGE_PAGE)
        return malloc(size);
    if (posix_memalign(&p, LARGE_PAGE, size) != 0)
        return NULL;
    madvise(p, size, MADV_HUGEPAGE); /* a wish: without it all works, slower */
    return p;
}

/* Turns counts into the place where each number's items begin. */
static void counts_to_places(uint32_t *count, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = count[i];
        count[i] = sum;
        sum += c;
    }
}

/* The codes that occur, sorted; place[code] becomes the code's number. 0 or -1. */
static int cells_collect(struct tree *t, uint32_t *place)
{
    size_t n = 0;
    for (size_t code = 0; code < CODES; code++)
        n += place[code] > 0;
    t->cells = malloc((n + 1) * sizeof *t->cells);
    if (t->cells == NULL)
        return -1;
    for (size_t code = 0; code < CODES; code++) {
        if (place[code] == 0)
            continue;
        t->cells[t->cell_count] = (uint32_t)code;
        place[code] = (uint32_t)t->cell_count++;
    }
    return 0;
}

#define FEW 8192 /* records up to here are sorted: a table of all codes would take longer */

static int cell_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* As raw_order. */
static uint32_t *few_order(struct tree_making *g)
{
    struct tree *t = g->t;
    uint64_t *by = malloc((t->record_count + 1) * sizeof *by); /* code << 32, and number */
    uint32_t *order = malloc((t->record_count + 1) * sizeof *order);
    t->cells = malloc((t->record_count + 1) * sizeof *t->cells);
    if (by == NULL || order == NULL || t->cells == NULL) {
        free(by);
        free(order);
        return NULL;
    }
    for (size_t i = 0; i < t->record_count; i++)
        by[i] = (uint64_t)g->raw[i].cell << 32 | i;
    qsort(by, t->record_count, sizeof *by, cell_compare);
    for (size_t i = 0; i < t->record_count; i++) {
        order[i] = (uint32_t)by[i];
        if (i == 0 || by[i] >> 32 != by[i - 1] >> 32)
            t->cells[t->cell_count++] = (uint32_t)(by[i] >> 32);
        g->raw[order[i]].cell = (uint32_t)t->cell_count - 1;
    }
    free(by);
    return order;
}

/* Numbers of the raw records in the order of their cells, whose codes become places. NULL: no
 * memory. */
static uint32_t *raw_order(struct tree_making *g)
{
    struct tree *t = g->t;
    uint32_t *place = calloc(CODES, sizeof *place), *start = NULL;
    uint32_t *order = malloc((t->record_count + 1) * sizeof *order);
    if (place == NULL || order == NULL)
        goto fail;
    for (size_t i = 0; i < t->record_count; i++)
        place[g->raw[i].cell]++;
    if (cells_collect(t, place) < 0)
        goto fail;
    start = calloc(t->cell_count + 1, sizeof *start);
    if (start == NULL)
        goto fail;
    for (size_t i = 0; i < t->record_count; i++) {
        g->raw[i].cell = place[g->raw[i].cell];
        start[g->raw[i].cell]++;
    }
    counts_to_places(start, t->cell_count);
    for (size_t i = 0; i < t->record_count; i++)
        order[start[g->raw[i].cell]++] = (uint32_t)i;
    free(place);
    free(start);
    return order;
fail:
    free(place);
    free(order);
    return NULL;
}

static int records_order(struct tree_making *g)
{
    struct tree *t = g->t;
    uint32_t *order = t->record_count > FEW ? raw_order(g) : few_order(g);
    size_t words = t->record_count * RECORD_WORDS + g->need_count;
    if (order == NULL || words >= ALONE) {
        free(order);
        return -1;
    }
    t->records = tree_alloc((words + 1) * sizeof *t->records);
    for (size_t i = 0; t->records != NULL && i < t->record_count; i++) {
        const struct raw_record *raw = &g->raw[order[i]];
        size_t needs = raw[1].needs - raw->needs;
        uint32_t *to = t->records + t->record_words;
        to[0] = raw->entry;
        to[1] = raw->field;
        to[2] = record_tag(raw->cell, raw->size, needs);
        if (needs > 0)
            memcpy(to + RECORD_WORDS, g->needs + raw->needs, needs * sizeof *to);
        t->record_words += RECORD_WORDS + needs;
    }
    free(order);
    return t->records == NULL ? -1 : 0;
}

/* Classes by shape, and the needs that name them. */
static int classes_order(struct tree_making *g, const uint32_t *new_shape)
{
    int rc = -1;
    struct tree *t = g->t;
    uint32_t *at = calloc(t->shape_count + 1, sizeof *at);
    uint32_t *new_of = malloc((t->class_count + 1) * sizeof *new_of);
    struct need_view *classes = malloc((t->class_count + 1) * sizeof *classes);
    if (at == NULL || new_of == NULL || classes == NULL)
        goto out;
    for (size_t i = 0; i < t->class_count; i++)
        at[new_shape[g->class_shape[i]]]++;
    for (size_t i = 0; i < t->shape_count; i++)
        t->shapes[i].count = at[i];
    counts_to_places(at, t->shape_count + 1);
    for (size_t i = 0; i < t->shape_count; i++)
        t->shapes[i].first = at[i];
    for (size_t i = 0; i < t->class_count; i++) {
        new_of[i] = at[new_shape[g->class_shape[i]]]++;
        classes[new_of[i]] = t->classes[i];
    }
    for (size_t i = 0; i < g->need_count; i++)
        g->needs[i] = new_of[g->needs[i]];
    free(t->classes);
    t->classes = classes;
    classes = NULL;
    rc = 0;
out:
    free(at);
    free(new_of);
    free(classes);
    return rc;
}

int tree_order(struct tree_making *g)
{
    struct tree *t = g->t;
    uint32_t *new_shape = malloc((t->shape_count + 1) * sizeof *new_shape);
    int rc = -1;
    if (new_shape != NULL && tree_shapes_order(t, new_shape) == 0 &&
        classes_order(g, new_shape) == 0 && tree_groups(g->m, t, g->home) == 0)
        rc = records_order(g);
    free(new_shape);
    return rc;
}

/* By chance: 0 or -1 (there is none to be had). */
static int tree_number(struct tree *t)
{
    uint8_t id[IDENT_BYTES];
    if (ident_make(id, 0) < 0)
        return -1;
    memcpy(&t->number, id + IDENT_BYTES - sizeof t->number, sizeof t->number);
    return 0;
}

struct tree *tree_new(const struct model *m, const struct layer *l, enum country c,
                      const struct tree *home)
{
    struct tree_making g = {
        .m = m, .layer = l, .country = c, .home = home, .t = calloc(1, sizeof *g.t)};
    if (g.t == NULL)
        return NULL;
    interner_init(&g.shapes);
    interner_init(&g.classes);
    interner_init(&g.fields);
    bool done = tree_number(g.t) == 0 && tree_read(&g) == 0 && tree_order(&g) == 0;
    interner_done(&g.shapes);
    interner_done(&g.classes);
    interner_done(&g.fields);
    free(g.class_shape);
    free(g.raw);
    free(g.needs); /* before the rest takes as much */
    if (!done || tree_post(g.t, TOLD_CELLS) < 0) {
        tree_free(g.t);
        return NULL;
    }
    return g.t;
}

void tree_free(struct tree *t)
{
    if (t == NULL)
        return;
    free(t->cells);
    free(t->shapes);
    free(t->shape_home);
    free(t->classes);
    free(t->groups);
    free(t->kins);
    free(t->roles);
    free(t->fields);
    free(t->records);
    free(t->keys);
    free(t->runs);
    free(t->run_first);
    free(t->postings);
    free(t);
}
