#ifndef SPEAN_CLIENT_LINK_OPEN_H
#define SPEAN_CLIENT_LINK_OPEN_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct address;

/*
 * Connects a non-blocking socket by deadline_ms (monotonic clock). The descriptor, or -1 with a
 * message in err.
 */
int socket_connect(const struct address *where, uint64_t deadline_ms,
                   const volatile sig_atomic_t *stop, char *err, size_t errlen);

/*
 * Waits for events (poll's) until the deadline: what poll saw, 0 at the deadline, -1 with errno
 * (EINTR only when stop is set).
 */
int socket_wait(int fd, short events, uint64_t deadline_ms, const volatile sig_atomic_t *stop);

#endif
