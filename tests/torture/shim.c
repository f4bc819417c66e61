/*
 * Preloaded into a daemon under test (LD_PRELOAD): lets allocations and system calls fail when it
 * is told to, and moves the wall clock. What it is told, and what it has counted, stands in a file
 * that the test maps, too (lib/shim.py), named by SPEAN_SHIM; so thousands of faults need one
 * process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { TRACE_MAX = 1 << 20, TRACE_DEPTH = 16, CALLS_MAX = 32 };

enum call {
    CALL_READ,
    CALL_WRITE,
    CALL_READV,
    CALL_WRITEV,
    CALL_SEND,
    CALL_SENDTO,
    CALL_SENDMSG,
    CALL_RECV,
    CALL_RECVFROM,
    CALL_RECVMSG,
    CALL_ACCEPT4,
    CALL_CONNECT,
    CALL_SOCKET,
    CALL_EPOLL_WAIT,
    CALL_EPOLL_CTL,
    CALL_POLL,
    CALL_GETSOCKOPT,
    CALL_SETSOCKOPT,
    CALL_COUNT
};

/* All of the size and order that lib/shim.py says. */
struct control {
    _Atomic int64_t allocs;        /* counted since it was set to 0 */
    _Atomic int64_t alloc_at;      /* the first that fails, counted from 1; 0: none */
    _Atomic int64_t alloc_more;    /* how many fail */
    _Atomic int64_t alloc_failed;  /* how many have failed */
    _Atomic int64_t live;          /* blocks not freed */
    _Atomic int64_t trace;         /* not 0: note from where each is called */
    _Atomic int64_t call_which;    /* enum call that fails, -1: none */
    _Atomic int64_t call_at;       /* as above */
    _Atomic int64_t call_more;     /* as above */
    _Atomic int64_t call_errno;    /* what it fails with; 0: a write that takes one byte */
    _Atomic int64_t call_failed;   /* how many have failed */
    _Atomic int64_t clock_seconds; /* what the wall clock is ahead */
    _Atomic int64_t calls[CALLS_MAX];
    _Atomic uint32_t sites[TRACE_MAX];
};

static struct control none; /* call_at 0: nothing fails */
static struct control *control = &none;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *p);

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

/* A crash says where it was, into the daemon's log. */
static void shim_crashed(int number)
{
    void *frames[32];

    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    raise(number); /* the handler is gone: SA_RESETHAND */
}

__attribute__((constructor)) static void shim_open(void)
{
    const struct sigaction crash = {.sa_handler = shim_crashed, .sa_flags = (int)SA_RESETHAND};
    const char *path = getenv("SPEAN_SHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *frames[2];

    if (fd < 0)
        return;
    (void)backtrace(frames, 2); /* the first one loads a library */
    sigaction(SIGSEGV, &crash, NULL);
    sigaction(SIGABRT, &crash, NULL);
    void *p = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p != MAP_FAILED)
        control = p;
}

/* ---- allocations ---- */

/* A number for the place of a call: the addresses above it. */
static uint32_t site(void)
{
    static _Thread_local int inside;
    void *frames[TRACE_DEPTH];
    uint32_t hash = 2166136261u;

    if (inside)
        return 0;
    inside = 1;
    int n = backtrace(frames, TRACE_DEPTH);
    inside = 0;
    for (int i = 2; i < n; i++)
        hash = (hash ^ (uint32_t)(uintptr_t)frames[i]) * 16777619u;
    return hash;
}

static int alloc_fails(void)
{
    int64_t n = atomic_fetch_add(&control->allocs, 1) + 1, at = atomic_load(&control->alloc_at);

    if (atomic_load(&control->trace) && n <= TRACE_MAX)
        atomic_store(&control->sites[n - 1], site());
    if (at == 0 || n < at || n >= at + atomic_load(&control->alloc_more))
        return 0;
    atomic_fetch_add(&control->alloc_failed, 1);
    errno = ENOMEM;
    return 1;
}

static void *alloc_made(void *p)
{
    if (p)
        atomic_fetch_add(&control->live, 1);
    return p;
}

