#include "tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CLIENT_CHAIN_MAX 32768 /* bytes of certificates that a client may show */

struct tls {
    atomic_uint refs;
    SSL_CTX *ctx;
    struct tls_client *clients;
    size_t client_count;
};

void tls_problem(char *out, size_t size)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    snprintf(out, size, "%s", reason != NULL ? reason : "");
    ERR_clear_error();
}

static int tls_fail(char *err, size_t errlen, const char *what, const char *file)
{
    char problem[128];

    tls_problem(problem, sizeof problem);
    snprintf(err, errlen, "%s %.200s: %s", what, file, problem[0] ? problem : "can't be used");
    return -1;
}

/* A key with a passphrase is refused: nobody is there to be asked. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int tls_settings(SSL_CTX *ctx)
{
    static const unsigned char session_name[] = "spean";

    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
        return -1;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* No session is resumed: each handshake asks the certificates and names as they are now. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
        SSL_CTX_set_session_id_context(ctx, session_name, sizeof session_name - 1) != 1)
        return -1;
    /* The output moves and grows between two tries, and idle connections hold no buffers. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_MAX);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    return 0;
}

static int tls_ask_clients(SSL_CTX *ctx, const struct tls_options *o, char *err, size_t errlen)
{
    STACK_OF(X509_NAME) * names;

    if (o->client_ca == NULL)
        return 0;
    if (SSL_CTX_load_verify_file(ctx, o->client_ca) != 1)
        return tls_fail(err, errlen, "client CA", o->client_ca);
    names = SSL_load_client_CA_file(o->client_ca);
    if (names == NULL)
        return tls_fail(err, errlen, "client CA", o->client_ca);
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(
        ctx, SSL_VERIFY_PEER | (o->client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return 0;
}

static int tls_load(SSL_CTX *ctx, const struct tls_options *o, char *err, size_t errlen)
{
    if (tls_settings(ctx) != 0)
        return tls_fail(err, errlen, "TLS", "settings");
    if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate) != 1)
        return tls_fail(err, errlen, "certificate", o->certificate);
    if (SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) != 1)
        return tls_fail(err, errlen, "key", o->key);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return tls_fail(err, errlen, "key does not belong to the certificate:", o->key);
    return tls_ask_clients(ctx, o, err, errlen);
}

static int tls_copy_clients(struct tls *t, const struct tls_options *o)
{
    t->clients = calloc(o->client_count + 1, sizeof *t->clients);
    if (t->clients == NULL)
        return -1;
    for (size_t i = 0; i < o->client_count; i++) {
        struct tls_client *c = &t->clients[i];

        c->role = o->clients[i].role;
        c->name = strdup(o->clients[i].name);
        c->principal = strdup(o->clients[i].principal);
        t->client_count++;
        if (c->name == NULL || c->principal == NULL)
            return -1;
    }
    return 0;
}

int tls_new(const struct tls_options *o, struct tls **ret, char *err, size_t errlen)
{
    struct tls *t = calloc(1, sizeof *t);

    snprintf(err, errlen, "no memory");
    if (t == NULL)
        return -1;
    atomic_init(&t->refs, 1);
    ERR_clear_error();
    t->ctx = SSL_CTX_new(TLS_server_method());
    if (t->ctx == NULL || tls_copy_clients(t, o) != 0 || tls_load(t->ctx, o, err, errlen) != 0) {
        tls_unref(t);
        return -1;
    }
    *ret = t;
    return 0;
}

struct tls *tls_ref(struct tls *t)
{
    if (t != NULL)
        atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void tls_unref(struct tls *t)
{
    if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < t->client_count; i++) {
        free(t->clients[i].name);
        free(t->clients[i].principal);
    }
    free(t->clients);
    SSL_CTX_free(t->ctx);
    free(t);
}

SSL *tls_accept(struct tls *t, int fd)
{
    SSL *ssl = SSL_new(t->ctx);

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(ssl);
    return ssl;
}

/* A name in a certificate may hold a NUL, so that "a\0b" looks like "a": such a one fits nothing.
 */
static bool name_is(const char *wanted, bool any_case, const unsigned char *text, int len)
{
    if (len <= 0 || strlen(wanted) != (size_t)len)
        return false;
    return any_case ? strncasecmp(wanted, (const char *)text, (size_t)len) == 0
                    : memcmp(wanted, text, (size_t)len) == 0;
}

static bool cert_has_alternative(X509 *cert, int type, bool any_case, const char *wanted)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type == type) /* all three are the same type of string */
            found = name_is(wanted, any_case, ASN1_STRING_get0_data(n->d.ia5),
                            ASN1_STRING_length(n->d.ia5));
    }
    GENERAL_NAMES_free(names);
    return found;
}

static bool cert_has_common_name(X509 *cert, const char *wanted)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = -1;

    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
        unsigned char *text = NULL;
        int len =
            ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        bool found = len > 0 && name_is(wanted, false, text, len);

        if (len >= 0)
            OPENSSL_free(text);
        if (found)
            return true;
    }
    return false;
}

static bool cert_has(X509 *cert, const char *name)
{
    if (strncmp(name, "dns:", 4) == 0)
        return cert_has_alternative(cert, GEN_DNS, true, name + 4);
    if (strncmp(name, "email:", 6) == 0)
        return cert_has_alternative(cert, GEN_EMAIL, false, name + 6);
    if (strncmp(name, "uri:", 4) == 0)
        return cert_has_alternative(cert, GEN_URI, false, name + 4);
    if (strncmp(name, "cn:", 3) == 0)
        return cert_has_common_name(cert, name + 3);
    return false;
}

const struct tls_client *tls_client_of(const struct tls *t, X509 *cert)
{
    const struct tls_client *found = NULL;

    for (size_t i = 0; i < t->client_count && found == NULL; i++)
        if (cert_has(cert, t->clients[i].name))
            found = &t->clients[i];
    ERR_clear_error();
    return found;
}

bool tls_trusts(const struct tls *t, SSL *ssl)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool good =
        check != NULL &&
        X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(t->ctx), SSL_get0_peer_certificate(ssl),
                            SSL_get_peer_cert_chain(ssl)) == 1 &&
        X509_STORE_CTX_set_default(check, "ssl_client") == 1 && X509_verify_cert(check) == 1;

    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return good;
}

int64_t tls_until_ms(const X509 *cert)
{
    struct tm tm = {0};

    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm) * 1000;
}
