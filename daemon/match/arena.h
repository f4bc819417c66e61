#ifndef SPEAN_MATCH_ARENA_H
#define SPEAN_MATCH_ARENA_H

#include <stddef.h>

/*
 * Many small pieces of memory that live as long as the last of them is needed: the companies of a
 * base. Taken from a few large blocks, which cost next to nothing beside the pieces and go back to
 * the system as soon as nobody holds the arena. Pieces are taken by one thread, before others see
 * it; the count is for all.
 */
struct arena;

struct arena *arena_new(void); /* NULL: no memory */
/* A piece of this many bytes, for numbers of at most 4 bytes. NULL: no memory. */
void *arena_take(struct arena *a, size_t size);
size_t arena_taken(const struct arena *a); /* bytes in all pieces */
struct arena *arena_ref(struct arena *a);  /* NULL is fine */
void arena_unref(struct arena *a);         /* any thread; NULL is fine */

#endif
