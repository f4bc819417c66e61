#include "cmocka_all.h"

#include <certificate.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <spean/clock.h>

#include "address.h"
#include "link_open.h"
#include "secure.h"

/* TLS with servers of all kinds: whom the client trusts, and what it says when it does not work. */

static char dir[64];
static struct certificate good, other;

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/spean-secure-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    certificate_make(&good, dir, "good", "x", "DNS:server.example,IP:127.0.0.1", NULL);
    certificate_make(&other, dir, "other", "x", "DNS:server.example", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    certificate_remove(&good);
    certificate_remove(&other);
    return rmdir(dir);
}

/* What a server does once it has a connection. */
enum conduct {
    ECHOES, /* one piece, then ends as one should */
    CUTS,   /* echoes one piece and is gone without a word */
    SILENT, /* says nothing at all, until the client goes */
    LEAVES, /* closes at once */
    NOT_TLS /* says something else */
};

struct server {
    pthread_t thread;
    enum conduct conduct;
    int fd;
};

static void talk(struct server *s)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl;
    char piece[100];
    int n;

    SSL_CTX_use_certificate_file(ctx, good.file, SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(ctx, good.key, SSL_FILETYPE_PEM);
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, s->fd);
    if (SSL_accept(ssl) == 1 && (n = SSL_read(ssl, piece, sizeof(piece))) > 0) {
        SSL_write(ssl, piece, n);
        if (s->conduct == ECHOES)
            SSL_shutdown(ssl);
    }
    SSL_set_quiet_shutdown(ssl, 1);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void *serve(void *arg)
{
    struct server *s = arg;
    char byte[1000];

    if (s->conduct == ECHOES || s->conduct == CUTS)
        talk(s);
    if (s->conduct == NOT_TLS)
        send(s->fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL);
    if (s->conduct == LEAVES) /* once the client has spoken, so that nothing is reset */
        while (recv(s->fd, byte, sizeof(byte), 0) > 0 && errno == EINTR)
            ;
    if (s->conduct == SILENT)
        while (recv(s->fd, byte, sizeof(byte), 0) > 0)
            ;
    close(s->fd);
    return NULL;
}

/* The client's end, not blocking. */
static int server_start(struct server *s, enum conduct conduct)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    *s = (struct server){.conduct = conduct, .fd = fds[1]};
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    return fds[0];
}

static void server_end(struct server *s, int fd)
{
    close(fd);
    pthread_join(s->thread, NULL);
}

static struct address where(const char *host, const char *ca)
{
    struct address a = {.kind = ADDRESS_TLS, .ca_file = ca};

    snprintf(a.host, sizeof(a.host), "%s", host);
    return a;
}

#define PATIENCE_MS 20000

static uint64_t soon(uint64_t ms)
{
    return clock_mono_ms() + ms;
}

/* It does not come to a connection, and the reason is told. */
static void refused(enum conduct conduct, const struct address *a, uint64_t ms,
                    const volatile sig_atomic_t *stop, const char *reason)
{
    struct server s;
    int fd = server_start(&s, conduct);
    char err[300] = "";
    struct secure *secure = secure_open(fd, a, soon(ms), stop, err, sizeof(err));

    assert_null(secure);
    server_end(&s, fd);
    if (!strstr(err, reason))
        fail_msg("\"%s\" does not say \"%s\"", err, reason);
}

static void test_trust(void **state)
{
    struct address a = where("server.example", other.file);

    (void)state;
    refused(ECHOES, &a, PATIENCE_MS, NULL,
            "the certificate of server.example is not to be trusted");
    a = where("another.example", good.file);
    refused(ECHOES, &a, PATIENCE_MS, NULL,
            "the certificate of another.example is not to be trusted");
    a = where("127.0.0.2", good.file);
    refused(ECHOES, &a, PATIENCE_MS, NULL, "the certificate of 127.0.0.2 is not to be trusted");
    a = where("server.example", NULL); /* the system knows nothing of it */
    refused(ECHOES, &a, PATIENCE_MS, NULL, "is not to be trusted");
}

static void test_files(void **state)
{
    struct address a = where("server.example", "/nonexistent/ca.pem");

    (void)state;
    refused(SILENT, &a, PATIENCE_MS, NULL, "CA file /nonexistent/ca.pem");
    a = where("server.example", good.key); /* no certificate in it */
    refused(SILENT, &a, PATIENCE_MS, NULL, good.key);
    a = where("server.example", good.file);
    a.certificate = "/nonexistent/own.pem";
    refused(SILENT, &a, PATIENCE_MS, NULL, "certificate /nonexistent/own.pem");
    a.certificate = good.file;
    a.key = other.key; /* of another certificate */
    refused(SILENT, &a, PATIENCE_MS, NULL, other.key);
}

static void test_servers_that_are_none(void **state)
{
    struct address a = where("server.example", good.file);
    volatile sig_atomic_t stop = 1;

    (void)state;
    refused(LEAVES, &a, PATIENCE_MS, NULL, "no TLS with server.example");
    refused(NOT_TLS, &a, PATIENCE_MS, NULL, "no TLS with server.example");
    refused(SILENT, &a, 50, NULL, "no answer in time");
    refused(SILENT, &a, PATIENCE_MS, &stop, "Interrupted");
}

/* Sends a piece and gets it back. */
static struct secure *talked(struct server *s, int fd, const char *host)
{
    struct address a = where(host, good.file);
    char err[300] = "", got[16384];
    struct secure *secure = secure_open(fd, &a, soon(PATIENCE_MS), NULL, err, sizeof(err));
    ssize_t n;

    (void)s;
    if (!secure)
        fail_msg("%s", err);
    while ((n = secure_send(secure, "hello", 5)) < 0 && errno == EAGAIN)
        socket_wait(fd, POLLOUT, soon(PATIENCE_MS), NULL);
    assert_int_equal(n, 5);
    while ((n = secure_recv(secure, got, sizeof(got))) < 0 && errno == EAGAIN)
        assert_true(socket_wait(fd, POLLIN, soon(PATIENCE_MS), NULL) > 0);
    assert_int_equal(n, 5);
    assert_memory_equal(got, "hello", 5);
    assert_null(secure_problem(secure));
    return secure;
}

static ssize_t last_word(struct secure *secure, int fd)
{
    char got[16384];
    ssize_t n;

    while ((n = secure_recv(secure, got, sizeof(got))) < 0 && errno == EAGAIN)
        assert_true(socket_wait(fd, POLLIN, soon(PATIENCE_MS), NULL) > 0);
    return n;
}

/* An end that was said is an end; one that was not may hide that something is missing. */
static void test_ends(void **state)
{
    struct server s;
    int fd = server_start(&s, ECHOES);
    struct secure *secure = talked(&s, fd, "server.example");

    (void)state;
    assert_int_equal(last_word(secure, fd), 0);
    assert_null(secure_problem(secure));
    secure_close(secure);
    server_end(&s, fd);

    fd = server_start(&s, CUTS);
    secure = talked(&s, fd, "127.0.0.1");
    assert_int_equal(last_word(secure, fd), -1);
    assert_string_equal(secure_problem(secure), "it was cut off");
    secure_close(secure);
    server_end(&s, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_servers_that_are_none),
        cmocka_unit_test(test_ends),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