void *malloc(size_t size)
{
    return alloc_fails() ? NULL : alloc_made(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return alloc_fails() ? NULL : alloc_made(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
    if (alloc_fails())
        return NULL;
    void *fresh = __libc_realloc(p, size);
    if (!p)
        alloc_made(fresh);
    else if (!fresh && size == 0)
        atomic_fetch_sub(&control->live, 1);
    return fresh;
}

void *memalign(size_t align, size_t size)
{
    return alloc_fails() ? NULL : alloc_made(__libc_memalign(align, size));
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
        atomic_fetch_sub(&control->live, 1);
    __libc_free(p);
}

/* ---- system calls ---- */

/* Whether this call is to fail. A short write (errno 0) goes through, with one byte. */
static int call_fails(enum call which)
{
    int64_t n = atomic_fetch_add(&control->calls[which], 1) + 1;
    int64_t at = atomic_load(&control->call_at);

    if (atomic_load(&control->call_which) != (int64_t)which || at == 0 || n < at ||
        n >= at + atomic_load(&control->call_more))
        return 0;
    atomic_fetch_add(&control->call_failed, 1);
    errno = (int)atomic_load(&control->call_errno);
    return 1;
}

#define REAL(type, name, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real)                                                                                     \
    *(void **)&real = next(name)

ssize_t read(int fd, void *p, size_t len)
{
    REAL(ssize_t, "read", int, void *, size_t);
    if (!call_fails(CALL_READ))
        return real(fd, p, len);
    return errno ? -1 : real(fd, p, len > 0);
}

ssize_t write(int fd, const void *p, size_t len)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!call_fails(CALL_WRITE))
        return real(fd, p, len);
    return errno ? -1 : real(fd, p, len > 0);
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
    REAL(ssize_t, "readv", int, const struct iovec *, int);
    if (!call_fails(CALL_READV))
        return real(fd, v, n);
    struct iovec one = {.iov_base = v[0].iov_base, .iov_len = v[0].iov_len > 0};
    return errno ? -1 : real(fd, &one, 1);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!call_fails(CALL_WRITEV))
        return real(fd, v, n);
    struct iovec one = {.iov_base = v[0].iov_base, .iov_len = v[0].iov_len > 0};
    return errno ? -1 : real(fd, &one, 1);
}

ssize_t send(int fd, const void *p, size_t len, int flags)
{
    REAL(ssize_t, "send", int, const void *, size_t, int);
    if (!call_fails(CALL_SEND))
        return real(fd, p, len, flags);
    return errno ? -1 : real(fd, p, len > 0, flags);
}

ssize_t sendto(int fd, const void *p, size_t len, int flags, const struct sockaddr *to,
               socklen_t size)
{
    REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    return call_fails(CALL_SENDTO) ? -1 : real(fd, p, len, flags, to, size);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
    return call_fails(CALL_SENDMSG) ? -1 : real(fd, m, flags);
}

ssize_t recv(int fd, void *p, size_t len, int flags)
{
    REAL(ssize_t, "recv", int, void *, size_t, int);
    if (!call_fails(CALL_RECV))
        return real(fd, p, len, flags);
    return errno ? -1 : real(fd, p, len > 0, flags);
}

ssize_t recvfrom(int fd, void *p, size_t len, int flags, struct sockaddr *from, socklen_t *size)
{
    REAL(ssize_t, "recvfrom", int, void *, size_t, int, struct sockaddr *, socklen_t *);
    return call_fails(CALL_RECVFROM) ? -1 : real(fd, p, len, flags, from, size);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    REAL(ssize_t, "recvmsg", int, struct msghdr *, int);
    return call_fails(CALL_RECVMSG) ? -1 : real(fd, m, flags);
}

int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    REAL(int, "accept4", int, struct sockaddr *, socklen_t *, int);
    return call_fails(CALL_ACCEPT4) ? -1 : real(fd, from, size, flags);
}

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    REAL(int, "connect", int, const struct sockaddr *, socklen_t);
    return call_fails(CALL_CONNECT) ? -1 : real(fd, to, size);
}

int socket(int domain, int type, int protocol)
{
    REAL(int, "socket", int, int, int);
    return call_fails(CALL_SOCKET) ? -1 : real(domain, type, protocol);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    REAL(int, "epoll_wait", int, struct epoll_event *, int, int);
    return call_fails(CALL_EPOLL_WAIT) ? -1 : real(fd, events, max, timeout);
}

int epoll_ctl(int fd, int op, int of, struct epoll_event *event)
{
    REAL(int, "epoll_ctl", int, int, int, struct epoll_event *);
    /* Only to add a descriptor needs memory; the others can't fail but by a bug. */
    return op == EPOLL_CTL_ADD && call_fails(CALL_EPOLL_CTL) ? -1 : real(fd, op, of, event);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    REAL(int, "poll", struct pollfd *, nfds_t, int);
    return call_fails(CALL_POLL) ? -1 : real(fds, n, timeout);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    REAL(int, "getsockopt", int, int, int, void *, socklen_t *);
    return call_fails(CALL_GETSOCKOPT) ? -1 : real(fd, level, name, value, size);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    REAL(int, "setsockopt", int, int, int, const void *, socklen_t);
    return call_fails(CALL_SETSOCKOPT) ? -1 : real(fd, level, name, value, size);
}

/* ---- the wall clock; the one for timers goes on as it does ---- */

int clock_gettime(clockid_t id, struct timespec *ret)
{
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int code = real(id, ret);

    if (code == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        ret->tv_sec += (time_t)atomic_load(&control->clock_seconds);
    return code;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    *ret = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (ret)
        *ret = ts.tv_sec;
    return ts.tv_sec;
}
