#include "secure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "link_open.h"

struct secure {
    SSL_CTX *ctx;
    SSL *ssl;
    char problem[160];
};

/* OpenSSL writes with write(2): where a closed socket would raise SIGPIPE, which for standard
 * output must keep its meaning, the signal is held and taken away. */
static void pipe_hold(sigset_t *before)
{
    sigset_t pipe_only;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_only, before);
}

static void pipe_release(const sigset_t *before)
{
    static const struct timespec now = {0, 0};
    int saved = errno;
    sigset_t pipe_only;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (!sigismember(before, SIGPIPE))
        (void)sigtimedwait(&pipe_only, NULL, &now);
    sigprocmask(SIG_SETMASK, before, NULL);
    errno = saved;
}

static int secure_fail(char *err, size_t errlen, const char *what, const char *which)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    snprintf(err, errlen, "%s %.150s: %s", what, which, reason ? reason : "no memory");
    ERR_clear_error();
    return -1;
}

static int secure_files(SSL_CTX *ctx, const struct address *where, char *err, size_t errlen)
{
    if (where->ca_file ? SSL_CTX_load_verify_file(ctx, where->ca_file) != 1
                       : SSL_CTX_set_default_verify_paths(ctx) != 1)
        return secure_fail(err, errlen, "CA file",
                           where->ca_file ? where->ca_file : "of the system");
    if (where->certificate && SSL_CTX_use_certificate_chain_file(ctx, where->certificate) != 1)
        return secure_fail(err, errlen, "certificate", where->certificate);
    if (where->key && SSL_CTX_use_PrivateKey_file(ctx, where->key, SSL_FILETYPE_PEM) != 1)
        return secure_fail(err, errlen, "key", where->key);
    return 0;
}

/* Whose certificate it has to be: by number or by name, which is also told to the server. */
static int secure_host(SSL *ssl, const char *host)
{
    unsigned char number[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ? 0 : -1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl, host) != 1)
        return -1;
/* The macro takes the const away, and changes nothing. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
    return SSL_set_tlsext_host_name(ssl, host) == 1 ? 0 : -1;
#pragma GCC diagnostic pop
}

static int secure_prepare(struct secure *s, int fd, const struct address *where, char *err,
                          size_t errlen)
{
    ERR_clear_error();
    s->ctx = SSL_CTX_new(TLS_client_method());
    if (!s->ctx || SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION) != 1)
        return secure_fail(err, errlen, "TLS", "settings");
    SSL_CTX_set_mode(s->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(s->ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER, NULL);
    if (secure_files(s->ctx, where, err, errlen) < 0)
        return -1;
    s->ssl = SSL_new(s->ctx);
    if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1 || secure_host(s->ssl, where->host) < 0)
        return secure_fail(err, errlen, "TLS to", where->host);
    SSL_set_connect_state(s->ssl);
    return 0;
}

/* Why the handshake failed, as far as a user can do something about it. */
static void secure_explain(struct secure *s, const struct address *where, int failed, char *err,
                           size_t errlen)
{
    long verified = SSL_get_verify_result(s->ssl);
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (verified != X509_V_OK)
        snprintf(err, errlen, "the certificate of %.150s is not to be trusted: %s", where->host,
                 X509_verify_cert_error_string(verified));
    else if (SSL_get_error(s->ssl, failed) == SSL_ERROR_SYSCALL && !reason)
        snprintf(err, errlen, "no TLS with %.150s: %s", where->host,
                 errno ? strerror(errno) : "it closed the connection");
    else
        snprintf(err, errlen, "no TLS with %.150s: %s", where->host,
                 reason ? reason : "it closed the connection");
    ERR_clear_error();
}

static int secure_shake(struct secure *s, int fd, const struct address *where, uint64_t deadline_ms,
                        const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
    for (;;) {
        int done, error, seen;
        sigset_t before;

        ERR_clear_error();
        errno = 0;
        pipe_hold(&before);
        done = SSL_do_handshake(s->ssl);
        pipe_release(&before);
        if (done == 1)
            return 0;
        error = SSL_get_error(s->ssl, done);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            secure_explain(s, where, done, err, errlen);
            return -1;
        }
        seen = socket_wait(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline_ms, stop);
        if (seen <= 0) {
            snprintf(err, errlen, "no TLS with %.150s: %s", where->host,
                     seen == 0 ? "no answer in time" : strerror(errno));
            return -1;
        }
    }
}

struct secure *secure_open(int fd, const struct address *where, uint64_t deadline_ms,
                           const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
    struct secure *s = calloc(1, sizeof(*s));

    if (!s) {
        snprintf(err, errlen, "no memory");
        return NULL;
    }
    if (secure_prepare(s, fd, where, err, errlen) < 0 ||
        secure_shake(s, fd, where, deadline_ms, stop, err, errlen) < 0) {
        if (s->ssl)
            SSL_set_quiet_shutdown(s->ssl, 1);
        secure_close(s);
        return NULL;
    }
    return s;
}

void secure_close(struct secure *s)
{
    sigset_t before;

    if (!s)
        return;
    ERR_clear_error();
    pipe_hold(&before);
    if (s->ssl && !s->problem[0] && SSL_is_init_finished(s->ssl))
        (void)SSL_shutdown(s->ssl);
    pipe_release(&before);
    ERR_clear_error();
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    free(s);
}

const char *secure_problem(const struct secure *s)
{
    return s->problem[0] ? s->problem : NULL;
}

/* Bytes, or what an operation's failure is in terms of recv(2) and send(2). */
static ssize_t secure_outcome(struct secure *s, int done, size_t n, int failed)
{
    int error;
    const char *reason;

    if (done == 1)
        return (ssize_t)n;
    error = SSL_get_error(s->ssl, done);
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    reason = ERR_reason_error_string(ERR_peek_error());
    if (error == SSL_ERROR_SSL &&
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        reason = "it was cut off";
    if (error == SSL_ERROR_SYSCALL && failed)
        reason = strerror(failed);
    snprintf(s->problem, sizeof(s->problem), "%s", reason ? reason : "it was cut off");
    ERR_clear_error();
    errno = EPROTO;
    return -1;
}

ssize_t secure_recv(struct secure *s, void *bytes, size_t size)
{
    size_t n = 0;
    sigset_t before;
    int done;

    ERR_clear_error();
    errno = 0;
    pipe_hold(&before);
    done = SSL_read_ex(s->ssl, bytes, size, &n);
    pipe_release(&before);
    return secure_outcome(s, done, n, errno);
}

ssize_t secure_send(struct secure *s, const void *bytes, size_t size)
{
    size_t n = 0;
    sigset_t before;
    int done;

    ERR_clear_error();
    errno = 0;
    pipe_hold(&before);
    done = SSL_write_ex(s->ssl, bytes, size, &n);
    pipe_release(&before);
    return secure_outcome(s, done, n, errno);
}
