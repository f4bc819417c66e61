#ifndef SPEAN_TEST_CERTIFICATE_H
#define SPEAN_TEST_CERTIFICATE_H

#include <openssl/ssl.h>

/* Certificates for the tests of TLS, each signed by itself: its own CA. */

struct certificate {
    char file[96], key[96]; /* PEM */
};

/*
 * Makes name.pem and name.key in a folder, for a common name and alternative names as OpenSSL
 * writes them ("DNS:a,URI:b"; NULL: none). pass: the key is encrypted with it, or NULL.
 */
void certificate_make(struct certificate *c, const char *dir, const char *name, const char *common,
                      const char *alternative, const char *pass);
void certificate_remove(const struct certificate *c);

/* A blocking client on a socket; own: its certificate, or NULL. NULL when the handshake fails. */
SSL *certificate_client(int fd, const struct certificate *own);
/* Ends it without a word. Accepts NULL. */
void certificate_client_free(SSL *ssl);

#endif
