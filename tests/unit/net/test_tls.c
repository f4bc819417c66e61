#include "world.h"

#include <netinet/in.h>
#include <spean/tls.h>
#include <sys/stat.h>

#include <certificate.h>

/* What a TLS listener shows, asks for and refuses; connections that speak it. */

static char dir[64];
static struct certificate server, other;

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/spean-tls-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    certificate_make(&server, dir, "server", "server.example", "DNS:server.example", NULL);
    certificate_make(&other, dir, "other", "other.example", NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    certificate_remove(&server);
    certificate_remove(&other);
    return rmdir(dir);
}

static struct tls *tls_make(const struct tls_options *o)
{
    struct tls *t = NULL;
    char err[400] = "";

    if (tls_new(o, &t, err, sizeof err) != 0)
        fail_msg("%s", err);
    return t;
}

static void refused(const struct tls_options *o, const char *file)
{
    struct tls *t = NULL;
    char err[400] = "";

    assert_int_equal(tls_new(o, &t, err, sizeof err), -1);
    assert_null(t);
    if (!strstr(err, file))
        fail_msg("\"%s\" does not name %s", err, file);
}

static void files_that_do_not_fit_are_told(void **state)
{
    struct certificate locked;
    char nothing[100];

    (void)state;
    snprintf(nothing, sizeof nothing, "%s/nothing", dir);
    refused(&(struct tls_options){.certificate = nothing, .key = server.key}, nothing);
    refused(&(struct tls_options){.certificate = server.file, .key = nothing}, nothing);
    refused(&(struct tls_options){.certificate = server.file, .key = other.key}, other.key);
    refused(&(struct tls_options){.certificate = server.file, .key = server.file}, server.file);
    refused(
        &(struct tls_options){.certificate = server.file, .key = server.key, .client_ca = nothing},
        nothing);
    refused(&(struct tls_options){.certificate = server.file,
                                  .key = server.key,
                                  .client_ca = server.key},
            server.key);
    /* Nobody is there to be asked for a passphrase. */
    certificate_make(&locked, dir, "locked", "locked.example", NULL, "secret");
    refused(&(struct tls_options){.certificate = locked.file, .key = locked.key}, locked.key);
    certificate_remove(&locked);
}

/* A client's end over loopback; the worker has the other. */
static int client_tls(struct world *x, struct tls *tls)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int listening = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), peer;

    assert_true(listening >= 0 && fd >= 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&a, &len), 0);
    client_patience(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    peer = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    close(listening);
    assert_int_equal(worker_adopt_tls(x->worker, peer, tls), 0);
    return fd;
}

static void say(SSL *ssl, const char *text)
{
    assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
}

static void hear(SSL *ssl, const char *text)
{
    char got[100];
    int len = (int)strlen(text);

    for (int n = 0, more; n < len; n += more) {
        more = SSL_read(ssl, got + n, len - n);
        assert_true(more > 0);
    }
    assert_memory_equal(got, text, (size_t)len);
}

/* The client closes first, as clients do. */
static void bye(SSL *ssl, int fd)
{
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static void who_a_certificate_stands_for(void **state)
{
    static const struct {
        const char *common, *alternative, *name;
        bool known;
    } cases[] = {
        {"crm", "DNS:crm.example.org", "dns:crm.example.org", true},
        {"crm", "DNS:crm.example.org", "dns:CRM.example.ORG", true},
        {"crm", "DNS:crm.example.org", "dns:example.org", false},
        {"crm", "email:crm@example.org", "email:crm@example.org", true},
        {"crm", "email:crm@example.org", "dns:crm@example.org", false},
        {"crm", "URI:urn:crm:1", "uri:urn:crm:1", true},
        {"crm", "URI:urn:crm:1", "uri:urn:crm:10", false},
        {"crm", NULL, "cn:crm", true},
        {"crm", NULL, "cn:crmx", false},
        {"crm", NULL, "dns:crm", false},
        {"crm", NULL, "crm", false},
    };
    struct net_limits limits = world_limits();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *x = world_start(&limits);
        char name[40], principal[] = "the CRM";
        struct tls_client client = {.name = name, .principal = principal, .role = 7};
        struct certificate own;
        struct tls *tls;
        SSL *ssl;
        int fd;

        snprintf(name, sizeof name, "%s", cases[i].name);
        certificate_make(&own, dir, "own", cases[i].common, cases[i].alternative, NULL);
        tls = tls_make(&(struct tls_options){.certificate = server.file,
                                             .key = server.key,
                                             .client_ca = own.file,
                                             .client_required = 1,
                                             .clients = &client,
                                             .client_count = 1});
        fd = client_tls(x, tls);
        ssl = certificate_client(fd, &own);
        assert_non_null(ssl);
        say(ssl, "hello\n");
        hear(ssl, "hello\n");
        assert_int_equal(x->peer.role, cases[i].known ? 7 : 0);
        assert_true((x->peer.until_ms > 0) == cases[i].known);
        bye(ssl, fd);
        world_end(x);
        tls_unref(tls);
        certificate_remove(&own);
    }
}

/* Another certificate than the trusted one, and none where one is asked. */
static void who_is_not_trusted_is_not_let_in(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    struct tls *tls = tls_make(&(struct tls_options){.certificate = server.file,
                                                     .key = server.key,
                                                     .client_ca = server.file,
                                                     .client_required = 1});
    const struct certificate *const owns[] = {&other, NULL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int fd = client_tls(x, tls);
        SSL *ssl = certificate_client(fd, owns[i]);
        char byte;

        /* A client of TLS 1.3 is through before the server has looked; it hears it later. */
        if (ssl)
            assert_true(SSL_read(ssl, &byte, 1) <= 0);
        certificate_client_free(ssl);
        close(fd);
    }
    wait_until(net_shared_connections(x->shared) == 0);
    assert_int_equal(net_shared_counters(x->shared).tls_failed, 2);
    assert_int_equal(atomic_load(&x->opened), 0);
    world_end(x);
    tls_unref(tls);
}

