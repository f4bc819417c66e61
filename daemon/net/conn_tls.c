#include "tls.h"
#include "worker_private.h"

#include <errno.h>
#include <event2/buffer.h>
#include <openssl/err.h>
#include <spean/clock.h>
#include <spean/log.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/*
 * OpenSSL reads and writes the socket itself, on the connection's own events and buffers, so that
 * limits, fairness and states are those of a plain connection. A read takes one whole record, so
 * nothing that was read waits inside OpenSSL for an event that will not come.
 */
_Static_assert(CONN_READ >= SSL3_RT_MAX_PLAIN_LENGTH, "a record fits into one read");

#define TLS_HANDSHAKE 0x16 /* the first byte of a client that speaks TLS */
#define TLS_LOG_APART_MS 1000

int conn_tls_begin(struct conn *c, struct tls *tls)
{
    c->ssl = tls_accept(tls, c->fd);
    if (c->ssl == NULL)
        return -1;
    c->tls = tls_ref(tls);
    c->tls_stage = CONN_TLS_FRESH;
    return 0;
}

void conn_tls_free(struct conn *c)
{
    conn_tls_bye(c);
    SSL_free(c->ssl);
    tls_unref(c->tls);
    c->ssl = NULL;
    c->tls = NULL;
    c->tls_stage = CONN_TLS_NONE;
    c->ssl_write = false;
}

/* Anybody can make handshakes fail, so not each one is worth a line. */
static void conn_tls_log(struct conn *c, const char *problem)
{
    struct worker *w = c->worker;
    struct conn_peer peer = {0};
    uint64_t now = clock_mono_ms();
    char quoted[160];

    if (w->tls_logged_ms != 0 && now - w->tls_logged_ms < TLS_LOG_APART_MS) {
        w->tls_unlogged++;
        return;
    }
    if (conn_peer_address(c->fd, &peer) != 0)
        snprintf(peer.address, sizeof peer.address, "-");
    log_event(w->log, LOG_LEVEL_INFO, "tls_refused", "peer=%s problem=%s more=%u", peer.address,
              log_quote(quoted, sizeof quoted, problem, strlen(problem)), w->tls_unlogged);
    w->tls_logged_ms = now;
    w->tls_unlogged = 0;
}

/* No handshake came of it. Our side is shut, and what still comes is read and thrown away, so that
 * the other one sees an end and no reset. */
static void conn_tls_fail(struct conn *c, const char *problem)
{
    conn_tls_log(c, problem);
    atomic_fetch_add_explicit(&c->worker->shared->tls_failed, 1, memory_order_relaxed);
    SSL_set_quiet_shutdown(c->ssl, 1);
    conn_tls_free(c);
    if (shutdown(c->fd, SHUT_WR) != 0) {
        conn_drop(c);
        return;
    }
    evbuffer_drain(c->out, evbuffer_get_length(c->out));
    c->state = CONN_LINGERING;
    c->deadline_ms = clock_mono_ms() + CONN_LINGER_MS;
}

/* True if the first byte is there and may begin a handshake. */
static bool conn_tls_greeted(struct conn *c)
{
    unsigned char first;
    ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        conn_drop(c);
        return false;
    }
    if (first != TLS_HANDSHAKE) {
        conn_tls_fail(c, "not TLS");
        return false;
    }
    c->tls_stage = CONN_TLS_SHAKING;
    return true;
}

/* The handshake is through: now it is known who there is. */
static void conn_tls_shaken(struct conn *c)
{
    X509 *cert = SSL_get0_peer_certificate(c->ssl);
    const struct tls_client *client = cert == NULL ? NULL : tls_client_of(c->tls, cert);
    struct conn_peer peer = {0};

    c->tls_stage = CONN_TLS_OPEN;
    atomic_fetch_add_explicit(&c->worker->shared->tls_done, 1, memory_order_relaxed);
    if (c->state != CONN_OPEN) /* one beyond the limit */
        return;
    if (conn_peer_address(c->fd, &peer) != 0) {
        conn_drop(c);
        return;
    }
    if (client != NULL) {
        peer.principal = client->principal;
        peer.role = client->role;
        peer.until_ms = tls_until_ms(cert);
    }
    log_event(c->worker->log, LOG_LEVEL_DEBUG, "tls_opened", "peer=%s version=%s cipher=%s",
              peer.address, SSL_get_version(c->ssl), SSL_get_cipher_name(c->ssl));
    conn_announce(c, &peer);
}

