#ifndef SPEAN_NET_TLS_H
#define SPEAN_NET_TLS_H

#include <openssl/ssl.h>
#include <spean/tls.h>
#include <stdbool.h>
#include <stdint.h>

/* A server's end of a connection on fd, before its handshake. NULL on no memory. */
SSL *tls_accept(struct tls *t, int fd);
/* Whom the certificate stands for, by its names alone; NULL: nobody. */
const struct tls_client *tls_client_of(const struct tls *t, X509 *cert);
/* Whether t's CA still signs for the certificate that the connection's client has shown. */
bool tls_trusts(const struct tls *t, SSL *ssl);
/* The end of a certificate's validity, in ms since 1970; 0 when it makes no sense. */
int64_t tls_until_ms(const X509 *cert);
/* The last error of this thread in words; "" if there is none. Empties the queue. */
void tls_problem(char *out, size_t size);

#endif
