#include "place.h"

#include <errno.h>
#include <spean/log.h>
#include <sys/stat.h>

/* Listeners where the system refuses, and those that are many, or far from usual. */

/* Beyond what is told so at a time, they are let go without a word. */
static void many_too_many_are_let_go(void **state)
{
    enum { MANY = 80 };
    struct net_limits limits = world_limits();
    struct place p;
    struct listener *l;
    char err[200] = "", line[1000];
    int first, others[MANY], told = 0;

    (void)state;
    limits.connections = 1;
    place_open(&p, &limits, NULL);
    l = listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err);
    assert_non_null(l);
    first = dial_tcp(listener_port(l));
    echo(&p, first);
    for (int i = 0; i < MANY; i++)
        others[i] = dial_tcp(listener_port(l));
    wait_until((place_turn(&p), net_shared_counters(p.x->shared).turned_away == MANY));
    for (int i = 0; i < MANY; i++) {
        told += client_line(others[i], line, sizeof line) > 0;
        close(others[i]);
    }
    assert_true(told > 0 && told <= 64);
    echo(&p, first); /* whom it does not concern */
    close(first);
    listener_free(l);
    place_close(&p);
}

static void ipv6_is_as_good(void **state)
{
    struct net_limits limits = world_limits();
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct place p;
    struct listener *l;
    char err[200] = "";
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    const uint8_t ip[16] = {[15] = 1};

    (void)state;
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        skip(); /* a machine without it */
    }
    close(fd);
    place_open(&p, &limits, NULL);
    l = listener_new_tcp(&p.o, "[::1]:0", err, sizeof err);
    assert_non_null(l);
    a.sin6_port = htons((uint16_t)listener_port(l));
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    client_patience(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    echo(&p, fd);
    assert_memory_equal(p.x->peer.address, "[::1]:", 6);
    assert_memory_equal(p.x->peer.ip, ip, sizeof ip);
    close(fd);
    listener_free(l);
    place_close(&p);
}

static void unix_paths_are_absolute_and_short(void **state)
{
    struct net_limits limits = world_limits();
    struct place p;
    char err[300] = "", path[300] = "/tmp/";

    (void)state;
    place_open(&p, &limits, NULL);
    assert_null(listener_new_unix(&p.o, "spean.sock", 0600, err, sizeof err));
    assert_non_null(strstr(err, "absolute path"));
    memset(path + 5, 'x', 200);
    assert_null(listener_new_unix(&p.o, path, 0600, err, sizeof err));
    assert_non_null(strstr(err, "absolute path"));
    assert_null(listener_new_unix(&p.o, "/dev/null/s", 0600, err, sizeof err)); /* no folder */
    assert_non_null(strstr(err, "can't look"));
    assert_null(listener_new_unix(&p.o, "/nonexistent/s", 0600, err, sizeof err));
    assert_non_null(strstr(err, "/nonexistent/s"));
    place_close(&p);
}

/* The next accepts fail with this. */
static struct {
    int times, error;
} accepting;

/* The next calls fail. */
static bool listen_fails, chmod_fails;

int __real_listen(int fd, int queue);
int __wrap_listen(int fd, int queue);
int __real_chmod(const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode);

int __wrap_listen(int fd, int queue)
{
    errno = EADDRINUSE;
    return listen_fails ? -1 : __real_listen(fd, queue);
}

int __wrap_chmod(const char *path, mode_t mode)
{
    errno = EPERM;
    return chmod_fails ? -1 : __real_chmod(path, mode);
}

/* What does not come up leaves no file. */
static void half_made_sockets_are_taken_away(void **state)
{
    struct net_limits limits = world_limits();
    struct place p;
    char err[200] = "";

    (void)state;
    place_open(&p, &limits, NULL);
    listen_fails = true;
    assert_null(listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err));
    assert_non_null(strstr(err, "can't listen"));
    err[0] = '\0';
    assert_null(listener_new_unix(&p.o, p.path, 0600, err, sizeof err));
    assert_non_null(strstr(err, "can't listen"));
    assert_int_equal(access(p.path, F_OK), -1);
    listen_fails = false;
    chmod_fails = true;
    assert_null(listener_new_unix(&p.o, p.path, 0600, err, sizeof err));
    assert_non_null(strstr(err, "can't set its mode"));
    assert_int_equal(access(p.path, F_OK), -1);
    chmod_fails = false;
    place_close(&p);
}

int __real_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags);
int __wrap_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags);

int __wrap_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    if (accepting.times > 0) {
        accepting.times--;
        errno = accepting.error;
        return -1;
    }
    return __real_accept4(fd, from, size, flags);
}

/* What concerns one that has gone again is no reason to pause. */
static void accept_errors_that_pass(void **state)
{
    static const int errors[] = {ECONNABORTED, EINTR, EPROTO, ENETUNREACH, ETIMEDOUT};
    struct net_limits limits = world_limits();
    FILE *words = tmpfile();
    struct log *log = log_new(fileno(words), LOG_LEVEL_INFO);
    struct place p;
    struct listener *l;
    char err[200] = "", line[500];

    (void)state;
    place_open(&p, &limits, log);
    l = listener_new_tcp(&p.o, "127.0.0.1:0", err, sizeof err);
    assert_non_null(l);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        int fd = dial_tcp(listener_port(l));

        accepting.times = 2;
        accepting.error = errors[i];
        echo(&p, fd);
        assert_int_equal(accepting.times, 0);
        close(fd);
    }
    listener_free(l);
    place_close(&p);
    rewind(words);
    while (fgets(line, sizeof line, words) != NULL)
        assert_null(strstr(line, "accept_paused"));
    log_free(log);
    fclose(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_too_many_are_let_go),
        cmocka_unit_test(ipv6_is_as_good),
        cmocka_unit_test(unix_paths_are_absolute_and_short),
        cmocka_unit_test(half_made_sockets_are_taken_away),
        cmocka_unit_test(accept_errors_that_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