void conn_tls_shake(struct conn *c)
{
    char problem[128];
    int done;

    if (c->tls_stage == CONN_TLS_FRESH && !conn_tls_greeted(c))
        return;
    ERR_clear_error();
    done = SSL_do_handshake(c->ssl);
    if (done == 1) {
        conn_tls_shaken(c);
        return;
    }
    switch (SSL_get_error(c->ssl, done)) {
    case SSL_ERROR_WANT_READ:
        return;
    case SSL_ERROR_WANT_WRITE:
        c->ssl_write = true;
        return;
    default:
        tls_problem(problem, sizeof problem);
        conn_tls_fail(c, problem[0] ? problem : "connection lost");
    }
}

/* What an operation's failure is in terms of recv(2) and send(2). */
static int conn_tls_errno(struct conn *c, int failed)
{
    int error = SSL_get_error(c->ssl, failed);

    if (error == SSL_ERROR_WANT_READ)
        return EAGAIN;
    if (error == SSL_ERROR_WANT_WRITE) {
        c->ssl_write = true;
        return EAGAIN;
    }
    SSL_set_quiet_shutdown(c->ssl, 1); /* nothing may be said after it */
    ERR_clear_error();
    return EPROTO;
}

ssize_t conn_tls_recv(struct conn *c, void *bytes, size_t size)
{
    size_t n = 0;
    int done;

    ERR_clear_error();
    done = SSL_read_ex(c->ssl, bytes, size, &n);
    if (done == 1)
        return (ssize_t)n;
    if (SSL_get_error(c->ssl, done) == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (SSL_get_error(c->ssl, done) == SSL_ERROR_SSL &&
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        c->cut = true;
        (void)conn_tls_errno(c, done);
        return 0;
    }
    errno = conn_tls_errno(c, done);
    return -1;
}

int conn_tls_send(struct conn *c)
{
    size_t len, n, all = 0;
    int done;

    while ((len = evbuffer_get_length(c->out)) > 0) {
        const unsigned char *bytes;

        if (len > SSL3_RT_MAX_PLAIN_LENGTH)
            len = SSL3_RT_MAX_PLAIN_LENGTH;
        bytes = evbuffer_pullup(c->out, (ev_ssize_t)len);
        if (bytes == NULL) {
            errno = ENOMEM;
            return -1;
        }
        ERR_clear_error();
        done = SSL_write_ex(c->ssl, bytes, len, &n);
        if (done != 1) {
            bool waits = c->ssl_write;
            int failed = conn_tls_errno(c, done);

            c->ssl_write = waits; /* the output waiting is reason enough to write */
            if (failed == EAGAIN && all > 0)
                break;
            errno = failed;
            return -1;
        }
        evbuffer_drain(c->out, n);
        all += n;
    }
    return (int)(all > INT32_MAX ? INT32_MAX : all);
}

void conn_tls_bye(struct conn *c)
{
    /* An unfinished record would make nonsense of it. */
    if (c->tls_stage != CONN_TLS_OPEN || evbuffer_get_length(c->out) > 0 ||
        (SSL_get_shutdown(c->ssl) & SSL_SENT_SHUTDOWN) != 0)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
}

void conn_tls_review(struct conn *c, struct tls *tls)
{
    const struct tls_client *was, *is;
    X509 *cert;

    if (c->tls_stage != CONN_TLS_OPEN || c->tls == tls)
        return;
    cert = SSL_get0_peer_certificate(c->ssl);
    if (cert == NULL)
        return;
    was = tls_client_of(c->tls, cert);
    is = tls == NULL || !tls_trusts(tls, c->ssl) ? NULL : tls_client_of(tls, cert);
    if (was == NULL && is == NULL)
        return;
    if (was == NULL || is == NULL || was->role != is->role ||
        strcmp(was->principal, is->principal) != 0) {
        conn_finish(c);
        return;
    }
    (void)tls_ref(tls);
    tls_unref(c->tls);
    c->tls = tls;
}
