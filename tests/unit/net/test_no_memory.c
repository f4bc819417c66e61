#include "world.h"

#include <event2/event.h>
#include <failing.h>
#include <netinet/in.h>
#include <spean/tls.h>

#include "slots.h"
#include <certificate.h>

/*
 * Every allocation fails in turn, here and in libevent and OpenSSL. What cannot be made says so and
 * leaves nothing; a connection has its answer or its end, and the next one is served.
 */

static char dir[64];
static struct certificate server;

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/spean-memory-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    certificate_make(&server, dir, "server", "server.example", NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    certificate_remove(&server);
    return rmdir(dir);
}

/* ---- what is made ---- */

static bool worker_once(void *ctx)
{
    struct net_limits limits = world_limits();
    struct worker_options o = {.limits = &limits, .callbacks = &world_callbacks, .ctx = ctx};
    struct worker *w = NULL;
    bool done;

    o.shared = net_shared_new();
    if (o.shared)
        w = worker_new(&o);
    done = w != NULL;
    if (w)
        worker_join(w);
    worker_free(w);
    net_shared_free(o.shared);
    return done;
}

static void test_workers(void **state)
{
    struct world x = {0};

    (void)state;
    assert_true(failing_each(worker_once, &x) > 1);
}

struct place {
    struct listener_options o;
    char path[96];
    bool local;
};

static bool listener_once(void *ctx)
{
    struct place *p = ctx;
    char err[300] = "";
    struct listener *l = p->local ? listener_new_unix(&p->o, p->path, 0600, err, sizeof err)
                                  : listener_new_tcp(&p->o, "127.0.0.1:0", err, sizeof err);
    bool done = l != NULL;

    listener_free(l);
    failing_rest();
    assert_true(done || err[0]);
    assert_int_equal(access(p->path, F_OK), -1); /* whether it came up or not */
    return done;
}

static void test_listeners(void **state)
{
    struct net_limits limits = world_limits();
    struct world *x = world_new(&limits);
    struct place p = {.o = {.workers = &x->worker, .worker_count = 1, .shared = x->shared}};

    (void)state;
    p.o.base = event_base_new();
    p.o.max_connections = 10;
    snprintf(p.path, sizeof p.path, "%s/s", dir);
    assert_true(failing_each(listener_once, &p) > 1);
    p.local = true;
    assert_true(failing_each(listener_once, &p) > 1);
    event_base_free(p.o.base);
    world_end(x);
}

static bool tls_once(void *ctx)
{
    struct tls *t = NULL;
    char err[400] = "";
    bool done = tls_new(ctx, &t, err, sizeof err) == 0;

    tls_unref(t);
    failing_rest();
    assert_int_equal(done, t != NULL);
    assert_true(done || err[0]);
    return done;
}

static void test_tls(void **state)
{
    char name[] = "cn:server.example", principal[] = "it";
    struct tls_client client = {.name = name, .principal = principal, .role = 1};
    struct tls_options o = {.certificate = server.file,
                            .key = server.key,
                            .client_ca = server.file,
                            .clients = &client,
                            .client_count = 1};

    (void)state;
    assert_true(failing_thinly(tls_once, &o) > 2);
}

static bool slots_once(void *ctx)
{
    struct slot_table s;
    uint64_t ids[100];
    int n = 0;

    slot_table_init(&s);
    while (n < 100 && (ids[n] = slot_table_add(&s, ctx)) != 0)
        n++;
    failing_rest();
    for (int i = 0; i < n; i++)
        assert_ptr_equal(slot_table_find(&s, ids[i]), ctx);
    slot_table_done(&s);
    return n == 100;
}

static void test_slots(void **state)
{
    int anything;

    (void)state;
    assert_true(failing_each(slots_once, &anything) > 0);
}

/* ---- connections, while a worker turns ---- */

struct life {
    struct world *x;
    struct tls *tls;
};

/* Both ends of a connection over loopback. */
static void connect_pair(int fds[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listening >= 0 && fds[0] >= 0);
    client_patience(fds[0]);
    assert_int_equal(bind(listening, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&a, sizeof a), 0);
    fds[1] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fds[1] >= 0);
    close(listening);
}

/* True for the whole answer, false for the end; nothing else may come. */
static bool answered(int fd, const char *text)
{
    char got[64];
    size_t n = 0, len = strlen(text);

    while (n < len) {
        ssize_t more = recv(fd, got + n, len - n, 0);

        if (more == 0 || (more < 0 && errno == ECONNRESET))
            return false;
        assert_true(more > 0);
        n += (size_t)more;
    }
    assert_memory_equal(got, text, len);
    return true;
}

static bool answered_tls(SSL *ssl, const char *text)
{
    char got[64];
    int len = (int)strlen(text);

    if (SSL_write(ssl, text, len) != len || SSL_read(ssl, got, sizeof got) != len)
        return false;
    assert_memory_equal(got, text, (size_t)len);
    return true;
}

static bool life_once(void *ctx)
{
    struct life *life = ctx;
    struct world *x = life->x;
    bool done = false;
    int fds[2];

    connect_pair(fds);
    if (life->tls)
        worker_set_tls(x->worker, life->tls); /* takes a reference, or not */
    if (life->tls ? worker_adopt_tls(x->worker, fds[1], life->tls) == 0
                  : worker_adopt(x->worker, fds[1], false) == 0) {
        if (life->tls) {
            SSL *ssl = certificate_client(fds[0], NULL);

            done = ssl && answered_tls(ssl, "trust\n") && answered_tls(ssl, "hello\n");
            certificate_client_free(ssl);
        } else {
            (void)send(fds[0], "trust\nhello\n", 12, MSG_NOSIGNAL);
            done = answered(fds[0], "trust\nhello\n");
        }
    }
    close(fds[0]);
    failing_rest();
    wait_until(net_shared_connections(x->shared) == 0);
    wait_until(atomic_load(&x->opened) == atomic_load(&x->closed));
    world_settle(x);
    return done;
}

static void test_connections(void **state)
{
    struct net_limits limits = world_limits();
    struct life life = {.x = world_start(&limits)};

    (void)state;
    assert_true(failing_each(life_once, &life) > 1);
    world_end(life.x);
}

static void test_tls_connections(void **state)
{
    struct net_limits limits = world_limits();
    struct life life = {.x = world_start(&limits)};
    struct tls_options o = {.certificate = server.file, .key = server.key};
    char err[400];

    (void)state;
    assert_int_equal(tls_new(&o, &life.tls, err, sizeof err), 0);
    assert_true(failing_thinly(life_once, &life) > 1);
    world_end(life.x);
    tls_unref(life.tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),     cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_tls),         cmocka_unit_test(test_slots),
        cmocka_unit_test(test_connections), cmocka_unit_test(test_tls_connections),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
