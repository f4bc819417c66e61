#include "failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_size_t count, first, last, failed; /* first 0: none fails */
static atomic_long live;
static atomic_bool library; /* one that has failed was a library's own */

/* Where this program lies; not its libraries. The linker knows. */
extern const char __executable_start[], etext[];

/* from: who asks for memory. */
static bool fails(const void *from)
{
    size_t begin = atomic_load(&first), n;

    if (begin == 0)
        return false;
    n = atomic_fetch_add(&count, 1) + 1;
    if (n < begin || n > atomic_load(&last))
        return false;
    atomic_fetch_add(&failed, 1);
    if ((uintptr_t)from < (uintptr_t)__executable_start || (uintptr_t)from >= (uintptr_t)etext)
        atomic_store(&library, true);
    errno = ENOMEM;
    return true;
}

#ifdef FAILING_WRAP

/* The linker turns the calls of what is linked statically to these. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void *__wrap_malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : __real_strndup(s, n);
}

#else

/* These stand before the C library's, for every library. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *p);

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return p;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    void *moved;

    if (fails(__builtin_return_address(0)))
        return NULL;
    moved = __libc_realloc(p, size);
    if (!p)
        counted(moved);
    else if (!moved && size == 0)
        atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    return moved;
}

void *memalign(size_t align, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(align, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
    void *p = memalign(align, size);

    if (!p)
        return ENOMEM;
    *ret = p;
    return 0;
}

void free(void *p)
{
    if (p)
        atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    __libc_free(p);
}

#endif

void failing_set(size_t at, size_t many)
{
    atomic_store(&first, 0);
    atomic_store(&count, 0);
    atomic_store(&failed, 0);
    atomic_store(&library, false);
    atomic_store(&last, many < SIZE_MAX - at ? at + many - 1 : SIZE_MAX);
    atomic_store(&first, at);
}

size_t failing_rest(void)
{
    atomic_store(&first, 0);
    return atomic_load(&failed);
}

size_t failing_count(void)
{
    return atomic_load(&failed);
}

long failing_live(void)
{
    return atomic_load(&live);
}

/* Other threads may still be about to free something. */
static void expect_live(long before, size_t at, bool all)
{
    const struct timespec moment = {0, 1000000};

    /* OpenSSL and the C library's look-ups lose blocks of their own. */
    if (atomic_load(&library))
        return;
    for (int i = 0; failing_live() > before && i < 2000; i++)
        nanosleep(&moment, NULL);
    if (failing_live() > before)
        fail_msg("allocation %zu, %s: %ld blocks are lost", at,
                 all ? "all that follow" : "it alone", failing_live() - before);
}

/* Far more than any piece of work makes. */
#define EACH_MAX 100000

/* thin: every allocation up to this number, and then each that is so much of the last further on.
 */
static size_t run_all(bool (*work)(void *ctx), void *ctx, size_t thin)
{
    static const size_t many[] = {1, SIZE_MAX};
    size_t made = 0;

    /* Whatever is made once and kept is made now. */
    failing_set(0, 0);
    for (int i = 0; i < 3; i++)
        assert_true(work(ctx));
    for (size_t m = 0; m < 2; m++)
        for (size_t at = 1;; at += 1 + at / thin) {
            long before = failing_live();
            bool done;
            size_t n;

            failing_set(at, many[m]);
            done = work(ctx);
            n = failing_rest();
            expect_live(before, at, m > 0);
            if (n == 0) {
                assert_true(done);
                break;
            }
            made++;
            assert_true(at < EACH_MAX);
        }
    return made;
}

size_t failing_each(bool (*work)(void *ctx), void *ctx)
{
    return run_all(work, ctx, EACH_MAX * 2);
}

size_t failing_thinly(bool (*work)(void *ctx), void *ctx)
{
    return run_all(work, ctx, 10);
}
