#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * The limit of any scan: how long one thread takes to read as many bytes as a scan would have to,
 * once, from memory, in order, in wide registers, with huge pages. The best of many tries counts,
 * so that nothing but the memory is measured. A scan has to read at least the little that tells
 * what a company is about: its sectors, its needs, its languages.
 */
#define LEAST_BYTES 64 /* of a company; its packed profile has three times as many */

#define TRIES 40
#define PIECE 256 /* bytes of one turn */

static uint64_t sum_words(const uint64_t *p, size_t words)
{
    uint64_t s[8] = {0};

    for (size_t i = 0; i + 8 <= words; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += p[i + k];
    return s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
}

#if defined(__x86_64__)
typedef uint64_t lane4 __attribute__((vector_size(32)));

/* A function for AVX2 only where the processor has it. */
__attribute__((target("avx2"))) static uint64_t sum_avx2(const uint64_t *p, size_t words)
{
    const lane4 *v = (const lane4 *)p;
    lane4 s[8] = {{0}};

    for (size_t i = 0; i + 8 <= words / 4; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += v[i + k];
    for (size_t k = 1; k < 8; k++)
        s[0] += s[k];
    return s[0][0] + s[0][1] + s[0][2] + s[0][3];
}

static uint64_t sum(const uint64_t *p, size_t words)
{
    return __builtin_cpu_supports("avx2") ? sum_avx2(p, words) : sum_words(p, words);
}
#else
static uint64_t sum(const uint64_t *p, size_t words)
{
    return sum_words(p, words);
}
#endif

/* Nanoseconds, or 0 for want of memory. */
static uint64_t stream_best(size_t bytes)
{
    size_t len = (bytes + (2u << 20) - 1) & ~(size_t)((2u << 20) - 1);
    uint64_t best = UINT64_MAX, words = bytes / PIECE * PIECE / 8;
    volatile uint64_t seen = 0;
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return 0;
    (void)madvise(p, len, MADV_HUGEPAGE);
    memset(p, 1, len);
    for (int i = 0; i < TRIES; i++) {
        uint64_t from = now_ns();
        seen += sum(p, words);
        uint64_t took = now_ns() - from;
        best = took < best ? took : best;
    }
    munmap(p, len);
    return seen == 0 ? 0 : best;
}

int engine_stream(struct engine *e, unsigned round)
{
    size_t bytes = e->rows->count * LEAST_BYTES;
    uint64_t ns = stream_best(bytes);

    if (ns == 0)
        return -1;
    printf("{\"part\":\"stream\",\"round\":%u,\"bytes\":%zu,\"us\":%.1f,\"gb_s\":%.2f}\n", round,
           bytes, (double)ns / 1000, (double)bytes / (double)ns);
    return 0;
}
