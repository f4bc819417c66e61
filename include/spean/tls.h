#ifndef SPEAN_TLS_H
#define SPEAN_TLS_H

#include <stddef.h>

/*
 * What a TLS listener shows and asks for: certificate, key, and which client certificates stand
 * for whom. Immutable and counted, so that a reload swaps one pointer. Any thread.
 */
struct tls;

/* A client whose certificate carries this name is this principal. */
struct tls_client {
    char *
        name; /* "dns:crm.example.org", "email:...", "uri:..." of its alternative names; "cn:..." */
    char *principal;
    int role; /* what the owner makes of it */
};

struct tls_options {
    const char *certificate;          /* PEM: the server's own, then those between it and the CA */
    const char *key;                  /* PEM, without a passphrase */
    const char *client_ca;            /* PEM of those who sign for clients; NULL: nobody is asked */
    int client_required;              /* no handshake without a certificate */
    const struct tls_client *clients; /* copied; the first that fits counts */
    size_t client_count;
};

/* 0, or -1 with a message that names the file. */
int tls_new(const struct tls_options *o, struct tls **ret, char *err, size_t errlen);
struct tls *tls_ref(struct tls *t); /* accepts NULL */
void tls_unref(struct tls *t);      /* accepts NULL */

#endif
