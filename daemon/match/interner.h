#ifndef SPEAN_MATCH_INTERNER_H
#define SPEAN_MATCH_INTERNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives equal byte strings one number, from 0 on. Lives as long as a tree is being built. */
struct interner {
    uint32_t *slot; /* number plus one; 0: free */
    size_t mask, count, cap;
    struct interned {
        uint64_t hash;
        size_t at;
        uint32_t len;
    } * item;
    uint8_t *bytes;
    size_t used, room;
};

#define INTERN_FAILED UINT32_MAX

void interner_init(struct interner *in);
void interner_done(struct interner *in);
/* The number of these bytes; *ret_new: it is seen for the first time. INTERN_FAILED: no memory. */
uint32_t intern(struct interner *in, const void *bytes, size_t len, bool *ret_new);

#endif
