#ifndef SPEAN_MATCH_KERNEL_H
#define SPEAN_MATCH_KERNEL_H

#include <spean/index.h>

/*
 * The one loop of a search that looks at much: of `count` cells at `cell` (in the bits of mask),
 * which have a value of `least` and more. Their places, from `base` on, go to out (room for count);
 * returns how many. All kernels give the same.
 */
typedef size_t kernel_pass(const uint32_t *cell, size_t count, uint32_t mask, const int32_t *value,
                           int32_t least, uint32_t base, uint32_t *out);

/* The best that this processor has for INDEX_KERNEL_AUTO; NULL if it lacks the one asked for. */
kernel_pass *kernel_get(enum index_kernel which);

kernel_pass kernel_pass_scalar;
kernel_pass kernel_pass_avx2;
kernel_pass kernel_pass_avx512;

#endif
