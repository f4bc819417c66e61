#include "certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void add_extension(X509 *x, int which, const char *value)
{
    X509V3_CTX v3;
    X509_EXTENSION *e;

    X509V3_set_ctx(&v3, x, x, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &v3, which, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static X509 *make(EVP_PKEY *key, const char *common, const char *alternative)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);

    assert_int_equal(X509_set_version(x, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)common, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x, subject), 1);
    add_extension(x, NID_basic_constraints, "CA:TRUE");
    if (alternative)
        add_extension(x, NID_subject_alt_name, alternative);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

void certificate_make(struct certificate *c, const char *dir, const char *name, const char *common,
                      const char *alternative, const char *pass)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x;
    FILE *f;

    assert_non_null(key);
    x = make(key, common, alternative);
    snprintf(c->file, sizeof c->file, "%s/%s.pem", dir, name);
    snprintf(c->key, sizeof c->key, "%s/%s.key", dir, name);
    f = fopen(c->file, "w");
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
    f = fopen(c->key, "w");
    assert_int_equal(PEM_write_PrivateKey(f, key, pass ? EVP_aes_128_cbc() : NULL,
                                          (const unsigned char *)pass, pass ? (int)strlen(pass) : 0,
                                          NULL, NULL),
                     1);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
}

void certificate_remove(const struct certificate *c)
{
    (void)unlink(c->file);
    (void)unlink(c->key);
}

SSL *certificate_client(int fd, const struct certificate *own)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;

    if (ctx && (!own || (SSL_CTX_use_certificate_file(ctx, own->file, SSL_FILETYPE_PEM) == 1 &&
                         SSL_CTX_use_PrivateKey_file(ctx, own->key, SSL_FILETYPE_PEM) == 1)))
        ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (ssl && (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)) {
        certificate_client_free(ssl);
        ssl = NULL;
    }
    ERR_clear_error();
    return ssl;
}

void certificate_client_free(SSL *ssl)
{
    if (ssl)
        SSL_set_quiet_shutdown(ssl, 1);
    SSL_free(ssl);
}
