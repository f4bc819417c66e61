#include "place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <spean/log.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

static void tcp_takes_a_free_port(void **state)
{
    struct net_limits limits = world_limits();
    struct place p;
    struct listener *l;
    char err[200] = "";
    int fd;

    (void)state;
    place_open(&p, &limits, NULL);
    l = listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err);
    assert_non_null(l);
    assert_true(listener_port(l) > 0);
    fd = dial_tcp(listener_port(l));
    echo(&p, fd);
    assert_false(p.x->peer.local);
    assert_memory_equal(p.x->peer.address, "127.0.0.1:", 10);
    close(fd);
    listener_free(l);
    place_close(&p);
}

static void tcp_addresses_are_numeric_and_free(void **state)
{
    static const char *const bad[] = {
        "localhost:1", "127.0.0.1",     "127.0.0.1:", "127.0.0.1:99999", "",      ":8551",
        "[::1]",       "[127.0.0.1]:1", "::1:5",      "127.0.0.1:+5",    "[::1:5"};
    struct net_limits limits = world_limits();
    struct place p;
    struct listener *l;
    char err[200] = "", taken[32];

    (void)state;
    place_open(&p, &limits, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err[0] = '\0';
        assert_null(listener_new_tcp(&p.o, bad[i], err, sizeof err));
        assert_true(strlen(err) > 0);
    }
    l = listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err);
    assert_non_null(l);
    snprintf(taken, sizeof taken, "127.0.0.1:%d", listener_port(l));
    assert_null(listener_new_tcp(&p.o, taken, err, sizeof err));
    assert_non_null(strstr(err, "can't bind"));
    listener_free(l);
    place_close(&p);
}

static void unix_socket_files_come_and_go(void **state)
{
    struct net_limits limits = world_limits();
    struct place p;
    struct listener *l;
    char err[200] = "";
    struct stat st;
    int fd;

    (void)state;
    place_open(&p, &limits, NULL);
    l = listener_new_unix(&p.o, p.path, 0640, err, sizeof err);
    assert_non_null(l);
    assert_int_equal(stat(p.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    fd = dial_unix(p.path);
    echo(&p, fd);
    assert_true(p.x->peer.local);
    /* A live one is left alone. */
    assert_null(listener_new_unix(&p.o, p.path, 0640, err, sizeof err));
    assert_non_null(strstr(err, "another server"));
    assert_int_equal(stat(p.path, &st), 0);
    close(fd);
    listener_free(l);
    assert_int_equal(stat(p.path, &st), -1);
    place_close(&p);
}

static void dead_socket_is_replaced_and_a_file_is_not(void **state)
{
    struct net_limits limits = world_limits();
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct place p;
    struct listener *l;
    char err[200] = "";
    int fd;

    (void)state;
    place_open(&p, &limits, NULL);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", p.path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd); /* its file stays */
    l = listener_new_unix(&p.o, p.path, 0600, err, sizeof err);
    assert_non_null(l);
    listener_free(l);
    fd = open(p.path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_null(listener_new_unix(&p.o, p.path, 0600, err, sizeof err));
    assert_non_null(strstr(err, "no socket"));
    assert_int_equal(access(p.path, F_OK), 0);
    place_close(&p);
}

static void inherited_descriptors_must_listen(void **state)
{
    struct net_limits limits = world_limits();
    struct place p;
    int fds[2];

    (void)state;
    place_open(&p, &limits, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_null(listener_new_fd(&p.o, fds[0]));
    assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* closed: it was owned */
    close(fds[1]);
    place_close(&p);
}

static void one_too_many_is_told_so(void **state)
{
    struct net_limits limits = world_limits();
    struct place p;
    struct listener *l;
    char err[200] = "", line[1000];
    json_t *answer, *error;
    struct listener *local;
    int first, second;

    (void)state;
    limits.connections = 1;
    place_open(&p, &limits, NULL);
    l = listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err);
    local = listener_new_unix(&p.o, p.path, 0600, err, sizeof err);
    assert_non_null(l);
    assert_non_null(local);
    first = dial_tcp(listener_port(l));
    echo(&p, first);
    second = dial_tcp(listener_port(l));
    client_say(second, "hello\n"); /* unread, it must not make a reset of the refusal */
    place_turn(&p);
    assert_true(client_line(second, line, sizeof line) > 0);
    answer = json_loads(line, 0, NULL);
    error = json_object_get(answer, "error");
    assert_true(json_is_null(json_object_get(answer, "id")));
    assert_int_equal(json_integer_value(json_object_get(error, "code")), -32013);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(error, "data"), "reason")),
        "too_many_connections");
    json_decref(answer);
    client_expect_end(second, false);
    close(second);
    echo(&p, first);
    second = dial_unix(p.path); /* the admin still gets in */
    echo(&p, second);
    close(second);
    listener_free(local);
    close(first);
    wait_until(net_shared_connections(p.x->shared) == 0);
    first = dial_tcp(listener_port(l)); /* there is a place again */
    echo(&p, first);
    close(first);
    listener_free(l);
    place_close(&p);
}

