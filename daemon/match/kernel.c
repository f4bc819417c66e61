#include "kernel.h"

#include <string.h>

size_t kernel_pass_scalar(const uint32_t *cell, size_t count, uint32_t mask, const int32_t *value,
                          int32_t least, uint32_t base, uint32_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        out[n] = base + (uint32_t)i;
        n += value[cell[i] & mask] >= least; /* no branch to be guessed wrong */
    }
    return n;
}

#ifdef __x86_64__
#include <immintrin.h>

/* Writes the places of the bits of mask. */
static size_t mask_write(unsigned mask, uint32_t base, uint32_t *out)
{
    size_t n = 0;
    for (; mask != 0; mask &= mask - 1)
        out[n++] = base + (uint32_t)__builtin_ctz(mask);
    return n;
}

__attribute__((target("avx2"))) size_t kernel_pass_avx2(const uint32_t *cell, size_t count,
                                                        uint32_t mask, const int32_t *value,
                                                        int32_t least, uint32_t base, uint32_t *out)
{
    const __m256i keep = _mm256_set1_epi32((int)mask);
    const __m256i below = _mm256_set1_epi32(least - 1);
    size_t n = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)(cell + i));
        at = _mm256_and_si256(at, keep);
        __m256i v = _mm256_i32gather_epi32(value, at, 4);
        __m256i pass = _mm256_cmpgt_epi32(v, below);
        unsigned passed = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(pass));
        n += mask_write(passed, base + (uint32_t)i, out + n);
    }
    return n +
           kernel_pass_scalar(cell + i, count - i, mask, value, least, base + (uint32_t)i, out + n);
}

__attribute__((target("avx512f"))) size_t kernel_pass_avx512(const uint32_t *cell, size_t count,
                                                             uint32_t mask, const int32_t *value,
                                                             int32_t least, uint32_t base,
                                                             uint32_t *out)
{
    const __m512i keep = _mm512_set1_epi32((int)mask);
    const __m512i want = _mm512_set1_epi32(least);
    size_t n = 0, i = 0;
    for (; i + 16 <= count; i += 16) {
        __m512i at = _mm512_loadu_si512(cell + i);
        at = _mm512_and_si512(at, keep);
        __m512i v = _mm512_i32gather_epi32(at, value, 4);
        unsigned passed = _mm512_cmpge_epi32_mask(v, want);
        n += mask_write(passed, base + (uint32_t)i, out + n);
    }
    return n +
           kernel_pass_scalar(cell + i, count - i, mask, value, least, base + (uint32_t)i, out + n);
}

kernel_pass *kernel_get(enum index_kernel which)
{
    bool avx512 = __builtin_cpu_supports("avx512f"), avx2 = __builtin_cpu_supports("avx2");
    switch (which) {
    case INDEX_KERNEL_AUTO:
        return avx512 ? kernel_pass_avx512 : avx2 ? kernel_pass_avx2 : kernel_pass_scalar;
    case INDEX_KERNEL_SCALAR:
        return kernel_pass_scalar;
    case INDEX_KERNEL_AVX2:
        return avx2 ? kernel_pass_avx2 : NULL;
    case INDEX_KERNEL_AVX512:
        return avx512 ? kernel_pass_avx512 : NULL;
    }
    return NULL;
}

#else

kernel_pass *kernel_get(enum index_kernel which)
{
    return which == INDEX_KERNEL_AUTO || which == INDEX_KERNEL_SCALAR ? kernel_pass_scalar : NULL;
}

#endif

int index_kernel_parse(const char *name, enum index_kernel *ret)
{
    static const char *const names[] = {"auto", "scalar", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum index_kernel)i;
            return 0;
        }
    return -1;
}

bool index_kernel_runs(enum index_kernel which)
{
    return kernel_get(which) != NULL;
}