/* Who takes nothing for a while gets every byte all the same, in as many tries as it takes. */
static void a_slow_reader_gets_everything(void **state)
{
    enum { SIZE = 6000000 };
    struct net_limits limits = world_limits();
    struct tls *tls =
        tls_make(&(struct tls_options){.certificate = server.file, .key = server.key});
    struct world *x;
    SSL *ssl;
    int fd, small = 65536;
    size_t all = 0;

    (void)state;
    limits.output = SIZE * 2;
    x = world_start(&limits);
    fd = client_tls(x, tls);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    ssl = certificate_client(fd, NULL);
    assert_non_null(ssl);
    say(ssl, "big 6000000\n");
    wait_until(atomic_load(&x->lines) == 1);
    world_settle(x); /* the socket took what it takes, the rest waits */
    assert_true(net_shared_buffered(x->shared) > 0);
    while (all < SIZE + 1) {
        char part[65536];
        int n = SSL_read(ssl, part, sizeof part);

        assert_true(n > 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(part[i], all + (size_t)i < SIZE ? 'b' : '\n');
        all += (size_t)n;
    }
    assert_int_equal(all, SIZE + 1);
    say(ssl, "hello\n");
    hear(ssl, "hello\n");
    bye(ssl, fd);
    world_end(x);
    tls_unref(tls);
}

/* Who takes nothing at all is let go, and so is what waits for it. */
static void who_takes_nothing_is_let_go(void **state)
{
    struct net_limits limits = world_limits();
    struct tls *tls =
        tls_make(&(struct tls_options){.certificate = server.file, .key = server.key});
    struct world *x;
    SSL *ssl;
    int fd;

    (void)state;
    limits.output = 20000000;
    limits.stall_ms = 60;
    x = world_start(&limits);
    fd = client_tls(x, tls);
    ssl = certificate_client(fd, NULL);
    assert_non_null(ssl);
    say(ssl, "big 16000000\n");
    wait_until(atomic_load(&x->closed) == 1);
    wait_until(net_shared_buffered(x->shared) == 0);
    certificate_client_free(ssl);
    close(fd);
    world_end(x);
    tls_unref(tls);
}

/* What is no TLS gets no answer and no reset; who says nothing is waited for. */
static void strangers_are_shown_out(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_start(&limits);
    struct tls *tls =
        tls_make(&(struct tls_options){.certificate = server.file, .key = server.key});
    int fd = client_tls(x, tls);

    (void)state;
    client_say(fd, "{\"jsonrpc\":\"2.0\"}\n");
    client_expect_end(fd, false);
    close(fd);
    fd = client_tls(x, tls);
    close(fd); /* came and went */
    wait_until(net_shared_connections(x->shared) == 0);
    assert_int_equal(atomic_load(&x->opened), 0);
    world_end(x);
    tls_unref(tls);
}

/* After a reload: who stands for the same goes on, who stands for another or nobody ends. */
static void a_reload_looks_at_everybody_again(void **state)
{
    static const struct {
        const char *name, *principal;
        int role;
        bool stays;
    } cases[] = {
        {"cn:other.example", "it", 1, true},
        {"cn:other.example", "somebody else", 1, false},
        {"cn:other.example", "it", 2, false},
        {"cn:nobody", "it", 1, false},
    };
    struct net_limits limits = world_limits();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *x = world_start(&limits);
        char name[40] = "cn:other.example", principal[40] = "it";
        struct tls_client client = {.name = name, .principal = principal, .role = 1};
        struct tls_options o = {.certificate = server.file,
                                .key = server.key,
                                .client_ca = other.file,
                                .clients = &client,
                                .client_count = 1};
        struct tls *before = tls_make(&o), *after;
        int fd = client_tls(x, before), plain = client_tls(x, before);
        SSL *ssl = certificate_client(fd, &other), *nobody = certificate_client(plain, NULL);
        char byte;

        assert_non_null(ssl);
        assert_non_null(nobody);
        say(ssl, "hello\n");
        hear(ssl, "hello\n");
        snprintf(name, sizeof name, "%s", cases[i].name);
        snprintf(principal, sizeof principal, "%s", cases[i].principal);
        client.role = cases[i].role;
        after = tls_make(&o);
        worker_set_tls(x->worker, after);
        world_settle(x);
        if (cases[i].stays) {
            say(ssl, "again\n");
            hear(ssl, "again\n");
        } else {
            assert_int_equal(SSL_read(ssl, &byte, 1), 0);
            assert_int_equal(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        }
        say(nobody, "hello\n"); /* without a certificate there is nothing to look at */
        hear(nobody, "hello\n");
        bye(nobody, plain);
        bye(ssl, fd);
        world_end(x);
        tls_unref(before);
        tls_unref(after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_do_not_fit_are_told),
        cmocka_unit_test(who_a_certificate_stands_for),
        cmocka_unit_test(who_is_not_trusted_is_not_let_in),
        cmocka_unit_test(a_slow_reader_gets_everything),
        cmocka_unit_test(who_takes_nothing_is_let_go),
        cmocka_unit_test(strangers_are_shown_out),
        cmocka_unit_test(a_reload_looks_at_everybody_again),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