static size_t count_in(FILE *f, const char *what)
{
    char line[512];
    size_t n = 0;

    rewind(f);
    while (fgets(line, sizeof line, f) != NULL)
        n += strstr(line, what) != NULL;
    return n;
}

/* Without descriptors the listener must neither spin nor stay deaf afterwards. */
static void accepting_pauses_without_descriptors(void **state)
{
    struct net_limits limits = world_limits();
    struct rlimit before, low;
    struct place p;
    struct listener *l;
    struct log *log;
    FILE *words = tmpfile();
    char err[200] = "";
    int taken[256], clients[3];
    size_t n = 0;

    (void)state;
    if (getenv("SPEAN_TEST_VALGRIND"))
        skip(); /* which needs descriptors of its own, and limits them its own way */
    assert_non_null(words);
    log = log_new(fileno(words), LOG_LEVEL_INFO);
    place_open(&p, &limits, log);
    l = listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err);
    assert_non_null(l);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int i = 0; i < 3; i++)
        clients[i] = dial_tcp(listener_port(l));
    low = before;
    low.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (n < 256 && (taken[n] = dup(0)) >= 0)
        n++;
    assert_int_equal(errno, EMFILE);
    for (int i = 0; i < 100000 && count_in(words, "accept_paused") == 0; i++)
        place_turn(&p);
    /* The first in the queue was let go by the reserve, and then there was a pause: no turn more,
     * or it might end, and the next be let go. */
    client_expect_end(clients[0], true);
    assert_int_equal(count_in(words, "accept_paused"), 1);
    assert_int_equal(atomic_load(&p.x->opened), 0);
    while (n > 0)
        close(taken[--n]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    echo(&p, clients[1]);
    echo(&p, clients[2]);
    /* Not more than a line a second: this one comes with whoever is accepted after that. */
    for (uint64_t until = clock_mono_ms() + 20000;
         count_in(words, "accept_resumed") == 0 && clock_mono_ms() < until;) {
        int late = dial_tcp(listener_port(l));
        echo(&p, late);
        close(late);
    }
    assert_int_equal(count_in(words, "accept_resumed"), 1);
    assert_int_equal(count_in(words, "accept_paused"), 1);
    for (int i = 0; i < 3; i++)
        close(clients[i]);
    listener_free(l);
    place_close(&p);
    log_free(log);
    fclose(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_takes_a_free_port),
        cmocka_unit_test(tcp_addresses_are_numeric_and_free),
        cmocka_unit_test(unix_socket_files_come_and_go),
        cmocka_unit_test(dead_socket_is_replaced_and_a_file_is_not),
        cmocka_unit_test(inherited_descriptors_must_listen),
        cmocka_unit_test(one_too_many_is_told_so),
        cmocka_unit_test(accepting_pauses_without_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
