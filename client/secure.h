#ifndef SPEAN_CLIENT_SECURE_H
#define SPEAN_CLIENT_SECURE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct address;

/*
 * TLS on a connected, non-blocking socket. The server's certificate must come from a trusted CA and
 * name the host that was asked for; there is no way around that.
 */
struct secure;

/* The handshake, by deadline_ms. fd is borrowed. NULL with a message in err. */
struct secure *secure_open(int fd, const struct address *where, uint64_t deadline_ms,
                           const volatile sig_atomic_t *stop, char *err, size_t errlen);
/* Says good-bye, without waiting for an answer. */
void secure_close(struct secure *s);
/* As recv(2) and send(2): EAGAIN means wait for the socket. size of recv: at least 16 KiB, so that
 * nothing that has come waits unseen. A send is repeated with the same bytes and perhaps more. */
ssize_t secure_recv(struct secure *s, void *bytes, size_t size);
ssize_t secure_send(struct secure *s, const void *bytes, size_t size);
/* What broke the connection, or NULL: then errno says it. */
const char *secure_problem(const struct secure *s);

#endif
