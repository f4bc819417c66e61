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

static atomic_size_t count, first, last, failed; /* first 0: none fails */
static atomic_long live;

static bool fails(void)
{
    size_t from = atomic_load(&first), n;

    if (from == 0)
        return false;
    n = atomic_fetch_add(&count, 1) + 1;
    if (n < from || n > atomic_load(&last))
        return false;
    atomic_fetch_add(&failed, 1);
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
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
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
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    void *moved;

    if (fails())
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
    return fails() ? NULL : counted(__libc_memalign(align, size));
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
    atomic_store(&last, many < SIZE_MAX - at ? at + many - 1 : SIZE_MAX);
    atomic_store(&first, at);
}

size_t failing_rest(void)
{
    atomic_store(&first, 0);
    return atomic_load(&failed);
}

long failing_live(void)
{
    return atomic_load(&live);
}

/* Far more than any piece of work makes. */
#define EACH_MAX 100000

size_t failing_each(bool (*work)(void *ctx), void *ctx)
{
    static const size_t many[] = {1, SIZE_MAX};
    size_t made = 0;

    /* Whatever is made once and kept is made now. */
    for (int i = 0; i < 3; i++)
        assert_true(work(ctx));
    for (size_t m = 0; m < 2; m++)
        for (size_t at = 1;; at++) {
            long before = failing_live(), after;
            bool done;

            failing_set(at, many[m]);
            done = work(ctx);
            size_t n = failing_rest();
            after = failing_live();
            if (after > before)
                fail_msg("allocation %zu, %s: %ld blocks are lost", at,
                         m ? "all that follow" : "it alone", after - before);
            if (n == 0) {
                assert_true(done);
                break;
            }
            made += 1;
            assert_true(at < EACH_MAX);
        }
    return made;
}
