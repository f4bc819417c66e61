#include "arena.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGN 4
#define LARGE_PAGE ((size_t)2 << 20)
#define BLOCK_FIRST ((size_t)32 << 10)
#define BLOCK_LARGEST (4 * LARGE_PAGE)

/*
 * Blocks grow until they are of a few large pages. These come from the system itself, not from
 * malloc, which keeps what was freed: an index that was replaced would stay resident.
 */
struct block {
    struct block *before;
    void *mapped; /* NULL: from malloc */
    size_t size;  /* in bytes, with this head */
};

struct arena {
    atomic_uint refs;
    struct block *last;
    size_t used; /* of the last block, with its head */
    size_t taken;
};

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a != NULL)
        atomic_init(&a->refs, 1);
    return a;
}

/* On large pages where the system has them to give: searches hop about in it. */
static struct block *block_map(size_t size)
{
    uint8_t *p =
        mmap(NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t before = (LARGE_PAGE - (uintptr_t)p % LARGE_PAGE) % LARGE_PAGE;
    if (before > 0)
        munmap(p, before);
    if (before < LARGE_PAGE)
        munmap(p + before + size, LARGE_PAGE - before);
    p += before;
    madvise(p, size, MADV_HUGEPAGE); /* a wish */
    struct block *b = (struct block *)(void *)p;
    b->mapped = p;
    return b;
}

static int arena_grow(struct arena *a, size_t size)
{
    size_t next = a->last == NULL ? BLOCK_FIRST : a->last->size * 2;
    size_t room = next < BLOCK_LARGEST ? next : BLOCK_LARGEST;
    while (room < size + sizeof(struct block))
        room *= 2;
    struct block *b;
    if (room < LARGE_PAGE) {
        b = malloc(room);
        if (b != NULL)
            b->mapped = NULL;
    } else {
        b = block_map(room);
    }
    if (b == NULL)
        return -1;
    b->before = a->last;
    b->size = room;
    a->last = b;
    a->used = sizeof *b;
    return 0;
}

void *arena_take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 4)
        return NULL;
    size_t room = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if ((a->last == NULL || a->last->size - a->used < room) && arena_grow(a, room) < 0)
        return NULL;
    void *p = (uint8_t *)a->last + a->used;
    a->used += room;
    a->taken += size;
    return p;
}

size_t arena_taken(const struct arena *a)
{
    return a->taken;
}

struct arena *arena_ref(struct arena *a)
{
    if (a != NULL)
        atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

void arena_unref(struct arena *a)
{
    if (a == NULL || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (struct block *b = a->last; b != NULL;) {
        struct block *before = b->before;
        if (b->mapped != NULL)
            munmap(b->mapped, b->size);
        else
            free(b);
        b = before;
    }
    free(a);
}
